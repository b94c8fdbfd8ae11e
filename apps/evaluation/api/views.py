"""Evaluations and human review over HTTP."""

from typing import Any, ClassVar
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.models import User
from apps.accounts.owners import owner_of
from apps.accounts.permissions import Permission
from apps.accounts.selectors import visible_to
from apps.catalog.models import ModelVersion
from apps.core.api.negotiation import AnyAccept
from apps.core.api.pages import page_of
from apps.core.api.views import PortalAPIView
from apps.core.doors import SIGNED_IN
from apps.core.idempotency import idempotent
from apps.datasets.models import DatasetVersion
from apps.evaluation import selectors, services
from apps.evaluation.api import serializers as shapes
from apps.evaluation.exports import FORMATS
from apps.evaluation.models import EvaluationRun, ReviewTask


def _run(actor: User, run_id: UUID) -> EvaluationRun:
    return get_object_or_404(selectors.visible_runs(actor=actor), pk=run_id)


def _detail(actor: User, run_id: UUID) -> dict[str, Any]:
    return shapes.RunDetailOut(_run(actor, run_id)).data


class Runs(PortalAPIView):
    """GET, POST /llm-ops/v1/evaluation/runs"""

    permissions: ClassVar = {"get": Permission.READ, "post": Permission.EDIT}

    @extend_schema(summary="Evaluations", parameters=[shapes.RunFilter], responses=shapes.RunOut(many=True))
    def get(self, request: Request) -> Response:
        rows = selectors.filtered_runs(actor=request.user, asked=self.given_query(shapes.RunFilter, request))
        return Response(page_of(request, rows, lambda row: shapes.RunOut(row).data))

    @extend_schema(summary="Evaluate a model on a dataset", request=shapes.StartIn, responses=shapes.RunDetailOut)
    @idempotent
    def post(self, request: Request) -> Response:
        given = self.given(shapes.StartIn, request)
        models, datasets = ModelVersion.objects.all(), DatasetVersion.objects.all()
        model = get_object_or_404(visible_to(request.user, models), pk=given.pop("model_id"))
        dataset = get_object_or_404(visible_to(request.user, datasets), pk=given.pop("dataset_id"))
        owner = owner_of(request.user, given) if "owner_team" in given else {}
        given |= given.pop("settings", {})
        run = services.start_run(actor=request.user, **owner, model=model, dataset=dataset, **given)
        return self.answer(_detail(request.user, run.pk), "The evaluation is queued.")


class RunDetail(PortalAPIView):
    """GET, DELETE /llm-ops/v1/evaluation/runs/{runId}"""

    permissions: ClassVar = {"get": Permission.READ, "delete": Permission.EDIT}

    @extend_schema(summary="One evaluation with figures, samples and campaigns", responses=shapes.RunDetailOut)
    def get(self, request: Request, run_id: UUID) -> Response:
        return Response(_detail(request.user, run_id))

    @extend_schema(summary="Cancel a queued or running evaluation", request=None, responses=shapes.RunDetailOut)
    def delete(self, request: Request, run_id: UUID) -> Response:
        services.cancel_run(actor=request.user, run=_run(request.user, run_id))
        return self.answer(_detail(request.user, run_id), "The evaluation is cancelled.")


class RunSamples(PortalAPIView):
    """GET /llm-ops/v1/evaluation/runs/{runId}/samples"""

    permissions: ClassVar = {"get": Permission.READ}

    @extend_schema(summary="The samples of an evaluation", responses=shapes.SampleOut(many=True))
    def get(self, request: Request, run_id: UUID) -> Response:
        samples = selectors.samples_of(_run(request.user, run_id))
        return Response(page_of(request, samples, lambda sample: shapes.SampleOut(sample).data))


class Compare(PortalAPIView):
    """GET /llm-ops/v1/evaluation/runs/compare?ids=a,b"""

    permissions: ClassVar = {"get": Permission.READ}

    @extend_schema(
        summary="Evaluations side by side, with differences and whether they are significant",
        parameters=[shapes.CompareFilter],
        responses=shapes.ComparisonOut,
    )
    def get(self, request: Request) -> Response:
        ids = self.given_query(shapes.CompareFilter, request)["ids"].split(",")
        return Response(shapes.ComparisonOut(selectors.comparison(actor=request.user, ids=ids)).data)


