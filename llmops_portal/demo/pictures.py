"""Take pictures of a running portal on which the demo was told.

    python -m llmops_portal.demo.pictures                    the guide's, into docs/guide/images
    python -m llmops_portal.demo.pictures FOLDER [NAME ...]  every page, whole, in every look, to be looked at

PUBLIC_URL and VAR say which portal. Needs the development environment and Chromium. Says which pages answered
otherwise than they should, wrote an error to the console, or scroll sideways; the exit status counts them.
"""

import json
import os
import sys
from pathlib import Path

from llmops_portal.demo.album import standing, told
from llmops_portal.demo.camera import LOOKS, Look, Picture, Visitor, visitors
from llmops_portal.demo.stage import set_stage
from llmops_portal.local import paths

IMAGES = Path(__file__).resolve().parents[2] / "docs" / "guide" / "images"
IN_GUIDE = [Look("desktop", "light"), Look("phone", "dark")]


def pictures_of(people: dict[str, Visitor]) -> list[Picture]:
    """Return the pictures that this portal has something to show on."""
    runs = people["engineer"].get("/evaluation/runs", status="succeeded")["items"]
    if not runs:
        return standing()
    set_stage(people, runs)
    return [*standing(), *told(people, runs)]


def main(arguments: list[str]) -> int:
    """Return how many pages have something wrong."""
    sign_ins = json.loads((paths.secrets(paths.var_root()) / "sign_ins.json").read_text())
    url = os.environ.get("PUBLIC_URL", "http://127.0.0.1:8000")
    is_for_guide = not arguments
    folder, names = (IMAGES, []) if is_for_guide else (Path(arguments[0]), arguments[1:])
    folder.mkdir(parents=True, exist_ok=True)
    faults = 0
    with visitors(url, sign_ins) as people:
        for picture in pictures_of(people):
            if (is_for_guide and not picture.is_in_guide) or (names and picture.name not in names):
                continue
            for look in IN_GUIDE if is_for_guide else LOOKS:
                file = folder / f"{picture.name}-{look}.png"
                wrong = people[picture.who].take(picture, look, file, whole=not is_for_guide)
                if wrong:
                    print(f"{picture.name} {look}: {'; '.join(wrong)}", file=sys.stderr)
                    faults += 1
    return faults


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
