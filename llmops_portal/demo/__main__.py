"""Run the main job against the portal at PUBLIC_URL: `python -m llmops_portal.demo`."""

import json
import os
import sys

from llmops_portal.demo.client import DemoError, Person
from llmops_portal.demo.report import is_better, report
from llmops_portal.demo.story import Story, tell
from llmops_portal.local import paths


def main() -> int:
    """Return 0 when the whole way was gone and the tuned model is better than the base."""
    url = os.environ.get("PUBLIC_URL", f"http://127.0.0.1:{os.environ.get('PORT', '8000')}")
    sign_ins = json.loads((paths.secrets(paths.var_root()) / "sign_ins.json").read_text())
    try:
        story = Story(
            url=url,
            engineer=Person(url, "engineer", sign_ins["engineer"]),
            approver=Person(url, "approver", sign_ins["approver"]),
        )
        tell(story)
    except DemoError as error:
        print(f"\nThe demo stopped: {error}", file=sys.stderr)
        return 1
    print(report(story, sign_ins))
    if not is_better(story):
        print("\nThe tuned model is not better than the base by intervals that do not touch.", file=sys.stderr)
        return 1
    print(f"\nportal up at {url}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
