"""The rules that a deployment keeps, each a small function; all that are broken are named at once."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from apps.accounts.models import User
from apps.accounts.permissions import Permission
from apps.accounts.selectors import allows
from apps.catalog.models import ModelVersion
from apps.catalog.states import ModelStatus
from apps.core.errors import BrokenRule
from apps.governance.selectors import requests_about
from apps.governance.states import RequestStatus
from apps.governance.subjects import manifest_of
from apps.integrations.images import allowed_serving_images
from apps.prompts.models import PromptVersion
from apps.serving.backends import BACKENDS, backend_named
from apps.serving.backends.base import ServingBackend
from apps.serving.errors import DeploymentRulesBrokenError
from apps.serving.models import Endpoint
from apps.serving.spec import GENERATION, RAG, Spec, memory_bytes
from apps.serving.states import EndpointStatus, Environment

SERVES = {"SFT": GENERATION, "RLHF": GENERATION, "PRETRAIN": GENERATION, "RAG_TUNING": RAG}
SPARE = 1.2  # room beside the weights for activations and the cache of keys and values

_ROUTE = re.compile(r"^[a-z0-9]([a-z0-9-]{0,58}[a-z0-9])?$")

Broken = Iterator[BrokenRule]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What somebody asks to be deployed, with everything that the rules look at.

    Attributes:
        model: None when `spec["model_ref"]` names nothing that the actor may see.
        trained_by: the job type that made the model; empty when it was not trained here.
        pinned_digest: what the model's files must still be; empty to take them as they are.
        is_new: whether the route is to be made, and must be free.
    """

    actor: User
    spec: Spec
    model: ModelVersion | None
    trained_by: str
    prompt: PromptVersion | None
    pinned_digest: str
    route_name: str
    environment: str
    backend: str
    is_new: bool

    @property
    def job_type(self) -> str:
        return str(self.spec["job_type"] or self.trained_by)

    @property
    def serve_target(self) -> str:
        return str(self.spec["serve_target"] or SERVES.get(self.job_type, GENERATION))

    @property
    def host(self) -> ServingBackend | None:
        return backend_named(self.backend) if self.backend in BACKENDS else None

    @property
    def positions(self) -> int | None:
        """How many tokens the model can hold, question and answer together; None when its files do not say."""
        given = self.model.facts.get("max_position_embeddings") if self.model else None
        return int(given) if given else None


def refuse_broken(asked: Asked) -> None:
    """Refuse a deployment that breaks rules.

    Raises:
        DeploymentRulesBrokenError: names every one, its field, and how to mend it.
    """
    broken = [fault for rule in RULES for fault in rule(asked)]
    if broken:
        raise DeploymentRulesBrokenError(" ".join(fault.message for fault in broken), rules=broken)


def route_name_free(asked: Asked) -> Broken:
    taken = Endpoint.objects.filter(route_name=asked.route_name).exclude(status=EndpointStatus.DELETED)
    if asked.is_new and taken.exists():
        yield route_taken(asked.route_name)


def route_taken(route_name: str) -> BrokenRule:
    why = f"The route '{route_name}' is taken."
    return BrokenRule("route_name_free", "route_name", why, "Choose another, or redeploy the endpoint that has it.")


def route_name_plain(asked: Asked) -> Broken:
    if not _ROUTE.match(asked.route_name):
        why = f"'{asked.route_name[:70]}' cannot be the name of a route."
        mend = "Use up to 60 lower-case letters, digits and hyphens, beginning and ending with a letter or digit."
        yield BrokenRule("route_name_plain", "route_name", why, mend)


def environment_known(asked: Asked) -> Broken:
    if asked.environment not in Environment.values:
        why = f"There is no environment '{asked.environment}'."
        yield BrokenRule("environment_known", "environment", why, f"Use one of {', '.join(Environment.values)}.")


def backend_known(asked: Asked) -> Broken:
    if asked.backend not in BACKENDS:
        why = f"There is no serving backend '{asked.backend}' here."
        yield BrokenRule("backend_known", "backend", why, f"Use one of {', '.join(BACKENDS)}.")


def model_exists(asked: Asked) -> Broken:
    if asked.model is None:
        why = f"There is no model '{asked.spec['model_ref']}' that you may see."
        yield BrokenRule("model_exists", "model_ref", why, "Give the id of a model version, or its name:version.")


def model_usable(asked: Asked) -> Broken:
    if asked.model and not allows(asked.actor, Permission.USE, asked.model):
        why = f"{asked.actor.label} may see '{asked.model}' but not use it."
        yield BrokenRule("model_usable", "model_ref", why, f"Ask a manager of {asked.model.owner_team} for a grant.")


