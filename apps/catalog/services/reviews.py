"""The way of a version through review. Governance makes every move; this only says which."""

from apps.accounts.models import User
from apps.catalog.models import ModelVersion
from apps.catalog.selectors import sibling
from apps.catalog.states import ModelStatus
from apps.governance.services import approve_request
from apps.governance.services.reviews import open_request_about, set_status


def submit_model(*, actor: User, model: ModelVersion, reason: str) -> ModelVersion:
    """Submit a draft for review and ask for its approval.

    Raises:
        NothingToReviewError: it has no files.
        UnreachableStatusError: it is no draft.
    """
    return set_status(actor=actor, subject=model, status=ModelStatus.UNDER_REVIEW, reason=reason)


def set_model_status(*, actor: User, model: ModelVersion, status: str, reason: str) -> ModelVersion:
    """Make the move that leads to `status`: submit, approve, send back or withdraw, deprecate; see `set_status`."""
    return set_status(actor=actor, subject=model, status=status, reason=reason)


def approve_model_version(*, actor: User, model: ModelVersion, version: str, comment: str) -> ModelVersion:
    """Give the actor's approval of one version of the named model that `model` is a version of.

    With the last approval that is needed the version becomes approved.

    Raises:
        UnknownVersionError: there is no such version.
        NothingToDecideError: nobody asked for its approval.
        Everything that `approve_request` raises.
    """
    asked = sibling(actor=actor, model=model, version=version)
    approve_request(actor=actor, request=open_request_about(asked), comment=comment)
    return sibling(actor=actor, model=model, version=version)
