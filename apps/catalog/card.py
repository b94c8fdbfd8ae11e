"""Model cards: Markdown with the metadata that Hugging Face reads, made of what the portal knows and what people wrote.

Source: https://huggingface.co/docs/hub/model-cards, section "Model card metadata".
"""

from dataclasses import dataclass
from typing import Any

import yaml

from apps.catalog.models import ModelVersion

FRONT = "---"


@dataclass(frozen=True, slots=True)
class Card:
    """A model card: its metadata, and the whole as Markdown, metadata first."""

    metadata: dict[str, Any]
    markdown: str


def card_of(model: ModelVersion) -> Card:
    """Return the card of a version. Metadata that people wrote into its front matter stays; what is known wins."""
    written, body = _split(model.card)
    metadata = {**written, **_known(model)}
    front = yaml.safe_dump(metadata, sort_keys=True, allow_unicode=True).strip()
    return Card(metadata, f"{FRONT}\n{front}\n{FRONT}\n\n{body.strip() or _generated(model)}\n")


def card_body(model: ModelVersion) -> str:
    """Return what people wrote of a version, without the metadata, which a page shows by itself; "" if nobody did."""
    return _split(model.card)[1].strip()


def _known(model: ModelVersion) -> dict[str, Any]:
    known: dict[str, Any] = {"model_name": str(model), "pipeline_tag": "text-generation"}
    if model.license:
        known["license"] = model.license.lower()
    if model.tags:
        known["tags"] = list(model.tags)
    if model.base_model is not None:
        known["base_model"] = str(model.base_model)
    if model.digest:
        known["library_name"] = "transformers"
        known["files_digest"] = model.digest
    return known


def _split(card: str) -> tuple[dict[str, Any], str]:
    """Return front matter and body; front matter that is no YAML mapping counts as body."""
    if not card.startswith(FRONT + "\n"):
        return {}, card
    front, found, body = card[len(FRONT) + 1 :].partition(f"\n{FRONT}")
    if not found:
        return {}, card
    try:
        metadata = yaml.safe_load(front)
    except yaml.YAMLError:
        return {}, card
    return (metadata, body) if isinstance(metadata, dict) else ({}, card)


def _generated(model: ModelVersion) -> str:
    facts = {
        "Type": model.get_type_display(),
        "Family": model.model_family,
        "Licence": model.license or "not stated",
        "Base model": str(model.base_model or "none"),
        "Architecture": model.facts.get("architecture", "unknown"),
        "Parameters": f"{model.facts['parameter_count']:,}" if "parameter_count" in model.facts else "unknown",
        "Context": model.facts.get("max_position_embeddings", "unknown"),
    }
    rows = "\n".join(f"| {name} | {value} |" for name, value in facts.items())
    about = model.description.strip() or "Nobody has written a card for this version yet."
    return f"# {model}\n\n{about}\n\n| | |\n| --- | --- |\n{rows}"
