"""`manage.py policy_facts`: write the facts that policies may read into the reference, or check that they are."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from apps.governance.reference import BEGIN, END, markdown


class Command(BaseCommand):
    help = "Write the facts that policies may read into docs/reference/policies.md."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true", help="write nothing; fail if the page is not current")

    def handle(self, *args: Any, check: bool, **options: Any) -> None:  # noqa: ARG002
        page = settings.BASE_DIR / "docs" / "reference" / "policies.md"
        before = page.read_text(encoding="utf-8")
        head, _, rest = before.partition(BEGIN)
        after = head + markdown() + rest.partition(END)[2]
        if after == before:
            return
        if check:
            self.stderr.write("docs/reference/policies.md is not current. Run `manage.py policy_facts`.")
            sys.exit(1)
        page.write_text(after, encoding="utf-8")
