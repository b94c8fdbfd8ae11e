"""What pictures need beyond what the demo leaves behind: each is made once, and left alone when it is there."""

import json
from textwrap import shorten

from llmops_portal.demo.camera import Visitor
from llmops_portal.demo.client import Json
from llmops_portal.demo.specs import PROMPT, TEAM
from llmops_portal.demo.story import DATA

COLLECTION = "shop-policies"
BUDGET = "All that we run"
DOCUMENTS = 6
TITLE_MAX = 50
ANSWERS = 5


def set_stage(people: dict[str, Visitor], runs: list[Json]) -> None:
    """Have something in the review queue, a collection with documents, two versions of the prompt, and a budget."""
    engineer, manager, approver = people["engineer"], people["manager"], people["approver"]
    if runs and not approver.get("/evaluation/queue")["waiting"]:
        campaign = {"title": "Five more answers", "sample_size": ANSWERS, "seed": 1}
        engineer.post(f"/evaluation/runs/{runs[-1]['id']}/campaigns", campaign)
    _fill_collection(engineer)
    _change_prompt(engineer)
    if not manager.get("/governance/budgets")["items"]:
        budget = {"owner_team": TEAM, "name": BUDGET, "month_usd": "200.00", "enforced": True, "warn_at_percent": [80]}
        manager.post("/governance/budgets", budget)


def _fill_collection(engineer: Visitor) -> None:
    if engineer.get("/knowledge/collections")["items"]:
        return
    about = {"name": COLLECTION, "owner_team": TEAM, "description": "What the shop promises its customers"}
    made = engineer.post("/knowledge/collections", about)
    with (DATA / "corpus.jsonl").open(encoding="utf-8") as lines:
        texts = [json.loads(line)["text"] for line, _ in zip(lines, range(DOCUMENTS), strict=False)]
    for text in texts:
        title = shorten(text, TITLE_MAX, placeholder="…")
        engineer.post(f"/knowledge/collections/{made['id']}/documents", {"title": title, "text": text})


def _change_prompt(engineer: Visitor) -> None:
    for template in engineer.get("/prompts/templates", q=PROMPT)["items"]:
        versions = engineer.get(f"/prompts/templates/{template['id']}")["versions"]
        if len(versions) == 1:
            changed = {"user": versions[0]["user"], "system": "Answer with the labels only.", "notes": "Labels only"}
            engineer.post(f"/prompts/templates/{template['id']}/versions", changed)
