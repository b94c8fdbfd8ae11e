"""Take the guide's pictures of a running portal on which the demo was told.

    python -m llmops_portal.demo.pictures           the guide's, into docs/guide/images
    python -m llmops_portal.demo.pictures FOLDER    every page, whole, in every look, to be looked at

PUBLIC_URL and VAR say which portal. Needs the development environment and Chromium. Says which pages answered
otherwise than they should, wrote an error to the console, or scroll sideways; the exit status counts them.
"""

import json
import os
import sys
from pathlib import Path

from playwright.sync_api import Page

from llmops_portal.demo.camera import LOOKS, Look, Picture, Visitor, presses, visitors
from llmops_portal.demo.client import Json
from llmops_portal.demo.specs import ROUTE
from llmops_portal.demo.stage import set_stage
from llmops_portal.local import paths

IMAGES = Path(__file__).resolve().parents[2] / "docs" / "guide" / "images"
IN_GUIDE = [Look("desktop", "light"), Look("phone", "dark")]
NOBODY = "00000000-0000-7000-8000-000000000000"


def standing() -> list[Picture]:
    """The pages that every portal has, whatever it holds."""
    return [
        Picture("sign-in", "/account/sign-in/", who=""),
        Picture("home", "/"),
        Picture("home-approver", "/", who="approver"),
        Picture("inbox", "/inbox/", who="approver"),
        Picture("search", "/search/?q=voc"),
        Picture("datasets", "/catalog/datasets/"),
        Picture("dataset-new", "/catalog/datasets/new"),
        Picture("models", "/catalog/models/"),
        Picture("model-new", "/catalog/models/new"),
        Picture("jobs", "/training/"),
        Picture("job-new", "/training/new"),
        Picture("evaluations", "/evaluation/"),
        Picture("evaluation-new", "/evaluation/new"),
        Picture("queue", "/evaluation/queue", who="approver"),
        Picture("approvals", "/governance/approvals/"),
        Picture("decisions", "/governance/decisions/", who="approver"),
        Picture("policies", "/governance/policies/"),
        Picture("audit", "/governance/audit/", who="approver"),
        Picture("prompts", "/prompts/"),
        Picture("prompt-new", "/prompts/new"),
        Picture("collections", "/knowledge/"),
        Picture("collection-new", "/knowledge/new"),
        Picture("endpoints", "/serving/"),
        Picture("deploy", "/serving/deploy"),
        Picture("requests", "/requests/"),
        Picture("costs", "/costs/", who="manager"),
        Picture("budget-new", "/costs/budgets/new/", who="manager"),
        Picture("keys", "/account/keys/"),
        Picture("password", "/account/password/"),
        Picture("design", "/design/", who="admin"),
        Picture("admin", "/admin/", who="admin"),
        Picture("admin-people", "/admin/accounts/user/", who="admin"),
        Picture("not-found", f"/catalog/models/{NOBODY}/", status=404),
        Picture("refused", "/catalog/models/?sort=colour", status=400),
    ]


