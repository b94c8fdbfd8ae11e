"""What governance is told about changes of labels: what a decision is about, who took part, and facts."""

from typing import Any
from uuid import UUID

from apps.core.secrets import secret_kinds
from apps.governance.comparisons import Aspect
from apps.governance.fact_shapes import Flag, ListOf, Record, Text, Whole
from apps.prompts.models import LabelChange, PromptVersion

SUBJECT = Record(
    fields={
        "template": Text(description="Its name.", example="triage"),
        "name": Text(description="Of the label that is to move.", example="production"),
        "from_version": Whole(description="Where it points; null for nowhere.", example=3, nullable=True),
        "to_version": Whole(description="Where it is to point; null for nowhere.", example=4, nullable=True),
        "is_taken_off": Flag(description="Whether it is to point nowhere.", example=False),
    }
)
PROMPT = Record(
    fields={
        "number": Whole(description="Of the version.", example=4),
        "digest": Text(description="SHA-256 of its texts.", example="sha256:2c26b46b…"),
        "chars": Whole(description="Characters of both texts together.", example=420),
        "variables": ListOf(
            item=Text(description="A variable.", example="question"), description="That stand in its texts."
        ),
        "secrets": ListOf(
            item=Text(description="A kind.", example="AWS Access Key"),
            description="Kinds of keys and tokens that are found in its texts by their form.",
        ),
    }
)


def manifest(change: LabelChange) -> dict[str, Any]:
    """Return what an approval of a change is for."""
    return {
        "template": change.template.name,
        "template_id": str(change.template_id),
        "name": change.name,
        "from_version": change.from_version.number if change.from_version else None,
        "from_digest": change.from_version.digest if change.from_version else None,
        "to_version": change.to_version.number if change.to_version else None,
        "to_digest": change.to_version.digest if change.to_version else None,
        "is_taken_off": change.is_taken_off,
    }


def people(change: LabelChange) -> dict[UUID, str]:
    """Return who may not approve: who proposed it, and who ever wrote what the version says, as this one or another."""
    same = change.template.versions.filter(digest=change.said.digest)
    wrote = dict.fromkeys(same.values_list("created_by_id", flat=True), "wrote the prompt of")
    return {**wrote, change.created_by_id: "proposed"}


def page(change: LabelChange) -> str:
    return change.said.get_absolute_url()


def prompt_facts(change: LabelChange) -> dict[str, Any]:
    """Return the facts "prompt": of the version that is to be pointed to, or that no longer is."""
    version = change.said
    return {
        "number": version.number,
        "digest": version.digest,
        "chars": len(version.system) + len(version.user),
        "variables": list(version.variables),
        "secrets": secret_kinds(version.system, version.user),
    }


def before(change: LabelChange) -> PromptVersion | None:
    """Return the version that the label points to so far, to be shown beside the other."""
    return change.from_version


def _version(side: PromptVersion | LabelChange) -> PromptVersion | None:
    return side.to_version if isinstance(side, LabelChange) else side


def _number(side: PromptVersion | LabelChange) -> dict[str, Any]:
    version = _version(side)
    return {"version": version.number, "variables": version.variables} if version else {}


def _system(side: PromptVersion | LabelChange) -> dict[str, Any]:
    version = _version(side)
    return {"text": version.system} if version and version.system else {}


def _user(side: PromptVersion | LabelChange) -> dict[str, Any]:
    version = _version(side)
    return {"text": version.user} if version else {}


ASPECTS = (
    Aspect("User message", _user, by_line=True),
    Aspect("System message", _system, by_line=True),
    Aspect("Where it points", _number),
)
