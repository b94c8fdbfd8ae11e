"""`llmops policy`: policies between a repository and a portal."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from llmops_cli.client import CannotError, Json, Portal, Refused

STANDING = ("active", "under_review", "draft")  # a version that needs no saving again


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong with a file; line and column are 0 where it is about the whole of it."""

    file: str
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.message}" if self.line else f"{self.file}: {self.message}"


@dataclass(slots=True)
class Outcome:
    """What a command found and did: lines for people, the same as data for programs."""

    findings: list[Finding] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    results: list[Json] = field(default_factory=list)

    def say(self, line: str, **result: Any) -> None:
        self.lines.append(line)
        if result:
            self.results.append(result)

    def as_dict(self) -> Json:
        return {"findings": [asdict(finding) for finding in self.findings], "results": self.results}


def export(portal: Portal, folder: Path) -> Outcome:
    """Write the documents in force, one file each; a file that says the same stays untouched."""
    outcome = Outcome()
    folder.mkdir(parents=True, exist_ok=True)
    for version in portal.items("/governance/policies", status="active"):
        file = folder / f"{version['key']}.yaml"
        is_same = file.exists() and file.read_text(encoding="utf-8") == version["source"]
        if not is_same:
            file.write_text(version["source"], encoding="utf-8")
        state = "unchanged" if is_same else "written"
        outcome.say(
            f"{state} {file} (version {version['number']})", file=str(file), state=state, digest=version["digest"]
        )
    return outcome


def lint(portal: Portal, files: Sequence[Path]) -> Outcome:
    """Name every fault of every file."""
    outcome = Outcome()
    for file, check in _checked(portal, files):
        outcome.findings += _faults(file, check)
        state = "faulty" if check["faults"] else "fine"
        outcome.say(f"{state} {file}", file=str(file), state=state, digest=check["digest"])
    return outcome


def test(portal: Portal, files: Sequence[Path]) -> Outcome:
    """Run the tests of every file, and tell which rules they cover."""
    outcome = Outcome()
    for file, check in _checked(portal, files):
        outcome.findings += [*_faults(file, check), *_failures(file, check)]
        for run in check["tests"]:
            outcome.say(f"{'passed' if run['passed'] else 'FAILED'} {file}: {run['name']}")
        covered = sum(rule["allowing"] and rule["denying"] for rule in check["coverage"])
        outcome.say(f"{file}: {covered} of {len(check['coverage'])} rules covered both ways", file=str(file), **check)
    return outcome


def apply(portal: Portal, files: Sequence[Path], *, team: str, submit: str, dry_run: bool) -> Outcome:
    """Save what is not there yet as drafts, and with `submit` ask that they be put in force.

    Nothing is saved unless every file passes its tests. A document that is there already, in force, under review or as
    a draft, is left as it is: to apply twice does nothing the second time.
    """
    outcome = Outcome()
    checks = list(_checked(portal, files))
    for file, check in checks:
        outcome.findings += [*_faults(file, check), *_failures(file, check)]
    if outcome.findings:
        return outcome
    for file, check in checks:
        try:
            _apply_one(portal, outcome, file, check, team=team, submit=submit, dry_run=dry_run)
        except Refused as refusal:
            outcome.findings.append(Finding(str(file), 0, 0, str(refusal)))
    return outcome


def files_in(paths: Iterable[Path]) -> list[Path]:
    """Return the files that are named, and those in the folders that are.

    Raises:
        CannotError: there is no such file, or none in a folder.
    """
    found: list[Path] = []
    for path in paths:
        inside = sorted(path.glob("*.yaml")) if path.is_dir() else [path] if path.is_file() else []
        if not inside:
            raise CannotError(f"{path} is no file, and no folder with files that end in .yaml.")
        found += inside
    return found


def _apply_one(
    portal: Portal, outcome: Outcome, file: Path, check: Json, *, team: str, submit: str, dry_run: bool
) -> None:
    known = {
        version["status"]: version
        for version in portal.items("/governance/policies", key=check["id"], digest=check["digest"])
    }
    there = next((known[status] for status in STANDING if status in known), None)
    wants_review = bool(submit) and (there is None or there["status"] == "draft")
    state = "unchanged" if there else "saved"
    if dry_run:
        would = " and submitted" if wants_review else ""
        outcome.say(
            f"{file}: would be {state}{would}", file=str(file), state=state, submitted=wants_review, dry_run=True
        )
        return
    version = there or portal.post("/governance/policies", {"owner_team": team, "source": _text(file)})
    request = _submitted(portal, version, check, submit) if wants_review else None
    asked = f"; asked for as {request['id']}" if request else ""
    outcome.say(
        f"{file}: {state} as version {version['number']}{asked}",
        file=str(file),
        state=state,
        version_id=version["id"],
        request_id=request["id"] if request else None,
    )


def _submitted(portal: Portal, version: Json, check: Json, reason: str) -> Json:
    if check["mode"] == "enforce":
        portal.post(f"/governance/policies/{version['id']}/replay", {})
    asked: Json = portal.post(f"/governance/policies/{version['id']}/submit", {"reason": reason})
    return asked


def _checked(portal: Portal, files: Sequence[Path]) -> Iterable[tuple[Path, Json]]:
    for file in files:
        yield file, portal.post("/governance/policies/check", {"source": _text(file)})


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CannotError(f"{file} cannot be read: {error}.") from error


def _faults(file: Path, check: Json) -> list[Finding]:
    return [
        Finding(str(file), fault["line"], fault["column"], f"{fault['path']}: {fault['message']}")
        for fault in check["faults"]
    ]


def _failures(file: Path, check: Json) -> list[Finding]:
    failed = [Finding(str(file), run["line"], 1, run["why"]) for run in check["tests"] if not run["passed"]]
    missing: Callable[[Json, str], str] = lambda rule, kind: f"The rule '{rule['rule']}' has no {kind} test."  # noqa: E731
    return failed + [
        Finding(str(file), 0, 0, missing(rule, kind))
        for rule in check["coverage"]
        for kind in ("allowing", "denying")
        if not rule[kind]
    ]
