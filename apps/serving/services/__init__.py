"""Writes of serving: deployments, what is wanted of endpoints, and the reconciling of both worlds."""

from apps.serving.services.deployments import deploy, promote, redeploy, rollback, update_endpoint
from apps.serving.services.endpoints import delete_endpoint, pause
from apps.serving.services.reconciling import step
from apps.serving.services.rendering import render_deployment
from apps.serving.services.servers import log_of

__all__ = [
    "delete_endpoint",
    "deploy",
    "log_of",
    "pause",
    "promote",
    "redeploy",
    "render_deployment",
    "rollback",
    "step",
    "update_endpoint",
]
