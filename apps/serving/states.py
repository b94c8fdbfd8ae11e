"""What an endpoint and a server of it can be, wanted and observed, and the move that policies are asked about."""

from django.db.models import TextChoices

from apps.accounts.permissions import Permission
from apps.core.lifecycle import Transition


class EndpointStatus(TextChoices):
    PENDING = "pending", "Pending"
    DEPLOYING = "deploying", "Deploying"
    HEALTHY = "healthy", "Healthy"
    DEGRADED = "degraded", "Degraded"
    FAILED = "failed", "Failed"
    PAUSED = "paused", "Paused"
    DELETED = "deleted", "Deleted"


class Wanted(TextChoices):
    SERVE = "serve", "Serve"
    PAUSE = "pause", "Be paused"
    DELETE = "delete", "Be deleted"


class Environment(TextChoices):
    DEV = "dev", "Development"
    STG = "stg", "Staging"
    PRD = "prod", "Production"


class Cause(TextChoices):
    """Why there is a revision."""

    DEPLOY = "deploy", "Deployed"
    SCALE = "scale", "Scaled"
    PROMPT = "prompt", "Prompt changed"
    ROLLBACK = "rollback", "Rolled back"
    REDEPLOY = "redeploy", "Redeployed"
    PROMOTE = "promote", "Promoted"


class ServerStatus(TextChoices):
    STARTING = "starting", "Starting"
    READY = "ready", "Ready"
    STOPPING = "stopping", "Stopping"
    ENDED = "ended", "Ended"


NEXT_ENVIRONMENT = {Environment.DEV: Environment.STG, Environment.STG: Environment.PRD}

# A revision has no status of its own: it is put in force as it is made, if the policies allow that.
DEPLOY = Transition("deploy", frozenset(), "", Permission.EDIT, gated=True)
