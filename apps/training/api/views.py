"""Training jobs over HTTP."""

from typing import Any, ClassVar
from uuid import UUID

from django.http import StreamingHttpResponse
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import PolymorphicProxySerializer, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.models import User
from apps.accounts.owners import owner_of
from apps.accounts.permissions import Permission
from apps.core.api.negotiation import AnyAccept
from apps.core.api.pages import page_of
from apps.core.api.views import PortalAPIView
from apps.core.idempotency import idempotent
from apps.core.numbers import whole_number
from apps.training import selectors, services
from apps.training.api import serializers as shapes
from apps.training.api.streams import log_stream
from apps.training.errors import SpecInvalidError
from apps.training.models import TrainingJob

SPEC = PolymorphicProxySerializer(
    component_name="TrainingJobIn",
    serializers=[shapes.SubmitIn, shapes.OlderSubmitIn],
    resource_type_field_name=None,
)


def _job(actor: User, job_id: UUID) -> TrainingJob:
    return get_object_or_404(selectors.visible_jobs(actor=actor), pk=job_id)


def _detail(actor: User, job_id: UUID) -> dict[str, Any]:
    return shapes.JobDetailOut(_job(actor, job_id)).data


def _asked(request: Request) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return whose the job is to be, and the specification: what it may hold, the service knows."""
    if not isinstance(request.data, dict):
        raise SpecInvalidError(why="it is no object.", fields={"body": ["Give a JSON object."]})
    spec = dict(request.data)
    slug = spec.pop("owner_team", spec.pop("ownerTeam", None))
    if not isinstance(slug, str):
        why = "Name the team that owns the job."
        raise SpecInvalidError(why=f"owner_team: {why}", fields={"owner_team": [why]})
    project = spec.pop("project", None)
    if not isinstance(project, str | None):
        why = "Name a project of the team, or leave it out."
        raise SpecInvalidError(why=f"project: {why}", fields={"project": [why]})
    return owner_of(request.user, {"owner_team": slug, "project": project}), spec


class Jobs(PortalAPIView):
    """GET, POST /llm-ops/v1/training/jobs"""

    permissions: ClassVar = {"get": Permission.READ, "post": Permission.EDIT}

    @extend_schema(summary="Training jobs", parameters=[shapes.JobFilter], responses=shapes.JobOut(many=True))
    def get(self, request: Request) -> Response:
        asked = self.given_query(shapes.JobFilter, request)
        rows = selectors.filtered_jobs(actor=request.user, asked=asked)
        return Response(page_of(request, rows, lambda row: shapes.JobOut(row).data))

    @extend_schema(summary="Submit a training job", request=SPEC, responses=shapes.JobDetailOut)
    @idempotent
    def post(self, request: Request) -> Response:
        owner, spec = _asked(request)
        job = services.submit_job(actor=request.user, **owner, spec=spec)
        return self.answer(_detail(request.user, job.pk), "The job is queued.")


class JobDetail(PortalAPIView):
    """GET, DELETE /llm-ops/v1/training/jobs/{jobId}"""

    permissions: ClassVar = {"get": Permission.READ, "delete": Permission.EDIT}

    @extend_schema(summary="One training job, with timeline, curves and cost", responses=shapes.JobDetailOut)
    def get(self, request: Request, job_id: UUID) -> Response:
        return Response(_detail(request.user, job_id))

    @extend_schema(summary="Cancel a queued or running job", request=None, responses=shapes.JobDetailOut)
    def delete(self, request: Request, job_id: UUID) -> Response:
        services.cancel_job(actor=request.user, job=_job(request.user, job_id))
        return self.answer(_detail(request.user, job_id), "The job is being cancelled.")


class JobRetry(PortalAPIView):
    """POST /llm-ops/v1/training/jobs/{jobId}/retry"""

    permissions: ClassVar = {"post": Permission.EDIT}

    @extend_schema(summary="Submit an unsuccessful job again", request=None, responses=shapes.JobDetailOut)
    @idempotent
    def post(self, request: Request, job_id: UUID) -> Response:
        again = services.retry_job(actor=request.user, job=_job(request.user, job_id))
        return self.answer(_detail(request.user, again.pk), "The job is queued again.")


class JobLogs(PortalAPIView):
    """GET /llm-ops/v1/training/jobs/{jobId}/logs"""

    permissions: ClassVar = {"get": Permission.READ}

    content_negotiation_class = AnyAccept

    @extend_schema(
        summary="A job's log, from a byte on; followable",
        parameters=[shapes.LogFilter],
        responses={
            (200, "application/json"): shapes.LogOut,
            (200, "text/event-stream"): OpenApiTypes.STR,
        },
    )
    def get(self, request: Request, job_id: UUID) -> Response | StreamingHttpResponse:
        asked = self.given_query(shapes.LogFilter, request)
        job = _job(request.user, job_id)
        if asked["follow"]:
            last = whole_number(request.headers.get("Last-Event-ID", ""), most=selectors.LOG_OFFSET_MAX)
            return log_stream(job, offset=asked["offset"] if last is None else last)
        text, next_offset = selectors.log_from(job, asked["offset"])
        return Response({"text": text, "next_offset": next_offset, "is_final": job.is_final})


class Validate(PortalAPIView):
    """POST /llm-ops/v1/training/jobs/validate"""

    permissions: ClassVar = {"post": Permission.EDIT}

    @extend_schema(
        summary="Every rule that a specification breaks; no job is made", request=SPEC, responses=shapes.ValidationOut
    )
    def post(self, request: Request) -> Response:
        owner, spec = _asked(request)
        rules = services.validate_spec(actor=request.user, **owner, spec=spec)
        message = f"{len(rules)} rules are broken." if rules else "A job with this specification would be accepted."
        return self.answer({"is_valid": not rules, "rules": [rule.as_dict() for rule in rules]}, message)


class Render(PortalAPIView):
    """POST /llm-ops/v1/training/jobs/render"""

    permissions: ClassVar = {"post": Permission.EDIT}

    @extend_schema(
        summary="The native forms that a specification turns into", request=SPEC, responses=shapes.RenderedOut
    )
    def post(self, request: Request) -> Response:
        owner, spec = _asked(request)
        return Response(services.render_job(actor=request.user, **owner, spec=spec))
