"""The main job, twice on one portal: by the demo over the API, and by two people through the pages."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from llmops_portal.demo import specs
from llmops_portal.demo.story import DATA
from llmops_portal.local import environments
from tests.journey.people import Approver, Engineer
from tests.journey.running import Demo, processes_of

TRAIN = environments.ENVIRONMENTS["train"].path
SUPPORT, HELDOUT, MODEL, ROUTE = "pages-support", "pages-heldout", "pages-triage", "pages-triage"
TRAINING = {
    "Kind": "Supervised fine-tuning",
    "Base model": "voc-base",
    "Learning rate": "0.001",
    "Batch size": "8",
    "Epochs": "6",
    "Longest row": "160",
}
REVIEWED = 10
CHAIN = [
    f"Answer of {ROUTE}",
    f"{ROUTE}, revision 1",
    f"{MODEL} 1",
    f"Approval of {MODEL} 1",
    "model-release",
    f"Evaluation on {HELDOUT} 1",
    f"Answers on {HELDOUT} 1",
    f"SFT {MODEL}",
    f"{SUPPORT} 2",
    f"Approval of {SUPPORT} 2",
    f"{SUPPORT} 1",
    "voc-base 1",
]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.train,
    pytest.mark.skipif(not TRAIN.exists(), reason="needs .venv/train (make test makes it)"),
]


# One for all tests of the module (`tests/conftest.py` keeps them in one worker); the last of them ends it.
@pytest.fixture(scope="module")
def demo(tmp_path_factory) -> Iterator[Demo]:
    started = Demo(tmp_path_factory.mktemp("demo"))
    try:
        started.wait()
        yield started
    finally:
        started.end()


@pytest.fixture
def engineer(demo: Demo, chromium: Browser) -> Iterator[Engineer]:
    with chromium.new_context(base_url=demo.url) as context:
        yield Engineer("engineer", demo.password_of("engineer"), context)


@pytest.fixture
def approver(demo: Demo, chromium: Browser) -> Iterator[Approver]:
    with chromium.new_context(base_url=demo.url) as context:
        yield Approver("approver", demo.password_of("approver"), context)


@pytest.fixture
def officer(demo: Demo, chromium: Browser) -> Iterator[Approver]:
    with chromium.new_context(base_url=demo.url) as context:
        yield Approver("officer", demo.password_of("officer"), context)


def test_the_demo_goes_the_whole_way(demo):
    assert f"portal up at {demo.url}" in demo.output, demo.output[-4000:]
    assert re.search(r"exact_match .* yes\n", demo.output), "the tuned model is better by intervals that do not touch"
    assert demo.output.count("refused, as it must be") == 3


def test_three_people_go_the_whole_way_through_the_pages(engineer, approver, officer):
    engineer.sign_in()
    approver.sign_in()

    prepare_data(engineer, approver)
    train(engineer)
    ask_too_early(engineer, approver)
    gather_evidence(engineer, approver)
    release(approver, officer)
    serve(engineer)
    prove(engineer)

    assert (engineer.complaints, engineer.refused) == ([], [])
    assert (approver.complaints, officer.complaints) == ([], [])
    assert len(approver.refused) == 1, "the approval that came too early, and nothing else"


def test_ctrl_c_leaves_no_process_behind(demo):
    assert demo.end() == 0, demo.output[-4000:]
    assert processes_of(demo.var) == []


def prepare_data(engineer: Engineer, approver: Approver) -> None:
    engineer.register_dataset(SUPPORT, "Prompt and response pairs", DATA / "train.jsonl")
    engineer.sees("Quality", "95.2", "of 100")
    engineer.sees("Personal data", "8", "items")
    engineer.sees("Duplicates", "9", "rows")
    engineer.clean(becomes=f"{SUPPORT} 2")
    engineer.sees("Personal data", "None")
    engineer.submit_for_review("Cleaned, and ready for training")
    approver.open_request(f"{SUPPORT} 2")
    approver.sees("Every policy in force lets this through")
    approver.approve("Nothing personal is left in it")
    approver.sees("Approved and done")

    engineer.register_dataset(HELDOUT, "Evaluation set", DATA / "heldout.jsonl")
    engineer.submit_for_review("Messages that no training sees")
    approver.open_request(f"{HELDOUT} 1")
    approver.approve("Looks right")
    approver.sees("Approved and done")


def train(engineer: Engineer) -> None:
    engineer.train(MODEL, {"Dataset": f"{SUPPORT} 2", **TRAINING})
    engineer.sees("A model was made")
    expect(engineer.main.get_by_role("img", name="Loss")).to_be_visible()
    expect(engineer.main.get_by_role("log")).to_contain_text("step")


def ask_too_early(engineer: Engineer, approver: Approver) -> None:
    engineer.follow(f"{MODEL} 1")
    engineer.is_on(f"{MODEL} 1")
    engineer.sees("Tuned from", "voc-base 1")
    engineer.submit_for_review("Please release it")
    approver.open_request(f"{MODEL} 1")
    approver.sees("Policies in force do not let this through yet")
    approver.approve("It is urgent")
    approver.sees("This was not done", "Not allowed by policy")
    approver.sees("There is no finished evaluation of these files.")
    approver.sees("Open a review campaign on the evaluation and let reviewers finish it.")


def gather_evidence(engineer: Engineer, approver: Approver) -> None:
    engineer.evaluate(f"{MODEL} 1", f"{HELDOUT} 1")
    engineer.sees("Samples", "132")
    expect(engineer.main.get_by_role("img", name="95 % interval from 0.").first).to_be_visible()
    engineer.have_answers_reviewed(REVIEWED)
    approver.review(REVIEWED)


def release(approver: Approver, officer: Approver) -> None:
    """Nobody has stated how much harm the model can do, so that a risk officer decides too."""
    approver.open_request(f"{MODEL} 1")
    approver.sees("Every policy in force lets this through")
    approver.approve("Measured and reviewed")
    approver.sees("1 of 2 by approver")
    approver.sees("You have given your verdict")
    officer.sign_in()
    officer.open_request(f"{MODEL} 1")
    officer.approve("The harm that it can do is small")
    officer.sees("Approved and done")


def serve(engineer: Engineer) -> None:
    engineer.deploy(f"{MODEL} 1", {"Route": ROUTE, "Prompt": specs.PROMPT})
    beginning, answer = engineer.ask("I would like my money back for the toaster, it never worked.")
    assert re.fullmatch(r"\w+ / \w+", answer)
    assert beginning[: len(answer)] == answer[: len(beginning)]
    engineer.sees(f"{MODEL} 1, revision 1.")


def prove(engineer: Engineer) -> None:
    engineer.follow("What is behind this answer")
    engineer.is_on("Provenance of an answer")
    engineer.sees("The chain is whole")
    steps = engineer.main.get_by_role("link").all_inner_texts()
    assert [step for step in CHAIN if not any(step in shown for shown in steps)] == []
    digests = engineer.main.get_by_role("button", name="Copy digest", exact=True)
    assert digests.count() >= len(CHAIN) - 1, "of every step but the answer, whose content is not kept"
    engineer.follow(f"Answer of {ROUTE}")
    engineer.sees("Called as", "Portal API, streamed")
