"""What a job is asked to do: `spec.json`, checked before anything else happens."""

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from apps.training.program.errors import SpecError

Sha256 = Annotated[str, Field(pattern=re.compile(r"^[0-9a-f]{64}$"))]


class _Open(BaseModel):
    """Part of the portal's own specification: what this program does not need, it leaves alone."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class _Closed(BaseModel):
    """Settings of the training itself: a misspelt one must not pass for a default."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Lora(_Closed):
    """Low-rank adapters on every linear layer but the output head. Source: Hu et al. 2021, arXiv:2106.09685."""

    rank: int = Field(default=16, ge=1, le=1024)
    alpha: float = Field(default=32.0, gt=0)
    dropout: float = Field(default=0.0, ge=0, lt=1)


class Hyperparams(_Closed):
    lr: float = Field(gt=0, le=1)
    batch_size: int = Field(ge=1, le=65536)
    num_epochs: int = Field(ge=1, le=100_000)
    max_seq_len: int = Field(ge=8)
    """Tokens, prompt and response together."""
    precision: Literal["fp32", "bf16", "fp16"] = "fp32"
    gradient_accumulation_steps: int = Field(default=1, ge=1)
    warmup_ratio: float = Field(default=0.05, ge=0, lt=1)
    """Share of all steps over which the learning rate rises to `lr`; it then falls to zero along a cosine."""
    weight_decay: float = Field(default=0.01, ge=0, lt=1)
    eval_fraction: float = Field(default=0.05, ge=0, le=0.5)
    """Share of the rows that is kept out of training and measured after it; 0 measures none."""
    lora: Lora = Lora()


class Architecture(_Closed):
    """The shape of a model that is trained from scratch."""

    hidden_size: int = Field(ge=8)
    num_hidden_layers: int = Field(ge=1)
    num_attention_heads: int = Field(ge=1)
    num_key_value_heads: int | None = Field(default=None, ge=1)
    """Null takes `num_attention_heads`."""
    intermediate_size: int | None = Field(default=None, ge=8)
    """Null takes four times `hidden_size`."""
    vocab_size: int = Field(ge=300)
    """At most; a small corpus yields fewer entries, and the model takes the number that it yields."""
    max_position_embeddings: int = Field(ge=8)
    attention_dropout: float = Field(default=0.0, ge=0, lt=1)
    tie_word_embeddings: bool = True

    @model_validator(mode="after")
    def _heads_divide(self) -> "Architecture":
        heads, shared = self.num_attention_heads, self.num_key_value_heads or self.num_attention_heads
        if self.hidden_size % (2 * heads):
            raise ValueError(f"hidden_size {self.hidden_size} must be a multiple of twice num_attention_heads {heads}")
        if heads % shared:
            raise ValueError(f"num_attention_heads {heads} must be a multiple of num_key_value_heads {shared}")
        return self


class Output(_Open):
    artifact_name: str = ""
    save_format: Literal["hf", "safetensors"] = "hf"
    """`hf` splits large weights over several files, as the Hub does; `safetensors` keeps them in one."""


class Train(_Open):
    """The TrainJobSpec, as far as the work itself goes."""

    job_type: Literal["PRETRAIN", "SFT", "RAG_TUNING", "RLHF", "EMBEDDING"]
    model_family: str
    method: Literal["full", "lora", "qlora"] = "full"
    hyperparams: Hyperparams
    architecture: Architecture | None = None
    output: Output = Output()
    use_gpu: bool = False


class Generate(_Closed):
    model_dir: Path
    prompts_file: Path
    """JSON Lines: `{"index", "messages"}` or `{"index", "prompt"}`; a prompt is one message of the user."""
    max_new_tokens: int = Field(ge=1)
    batch_size: int = Field(default=16, ge=1)
    use_gpu: bool = False


class DatasetFile(_Closed):
    path: Path
    sha256: Sha256
    format: Literal["jsonl", "csv", "parquet"]


class Tracking(_Open):
    uri: str | None = None
    experiment: str = "llmops"
    run_name: str = ""
    tags: dict[str, str] = {}


class _Job(_Open):
    """Paths may be relative to the job's folder."""

    job_id: str = Field(pattern=r"^[A-Za-z0-9._-]{1,100}$")
    name: str
    seed: int = Field(default=0, ge=0, lt=2**32)


class TrainSpec(_Job):
    command: Literal["train"]
    train: Train
    base_model_dir: Path | None = None
    dataset_files: list[DatasetFile] = Field(min_length=1)
    tracking: Tracking = Tracking()
    checkpoint_every_s: float = Field(default=20.0, gt=0)
    """How much work a crash may cost."""


class GenerateSpec(_Job):
    command: Literal["generate"]
    generate: Generate


Spec = TrainSpec | GenerateSpec

_SPEC: TypeAdapter[Spec] = TypeAdapter(Annotated[Spec, Field(discriminator="command")])


def read_spec(path: Path) -> Spec:
    """Return the specification at `path`.

    Raises:
        SpecError: the file is missing, is not JSON, or a field is wrong; the reason names every wrong field.
    """
    try:
        return _SPEC.validate_json(path.read_bytes())
    except OSError as error:
        raise SpecError(f"The specification {path.name} cannot be read: {error.strerror}.") from error
    except ValidationError as error:
        raise SpecError(f"The specification is not valid: {_in_words(error)}.", detail=str(error)) from error


def _in_words(error: ValidationError) -> str:
    problems = []
    for problem in error.errors(include_url=False):
        # The first part is the command, by which pydantic tells the kinds of specification apart.
        where = ".".join(str(part) for part in problem["loc"][1:])
        message = problem["msg"].removeprefix("Value error, ")
        problems.append(f"{where}: {message}" if where else message)
    return "; ".join(problems)
