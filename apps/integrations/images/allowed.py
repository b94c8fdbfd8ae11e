"""Reading of `images.yaml`."""

from functools import cache
from pathlib import Path
from typing import Any

import yaml


class UnknownImageError(LookupError):
    """No image is kept for this; the input should have been refused before."""


def training_image(job_type: str, use_gpu: bool) -> str:
    """Return the image that trains jobs of `job_type` (such as "SFT").

    Raises:
        UnknownImageError: there is none.
    """
    return _image("train", job_type, use_gpu=use_gpu)


def serving_image(target: str, use_gpu: bool) -> str:
    """Return the image that serves `target` ("GENERATION" or "RAG").

    Raises:
        UnknownImageError: there is none.
    """
    return _image("serve", target, use_gpu=use_gpu)


def allowed_serving_images(target: str) -> tuple[str, ...]:
    """Return every image that may serve `target`, the CPU's first; none for an unknown target."""
    return tuple(dict.fromkeys(_table()["serve"].get(target, {}).values()))


def images_version() -> int:
    """Return the version of the table, which records keep beside the image."""
    return int(_table()["version"])


def _image(purpose: str, kind: str, *, use_gpu: bool) -> str:
    try:
        return str(_table()[purpose][kind]["gpu" if use_gpu else "cpu"])
    except KeyError:
        raise UnknownImageError(f"images.yaml names no image for {purpose} {kind}.") from None


@cache
def _table() -> dict[str, Any]:
    table: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "images.yaml").read_text(encoding="utf-8"))
    return table
