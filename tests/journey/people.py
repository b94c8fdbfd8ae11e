"""People who do the main job in browsers of their own: by what the pages say and offer, and in no other way."""

import re
from pathlib import Path

from playwright.sync_api import BrowserContext, Locator, Request, Response, expect

from tests.conftest import is_complaint

PATIENCE_MS = 30_000  # for a page, on a machine that is busy with other things
RUN_PATIENCE_MS = 1_200_000  # for a training job, an evaluation
START_PATIENCE_MS = 300_000  # for a model server

REFUSED = 422  # the answer to a form that is refused

# A quick model's answer is whole before anybody could look at its beginning, so the page keeps what it showed.
KEEP_WHAT_COMES = """() => {
    const place = document.getElementById("chat-coming");
    window.whatCame = [];
    new MutationObserver(() => whatCame.push(place.textContent)).observe(place, { childList: true });
}"""


class Person:
    """Somebody at a browser.

    Attributes:
        refused: addresses of the forms that were refused to them.
        complaints: what went wrong on any page: errors of scripts, failed requests.
    """

    def __init__(self, name: str, password: str, context: BrowserContext) -> None:
        self.name, self.password = name, password
        self.refused: list[str] = []
        self.complaints: list[str] = []
        context.set_default_timeout(PATIENCE_MS)
        self.page = context.new_page()
        self.page.on("console", lambda message: is_complaint(message) and self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("requestfailed", self._failed)
        self.page.on("response", self._answered)

    def _failed(self, request: Request) -> None:
        # What a page still waits for when somebody leaves it is given up.
        if request.failure != "net::ERR_ABORTED":
            self.complaints.append(f"{request.failure}: {request.url}")

    def _answered(self, response: Response) -> None:
        if response.status == REFUSED:
            self.refused.append(response.url)
        elif response.status >= 400:
            self.complaints.append(f"{response.status}: {response.url}")

    @property
    def main(self) -> Locator:
        return self.page.get_by_role("main")

    def sign_in(self) -> None:
        self.page.goto("/")
        self.fill({"Username": self.name, "Password": self.password})
        self.press("Sign in")
        self.is_on("Home")

    def go_to(self, place: str) -> None:
        """Go to a place of the side bar."""
        places = self.page.get_by_role("navigation", name="Main")
        places.get_by_role("link", name=re.compile(f"^{place}")).click()
        self.is_on(place)

    def follow(self, link: str) -> None:
        self.main.get_by_role("link", name=link, exact=True).first.click()

    def press(self, button: str, *, within: Locator | None = None) -> None:
        found = (within or self.main).get_by_role("button", name=button, exact=True)
        expect(found).to_be_visible(timeout=PATIENCE_MS)
        self.is_ready()
        found.click()

    def press_in_dialog(self, button: str, answers: dict[str, str]) -> None:
        dialog = self.page.get_by_role("dialog")
        self.fill(answers, within=dialog)
        self.press(button, within=dialog)

    def fill(self, answers: dict[str, str], *, within: Locator | None = None) -> None:
        """Answer the fields of these labels; where there is a choice, take what begins so."""
        for label, answer in answers.items():
            field = (within or self.main).get_by_label(re.compile(rf"^{re.escape(label)}( optional)?$"))
            if field.evaluate("field => field.tagName") == "SELECT":
                option = field.locator("option", has_text=re.compile(rf"^\s*{re.escape(answer)}"))
                field.select_option(label=option.first.inner_text())
            else:
                field.fill(answer)

    def is_ready(self) -> None:
        """Wait, shorter than a person needs to move a hand, until scripts have seen all that the page shows."""
        self.page.wait_for_load_state()
        expect(self.page.locator(".htmx-added, .htmx-settling")).to_have_count(0, timeout=PATIENCE_MS)

    def is_on(self, heading: str) -> None:
        expect(self.main.get_by_role("heading", level=1)).to_have_text(heading, timeout=PATIENCE_MS)
        self.is_ready()

    def sees(self, *texts: str, within_ms: int = PATIENCE_MS) -> None:
        """See texts that follow each other on the page, with nothing between them."""
        pattern = re.compile(r"\s*".join(re.escape(text) for text in texts))
        expect(self.main.get_by_text(pattern).filter(visible=True).first).to_be_visible(timeout=within_ms)

    def watches_it_succeed(self) -> None:
        """Watch the page of a run, which changes by itself, until the run has ended."""
        ends = self.main.get_by_text(re.compile("^(Succeeded|Failed|Cancelled|Lost)$")).first
        expect(ends).to_be_visible(timeout=RUN_PATIENCE_MS)
        expect(ends).to_have_text("Succeeded")


class Engineer(Person):
    """Brings data, trains, evaluates, deploys."""

    def register_dataset(self, name: str, kind: str, file: Path) -> None:
        self.go_to("Datasets")
        self.follow("Register a dataset")
        self.fill({"Name": name, "Type": kind, "Licence": "Apache-2.0"})
        self.press("Register")
        self.is_on(f"{name} 1")
        self.main.get_by_label("File").set_input_files(file)
        self.press("Upload")

    def clean(self, becomes: str) -> None:
        self.follow("Clean")
        self.is_on("Clean into a new version")
        self.press("Clean")
        self.is_on(becomes)

    def submit_for_review(self, reason: str) -> None:
        self.press("Submit for review")
        self.press_in_dialog("Submit", {"Reason": reason})
        self.sees("Waiting for a verdict")

    def train(self, name: str, answers: dict[str, str]) -> None:
        self.go_to("Jobs")
        self.follow("Train a model")
        self.fill({"Name of the model": name, **answers})
        self.press("Submit")
        self.is_on(name)
        self.watches_it_succeed()

    def open_model(self, model: str) -> None:
        self.go_to("Models")
        self.follow(model)
        self.is_on(model)

    def evaluate(self, model: str, dataset: str) -> None:
        self.open_model(model)
        self.follow("Evaluate")
        self.fill({"Dataset": dataset, "Longest answer": "24"})
        self.press("Evaluate")
        self.is_on(model)
        self.watches_it_succeed()

    def have_answers_reviewed(self, count: int) -> None:
        self.press("Have answers reviewed")
        self.press_in_dialog("Put into the queue", {"Answers to review": str(count)})
        self.sees(f"0 of {count}")

    def deploy(self, model: str, answers: dict[str, str]) -> None:
        """Deploy a model to a new route, and watch until that is healthy."""
        self.open_model(model)
        self.follow("Deploy")
        self.fill({"Environment": "Production", "Reason": "Measured, reviewed, approved", **answers})
        self.press("Deploy")
        self.is_on(answers["Route"])
        self.sees("Healthy", within_ms=START_PATIENCE_MS)

    def ask(self, message: str) -> tuple[str, str]:
        """Try the route on its page; return what was shown of the answer first, and the whole of it."""
        self.fill({"message": message})
        self.page.evaluate(KEEP_WHAT_COMES)
        self.press("Ask")
        whole = self.main.get_by_role("article").first.get_by_role("code").inner_text()
        return self.page.evaluate("whatCame[0]"), whole


class Approver(Person):
    """Decides what moves on, and judges answers."""

    def open_request(self, subject: str) -> None:
        self.go_to("Inbox")
        self.follow(subject)
        self.is_on(subject)

    def approve(self, comment: str) -> None:
        self.fill({"Comment": comment})
        if self.main.get_by_label("Your password again").count():  # signed in a while ago
            self.fill({"Your password again": self.password})
        self.press("Approve")

    def review(self, count: int) -> None:
        """Review answers from the keyboard alone: right are those that are what was expected."""
        self.page.keyboard.press("g")
        self.page.keyboard.press("q")
        self.is_on("Review queue")
        self.page.keyboard.press("j")
        for waiting in range(count, 0, -1):
            self.sees(f"{waiting} waiting, this one included")
            self.page.keyboard.press("e")
            expected = self.main.get_by_role("group").filter(has_text="Expected answer").get_by_role("paragraph")
            expect(expected).to_be_visible(timeout=PATIENCE_MS)
            given = self.main.get_by_role("heading", name="Answer", exact=True).locator("..").get_by_role("paragraph")
            self.page.keyboard.press("j" if given.inner_text() == expected.inner_text() else "k")
        self.sees("Nothing waits for you")