def told(people: dict[str, Visitor], runs: list[Json]) -> list[Picture]:
    """The pages of what the demo made, newest first."""
    engineer, approver = people["engineer"], people["approver"]
    datasets = _named(engineer, "/catalog/datasets", "name", "voc-support")
    models = _named(engineer, "/catalog/models", "name", ROUTE)
    bases = _named(engineer, "/catalog/models", "name", "voc-base")
    jobs = _named(engineer, "/training/jobs", "job_type", "SFT")
    requests = _named(engineer, "/governance/approvals", "subject_id", models[0]["id"])
    held_back = approver.get("/governance/approvals", status="open")["items"]
    policies = _named(engineer, "/governance/policies", "key", "model-release")
    decisions = _named(approver, "/governance/decisions", "subject_id", models[0]["id"])
    endpoint = engineer.get("/serving/endpoints")["items"][0]
    prompt = engineer.get("/prompts/templates", q=ROUTE)["items"][0]
    collection = engineer.get("/knowledge/collections")["items"][0]
    call = engineer.get("/serve/requests")["items"][-1]
    budget = people["manager"].get("/governance/budgets")["items"][0]
    me = people["admin"].get("/accounts/me")
    raw, clean = f"/catalog/datasets/{datasets[-1]['id']}/", f"/catalog/datasets/{datasets[0]['id']}/"
    model, job, run = (
        f"/catalog/models/{models[0]['id']}/",
        f"/training/{jobs[0]['id']}",
        f"/evaluation/{runs[0]['id']}",
    )
    served = f"/serving/{endpoint['id']}/"
    return [
        Picture("dataset-raw", raw),
        Picture("dataset", clean),
        *(
            Picture(f"dataset-{tab}", f"{clean}?tab={tab}")
            for tab in ("rows", "columns", "versions", "lineage", "history")
        ),
        Picture("dataset-clean", f"{raw}clean"),
        Picture("dataset-compare", f"{clean}compare?a=1&b=2"),
        Picture("model", model),
        *(
            Picture(f"model-{tab}", f"{model}?tab={tab}")
            for tab in ("files", "evidence", "versions", "lineage", "history")
        ),
        Picture("model-edit", f"{model}edit"),
        Picture("model-compare", f"{model}compare"),
        Picture("model-deprecate", f"/catalog/models/{bases[0]['id']}/", who="manager", act=presses("Deprecate")),
        Picture("job", job),
        Picture("evaluation", run),
        Picture("evaluation-review", run, act=presses("Have answers reviewed")),
        Picture("evaluation-compare", f"/evaluation/compare?run={runs[1]['id']}&run={runs[0]['id']}"),
        Picture("queue-task", "/evaluation/queue", who="approver", act=_begin_review),
        Picture("approval", f"/governance/approvals/{requests[0]['id']}/", who="approver"),
        *(
            Picture("approval-denied", f"/governance/approvals/{found['id']}/", who="approver")
            for found in held_back[:1]
        ),
        *(Picture("approval-own", f"/governance/approvals/{found['id']}/") for found in held_back[:1]),
        *(
            Picture("approval-refused", f"/governance/approvals/{found['id']}/", who="approver", act=presses("Approve"))
            for found in held_back[:1]
        ),
        Picture("decision", f"/governance/decisions/{decisions[0]['id']}/", who="approver"),
        Picture("policy", f"/governance/policies/{policies[0]['id']}/", who="manager"),
        Picture("policy-read", f"/governance/policies/{policies[0]['id']}/", who="approver"),
        Picture("prompt", f"/prompts/{prompt['id']}/"),
        Picture("prompt-edit", f"/prompts/{prompt['id']}/edit"),
        Picture("prompt-compare", f"/prompts/{prompt['id']}/compare"),
        Picture("collection", f"/knowledge/{collection['id']}/?q=refund"),
        Picture("endpoint", served),
        Picture("endpoint-chat", served, act=_ask),
        *(Picture(f"endpoint-{tab}", f"{served}?tab={tab}") for tab in ("revisions", "servers", "lineage", "history")),
        Picture("redeploy", served, act=presses("Redeploy")),
        Picture("request", f"/requests/{call['id']}/"),
        Picture("provenance", f"/provenance/{call['id']}/"),
        Picture("budget", f"/costs/budgets/{budget['id']}/", who="manager"),
        Picture("search-empty", "/search/?q=nothing-of-that-name"),
        Picture("admin-person", f"/admin/accounts/user/{me['id']}/change/", who="admin"),
        Picture("admin-models", "/admin/catalog/modelversion/", who="admin"),
        Picture("admin-model", f"/admin/catalog/modelversion/{models[0]['id']}/change/", who="admin"),
        Picture("shortcuts", "/", act=lambda page: page.keyboard.press("?")),
    ]


def _named(person: Visitor, path: str, field: str, value: str) -> list[Json]:
    return [item for item in person.get(path, limit=200)["items"] if item[field] == value]


def _begin_review(page: Page) -> None:
    begin = page.get_by_role("button", name="Start reviewing")
    if begin.count():
        begin.click()
        page.get_by_role("button", name="Not acceptable").wait_for()


def _ask(page: Page) -> None:
    """Ask the endpoint something, as a person does on its page."""
    page.locator("#chat textarea").first.fill("I would like my money back for the toaster. Order 88213.")
    page.get_by_role("button", name="Ask").click()
    page.locator("#chat-answers article").wait_for(timeout=30_000)


def main() -> int:
    """Return how many pages have something wrong."""
    sign_ins = json.loads((paths.secrets(paths.var_root()) / "sign_ins.json").read_text())
    url = os.environ.get("PUBLIC_URL", "http://127.0.0.1:8000")
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else IMAGES
    only = set(sys.argv[2:])
    folder.mkdir(parents=True, exist_ok=True)
    faults = 0
    with visitors(url, sign_ins) as people:
        runs = people["engineer"].get("/evaluation/runs", status="succeeded")["items"]
        wanted = standing()
        if runs:
            set_stage(people, runs)
            wanted += told(people, runs)
        for picture in wanted:
            if only and picture.name not in only:
                continue
            for look in LOOKS:
                wrong = people[picture.who].take(picture, look, folder / f"{picture.name}-{look}.png", whole=True)
                if wrong:
                    print(f"{picture.name} {look}: {'; '.join(wrong)}", file=sys.stderr)
                    faults += 1
    return faults


if __name__ == "__main__":
    sys.exit(main())
