"""The rules that a TrainJobSpec keeps, each a small function; all broken ones are named at once.

A rule is called by its function's name. One that cannot be judged, because another is broken, keeps silent.
"""

from collections.abc import Callable
from dataclasses import dataclass

from apps.accounts.models import Team, User
from apps.catalog.models import ModelVersion
from apps.catalog.states import ModelStatus
from apps.core.errors import BrokenRule
from apps.datasets.models import DatasetVersion
from apps.datasets.states import DatasetStatus
from apps.training import selectors
from apps.training.limits import Place, Runnable, limits
from apps.training.models import TrainingJob
from apps.training.spec import Spec

DATASET_TYPE_OF = {
    TrainingJob.Type.PRETRAIN: DatasetVersion.Type.PRETRAIN_CORPUS,
    TrainingJob.Type.SFT: DatasetVersion.Type.SFT_PAIR,
    TrainingJob.Type.RAG_TUNING: DatasetVersion.Type.RAG_QA,
    TrainingJob.Type.RLHF: DatasetVersion.Type.RLHF_PAIR,
    TrainingJob.Type.EMBEDDING: DatasetVersion.Type.EMBEDDING_PAIR,
}


@dataclass(frozen=True, slots=True)
class Asked:
    """A specification with what it refers to, as far as the actor may use it and it can be told apart."""

    spec: Spec
    team: Team
    datasets: tuple[DatasetVersion, ...]
    base_models: tuple[ModelVersion, ...]
    orchestrator: str = "local"

    @property
    def dataset(self) -> DatasetVersion | None:
        return self.datasets[0] if len(self.datasets) == 1 else None

    @property
    def base_model(self) -> ModelVersion | None:
        return self.base_models[0] if len(self.base_models) == 1 else None

    @property
    def is_pretraining(self) -> bool:
        return bool(self.spec["job_type"] == TrainingJob.Type.PRETRAIN)

    @property
    def place(self) -> Place:
        return limits().places[self.orchestrator]

    @property
    def runnable(self) -> Runnable | None:
        return self.place.job_types.get(self.spec["job_type"])


@dataclass(frozen=True, slots=True)
class Fault:
    """Where a rule is broken, why, and how to mend it."""

    field: str
    message: str
    mend: str


def resolve(*, actor: User, team: Team, spec: Spec) -> Asked:
    """Look up what `spec` refers to."""
    named = spec["dataset_ref"]
    datasets = selectors.datasets_named(actor=actor, team=team, name=named["name"], version=named["version"])
    if uri := named.get("storage_uri"):
        # Of several teams' versions of one name the bytes tell which is meant; a lone one is judged by its rule.
        datasets = [dataset for dataset in datasets if dataset.storage_uri == uri] or datasets
    reference = spec["base_model_ref"]
    base_models = selectors.models_named(actor=actor, team=team, reference=reference) if reference else []
    return Asked(spec, team, tuple(datasets), tuple(base_models))


def broken_rules(asked: Asked) -> list[BrokenRule]:
    """Return every rule that `asked` breaks."""
    found = [(rule.__name__, rule(asked)) for rule in RULES]
    return [BrokenRule(name, fault.field, fault.message, fault.mend) for name, fault in found if fault is not None]


def model_family_allowed(asked: Asked) -> Fault | None:
    family, known = asked.spec["model_family"], limits().model_families
    if family in known:
        return None
    return Fault("model_family", f"'{family}' is not on the list of model families.", f"Use one of {', '.join(known)}.")


def dataset_ref_exists(asked: Asked) -> Fault | None:
    named = f"'{asked.spec['dataset_ref']['name']}' {asked.spec['dataset_ref']['version']}"
    if not asked.datasets:
        why = f"There is no dataset {named} that you may train on."
        return Fault("dataset_ref", why, "Check name and version, or ask its owners for the permission to use it.")
    if asked.dataset is None:
        why = f"{len(asked.datasets)} teams have a dataset {named}."
        return Fault("dataset_ref.storage_uri", why, "Give the storage_uri of the one that is meant.")
    return None


def dataset_ref_is_true(asked: Asked) -> Fault | None:
    """What the reference says of the dataset is so: its type, and its bytes where the reference pins them."""
    dataset, named = asked.dataset, asked.spec["dataset_ref"]
    if dataset is None:
        return None
    if named["type"] != dataset.type:
        return Fault("dataset_ref.type", f"'{dataset}' is a {dataset.type}.", f"Set it to {dataset.type}.")
    if named.get("storage_uri") not in (None, dataset.storage_uri):
        why = f"'{dataset}' now holds other bytes than those that are pinned."
        return Fault("dataset_ref.storage_uri", why, f"Look at it again, then give {dataset.storage_uri}.")
    return None


