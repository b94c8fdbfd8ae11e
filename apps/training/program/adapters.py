"""LoRA: small matrices learn beside the frozen weights and are added to them in the end."""

from pathlib import Path

from peft import LoraConfig, PeftModel, get_peft_model
from transformers import PreTrainedModel

from apps.training.program.spec import Lora


def add_lora(model: PreTrainedModel, settings: Lora) -> PeftModel:
    """Return `model` with its weights frozen and trainable adapters on all linear layers but the output head."""
    config = LoraConfig(
        r=settings.rank,
        lora_alpha=settings.alpha,
        lora_dropout=settings.dropout,
        target_modules="all-linear",
        task_type="CAUSAL_LM",
    )
    return get_peft_model(model, config)


def save_and_merge(model: PeftModel, folder: Path) -> PreTrainedModel:
    """Save the adapter by itself in `folder` and return the model with the adapter's change in its full weights."""
    for config in model.peft_config.values():
        # A path on the machine that trained means nothing to who receives the adapter; None would be filled in again.
        config.base_model_name_or_path = ""
        # A set, whose order differs from process to process: equal adapters shall have equal digests.
        config.target_modules = sorted(config.target_modules)
    model.save_pretrained(folder)
    # peft writes an empty form of a model card; the card is the catalog's.
    (folder / "README.md").unlink(missing_ok=True)
    return model.merge_and_unload(safe_merge=True)
