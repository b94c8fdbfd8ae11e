"""Loading a model that is already there."""

from pathlib import Path

import torch
from safetensors import SafetensorError
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedModel, PreTrainedTokenizerBase

from apps.training.program.device import Device
from apps.training.program.errors import ModelError


def load_model(folder: Path, device: Device, *, dtype: torch.dtype = torch.float32) -> PreTrainedModel:
    """Return the causal language model in `folder`.

    Only safetensors weights are read and no code from the folder is run: both could otherwise execute what a stranger
    put there.

    Raises:
        ModelError: the folder holds no such model.
    """
    try:
        model = AutoModelForCausalLM.from_pretrained(
            folder, dtype=dtype, local_files_only=True, use_safetensors=True, trust_remote_code=False
        )
    except (OSError, ValueError, SafetensorError) as error:
        raise ModelError(f"No causal language model can be read from {folder.name}.", detail=str(error)) from error
    return model.to(device.name)


def load_tokenizer(folder: Path) -> PreTrainedTokenizerBase:
    """Return the tokenizer in `folder`.

    Raises:
        ModelError: the folder holds none, or one that knows no end of a sequence.
    """
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except (OSError, ValueError) as error:
        raise ModelError(f"No tokenizer can be read from {folder.name}.", detail=str(error)) from error
    if tokenizer.eos_token is None:
        raise ModelError(f"The tokenizer in {folder.name} has no end-of-sequence token; set eos_token in its config.")
    return tokenizer


def end_tokens(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> list[int]:
    """Return the ids of all tokens at which an answer ends: the tokenizer's, and those the model declares."""
    declared = model.generation_config.eos_token_id
    more = declared if isinstance(declared, list) else [] if declared is None else [declared]
    return sorted({tokenizer.eos_token_id, *more})