def dataset_type_matches_job_type(asked: Asked) -> Fault | None:
    job_type, given = asked.spec["job_type"], asked.spec["dataset_ref"]["type"]
    wanted = DATASET_TYPE_OF[job_type]
    if given == wanted:
        return None
    return Fault("dataset_ref.type", f"{job_type} trains on {wanted}, not on {given}.", f"Name a {wanted} dataset.")


def dataset_approved(asked: Asked) -> Fault | None:
    dataset = asked.dataset
    if dataset is None or dataset.status == DatasetStatus.APPROVED:
        return None
    why = f"'{dataset}' is {dataset.get_status_display().lower()}; jobs train on approved datasets only."
    return Fault("dataset_ref", why, "Submit it for review and have it approved, or name an approved version.")


def base_model_required(asked: Asked) -> Fault | None:
    if asked.is_pretraining or asked.spec["base_model_ref"]:
        return None
    why = f"{asked.spec['job_type']} starts from a base model."
    return Fault("base_model_ref", why, "Name an approved one as name:version.")


def base_model_forbidden(asked: Asked) -> Fault | None:
    if not asked.is_pretraining or not asked.spec["base_model_ref"]:
        return None
    return Fault("base_model_ref", "PRETRAIN starts from nothing.", "Set it to null, or use another job type.")


def base_model_exists(asked: Asked) -> Fault | None:
    reference = asked.spec["base_model_ref"]
    if not reference or asked.is_pretraining or asked.base_model is not None:
        return None
    if asked.base_models:
        why = f"{len(asked.base_models)} teams have a model '{reference}'."
        return Fault("base_model_ref", why, "Give the id of the one that is meant.")
    why = f"There is no model '{reference}' that you may train from."
    return Fault("base_model_ref", why, "Give it as name:version or by its id, or ask its owners to let you use it.")


def base_model_approved(asked: Asked) -> Fault | None:
    model = asked.base_model
    if model is None or model.status == ModelStatus.APPROVED:
        return None
    why = f"'{model}' is {model.get_status_display().lower()}; jobs start from approved models only."
    return Fault("base_model_ref", why, "Have it approved, or name an approved version.")


def base_model_has_files(asked: Asked) -> Fault | None:
    model = asked.base_model
    if model is None or model.digest:
        return None
    return Fault("base_model_ref", f"'{model}' has no files to start from.", "Upload them, or name another model.")


def base_model_family_matches(asked: Asked) -> Fault | None:
    model, family = asked.base_model, asked.spec["model_family"]
    if model is None or model.model_family == family:
        return None
    why = f"'{model}' is a {model.model_family}, the job asks for a {family}."
    return Fault("model_family", why, f"Set it to {model.model_family}, or name another base model.")


def pretrain_is_full(asked: Asked) -> Fault | None:
    if not asked.is_pretraining or asked.spec["method"] == "full":
        return None
    return Fault("method", "PRETRAIN trains all weights; there are none to adapt yet.", "Set it to full.")


def architecture_given_for_pretrain(asked: Asked) -> Fault | None:
    if not asked.is_pretraining or asked.spec["architecture"]:
        return None
    return Fault("architecture", "PRETRAIN needs the shape of the model.", "Give hidden_size, num_hidden_layers, ...")


def architecture_only_for_pretrain(asked: Asked) -> Fault | None:
    if asked.is_pretraining or not asked.spec["architecture"]:
        return None
    return Fault("architecture", "The base model's shape is what it is.", "Leave architecture out.")


def architecture_heads_divide(asked: Asked) -> Fault | None:
    shape = asked.spec["architecture"]
    if not shape:
        return None
    hidden, heads = shape["hidden_size"], shape["num_attention_heads"]
    if hidden % (2 * heads):
        why = f"hidden_size {hidden} is no multiple of twice the {heads} attention heads."
        return Fault("architecture.hidden_size", why, f"Use a multiple of {2 * heads}.")
    if heads % shape.get("num_key_value_heads", heads):
        why = f"{heads} attention heads cannot share {shape['num_key_value_heads']} key-value heads evenly."
        return Fault("architecture.num_key_value_heads", why, f"Use a divisor of {heads}.")
    return None


