"""What the server is asked to serve: `spec.json`."""

import re
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from apps.serving.program.errors import SpecError


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ManifestFile(_Part):
    path: str
    """Relative to the model's folder, with forward slashes."""
    size_bytes: int = Field(ge=0)
    sha256: Annotated[str, Field(pattern=re.compile(r"^[0-9a-f]{64}$"))]


class Manifest(_Part):
    files: list[ManifestFile] = Field(min_length=1)


class Runtime(_Part):
    max_concurrent_requests: int = Field(default=4, ge=1)
    """Answers written at the same time."""
    max_waiting_requests: int = Field(default=16, ge=0)
    """Requests that wait for their turn; the next one is refused."""
    max_input_tokens: int | None = Field(default=None, ge=1)
    """Null leaves it to the model's context."""
    max_output_tokens: int = Field(default=256, ge=1)
    """The most a request may ask for, and what it gets when it asks for nothing."""


class Spec(_Part):
    model_name: str = Field(min_length=1)
    """What the server calls the model, and what a request must call it."""
    model_dir: Path
    manifest: Manifest
    host: str = "127.0.0.1"
    port: int = Field(ge=0, le=65535)
    """0 takes any free one; the log says which."""
    runtime: Runtime = Runtime()
    use_gpu: bool = False


def read_spec(path: Path) -> Spec:
    """Return the specification at `path`.

    Raises:
        SpecError: the file is missing, is not JSON, or a field is wrong; the reason names every wrong field.
    """
    try:
        return Spec.model_validate_json(path.read_bytes())
    except OSError as error:
        raise SpecError(f"The specification {path.name} cannot be read: {error.strerror}.") from error
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors(include_url=False))
        raise SpecError(f"The specification is not valid: {problems}.", detail=str(error)) from error
