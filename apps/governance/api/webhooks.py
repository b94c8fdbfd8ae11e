"""Webhooks over HTTP."""

from typing import ClassVar
from uuid import UUID

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.permissions import Permission
from apps.accounts.selectors import visible_teams
from apps.core.api.pages import page_of
from apps.core.api.views import PortalAPIView
from apps.core.idempotency import idempotent
from apps.governance import selectors, services
from apps.governance.api.serializers import webhooks as shapes
from apps.governance.models import WebhookDelivery, WebhookSubscription

KEEP_IT = "Keep the secret: it is not shown again."


class WebhookView(PortalAPIView):
    """The base of what is about one webhook."""

    def asked(self, request: Request, webhook_id: UUID) -> WebhookSubscription:
        return get_object_or_404(selectors.visible_webhooks(actor=request.user), pk=webhook_id)

    def with_secret(self, made: services.NewSecret) -> Response:
        return self.answer({**shapes.WebhookOut(made.subscription).data, "secret": made.secret}, KEEP_IT)


class Webhooks(WebhookView):
    """GET, POST /llm-ops/v1/governance/webhooks"""

    permissions: ClassVar = {"get": Permission.AUDIT, "post": Permission.MANAGE}

    @extend_schema(summary="Webhooks", responses=shapes.WebhookOut(many=True))
    def get(self, request: Request) -> Response:
        rows = selectors.visible_webhooks(actor=request.user)
        return Response(page_of(request, rows, lambda row: shapes.WebhookOut(row).data))

    @extend_schema(summary="Have an address told of events", request=shapes.WebhookIn, responses=shapes.NewWebhookOut)
    def post(self, request: Request) -> Response:
        """Make a webhook. It takes no `Idempotency-Key`, since keeping the answer would keep the secret itself."""
        given = self.given(shapes.WebhookIn, request)
        team = get_object_or_404(visible_teams(actor=request.user), slug=given.pop("owner_team"))
        return self.with_secret(services.create_webhook(actor=request.user, team=team, **given))


class WebhookDetail(WebhookView):
    """GET, PATCH, DELETE /llm-ops/v1/governance/webhooks/{webhookId}"""

    permissions: ClassVar = {"get": Permission.AUDIT, "patch": Permission.MANAGE, "delete": Permission.MANAGE}

    @extend_schema(summary="One webhook", responses=shapes.WebhookOut)
    def get(self, request: Request, webhook_id: UUID) -> Response:
        return Response(shapes.WebhookOut(self.asked(request, webhook_id)).data)

    @extend_schema(summary="Change a webhook", request=shapes.WebhookChangeIn, responses=shapes.WebhookOut)
    def patch(self, request: Request, webhook_id: UUID) -> Response:
        webhook = self.asked(request, webhook_id)
        given = self.given(shapes.WebhookChangeIn, request)
        return Response(
            shapes.WebhookOut(services.update_webhook(actor=request.user, subscription=webhook, **given)).data
        )

    @extend_schema(summary="Delete a webhook", responses=shapes.DeletedOut)
    def delete(self, request: Request, webhook_id: UUID) -> Response:
        services.delete_webhook(actor=request.user, subscription=self.asked(request, webhook_id))
        return Response({"id": str(webhook_id)})


class RotateSecret(WebhookView):
    """POST /llm-ops/v1/governance/webhooks/{webhookId}/rotate-secret"""

    permissions: ClassVar = {"post": Permission.MANAGE}

    @extend_schema(summary="Make a new secret for a webhook", request=None, responses=shapes.NewWebhookOut)
    def post(self, request: Request, webhook_id: UUID) -> Response:
        """For a day, messages are signed with the old secret too. It takes no `Idempotency-Key`, as making one."""
        webhook = self.asked(request, webhook_id)
        return self.with_secret(services.rotate_webhook_secret(actor=request.user, subscription=webhook))


class Ping(WebhookView):
    """POST /llm-ops/v1/governance/webhooks/{webhookId}/ping"""

    permissions: ClassVar = {"post": Permission.MANAGE}

    @extend_schema(summary="Send a test message", request=None, responses=shapes.DeliveryOut)
    @idempotent
    def post(self, request: Request, webhook_id: UUID) -> Response:
        webhook = self.asked(request, webhook_id)
        return Response(shapes.DeliveryOut(services.ping_webhook(actor=request.user, subscription=webhook)).data)


class Deliveries(WebhookView):
    """GET /llm-ops/v1/governance/webhooks/{webhookId}/deliveries"""

    permissions: ClassVar = {"get": Permission.AUDIT}

    @extend_schema(
        summary="What was sent to a webhook",
        parameters=[shapes.DeliveryFilter],
        responses=shapes.DeliveryOut(many=True),
    )
    def get(self, request: Request, webhook_id: UUID) -> Response:
        webhook = self.asked(request, webhook_id)
        asked = self.given_query(shapes.DeliveryFilter, request)
        rows = selectors.visible_deliveries(actor=request.user).filter(subscription=webhook, **asked)
        return Response(page_of(request, rows, lambda row: shapes.DeliveryOut(row).data))


class Replay(WebhookView):
    """POST /llm-ops/v1/governance/webhooks/{webhookId}/replay"""

    permissions: ClassVar = {"post": Permission.MANAGE}

    @extend_schema(
        summary="Send all events since a time again", request=shapes.WebhookReplayIn, responses=shapes.WebhookReplayOut
    )
    @idempotent
    def post(self, request: Request, webhook_id: UUID) -> Response:
        webhook = self.asked(request, webhook_id)
        since = self.given(shapes.WebhookReplayIn, request)["since"]
        count = services.replay_events(actor=request.user, subscription=webhook, since=since)
        return Response({"deliveries": count})


class ReplayDelivery(WebhookView):
    """POST /llm-ops/v1/governance/webhooks/{webhookId}/deliveries/{deliveryId}/replay"""

    permissions: ClassVar = {"post": Permission.MANAGE}

    @extend_schema(summary="Send one message again", request=None, responses=shapes.DeliveryOut)
    @idempotent
    def post(self, request: Request, webhook_id: UUID, delivery_id: UUID) -> Response:
        visible = selectors.visible_deliveries(actor=request.user).filter(subscription=webhook_id)
        delivery: WebhookDelivery = get_object_or_404(visible, pk=delivery_id)
        return Response(shapes.DeliveryOut(services.replay_delivery(actor=request.user, delivery=delivery)).data)
