"""Fill a local portal with what it needs to be used at once: people to sign in as, a team, policies, prices."""

import json
import os
import secrets
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from apps.accounts import services as accounts
from apps.accounts.models import Organisation, Team, User
from apps.accounts.permissions import Role
from apps.costs import services as costs
from apps.costs.models import Price
from apps.governance import services as governance
from llmops_portal.local import paths

PEOPLE: dict[str, tuple[str, str, dict[str, tuple[Role, ...]]]] = {
    "engineer": ("Mina", "Park", {"voc": (Role.ENGINEER,)}),
    "approver": ("Jonas", "Weber", {"voc": (Role.APPROVER, Role.REVIEWER), "risk": (Role.APPROVER, Role.AUDITOR)}),
    "officer": ("Yuna", "Choi", {"voc": (Role.RISK_OFFICER,), "risk": (Role.RISK_OFFICER, Role.AUDITOR)}),
    "manager": ("Sora", "Kim", {"voc": (Role.MANAGER, Role.AUDITOR, Role.BREAK_GLASS), "risk": (Role.MANAGER,)}),
    "admin": ("Ada", "Admin", {}),
}
PRICES = {  # USD; tokens per million
    Price.Unit.PROMPT_TOKENS: Decimal("0.20"),
    Price.Unit.COMPLETION_TOKENS: Decimal("0.60"),
    Price.Unit.CPU_HOURS: Decimal("0.10"),
    Price.Unit.GPU_HOURS: Decimal("3.00"),
}
TEAMS = {"voc": "Voice of the customer", "risk": "Risk and governance"}


class Command(BaseCommand):
    """Safe to repeat: what is there already is left alone."""

    help = "Create the local sign-ins, teams, policies and prices. Passwords are made once and kept in VAR/secrets."

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002
        if settings.IS_PRODUCTION:
            raise CommandError("seed_local is for a portal on one machine; DEPLOYMENT is production.")
        passwords = kept_passwords(paths.secrets(settings.VAR) / "sign_ins.json")
        with transaction.atomic():
            teams = self._teams()
            for username, password in passwords.items():
                self._person(username, password, teams)
            made = governance.activate_starter_policies(actor=accounts.system_account(), team=teams["risk"])
            self._prices()
        self.stdout.write(f"{len(passwords)} people, {len(teams)} teams, {len(made)} new policies")

    def _teams(self) -> dict[str, Team]:
        organisation, _ = Organisation.objects.get_or_create(slug="haneul", defaults={"name": "Haneul"})
        return {
            slug: Team.objects.get_or_create(slug=slug, defaults={"name": name, "organisation": organisation})[0]
            for slug, name in TEAMS.items()
        }

    def _prices(self) -> None:
        """Put prices in force for units that have none yet."""
        for unit, usd in PRICES.items():
            if not Price.objects.filter(unit=unit).exists():
                costs.set_price(actor=accounts.system_account(), unit=unit, usd=usd)

    def _person(self, username: str, password: str, teams: dict[str, Team]) -> None:
        first, last, roles = PEOPLE[username]
        is_admin = username == "admin"
        user, is_new = User.objects.get_or_create(
            username=username,
            defaults={"first_name": first, "last_name": last, "is_staff": is_admin, "is_superuser": is_admin},
        )
        if is_new:
            user.set_password(password)
            user.save(update_fields=["password"])
        for slug, held in roles.items():
            for role in held:
                accounts.give_role(actor=accounts.system_account(), user=user, scope=teams[slug], role=role)


def kept_passwords(file: Path) -> dict[str, str]:
    """Return the local passwords by user name; made once, readable by their owner only."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    made = {username: secrets.token_urlsafe(9) for username in PEOPLE}
    try:
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as opened:
            json.dump(made, opened)
    except FileExistsError:
        pass
    kept: dict[str, str] = json.loads(file.read_text())
    return kept