def max_seq_len_within_context(asked: Asked) -> Fault | None:
    """The base model's context, or that of the architecture, holds the longest row."""
    if asked.is_pretraining:
        shape, owner = asked.spec["architecture"], "the architecture"
        most = shape["max_position_embeddings"] if shape else None
    else:
        owner = f"'{asked.base_model}'"
        most = asked.base_model.facts.get("max_position_embeddings") if asked.base_model else None
    given = asked.spec["hyperparams"]["max_seq_len"]
    if most is None or given <= most:
        return None
    why = f"{given} tokens are more than the {most} that {owner} can see at once (max_position_embeddings)."
    return Fault("hyperparams.max_seq_len", why, f"Use at most {most}.")


def resources_agree_with_use_gpu(asked: Asked) -> Fault | None:
    gpus, use_gpu = asked.spec["resources"]["gpus"], asked.spec["use_gpu"]
    if use_gpu and gpus == 0:
        return Fault("resources.gpus", "The job asks for a GPU and for none of them.", "Set it to 1 or more.")
    if not use_gpu and gpus:
        why = f"The job asks for {gpus} GPUs and not to use them."
        return Fault("resources.gpus", why, "Set it to 0, or set use_gpu to true.")
    return None


def resources_within_limits(asked: Asked) -> Fault | None:
    given, most = asked.spec["resources"], limits()
    if given["gpus"] > most.gpus_max:
        why = f"No node has {given['gpus']} GPUs."
        return Fault("resources.gpus", why, f"Use at most {most.gpus_max}, and more nodes.")
    if given["nodes"] > most.nodes_max:
        return Fault("resources.nodes", f"{given['nodes']} nodes are too many.", f"Use at most {most.nodes_max}.")
    if given["gpu_type"] and given["gpu_type"] not in most.gpu_types:
        why = f"'{given['gpu_type']}' is no known kind of GPU."
        return Fault("resources.gpu_type", why, f"Use one of {', '.join(most.gpu_types)}, or leave it out.")
    return None


def job_type_runnable_here(asked: Asked) -> Fault | None:
    if asked.runnable is not None:
        return None
    why = f"{asked.spec['job_type']} is not yet runnable here ({asked.orchestrator})."
    return Fault("job_type", why, f"Use one of {', '.join(asked.place.job_types)}.")


def method_runnable_here(asked: Asked) -> Fault | None:
    runnable, method = asked.runnable, asked.spec["method"]
    if runnable is None or method in runnable.methods or asked.is_pretraining:  # which `pretrain_is_full` judges
        return None
    why = f"{asked.spec['job_type']} with the method {method} is not yet runnable here ({asked.orchestrator})."
    return Fault("method", why, f"Use {' or '.join(runnable.methods)}.")


def family_runnable_here(asked: Asked) -> Fault | None:
    runnable, family = asked.runnable, asked.spec["model_family"]
    if runnable is None or not runnable.families or family in runnable.families:
        return None
    if family not in limits().model_families:  # which `model_family_allowed` judges
        return None
    why = f"{asked.spec['job_type']} of a {family} is not yet runnable here ({asked.orchestrator})."
    return Fault("model_family", why, f"Use {' or '.join(runnable.families)}.")


def hardware_available_here(asked: Asked) -> Fault | None:
    place = asked.place
    if asked.spec["use_gpu"] and not place.has_gpu:
        why = f"There is no GPU where this job would run ({asked.orchestrator})."
        return Fault("use_gpu", why, "Set it to false and resources.gpus to 0.")
    if asked.spec["resources"]["nodes"] > place.nodes_max:
        why = f"A job runs on {place.nodes_max} node here ({asked.orchestrator})."
        return Fault("resources.nodes", why, f"Set it to {place.nodes_max}.")
    return None


RULES: tuple[Callable[[Asked], Fault | None], ...] = (
    model_family_allowed,
    dataset_ref_exists,
    dataset_ref_is_true,
    dataset_type_matches_job_type,
    dataset_approved,
    base_model_required,
    base_model_forbidden,
    base_model_exists,
    base_model_approved,
    base_model_has_files,
    base_model_family_matches,
    pretrain_is_full,
    architecture_given_for_pretrain,
    architecture_only_for_pretrain,
    architecture_heads_divide,
    max_seq_len_within_context,
    resources_agree_with_use_gpu,
    resources_within_limits,
    job_type_runnable_here,
    method_runnable_here,
    family_runnable_here,
    hardware_available_here,
)
