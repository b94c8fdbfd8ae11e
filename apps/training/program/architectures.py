"""Models from scratch: a family and a shape become randomly initialised weights."""

from transformers import (
    AutoModelForCausalLM,
    LlamaConfig,
    MistralConfig,
    PretrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from apps.training.program.errors import SpecError
from apps.training.program.spec import Architecture

FAMILIES: dict[str, type[PretrainedConfig]] = {"llama": LlamaConfig, "mistral": MistralConfig}


def config_class(family: str) -> type[PretrainedConfig]:
    """Return the configuration of a family of models.

    Raises:
        SpecError: this program cannot train that family from scratch.
    """
    if family not in FAMILIES:
        raise SpecError(f'The family "{family}" cannot be trained from scratch here; take {" or ".join(FAMILIES)}.')
    return FAMILIES[family]


def build_model(family: str, shape: Architecture, tokenizer: PreTrainedTokenizerBase) -> PreTrainedModel:
    """Return a model of that shape with random weights; the seed is the process's own."""
    config = config_class(family)(
        hidden_size=shape.hidden_size,
        num_hidden_layers=shape.num_hidden_layers,
        num_attention_heads=shape.num_attention_heads,
        num_key_value_heads=shape.num_key_value_heads or shape.num_attention_heads,
        intermediate_size=shape.intermediate_size or 4 * shape.hidden_size,
        vocab_size=len(tokenizer),
        max_position_embeddings=shape.max_position_embeddings,
        attention_dropout=shape.attention_dropout,
        tie_word_embeddings=shape.tie_word_embeddings,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    return AutoModelForCausalLM.from_config(config)