class Export(PortalAPIView):
    """GET /llm-ops/v1/evaluation/runs/{runId}/export?format=csv|json|parquet"""

    permissions: ClassVar = {"get": Permission.READ}

    content_negotiation_class = AnyAccept

    @extend_schema(
        summary="The samples of an evaluation as a file",
        parameters=[shapes.ExportFilter],
        responses={
            (200, "text/csv"): OpenApiTypes.STR,
            (200, "application/json"): OpenApiTypes.OBJECT,
            (200, "application/vnd.apache.parquet"): OpenApiTypes.BINARY,
        },
    )
    def get(self, request: Request, run_id: UUID) -> HttpResponse:
        asked = shapes.ExportFilter(data=request.query_params.dict())
        asked.is_valid(raise_exception=True)
        run, name = _run(request.user, run_id), asked.validated_data["format"]
        media_type, written = FORMATS[name]
        response = HttpResponse(written(run), content_type=media_type)
        response["Content-Disposition"] = f'attachment; filename="evaluation-{run.pk}.{name}"'
        return response


class Campaigns(PortalAPIView):
    """GET, POST /llm-ops/v1/evaluation/runs/{runId}/campaigns"""

    permissions: ClassVar = {"get": Permission.READ, "post": Permission.EDIT}

    @extend_schema(summary="Review campaigns of an evaluation", responses=shapes.CampaignOut(many=True))
    def get(self, request: Request, run_id: UUID) -> Response:
        campaigns = selectors.campaigns_of(_run(request.user, run_id))
        return Response(page_of(request, campaigns, lambda campaign: shapes.CampaignOut(campaign).data))

    @extend_schema(
        summary="Have people review answers of an evaluation", request=shapes.CampaignIn, responses=shapes.CampaignOut
    )
    @idempotent
    def post(self, request: Request, run_id: UUID) -> Response:
        given = self.given(shapes.CampaignIn, request)
        run = _run(request.user, run_id)
        campaign = services.open_campaign(
            actor=request.user, run=run, **{"title": f"Answers on {run.dataset}", **given}
        )
        counted = selectors.campaigns_of(run).get(pk=campaign.pk)
        return self.answer(shapes.CampaignOut(counted).data, "The answers are in the reviewers' queue.")


class HumanReview(PortalAPIView):
    """POST /llm-ops/v1/evaluation/runs/{runId}/human-review"""

    permissions: ClassVar = {"post": Permission.REVIEW}

    @extend_schema(
        summary="Answer a review task; the same answer twice is one",
        request=shapes.ReviewIn,
        responses=shapes.ReviewOut,
    )
    @idempotent
    def post(self, request: Request, run_id: UUID) -> Response:
        given = self.given(shapes.ReviewIn, request)
        tasks = selectors.visible_tasks(actor=request.user).filter(campaign__run_id=run_id)
        task = get_object_or_404(tasks, pk=given.pop("task_id"))
        review = services.submit_review(actor=request.user, task=task, **given)
        return Response(shapes.ReviewOut(review).data)


class Queue(PortalAPIView):
    """GET /llm-ops/v1/evaluation/queue"""

    permissions: ClassVar = {"get": SIGNED_IN}

    @extend_schema(summary="What waits for the caller's review", responses=shapes.QueueOut)
    def get(self, request: Request) -> Response:
        return Response(shapes.QueueOut(selectors.queue_of(actor=request.user)).data)


class Claim(PortalAPIView):
    """POST /llm-ops/v1/evaluation/queue/claim"""

    permissions: ClassVar = {"post": Permission.REVIEW}

    @extend_schema(
        summary="Take the next review task, for ten minutes", request=shapes.ClaimIn, responses=shapes.TaskOut
    )
    @idempotent
    def post(self, request: Request) -> Response:
        campaign_id = self.given(shapes.ClaimIn, request)["campaign_id"]
        campaigns = selectors.visible_campaigns(actor=request.user)
        campaign = get_object_or_404(campaigns, pk=campaign_id) if campaign_id else None
        task = services.claim_task(actor=request.user, campaign=campaign)
        if task is None:
            return self.answer(None, "Nothing waits for you.")
        return Response(shapes.TaskOut(task).data)


class Release(PortalAPIView):
    """POST /llm-ops/v1/evaluation/queue/tasks/{taskId}/release"""

    permissions: ClassVar = {"post": Permission.REVIEW}

    @extend_schema(summary="Put a review task back into the queue", request=None, responses=shapes.QueueOut)
    @idempotent
    def post(self, request: Request, task_id: UUID) -> Response:
        task: ReviewTask = get_object_or_404(selectors.visible_tasks(actor=request.user), pk=task_id)
        services.release_task(actor=request.user, task=task)
        return Response(shapes.QueueOut(selectors.queue_of(actor=request.user)).data)
