"""Prompts in the states that tests need, reached through services."""

from typing import Any

from apps.accounts.models import Team, User
from apps.prompts import services
from apps.prompts.models import PromptTemplate, PromptVersion


def prompt_template(actor: User, team: Team, **more: Any) -> PromptTemplate:
    given = {"name": "classify", "user": "Classify.\nMessage: {{ message }}", **more}
    return services.create_template(actor=actor, team=team, **given)


def prompt_version(actor: User, team: Team, **more: Any) -> PromptVersion:
    return prompt_template(actor, team, **more).versions.get()
