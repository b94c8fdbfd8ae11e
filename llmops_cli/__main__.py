"""`python -m llmops_cli`, or `bin/llmops`: read the command line, speak to the portal, print, say how it went."""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from llmops_cli import policies
from llmops_cli.client import CannotError, Portal
from llmops_cli.policies import Outcome

FINE, FINDINGS, CANNOT = 0, 1, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out one command; returns 0 when all is well, 1 with findings, 2 when it could not be carried out."""
    asked = parser().parse_args(arguments)
    try:
        outcome = _carry_out(asked)
    except CannotError as error:
        print(error, file=sys.stderr)
        return CANNOT
    if asked.format == "json":
        print(json.dumps(outcome.as_dict(), ensure_ascii=False))
    else:
        for line in [*outcome.lines, *outcome.findings]:
            print(line)
    return FINDINGS if outcome.findings else FINE


def parser() -> argparse.ArgumentParser:
    """Return what reads the command line; usage errors end with 2, as those of every argparse program."""
    program = argparse.ArgumentParser(
        prog="llmops",
        description="The portal from a terminal. LLMOPS_URL names it, LLMOPS_API_KEY opens it.",
        epilog="Exit codes: 0 all is well, 1 findings, 2 the command could not be carried out.",
    )
    policy = program.add_subparsers(required=True, metavar="policy").add_parser("policy", help="policies as code")
    commands = policy.add_subparsers(dest="command", required=True)
    export = commands.add_parser("export", help="write the documents in force into a folder")
    export.add_argument("folder", type=Path)
    for name, told in (
        ("lint", "name every fault as file:line:column"),
        ("test", "run the tests of the documents"),
        ("apply", "save what is not there yet as drafts"),
    ):
        command = commands.add_parser(name, help=told)
        command.add_argument("files", type=Path, nargs="+", help="files, or folders with .yaml files")
        if name == "apply":
            command.add_argument("--team", required=True, help="the team that owns policies which are new")
            command.add_argument("--submit", metavar="REASON", default="", help="ask that they be put in force")
            command.add_argument("--dry-run", action="store_true", help="only say what would be done")
    for command in commands.choices.values():
        command.add_argument("--format", choices=["text", "json"], default="text")
    return program


def _carry_out(asked: argparse.Namespace) -> Outcome:
    portal = _portal()
    if asked.command == "export":
        return policies.export(portal, asked.folder)
    files = policies.files_in(asked.files)
    if asked.command == "apply":
        return policies.apply(portal, files, team=asked.team, submit=asked.submit, dry_run=asked.dry_run)
    return policies.lint(portal, files) if asked.command == "lint" else policies.test(portal, files)


def _portal() -> Portal:
    url, key = os.environ.get("LLMOPS_URL", ""), os.environ.get("LLMOPS_API_KEY", "")
    missing = [name for name, value in (("LLMOPS_URL", url), ("LLMOPS_API_KEY", key)) if not value]
    if missing:
        raise CannotError(f"Set {' and '.join(missing)}: the portal's address, and an API key with the scope 'api'.")
    return Portal(url, key)


if __name__ == "__main__":
    sys.exit(main())
