"""Reading of `limits.yaml`: what may be asked, and what can be run where, as data."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml


@dataclass(frozen=True, slots=True)
class Runnable:
    """What one job type needs of an orchestrator that runs it; no `families` means all."""

    methods: tuple[str, ...]
    families: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """What an orchestrator can run."""

    has_gpu: bool
    nodes_max: int
    job_types: Mapping[str, Runnable]


@dataclass(frozen=True, slots=True)
class Limits:
    model_families: tuple[str, ...]
    gpu_types: tuple[str, ...]
    gpus_max: int
    nodes_max: int
    places: Mapping[str, Place]


@cache
def limits() -> Limits:
    """Return the limits in force."""
    raw = yaml.safe_load((Path(__file__).parent / "limits.yaml").read_text(encoding="utf-8"))
    return Limits(
        model_families=tuple(raw["model_families"]),
        gpu_types=tuple(raw["gpu_types"]),
        gpus_max=raw["gpus_max"],
        nodes_max=raw["nodes_max"],
        places={name: _place(place) for name, place in raw["runnable"].items()},
    )


def _place(raw: Mapping[str, Any]) -> Place:
    runnable = {
        job_type: Runnable(tuple(entry["methods"]), tuple(entry.get("families", ())))
        for job_type, entry in raw["job_types"].items()
    }
    return Place(raw["gpu"], raw["nodes_max"], runnable)
