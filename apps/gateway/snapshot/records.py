"""What the gateway knows, as immutable records. A call reads one snapshot from its beginning to its end."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from apps.costs.pricing import TokenPrices


@dataclass(frozen=True, slots=True)
class Key:
    """An API key that was live when the snapshot was taken.

    Attributes:
        expires_at: in seconds since the epoch.
        networks: where it may be used from; none: anywhere.
    """

    id: UUID
    user_id: UUID
    prefix: str
    scopes: frozenset[str]
    expires_at: float | None
    networks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Caller:
    """An active user.

    Attributes:
        is_everywhere: administrators, who need no role.
        scopes: for each permission the teams and projects on which a role allows it, by id.
        ends: of those that end, when, in seconds since the epoch.
    """

    id: UUID
    username: str
    is_everywhere: bool
    scopes: Mapping[str, frozenset[UUID]]
    ends: Mapping[tuple[str, UUID], float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Grant:
    """An exception for one person on one route. `expires_at` is in seconds since the epoch."""

    allows: bool
    expires_at: float | None


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt version."""

    id: UUID
    team_id: UUID
    name: str
    number: int
    system: str
    user: str
    variables: tuple[str, ...]

    @property
    def label(self) -> str:
        return f"{self.name} v{self.number}"


@dataclass(frozen=True, slots=True)
class Route:
    """A route and the revision that answers behind it.

    Attributes:
        address: base URL of the upstream, without `/v1`; empty when nothing answers.
        grants: exceptions by user and permission.
        max_input_tokens, max_output_tokens: of the revision; None where it says nothing.
    """

    name: str
    endpoint_id: UUID
    team_id: UUID
    team_slug: str
    environment: str
    backend: str
    status: str
    address: str
    created_at: float
    revision_id: UUID | None
    revision_number: int
    model_version_id: UUID | None
    model_name: str
    prompt_id: UUID | None
    max_input_tokens: int | None
    max_output_tokens: int | None
    prices: TokenPrices
    grants: Mapping[tuple[UUID, str], tuple[Grant, ...]]
    project_id: UUID | None = None

    @property
    def label(self) -> str:
        """How the route is named in answers and in the log."""
        return f"{self.name} r{self.revision_number}"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything, as it was in one transaction.

    Attributes:
        keys: by SHA-256 in hex.
        prompts: by id; `prompt_numbers` leads there by team, name and number.
        limits_nano: per team with an enforced budget, the tightest, in nano-dollars.
        spent_nano: per team, what is booked in `month`, in nano-dollars.
        spool_offsets: per spool file, up to which byte its lines are part of what is booked.
        unbooked_nano: per team, what other processes (or an earlier one of this gateway) have recorded in this month
            and nobody has booked yet, in nano-dollars.
        taken_at: by the monotonic clock, when the reading began.
    """

    keys: Mapping[str, Key]
    callers: Mapping[UUID, Caller]
    routes: Mapping[str, Route]
    prompts: Mapping[UUID, Prompt]
    prompt_numbers: Mapping[tuple[UUID, str], Mapping[int, UUID]]
    limits_nano: Mapping[UUID, int]
    spent_nano: Mapping[UUID, int]
    month: date
    spool_offsets: Mapping[str, int]
    unbooked_nano: Mapping[UUID, int]
    taken_at: float
