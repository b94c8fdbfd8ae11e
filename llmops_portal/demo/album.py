"""Which pages are worth a picture, as whom, and what the person does on them first."""

from playwright.sync_api import Page

from llmops_portal.demo.camera import Picture, Visitor, fills, presses
from llmops_portal.demo.client import Json
from llmops_portal.demo.specs import ROUTE

NOBODY = "00000000-0000-7000-8000-000000000000"
QUESTION = "I would like my money back for the toaster. Order 88213."


def standing() -> list[Picture]:
    """The pages that every portal has, whatever it holds."""
    dataset = {"Name": "voc-support", "Type": "Prompt and response", "Licence": "Apache-2.0"}
    waiver = {
        "Policy": "model-release",
        "Rule": "reviewed_by_people",
        "Kind of object": "model version",
        "Reason": "The reviewers are away until Monday; five answers were read by hand.",
    }
    return [
        Picture("sign-in", "/account/sign-in/", who="", is_in_guide=True),
        Picture("home", "/", is_in_guide=True),
        Picture("home-approver", "/", who="approver"),
        Picture("inbox", "/inbox/", who="approver", is_in_guide=True),
        Picture("search", "/search/?q=voc", is_in_guide=True),
        Picture("search-empty", "/search/?q=nothing-of-that-name"),
        Picture("datasets", "/catalog/datasets/", is_in_guide=True),
        Picture("dataset-new", "/catalog/datasets/new", act=fills(dataset), is_in_guide=True),
        Picture("models", "/catalog/models/", is_in_guide=True),
        Picture("model-new", "/catalog/models/new"),
        Picture("jobs", "/training/", is_in_guide=True),
        Picture("evaluations", "/evaluation/", is_in_guide=True),
        Picture("queue", "/evaluation/queue", who="approver"),
        Picture("approvals", "/governance/approvals/", is_in_guide=True),
        Picture("delegations", "/governance/delegations/", who="approver", is_in_guide=True),
        Picture("emergencies", "/governance/emergencies/", who="approver", is_in_guide=True),
        Picture("decisions", "/governance/decisions/", who="approver", is_in_guide=True),
        Picture("policies", "/governance/policies/", is_in_guide=True),
        Picture("policy-new", "/governance/policies/new", is_in_guide=True),
        Picture("policy-new-faults", "/governance/policies/new", act=_misspell, is_in_guide=True),
        Picture("waivers", "/governance/waivers/"),
        Picture("waiver-new", "/governance/waivers/new", act=fills(waiver), is_in_guide=True),
        Picture("audit", "/governance/audit/", who="approver", is_in_guide=True),
        Picture("prompts", "/prompts/", is_in_guide=True),
        Picture("prompt-new", "/prompts/new"),
        Picture("collections", "/knowledge/", is_in_guide=True),
        Picture("collection-new", "/knowledge/new"),
        Picture("endpoints", "/serving/", is_in_guide=True),
        Picture("requests", "/requests/", is_in_guide=True),
        Picture("costs", "/costs/", who="manager", is_in_guide=True),
        Picture("budget-new", "/costs/budgets/new/", who="manager"),
        Picture("keys", "/account/keys/", is_in_guide=True),
        Picture("password", "/account/password/"),
        Picture("shortcuts", "/", act=lambda page: page.keyboard.press("?")),
        Picture("design", "/design/", who="admin"),
        Picture("admin", "/admin/", who="admin", is_in_guide=True),
        Picture("admin-people", "/admin/accounts/user/", who="admin"),
        Picture("not-found", f"/catalog/models/{NOBODY}/", status=404),
        Picture("refused", "/catalog/models/?sort=colour", status=400),
    ]


def _misspell(page: Page) -> None:
    """Write a fact that there is not, and wait for the page to say so."""
    document = page.get_by_label("Policy document")
    document.fill(document.input_value().replace("subject.license", "subject.licence"))
    page.get_by_text("Not a policy yet").wait_for()


def told(people: dict[str, Visitor], runs: list[Json]) -> list[Picture]:
    """The pages of what the demo made; `runs` are its evaluations, newest first."""
    return [
        *_of_datasets(people),
        *_of_models(people),
        *_of_runs(people, runs),
        *_of_governance(people),
        *_of_serving(people),
    ]


def _of_datasets(people: dict[str, Visitor]) -> list[Picture]:
    versions = _named(people["engineer"], "/catalog/datasets", "name", "voc-support")
    raw, clean = (f"/catalog/datasets/{version['id']}/" for version in (versions[-1], versions[0]))
    collection = people["engineer"].get("/knowledge/collections")["items"][0]
    prompt = f"/prompts/{people['engineer'].get('/prompts/templates', q=ROUTE)['items'][0]['id']}/"
    tabs = ("rows", "columns", "versions", "lineage", "history")
    return [
        Picture("dataset-raw", raw, is_in_guide=True),
        Picture("dataset", clean, is_in_guide=True),
        *(Picture(f"dataset-{tab}", f"{clean}?tab={tab}") for tab in tabs),
        Picture("dataset-clean", f"{raw}clean", is_in_guide=True),
        Picture("dataset-compare", f"{clean}compare?a=1&b=2", is_in_guide=True),
        Picture("prompt", prompt, is_in_guide=True),
        Picture("prompt-edit", f"{prompt}edit"),
        Picture("prompt-compare", f"{prompt}compare"),
        Picture("collection", f"/knowledge/{collection['id']}/?q=refund"),
    ]


