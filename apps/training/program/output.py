"""The model's files: what a job leaves behind."""

import resource
import shutil
from importlib.metadata import version
from pathlib import Path
from typing import Any

from peft import PeftModel
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from apps.training.program.adapters import save_and_merge

# How large one file of weights may become; `safetensors` promises a single one.
_LARGEST_FILE = {"hf": "5GB", "safetensors": "1000TB"}
_LIBRARIES = ("torch", "transformers", "tokenizers", "peft", "accelerate", "safetensors")


def save_model(
    model: PreTrainedModel | PeftModel, tokenizer: PreTrainedTokenizerBase, folder: Path, *, save_format: str
) -> PreTrainedModel:
    """Write model and tokenizer to `folder`, which appears when it is whole; return the model that was written.

    Of a model with an adapter, the merged weights are written and the adapter beside them, in `adapter/`.
    """
    partial = folder.with_name(folder.name + ".part")
    if partial.exists():
        shutil.rmtree(partial)
    partial.mkdir()
    if isinstance(model, PeftModel):
        model = save_and_merge(model, partial / "adapter")
    # The Trainer turns the cache off while it trains; saved so, each token of an answer would cost all those before it.
    model.config.use_cache = True
    model.save_pretrained(partial, max_shard_size=_LARGEST_FILE[save_format])
    tokenizer.save_pretrained(partial)
    for file in partial.rglob("*.safetensors"):
        # Written readable by their owner alone, while who serves the model is often another user.
        file.chmod(0o644)
    if folder.exists():
        shutil.rmtree(folder)
    partial.rename(folder)
    return model


def model_facts(model: PreTrainedModel) -> dict[str, Any]:
    """Return the facts of a model that hold wherever it runs."""
    config = model.config
    return {
        "architecture": type(model).__name__,
        "model_type": config.model_type,
        "parameter_count": model.num_parameters(),
        "dtype": str(model.dtype).removeprefix("torch."),
        "vocab_size": config.vocab_size,
        "hidden_size": config.hidden_size,
        "num_hidden_layers": config.num_hidden_layers,
        "max_position_embeddings": config.max_position_embeddings,
    }


def process_facts() -> dict[str, Any]:
    """Return what the process took so far, and the versions of the libraries that did the work."""
    # On Linux, kilobytes.
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {"peak_rss_bytes": peak, "libraries": {name: version(name) for name in _LIBRARIES}}
