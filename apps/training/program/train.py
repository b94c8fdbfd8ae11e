"""The command `train`: from a dataset, and perhaps a base model, to a model."""

import shutil
import time

from transformers import set_seed

from apps.training.program import rows
from apps.training.program.device import choose_device
from apps.training.program.folder import JobFolder, Record
from apps.training.program.loop import fit
from apps.training.program.output import model_facts, process_facts, save_model
from apps.training.program.recipes import recipe_for
from apps.training.program.recipes.base import Recipe, Task
from apps.training.program.spec import TrainSpec
from apps.training.program.tracking import mirrored


def train(spec: TrainSpec, folder: JobFolder) -> None:
    """Do a training job, from wherever an earlier process left it.

    Raises:
        JobError: see its subclasses. What the specification alone shows to be impossible is refused before any work.
    """
    recipe = recipe_for(spec.train)
    recipe.check(spec)
    device = choose_device(use_gpu=spec.train.use_gpu, precision=spec.train.hyperparams.precision)
    task = Task(spec=spec, folder=folder, device=device)
    with mirrored(folder, spec, _asked(spec)) as outcome:
        if not folder.is_packed:
            folder.pack(_produce(task, recipe))
        outcome |= {name: str(value) for name, value in folder.facts.items() if not isinstance(value, dict)}
    shutil.rmtree(folder.checkpoints, ignore_errors=True)


def _produce(task: Task, recipe: Recipe) -> Record:
    started = time.monotonic()
    spec, folder = task.spec, task.folder
    if task.device.remark:
        folder.remark(task.device.remark, level="warning")
    folder.phase("verifying")
    rows.verify(spec.dataset_files)
    folder.phase("preparing")
    set_seed(spec.seed)
    prepared = recipe.prepare(task)
    trainable = sum(weights.numel() for weights in prepared.model.parameters() if weights.requires_grad)
    folder.phase("training")
    progress = fit(task, prepared)
    folder.phase("saving")
    saved = save_model(prepared.model, prepared.tokenizer, folder.output, save_format=spec.train.output.save_format)
    return {
        "job_type": spec.train.job_type,
        "method": spec.train.method,
        "seed": spec.seed,
        **model_facts(saved),
        "trainable_parameter_count": trainable,
        **prepared.facts,
        **progress,
        **task.device.facts(),
        **process_facts(),
        "seconds": round(time.monotonic() - started, 1),
    }


def _asked(spec: TrainSpec) -> dict[str, str]:
    """Return what the job was asked, flat and in words, as an experiment tracker takes it."""
    train = spec.train
    parts = {"hyperparams": train.hyperparams.model_dump(exclude={"lora"})}
    if train.method == "lora":
        parts["lora"] = train.hyperparams.lora.model_dump()
    if train.architecture is not None:
        parts["architecture"] = train.architecture.model_dump()
    asked = {"job_type": train.job_type, "method": train.method, "model_family": train.model_family, "seed": spec.seed}
    asked |= {f"{part}.{name}": value for part, values in parts.items() for name, value in values.items()}
    asked |= {f"dataset.{number}.sha256": file.sha256 for number, file in enumerate(spec.dataset_files)}
    return {name: str(value) for name, value in asked.items()}
