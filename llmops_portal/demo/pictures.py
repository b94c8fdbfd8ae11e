"""Take the guide's pictures of a running portal on which the demo was told: `python -m llmops_portal.demo.pictures`.

Needs the development environment and Chromium. Writes docs/guide/images/<page>-<desktop|phone>-<light|dark>.png.
"""

import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import ConsoleMessage, Page, sync_playwright

from llmops_portal.demo.client import Json, Person
from llmops_portal.local import browser, paths

IMAGES = Path(__file__).resolve().parents[2] / "docs" / "guide" / "images"
SIZES = {"desktop": {"width": 1440, "height": 900}, "phone": {"width": 390, "height": 844}}
THEMES = ("light", "dark")
SETTLE_MS = 500  # charts draw themselves after the page has loaded
SHOWN = {("desktop", "light"), ("phone", "dark")}  # what the guide shows; the other two are for looking at


@dataclass(frozen=True, slots=True)
class Picture:
    """One page as one person sees it."""

    name: str
    path: str
    who: str = "engineer"


def pictures(engineer: Person) -> list[Picture]:
    """Return the pages worth a picture, with the ids of what the demo made last."""
    dataset = _newest(engineer, "/catalog/datasets", "name", "voc-support")
    model = _newest(engineer, "/catalog/models", "name", "voc-triage")
    job = _newest(engineer, "/training/jobs", "job_type", "SFT")
    runs = engineer.get("/evaluation/runs")["items"]
    endpoint = engineer.get("/serving/endpoints")["items"][0]
    prompt = engineer.get("/prompts/templates")["items"][0]
    policy = _newest(engineer, "/governance/policies", "key", "model-release")
    request = _newest(engineer, "/governance/approvals", "subject_id", model["id"])
    call = engineer.get("/serve/requests")["items"][0]
    decision = _newest(engineer, "/governance/decisions", "subject_id", model["id"])
    return [
        Picture("home", "/"),
        Picture("inbox", "/inbox/", "approver"),
        Picture("datasets", "/catalog/datasets/"),
        Picture("dataset", f"/catalog/datasets/{dataset['id']}/"),
        Picture("models", "/catalog/models/"),
        Picture("model", f"/catalog/models/{model['id']}/"),
        Picture("jobs", "/training/"),
        Picture("job", f"/training/{job['id']}"),
        Picture("evaluations", "/evaluation/"),
        Picture("evaluation", f"/evaluation/{runs[0]['id']}"),
        Picture("compare", f"/evaluation/compare?ids={runs[1]['id']},{runs[0]['id']}"),
        Picture("queue", "/evaluation/queue", "approver"),
        Picture("approvals", "/governance/approvals/"),
        Picture("approval", f"/governance/approvals/{request['id']}/", "approver"),
        Picture("decisions", "/governance/decisions/"),
        Picture("decision", f"/governance/decisions/{decision['id']}/"),
        Picture("policies", "/governance/policies/"),
        Picture("policy", f"/governance/policies/{policy['id']}/"),
        Picture("audit", "/governance/audit/", "approver"),
        Picture("prompts", "/prompts/"),
        Picture("prompt", f"/prompts/{prompt['id']}/"),
        Picture("endpoints", "/serving/"),
        Picture("endpoint", f"/serving/{endpoint['id']}/"),
        Picture("requests", "/requests/"),
        Picture("request", f"/requests/{call['id']}/"),
        Picture("provenance", f"/provenance/{call['id']}/"),
        Picture("costs", "/costs/"),
        Picture("keys", "/account/keys/"),
        Picture("admin", "/admin/", "admin"),
    ]


@dataclass(frozen=True, slots=True)
class Look:
    """How a page is looked at."""

    size: str
    theme: str

    @property
    def is_shown(self) -> bool:
        return (self.size, self.theme) in SHOWN


def take(url: str, sign_ins: dict[str, str], folder: Path, looks: list[Look]) -> int:
    """Take every picture; return how many pages answered with an error or logged one."""
    wanted = pictures(Person(url, "engineer", sign_ins["engineer"]))
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=browser.program(), args=["--no-sandbox", "--disable-gpu"])
        faults = sum(
            _take_as(chromium.new_page, (who, sign_ins[who]), wanted, url=url, folder=folder, look=look)
            for look in looks
            for who in dict.fromkeys(picture.who for picture in wanted)
        )
        chromium.close()
    return faults


def _take_as(
    new_page: Callable[..., Page],
    person: tuple[str, str],
    wanted: list[Picture],
    *,
    url: str,
    folder: Path,
    look: Look,
) -> int:
    page = new_page(viewport=SIZES[look.size], color_scheme=look.theme, base_url=url)
    said: list[str] = []

    def listen(message: ConsoleMessage) -> None:
        if message.type == "error":
            said.append(message.text)

    page.on("console", listen)
    _sign_in(page, *person)
    faults = 0
    for picture in wanted:
        if picture.who != person[0]:
            continue
        answer = page.goto(picture.path, wait_until="load")
        page.wait_for_timeout(SETTLE_MS)
        status = answer.status if answer else 0
        if status != 200 or said:
            print(f"{picture.name} {look.size} {look.theme}: {status} {said}", file=sys.stderr)
            faults += 1
        said.clear()
        name = f"{picture.name}-{look.size}-{look.theme}.png"
        page.screenshot(path=folder / name, full_page=look.size == "desktop")
    page.close()
    return faults


def _sign_in(page: Page, username: str, password: str) -> None:
    page.goto("/account/sign-in/")
    page.get_by_label("Username").fill(username)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("/")


def _newest(person: Person, path: str, field: str, value: str) -> Json:
    return next(item for item in person.get(path, limit=500)["items"] if item[field] == value)


def main() -> int:
    sign_ins = json.loads((paths.secrets(paths.var_root()) / "sign_ins.json").read_text())
    url = os.environ.get("PUBLIC_URL", "http://127.0.0.1:8000")
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else IMAGES
    looks = [Look(size, theme) for size in SIZES for theme in THEMES]
    wanted = looks if len(sys.argv) > 1 else [look for look in looks if look.is_shown]
    return take(url, sign_ins, folder, wanted)


if __name__ == "__main__":
    sys.exit(main())