def _of_models(people: dict[str, Visitor]) -> list[Picture]:
    model = f"/catalog/models/{_named(people['engineer'], '/catalog/models', 'name', ROUTE)[0]['id']}/"
    me = people["admin"].get("/accounts/me")
    return [
        Picture("model", model, is_in_guide=True),
        *(Picture(f"model-{tab}", f"{model}?tab={tab}") for tab in ("files", "versions", "history")),
        Picture("model-evidence", f"{model}?tab=evidence", is_in_guide=True),
        Picture("model-lineage", f"{model}?tab=lineage", is_in_guide=True),
        Picture("model-edit", f"{model}edit"),
        Picture("model-deprecate", model, who="manager", act=presses("Deprecate")),
        Picture("admin-person", f"/admin/accounts/user/{me['id']}/change/", who="admin"),
        Picture("admin-models", "/admin/catalog/modelversion/", who="admin"),
        Picture("admin-model", f"/admin{model.replace('models', 'modelversion')}change/", who="admin"),
    ]


def _of_runs(people: dict[str, Visitor], runs: list[Json]) -> list[Picture]:
    job = _named(people["engineer"], "/training/jobs", "job_type", "SFT")[0]
    run = f"/evaluation/{runs[0]['id']}"
    training = {"Name of the model": ROUTE, "Dataset": "voc-support 2", "Base model": "voc-base 1", "Epochs": "10"}
    evaluating = {"Model": f"{ROUTE} 1", "Dataset": "voc-heldout 1", "Longest answer": "24"}
    return [
        Picture("job-new", "/training/new", act=fills(training), is_in_guide=True),
        Picture("job", f"/training/{job['id']}", is_in_guide=True),
        Picture("evaluation-new", "/evaluation/new", act=fills(evaluating), is_in_guide=True),
        Picture("evaluation", run, is_in_guide=True),
        Picture("evaluation-review", run, act=presses("Have answers reviewed"), is_in_guide=True),
        Picture("evaluation-compare", f"/evaluation/compare?run={runs[1]['id']}&run={runs[0]['id']}", is_in_guide=True),
        Picture("queue-task", "/evaluation/queue", who="approver", act=_begin_review, is_in_guide=True),
    ]


def _of_governance(people: dict[str, Visitor]) -> list[Picture]:
    engineer, approver = people["engineer"], people["approver"]
    model = _named(engineer, "/catalog/models", "name", ROUTE)[0]
    done = _named(engineer, "/governance/approvals", "subject_id", model["id"])[0]
    waiting = [f"/governance/approvals/{found['id']}/" for found in engineer.get(_OPEN)["items"][:1]]
    decision = _named(approver, "/governance/decisions", "subject_id", model["id"])[0]
    event = _named(approver, "/governance/audit/logs", "subject_id", model["id"])[0]
    policy = f"/governance/policies/{_named(engineer, '/governance/policies', 'key', 'model-release')[0]['id']}/"
    return [
        Picture("approval", f"/governance/approvals/{done['id']}/", who="approver", is_in_guide=True),
        *(Picture("approval-own", path, is_in_guide=True) for path in waiting),
        *(Picture("approval-denied", path, who="approver") for path in waiting),
        *(Picture("approval-refused", path, "approver", presses("Approve"), is_in_guide=True) for path in waiting),
        Picture("audit-event", f"/governance/audit/{event['id']}/", who="approver", is_in_guide=True),
        Picture("audit-object", f"/governance/audit/?object={model['id']}", who="approver", is_in_guide=True),
        Picture("decision", f"/governance/decisions/{decision['id']}/", who="approver", is_in_guide=True),
        Picture("policy", policy, who="manager", is_in_guide=True),
        Picture("policy-read", policy, who="approver"),
    ]


def _of_serving(people: dict[str, Visitor]) -> list[Picture]:
    engineer = people["engineer"]
    endpoint = f"/serving/{engineer.get('/serving/endpoints')['items'][0]['id']}/"
    call = engineer.get("/serve/requests")["items"][-1]["id"]
    budget = people["manager"].get("/governance/budgets")["items"][0]
    deployment = {"Model": f"{ROUTE} 1", "Environment": "Production", "Route": ROUTE, "Prompt": ROUTE}
    return [
        Picture("deploy", "/serving/deploy", act=fills({**deployment, "Reason": "First release"}), is_in_guide=True),
        Picture("endpoint", endpoint),
        Picture("endpoint-chat", endpoint, act=_ask, is_in_guide=True),
        *(Picture(f"endpoint-{tab}", f"{endpoint}?tab={tab}") for tab in ("servers", "lineage", "history")),
        Picture("endpoint-revisions", f"{endpoint}?tab=revisions", is_in_guide=True),
        Picture("redeploy", endpoint, act=presses("Redeploy")),
        Picture("request", f"/requests/{call}/", is_in_guide=True),
        Picture("provenance", f"/provenance/{call}/", height=1500, is_in_guide=True),
        Picture("budget", f"/costs/budgets/{budget['id']}/", who="manager"),
    ]


_OPEN = "/governance/approvals?status=open"


def _named(person: Visitor, path: str, field: str, value: str) -> list[Json]:
    return [item for item in person.get(path, limit=200)["items"] if item[field] == value]


def _begin_review(page: Page) -> None:
    begin = page.get_by_role("button", name="Start reviewing")
    if begin.count():
        begin.click()
        page.get_by_role("button", name="Not acceptable").wait_for()


def _ask(page: Page) -> None:
    """Ask the endpoint something, as a person does on its page."""
    page.locator("#chat textarea").first.fill(QUESTION)
    page.get_by_role("button", name="Ask").click()
    page.locator("#chat-answers article").wait_for()
