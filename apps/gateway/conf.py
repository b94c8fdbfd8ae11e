"""Limits and times of the gateway, from `settings.GATEWAY`; what is left out there has the default here."""

from dataclasses import dataclass
from typing import Self

from django.conf import settings


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewaySettings:
    """Attributes:
    url: where the portal reaches the gateway, for calls by people who are signed in.
    snapshot_max_age_s: how long the gateway goes on with what it last read when its database is away; then it refuses.
    sweep_every_s: how often it reads everything anew, whatever notifications said.
    body_max_bytes: of one call; what is passed to the portal has the portal's own limits.
    body_timeout_s: for the whole body of a call to arrive.
    default_max_output_tokens: of an answer where neither the caller nor the route says.
    connect_timeout_s, first_byte_timeout_s, idle_timeout_s: of upstreams. What is not streamed says nothing until it is
        complete, so the first byte may take as long as a whole answer.
    answer_max_bytes: of an answer that is not streamed.
    event_max_bytes: of one event of a stream.
    segment_max_bytes, segment_max_age_s: when a spool file is closed and the next one begun.
    trusted_proxies: addresses whose X-Forwarded-* headers are believed, as uvicorn reads them.
    """

    url: str
    snapshot_max_age_s: float = 300.0
    sweep_every_s: float = 30.0
    body_max_bytes: int = 4 * 1024 * 1024
    body_timeout_s: float = 60.0
    default_max_output_tokens: int = 1024
    connect_timeout_s: float = 3.0
    first_byte_timeout_s: float = 120.0
    idle_timeout_s: float = 60.0
    answer_max_bytes: int = 32 * 1024 * 1024
    event_max_bytes: int = 1024 * 1024
    segment_max_bytes: int = 64 * 1024 * 1024
    segment_max_age_s: float = 3600.0
    trusted_proxies: str = "127.0.0.1"

    @classmethod
    def load(cls) -> Self:
        """Return the settings of this site."""
        return cls(**settings.GATEWAY)
