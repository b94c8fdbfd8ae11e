"""Figures of one gateway process, for Prometheus. Labels are route names that exist, never what a caller wrote."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from apps.gateway.recording.record import Record

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)
NO_ROUTE = "none"


class Metrics:
    """A registry of its own, so that two gateways in one process (in tests) do not meet."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        labels = ("route", "surface", "outcome", "status")
        self._requests = Counter("llmops_gateway_requests", "Calls of models.", labels, registry=self._registry)
        self._tokens = Counter(
            "llmops_gateway_tokens", "Tokens, by direction.", ("route", "direction"), registry=self._registry
        )
        self._cost = Counter("llmops_gateway_cost_usd", "US dollars.", ("route",), registry=self._registry)
        self._latency = Histogram(
            "llmops_gateway_latency_seconds",
            "Until the end of an answer.",
            ("route",),
            buckets=SECONDS,
            registry=self._registry,
        )
        self._first_token = Histogram(
            "llmops_gateway_first_token_seconds",
            "Until the first byte of a streamed answer.",
            ("route",),
            buckets=SECONDS,
            registry=self._registry,
        )
        self.in_progress = Gauge("llmops_gateway_in_progress", "Calls in progress.", registry=self._registry)
        self._snapshot_age = Gauge(
            "llmops_gateway_snapshot_age_seconds", "Since what the gateway knows was read.", registry=self._registry
        )
        self._unwritten = Gauge(
            "llmops_gateway_spool_waiting_bytes", "Of records that could not be written yet.", registry=self._registry
        )

    def count(self, record: Record) -> None:
        """Count a call that has ended."""
        route = record.route.name if record.route else NO_ROUTE
        self._requests.labels(route, record.surface, record.outcome.value, str(record.status)).inc()
        if record.plan is None:
            return
        self._tokens.labels(route, "prompt").inc(record.meter.prompt_tokens)
        self._tokens.labels(route, "completion").inc(record.meter.completion_tokens)
        self._cost.labels(route).inc(record.cost_nano / 1e9)
        self._latency.labels(route).observe(record.latency_ms / 1000)
        if record.first_token_ms is not None:
            self._first_token.labels(route).observe(record.first_token_ms / 1000)

    def page(self, *, snapshot_age_s: float | None, waiting_bytes: int) -> bytes:
        """Return all figures in Prometheus' text format."""
        self._snapshot_age.set(snapshot_age_s if snapshot_age_s is not None else float("inf"))
        self._unwritten.set(waiting_bytes)
        return generate_latest(self._registry)