def model_status_fits_environment(asked: Asked) -> Broken:
    if asked.model is None:
        return
    fitting = {ModelStatus.APPROVED}
    if asked.environment != Environment.PRD:
        fitting.add(ModelStatus.UNDER_REVIEW)
    if asked.model.status not in fitting:
        wanted = " or ".join(ModelStatus(status).label.lower() for status in sorted(fitting))
        status = asked.model.get_status_display().lower()
        why = f"'{asked.model}' is {status}; {asked.environment} takes models that are {wanted}."
        mend = "Submit it for review." if asked.model.status == ModelStatus.DRAFT else "Have it approved first."
        if asked.model.status == ModelStatus.DEPRECATED:
            mend = "Deploy a version that is not deprecated."
        yield BrokenRule("model_status_fits_environment", "model_ref", why, mend)


def model_has_files(asked: Asked) -> Broken:
    if asked.model and not asked.model.digest:
        why = f"'{asked.model}' has no files to serve."
        mend = "Upload its weights, configuration and tokenizer."
        if asked.model.type == ModelVersion.Type.EXTERNAL:
            mend = "An external model runs elsewhere already; it is called, not deployed."
        yield BrokenRule("model_has_files", "model_ref", why, mend)


def bytes_are_the_approved_ones(asked: Asked) -> Broken:
    if asked.model is None or asked.model.status != ModelStatus.APPROVED:
        return
    approval = requests_about(asked.model).filter(transition="approve", status=RequestStatus.EXECUTED).first()
    if approval is None or approval.digest != manifest_of(asked.model)[1]:
        why = f"'{asked.model}' is not what was approved: its content and its last approval have different digests."
        yield BrokenRule("bytes_are_the_approved_ones", "model_ref", why, "Register the content as a new version.")


def bytes_are_unchanged(asked: Asked) -> Broken:
    if asked.model and asked.pinned_digest and asked.model.digest != asked.pinned_digest:
        why = f"The files of '{asked.model}' have changed since that revision was deployed."
        yield BrokenRule("bytes_are_unchanged", "model_ref", why, "Redeploy the model as it is now.")


def model_family_matches(asked: Asked) -> Broken:
    given = asked.spec["model_family"]
    if asked.model and given and given != asked.model.model_family:
        why = f"The model's family is {asked.model.model_family}, not {given}."
        yield BrokenRule("model_family_matches", "model_family", why, "Leave it out, or give the model's.")


def job_type_is_the_jobs(asked: Asked) -> Broken:
    given = asked.spec["job_type"]
    if given and asked.trained_by and given != asked.trained_by:
        why = f"The model was made by a job of type {asked.trained_by}, not {given}."
        yield BrokenRule("job_type_is_the_jobs", "job_type", why, "Leave it out, or give the job's.")


def serve_target_fits_job_type(asked: Asked) -> Broken:
    if not asked.job_type:
        return
    wanted = SERVES.get(asked.job_type)
    if wanted is None:
        why = f"Models of {asked.job_type} jobs answer with vectors; no serve target takes them yet."
        yield BrokenRule("serve_target_fits_job_type", "serve_target", why, "Deploy a model that writes text.")
    elif asked.serve_target != wanted:
        why = f"{asked.job_type} serves {wanted}, not {asked.serve_target}."
        yield BrokenRule("serve_target_fits_job_type", "serve_target", why, f"Set it to {wanted}.")


def input_fits_model(asked: Asked) -> Broken:
    given, most = asked.spec["runtime"]["max_input_tokens"], asked.positions
    if given and most and given > most:
        why = f"{given} input tokens are more than the model's {most} positions."
        yield BrokenRule("input_fits_model", "runtime.max_input_tokens", why, f"Give at most {most}.")


def output_fits_model(asked: Asked) -> Broken:
    given, most = asked.spec["runtime"]["max_output_tokens"], asked.positions
    if given and most and given >= most:
        why = f"{given} output tokens leave no room for a question in the model's {most} positions."
        yield BrokenRule("output_fits_model", "runtime.max_output_tokens", why, f"Give less than {most}.")


def gpus_asked_consistently(asked: Asked) -> Broken:
    gpus = asked.spec["resources"]["gpus"]
    if asked.spec["use_gpu"] and gpus == 0:
        why = "A GPU is to be used, but none is asked for."
        yield BrokenRule("gpus_asked_consistently", "resources.gpus", why, "Ask for at least 1, or set use_gpu false.")
    if gpus and not asked.spec["use_gpu"]:
        why = f"{gpus} GPUs are asked for, but use_gpu is false."
        yield BrokenRule("gpus_asked_consistently", "use_gpu", why, "Set it true, or ask for 0 GPUs.")


