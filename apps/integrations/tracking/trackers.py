"""The experiment tracker that the settings name."""

from django.conf import settings

from apps.integrations.tracking.base import ExperimentTracker
from apps.integrations.tracking.mlflow_tracker import MlflowTracker


def tracker() -> ExperimentTracker | None:
    """Return the tracker of this portal, or None when it has none."""
    return MlflowTracker(settings.MLFLOW_TRACKING_URI) if settings.MLFLOW_TRACKING_URI else None
