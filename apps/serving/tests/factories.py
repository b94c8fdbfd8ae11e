"""Endpoints in the states that tests need, reached through services and by reconciling with real processes."""

import time
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.utils import timezone

from apps.accounts.models import Team, User
from apps.catalog.models import ModelVersion
from apps.core.reconcile import reconcile
from apps.governance.models import PolicyVersion
from apps.governance.services import save_policy_draft
from apps.serving import services
from apps.serving.models import Endpoint
from apps.serving.states import EndpointStatus
from conftest import by_hand

TIMEOUT_S = 30
BY_TWO = settings.BASE_DIR / "docs" / "guide" / "examples" / "production-by-two.yaml"


def spec_of(model: ModelVersion, **more: Any) -> dict[str, Any]:
    return {"model_ref": str(model.pk), **more}


def endpoint_of(actor: User, team: Team, model: ModelVersion, **more: Any) -> Endpoint:
    """An endpoint that has just been asked for."""
    given = {"spec": spec_of(model), "route_name": "voc", "environment": "dev", **more}
    return services.deploy(actor=actor, team=team, **given)


def production_by_two(author: User, team: Team) -> PolicyVersion:
    """The policy of the guide, in force: what is new in production waits for an approver."""
    version = save_policy_draft(actor=author, team=team, source=BY_TWO.read_text(encoding="utf-8"))
    with by_hand():
        PolicyVersion.objects.filter(pk=version.pk).update(status="active")
    return version


def step(endpoint: Endpoint) -> Endpoint:
    """Take one step for the endpoint, due or not, and return it as it is then."""
    Endpoint.objects.filter(pk=endpoint.pk).update(next_look_at=timezone.now())
    reconcile(Endpoint, endpoint.pk, services.step)
    return Endpoint.objects.get(pk=endpoint.pk)


def until(endpoint: Endpoint, holds: Callable[[Endpoint], bool]) -> Endpoint:
    """Take steps until something holds of the endpoint."""
    deadline = time.monotonic() + TIMEOUT_S
    while time.monotonic() < deadline:
        endpoint = step(endpoint)
        if holds(endpoint):
            return endpoint
        time.sleep(0.05)
    timeline = "\n".join(str(event) for event in endpoint.events.all())
    raise AssertionError(f"{endpoint} is {endpoint.status} ({endpoint.status_reason}) {endpoint.trouble}\n{timeline}")


def healthy(endpoint: Endpoint) -> Endpoint:
    """Take steps until what is wanted answers, and nothing else runs."""
    return until(endpoint, is_healthy)


def is_healthy(endpoint: Endpoint) -> bool:
    settled = endpoint.servers.live().count() == 1
    return (
        endpoint.status == EndpointStatus.HEALTHY and endpoint.serving_revision_id == endpoint.revision_id and settled
    )
