"""What a deployment turns into in its backend's own form, with nothing started."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from apps.accounts.models import Project, Team, User
from apps.accounts.permissions import Permission
from apps.accounts.selectors import require_on_team
from apps.serving import selectors
from apps.serving.backends import backend_named
from apps.serving.models import Endpoint
from apps.serving.services.revisions import Change, draft_revision
from apps.serving.services.servers import deployment_of
from apps.serving.spec import parse_spec
from apps.serving.states import Cause


def render_deployment(
    *,
    actor: User,
    team: Team,
    spec: Mapping[str, Any],
    route_name: str,
    environment: str,
    project: Project | None = None,
    backend: str = "local",
) -> dict[str, Any]:
    """Return `{"backend", "image", "spec", "native"}`: the spec with every default, and its native form.

    Raises:
        SpecInvalidError, DeploymentRulesBrokenError: see `deploy`, which would refuse the same.
    """
    require_on_team(actor, Permission.EDIT, team, project)
    parsed = parse_spec(spec)
    model = selectors.model_by_ref(actor=actor, ref=parsed["model_ref"], team_id=team.pk)
    change = Change(actor=actor, cause=Cause.DEPLOY, spec=parsed, model=model, prompt=None, reason="")
    endpoint = Endpoint(
        owner_team=team, project=project, route_name=route_name, environment=environment, backend=backend
    )
    with transaction.atomic():
        revision = draft_revision(endpoint, change, is_new=True)
    return {
        "backend": backend,
        "image": revision.runtime_image,
        "spec": revision.spec,
        "native": backend_named(backend).render(deployment_of(revision, name=f"server-of-{route_name}")),
    }