def gpus_offered(asked: Asked) -> Broken:
    if asked.spec["use_gpu"] and asked.host and not asked.host.offers_gpus:
        why = f"The backend '{asked.backend}' has no GPUs."
        yield BrokenRule("gpus_offered", "use_gpu", why, "Set it false, or choose another backend.")


def model_fits_gpus(asked: Asked) -> Broken:
    resources = asked.spec["resources"]
    if asked.model is None or not asked.spec["use_gpu"] or not resources["gpus"]:
        return
    have_gb, need_gb = resources["gpus"] * resources["gpu_memory_gb"], asked.model.size_bytes * SPARE / 1e9
    if have_gb < need_gb:
        why = f"The model needs about {need_gb:.1f} GB of GPU memory; {have_gb} GB are asked for."
        yield BrokenRule("model_fits_gpus", "resources.gpu_memory_gb", why, "Ask for more or larger GPUs.")


def model_fits_memory(asked: Asked) -> Broken:
    if asked.model is None or asked.spec["use_gpu"]:
        return
    have, need = memory_bytes(asked.spec["resources"]["memory"]), int(asked.model.size_bytes * SPARE)
    if have < need:
        why = (
            f"The model needs about {need / 2**30:.1f} Gi of memory; {asked.spec['resources']['memory']} is asked for."
        )
        yield BrokenRule("model_fits_memory", "resources.memory", why, "Ask for more.")


def runtime_image_allowed(asked: Asked) -> Broken:
    given, allowed = asked.spec["runtime_image"], allowed_serving_images(asked.serve_target)
    if given and given not in allowed:
        why = f"The image '{given}' is not allowed for {asked.serve_target}."
        yield BrokenRule(
            "runtime_image_allowed", "runtime_image", why, f"Leave it out, or use one of {', '.join(allowed)}."
        )


def rollout_supported(asked: Asked) -> Broken:
    strategy = asked.spec["rollout"]["strategy"]
    if asked.host and strategy not in asked.host.strategies:
        known = ", ".join(sorted(asked.host.strategies))
        why = f"The backend '{asked.backend}' cannot roll out by {strategy}."
        yield BrokenRule("rollout_supported", "rollout.strategy", why, f"Use {known}.")


def traffic_split_sums_up(asked: Asked) -> Broken:
    split = asked.spec["rollout"].get("traffic_split")
    if split and split["old"] + split["new"] != 100:
        why = f"{split['old']} and {split['new']} per cent do not make 100."
        yield BrokenRule("traffic_split_sums_up", "rollout.traffic_split", why, "Make them sum up to 100.")


def replicas_supported(asked: Asked) -> Broken:
    scaling = asked.spec["scaling"]
    if scaling["min_replicas"] > scaling["max_replicas"]:
        why = f"At least {scaling['min_replicas']} and at most {scaling['max_replicas']} replicas are asked for."
        yield BrokenRule("replicas_supported", "scaling.min_replicas", why, "Give a minimum not above the maximum.")
    elif asked.host and scaling["max_replicas"] > asked.host.max_replicas:
        why = f"The backend '{asked.backend}' runs at most {asked.host.max_replicas} replica(s)."
        yield BrokenRule("replicas_supported", "scaling.max_replicas", why, "Ask for fewer, or choose another backend.")


def prompt_usable(asked: Asked) -> Broken:
    if asked.prompt and not allows(asked.actor, Permission.USE, asked.prompt):
        why = f"{asked.actor.label} may not use the prompt '{asked.prompt}'."
        yield BrokenRule("prompt_usable", "prompt_policy", why, "Use a prompt of your own team.")


RULES: tuple[Callable[[Asked], Broken], ...] = (
    route_name_plain,
    route_name_free,
    environment_known,
    backend_known,
    model_exists,
    model_usable,
    model_status_fits_environment,
    model_has_files,
    bytes_are_the_approved_ones,
    bytes_are_unchanged,
    model_family_matches,
    job_type_is_the_jobs,
    serve_target_fits_job_type,
    input_fits_model,
    output_fits_model,
    gpus_asked_consistently,
    gpus_offered,
    model_fits_gpus,
    model_fits_memory,
    runtime_image_allowed,
    rollout_supported,
    traffic_split_sums_up,
    replicas_supported,
    prompt_usable,
)
