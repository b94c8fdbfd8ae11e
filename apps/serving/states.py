"""What an endpoint and a server of it can be, wanted and observed, and the moves of a revision."""

from django.db.models import TextChoices

from apps.accounts.permissions import Permission
from apps.governance.states import change_moves


class EndpointStatus(TextChoices):
    AWAITING = "awaiting", "Waits for approval"
    PENDING = "pending", "Pending"
    DEPLOYING = "deploying", "Deploying"
    HEALTHY = "healthy", "Healthy"
    DEGRADED = "degraded", "Degraded"
    FAILED = "failed", "Failed"
    PAUSED = "paused", "Paused"
    DELETED = "deleted", "Deleted"


class Wanted(TextChoices):
    WAIT = "wait", "Wait for approval"
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

DEPLOY, GIVE_UP = change_moves("deploy", Permission.EDIT)
