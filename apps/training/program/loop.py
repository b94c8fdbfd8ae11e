"""The training loop: transformers' Trainer, told to report into the folder and to leave checkpoints to go on from."""

import math
import time
from pathlib import Path
from typing import Any

from transformers import (
    PrinterCallback,
    Trainer,
    TrainerCallback,
    TrainerControl,
    TrainerState,
    TrainingArguments,
)

from apps.training.program import checkpoints
from apps.training.program.device import memory_watched
from apps.training.program.errors import DivergedError
from apps.training.program.recipes.base import Prepared, Task

# A curve of this many points shows all that a person looks for.
_POINTS = 100
_EVALUATIONS = 5

_NAMES = {
    "loss": "loss",
    "eval_loss": "eval_loss",
    "learning_rate": "lr",
    "grad_norm": "grad_norm",
    "epoch": "epoch",
    "train_tokens_per_second": "tokens_per_s",
    "num_input_tokens_seen": "tokens",
}


class Reporter(TrainerCallback):
    """Writes what the Trainer measures and saves into the job's folder, and decides when it saves."""

    def __init__(self, task: Task) -> None:
        self._folder = task.folder
        self._every_s = task.spec.checkpoint_every_s
        self._saved_at = time.monotonic()

    def on_log(
        self, args: TrainingArguments, state: TrainerState, _control: TrainerControl, logs: dict[str, float], **_: Any
    ) -> None:
        """Record measurements.

        Raises:
            DivergedError: the loss or its gradient is not finite; whatever follows would be lost time.
        """
        values = {_NAMES[name]: float(value) for name, value in logs.items() if name in _NAMES}
        if not {"loss", "eval_loss"} & values.keys():
            return
        if not all(map(math.isfinite, values.values())):
            raise DivergedError(
                f"The training diverged at step {state.global_step}: the loss or its gradient is no longer a finite "
                f"number; lower hyperparams.lr ({args.learning_rate:g}) or raise warmup_ratio."
            )
        self._folder.metric(state.global_step, state.max_steps, values)

    def on_step_end(self, _args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        # By the clock and not by steps: what a crash may cost is time.
        control.should_save = time.monotonic() - self._saved_at >= self._every_s and state.global_step < state.max_steps

    def on_save(self, args: TrainingArguments, state: TrainerState, _control: TrainerControl, **_: Any) -> None:
        checkpoints.mark_complete(Path(args.output_dir) / f"checkpoint-{state.global_step}")
        self._folder.checkpoint(state.global_step)
        self._saved_at = time.monotonic()


def fit(task: Task, prepared: Prepared) -> dict[str, Any]:
    """Train `prepared.model` in place and return the facts of it: steps, tokens, losses, seconds.

    Goes on from the last complete checkpoint in the folder; the weights are then those of a run that was never
    interrupted.

    Raises:
        DivergedError: see `Reporter.on_log`.
        NoMemoryError: a step needs more than the device has.
    """
    resumed_from = checkpoints.last_complete(task.folder.checkpoints)
    if resumed_from is not None:
        task.folder.remark(f"Going on from the checkpoint at step {checkpoints.step_of(resumed_from)}.")
    trainer = Trainer(
        model=prepared.model,
        args=_arguments(task, prepared),
        train_dataset=prepared.examples,
        eval_dataset=prepared.held_out,
        data_collator=prepared.collate,
        callbacks=[Reporter(task)],
    )
    trainer.remove_callback(PrinterCallback)
    started = time.monotonic()
    with memory_watched("lower hyperparams.batch_size or max_seq_len, or use the method lora"):
        outcome = trainer.train(resume_from_checkpoint=str(resumed_from) if resumed_from else None)
    seconds = time.monotonic() - started
    eval_loss = trainer.evaluate()["eval_loss"] if prepared.held_out is not None else None
    return {
        "steps": outcome.global_step,
        "tokens_seen": trainer.state.num_input_tokens_seen,
        "train_loss": task.folder.last("loss"),
        "eval_loss": eval_loss,
        "training_s": round(seconds, 1),
        "resumed_from_step": checkpoints.step_of(resumed_from) if resumed_from else None,
    }


def _arguments(task: Task, prepared: Prepared) -> TrainingArguments:
    given, device = task.spec.train.hyperparams, task.device
    per_step = given.batch_size * given.gradient_accumulation_steps
    total_steps = math.ceil(len(prepared.examples) / per_step) * given.num_epochs
    return TrainingArguments(
        output_dir=str(task.folder.checkpoints),
        per_device_train_batch_size=given.batch_size,
        per_device_eval_batch_size=given.batch_size,
        gradient_accumulation_steps=given.gradient_accumulation_steps,
        num_train_epochs=given.num_epochs,
        learning_rate=given.lr,
        lr_scheduler_type="cosine",
        warmup_steps=round(total_steps * given.warmup_ratio),
        weight_decay=given.weight_decay,
        seed=task.spec.seed,
        data_seed=task.spec.seed,
        use_cpu=device.name == "cpu",
        bf16=device.precision == "bf16",
        fp16=device.precision == "fp16",
        logging_steps=min(max(total_steps // _POINTS, 1), 50),
        logging_first_step=True,
        logging_nan_inf_filter=False,
        eval_strategy="no" if prepared.held_out is None else "steps",
        eval_steps=max(total_steps // _EVALUATIONS, 1),
        prediction_loss_only=True,
        save_strategy="no",
        save_total_limit=2,
        include_num_input_tokens_seen="non_padding",
        remove_unused_columns=False,
        dataloader_pin_memory=device.name == "cuda",
        disable_tqdm=True,
        report_to="none",
    )
