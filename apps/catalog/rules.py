"""The rules that an entry of the catalog keeps, each a small function; all broken ones are named at once."""

import re
from collections.abc import Callable, Iterator
from uuid import UUID

from apps.catalog.errors import ModelRulesBrokenError
from apps.catalog.models import ModelVersion
from apps.core.entries import broken_entry_rules
from apps.core.errors import BrokenRule

PROVIDERS = ("openai", "ollama", "vllm", "litellm")
CARD_MAX_CHARACTERS = 200_000

_FAMILY = re.compile(r"^[a-z0-9][a-z0-9._-]{0,39}$")

Broken = Iterator[BrokenRule]


def refuse_broken(model: ModelVersion) -> None:
    """Refuse an entry, saved or not, that breaks a rule.

    Raises:
        ModelRulesBrokenError: names every rule that is broken, its field, and how to mend it.
    """
    broken = broken_entry_rules(
        name=model.name, version=model.version, license=model.license, tags=model.tags, metadata=model.metadata
    )
    broken += [fault for rule in RULES for fault in rule(model)]
    if broken:
        raise ModelRulesBrokenError(" ".join(fault.message for fault in broken), rules=broken)


def family_is_plain(model: ModelVersion) -> Broken:
    if not _FAMILY.match(model.model_family):
        why = f"'{model.model_family[:50]}' cannot be a model family."
        yield BrokenRule("model_family_plain", "model_family", why, "Use lower case, such as llama, mistral or gemma.")


def base_model_fits(model: ModelVersion) -> Broken:
    base = model.base_model
    if base is None:
        return
    if model.type != ModelVersion.Type.FINE_TUNED:
        why = f"A model of type {model.type} is tuned from nothing, yet it names a base model."
        yield BrokenRule("base_model_only_for_tuned", "base_model", why, "Leave it out, or set type to fine_tuned.")
    if base.model_family != model.model_family:
        why = f"The base model is a {base.model_family}, this is a {model.model_family}."
        yield BrokenRule("base_model_family_matches", "model_family", why, f"Set it to {base.model_family}.")
    if base.pk == model.pk:
        yield BrokenRule("base_model_is_another", "base_model", "A model is not tuned from itself.", "Name another.")
    elif any(ancestor == model.pk for ancestor in _ancestors(base)):
        why = f"'{base}' was itself tuned from this model."
        yield BrokenRule("base_model_came_before", "base_model", why, "Name one that this model was made of.")


def external_names_its_provider(model: ModelVersion) -> Broken:
    if model.type != ModelVersion.Type.EXTERNAL:
        return
    provider = model.metadata.get("provider")
    if provider not in PROVIDERS:
        why = "An external model says who runs it." if not provider else f"'{provider}' is no known provider."
        yield BrokenRule("external_provider_known", "metadata.provider", why, f"Use one of {', '.join(PROVIDERS)}.")
    address = model.metadata.get("base_url")
    if provider != "openai" and not (isinstance(address, str) and address.startswith(("http://", "https://"))):
        why = "It is not said where the model is reached."
        yield BrokenRule("external_address_given", "metadata.base_url", why, "Give its http:// or https:// address.")


def card_is_bounded(model: ModelVersion) -> Broken:
    if len(model.card) > CARD_MAX_CHARACTERS:
        why = f"The card has {len(model.card)} characters."
        yield BrokenRule("card_bounded", "card", why, f"Keep it to {CARD_MAX_CHARACTERS}.")


def _ancestors(model: ModelVersion) -> Iterator[UUID]:
    """Yield the ids of what `model` was tuned from, nearest first."""
    seen, ancestor = set(), model.base_model_id
    while ancestor is not None and ancestor not in seen:
        yield ancestor
        seen.add(ancestor)
        ancestor = ModelVersion.objects.values_list("base_model_id", flat=True).get(pk=ancestor)


RULES: tuple[Callable[[ModelVersion], Broken], ...] = (
    family_is_plain,
    base_model_fits,
    external_names_its_provider,
    card_is_bounded,
)
