"""What a model's `config.json` says of it."""

from collections.abc import Mapping
from typing import Any

NUMBERS = ("max_position_embeddings", "vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads")
NUMBER_MAX = 2**40
NAME_MAX = 100


def config_facts(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the facts that a configuration in the Hugging Face form holds; what is odd or missing is left out.

    Multi-modal configurations keep the language model's numbers in `text_config`.
    """
    inner = config.get("text_config")
    sources = [config, inner] if isinstance(inner, Mapping) else [config]
    facts: dict[str, Any] = {}
    architectures = config.get("architectures")
    if isinstance(architectures, list) and architectures and _is_name(architectures[0]):
        facts["architecture"] = architectures[0]
    if _is_name(config.get("model_type")):
        facts["model_type"] = config["model_type"]
    for name in NUMBERS:
        found = next((source[name] for source in sources if _is_size(source.get(name))), None)
        if found is not None:
            facts[name] = found
    return facts


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= NAME_MAX and value.isprintable()


def _is_size(value: Any) -> bool:
    return type(value) is int and 0 < value <= NUMBER_MAX
