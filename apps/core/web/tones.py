"""How a state looks: its tone and its icon. A state is never told by its colour alone."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Look:
    """A tone (`ok`, `warn`, `bad`, `info`, `neutral`) and the name of an icon in `assets/icons.txt`."""

    tone: str
    icon: str


NEUTRAL = Look("neutral", "circle")

LOOKS: dict[str, Look] = {
    # models, datasets, policies, approval requests
    "draft": Look("neutral", "pencil"),
    "under_review": Look("info", "eye"),
    "approved": Look("ok", "badge-check"),
    "active": Look("ok", "circle-check"),
    "deprecated": Look("neutral", "archive"),
    "retired": Look("neutral", "archive"),
    "open": Look("info", "circle-dot"),
    "executed": Look("ok", "badge-check"),
    "rejected": Look("bad", "circle-x"),
    "withdrawn": Look("neutral", "undo-2"),
    "bypassed": Look("warn", "shield-alert"),
    "asked": Look("info", "circle-dot"),
    "granted": Look("ok", "badge-check"),
    "closed": Look("neutral", "circle-x"),
    "revoked": Look("neutral", "ban"),
    # jobs, evaluation runs, review tasks
    "queued": Look("neutral", "clock"),
    "running": Look("info", "loader-circle"),
    "succeeded": Look("ok", "circle-check"),
    "failed": Look("bad", "circle-x"),
    "cancelled": Look("neutral", "ban"),
    "lost": Look("bad", "circle-help"),
    "claimed": Look("info", "user"),
    "done": Look("ok", "circle-check"),
    "proposed": Look("info", "clock"),
    # endpoints
    "awaiting": Look("info", "clock"),
    "pending": Look("neutral", "clock"),
    "deploying": Look("info", "loader-circle"),
    "healthy": Look("ok", "circle-check"),
    "degraded": Look("warn", "triangle-alert"),
    "starting": Look("info", "loader-circle"),
    "ready": Look("ok", "circle-check"),
    "stopping": Look("neutral", "hourglass"),
    "ended": Look("neutral", "circle-stop"),
    "paused": Look("neutral", "circle-pause"),
    "deleted": Look("neutral", "trash-2"),
    # requests through the gateway
    "ok": Look("ok", "circle-check"),
    "refused": Look("warn", "ban"),
    "upstream_error": Look("bad", "circle-x"),
    "cut": Look("bad", "circle-alert"),
    "client_gone": Look("neutral", "log-out"),
    # decisions and the modes of policies
    "allowed": Look("ok", "shield-check"),
    "denied": Look("bad", "shield-x"),
    "demands": Look("warn", "user-check"),
    "waived": Look("warn", "hourglass"),
    "silent": Look("neutral", "minus"),
    "enforce": Look("info", "lock"),
    "warn": Look("warn", "triangle-alert"),
    "audit": Look("neutral", "scroll-text"),
    # personal data, proofs
    "clean": Look("ok", "shield-check"),
    "detected": Look("warn", "shield-alert"),
    "unknown": Look("neutral", "circle-help"),
    "passed": Look("ok", "check"),
    "here": Look("info", "circle-dot"),
    "proven": Look("ok", "shield-check"),
    "broken": Look("bad", "shield-x"),
    # webhooks and messages
    "delivered": Look("ok", "circle-check"),
    "failing": Look("warn", "triangle-alert"),
    "disabled": Look("neutral", "ban"),
    # environments
    "dev": Look("neutral", "flask-conical"),
    "stg": Look("neutral", "layers"),
    "prod": Look("neutral", "globe"),
}
SPELT = {
    "cpu": "CPU",
    "f1": "F1",
    "gpu": "GPU",
    "mlflow": "MLflow",
    "pii": "personal data",
    "sha256": "SHA-256",
    "usd": "USD",
}
TURNING = frozenset({"running", "deploying", "starting"})
TONE_ICONS = {"ok": "circle-check", "warn": "triangle-alert", "bad": "circle-alert", "info": "info", "neutral": "info"}


def look_of(status: str) -> Look:
    """Return how `status` looks; a state that is not listed is shown neutral, with its own name."""
    return LOOKS.get(status, NEUTRAL)


def words(name: str) -> str:
    """Return a name of the code as a person reads it: "under_review" is "Under review", "token_f1" "Token F1"."""
    told = " ".join(SPELT.get(word, word) for word in name.lower().split("_"))
    return told[:1].upper() + told[1:]
