"""What policies may read about a deployment: the shapes of its facts, for types, checks and the reference."""

from apps.catalog.models import ModelVersion
from apps.catalog.states import ModelStatus
from apps.governance.fact_shapes import Flag, ListOf, Number, Record, Text, Whole
from apps.serving.spec import BLUE_GREEN, CANARY, GENERATION, JOB_TYPES, RAG
from apps.serving.states import Cause, Environment

_SPEC = Record(
    fields={
        "job_type": Text(description="As it was asked for.", values=JOB_TYPES, nullable=True),
        "serve_target": Text(description="What it answers with.", values=(GENERATION, RAG), nullable=True),
        "use_gpu": Flag(description="Whether it runs on GPUs.", example=False),
        "resources": Record(
            fields={
                "gpus": Whole(description="How many.", example=0),
                "gpu_memory_gb": Whole(description="Of each GPU.", example=0),
                "cpu": Number(description="Cores.", example=1.0),
                "memory": Text(description="With its unit.", example="2Gi"),
            }
        ),
        "runtime": Record(
            fields={
                "max_concurrent_requests": Whole(description="At once, for each replica.", example=8),
                "max_input_tokens": Whole(description="Of one request.", example=160, nullable=True),
                "max_output_tokens": Whole(description="Of one answer.", example=24, nullable=True),
            }
        ),
        "rollout": Record(
            fields={"strategy": Text(description="How traffic moves to it.", values=(BLUE_GREEN, CANARY))}
        ),
        "scaling": Record(
            fields={
                "min_replicas": Whole(description="Fewest servers.", example=1),
                "max_replicas": Whole(description="Most servers.", example=1),
            }
        ),
    },
    description="The DeploymentSpec as it was accepted.",
)
SUBJECT = Record(
    fields={
        "route_name": Text(description="What callers put in the address.", example="voc-triage"),
        "environment": Text(description="Where it goes.", values=tuple(Environment.values)),
        "backend": Text(description="What runs it.", example="local"),
        "number": Whole(description="Of the revision, counted from 1.", example=3),
        "cause": Text(description="Why there is a revision.", values=tuple(Cause.values)),
        "model": Record(
            fields={
                "id": Text(description="Of the model version.", example="01960d6e-0000-7000-8000-0000000000a1"),
                "label": Text(description="Its name and version.", example="voc-triage 1"),
                "files_digest": Text(
                    description="SHA-256 over the files that are deployed.", example="sha256:2c26b46b…"
                ),
            }
        ),
        "prompt": Record(
            fields={
                "id": Text(description="Of the prompt version.", example="01960d6e-0000-7000-8000-0000000000c1"),
                "label": Text(description="Its name and number.", example="voc-triage 1"),
                "digest": Text(description="SHA-256 of its text.", example="sha256:b5bb9d80…"),
            },
            description="What is put around every call; null without one.",
            nullable=True,
        ),
        "spec": _SPEC,
        "runtime_image": Text(description="The image that its server runs in.", example="llmops/serve-cpu:1"),
        "revision_digest": Text(description="SHA-256 of spec, model, prompt and image.", example="sha256:7d865e95…"),
    },
)
MODEL = Record(
    fields={
        "id": Text(description="Of the model version.", example="01960d6e-0000-7000-8000-0000000000a1"),
        "name": Text(description="Of the model.", example="voc-triage"),
        "version": Text(description="Of the model.", example="1"),
        "type": Text(description="Where it comes from.", values=tuple(ModelVersion.Type.values)),
        "model_family": Text(description="Its architecture.", example="llama"),
        "status": Text(description="Its status now.", values=tuple(ModelStatus.values)),
        "license": Text(description="SPDX identifier; empty where it is not stated.", example="Apache-2.0"),
        "tags": ListOf(item=Text(description="", example="support"), description="Its tags."),
        "digest": Text(description="SHA-256 over its files as they are now.", example="sha256:2c26b46b…"),
        "size_bytes": Whole(description="Of all its files.", example=1_843_200),
    },
    description="The model version that is to be deployed.",
)
ENDPOINT = Record(
    fields={
        "is_new": Flag(description="Whether nothing was ever in force on it.", example=False),
        "was_healthy": Flag(
            description="Whether exactly this was in force on it before and was healthy: true of going back.",
            example=False,
        ),
    }
)
