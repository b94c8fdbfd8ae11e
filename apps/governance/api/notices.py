"""One's own notices over HTTP."""

from typing import ClassVar
from uuid import UUID

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.core.api.pages import page_of
from apps.core.api.views import PortalAPIView
from apps.core.doors import SIGNED_IN
from apps.core.idempotency import idempotent
from apps.governance import selectors, services
from apps.governance.api.serializers import notices as shapes


class Notices(PortalAPIView):
    """GET /llm-ops/v1/governance/notices"""

    permissions: ClassVar = {"get": SIGNED_IN}

    @extend_schema(
        summary="The caller's notices", parameters=[shapes.NoticeFilter], responses=shapes.NoticeOut(many=True)
    )
    def get(self, request: Request) -> Response:
        unread = self.given_query(shapes.NoticeFilter, request)["unread"]
        chosen = selectors.unread_notices if unread else selectors.visible_notices
        return Response(page_of(request, chosen(actor=request.user), lambda row: shapes.NoticeOut(row).data))


class ReadNotice(PortalAPIView):
    """POST /llm-ops/v1/governance/notices/{noticeId}/read"""

    permissions: ClassVar = {"post": SIGNED_IN}

    @extend_schema(summary="Mark a notice as read", request=None, responses=shapes.NoticeOut)
    @idempotent
    def post(self, request: Request, notice_id: UUID) -> Response:
        notice = get_object_or_404(selectors.visible_notices(actor=request.user), pk=notice_id)
        services.mark_read(
            actor=request.user, notices=selectors.visible_notices(actor=request.user).filter(pk=notice.pk)
        )
        notice.refresh_from_db()
        return Response(shapes.NoticeOut(notice).data)


class ReadAllNotices(PortalAPIView):
    """POST /llm-ops/v1/governance/notices/read-all"""

    permissions: ClassVar = {"post": SIGNED_IN}

    @extend_schema(summary="Mark all notices as read", request=None, responses=shapes.MarkedOut)
    @idempotent
    def post(self, request: Request) -> Response:
        unread = selectors.unread_notices(actor=request.user)
        return Response({"marked": services.mark_read(actor=request.user, notices=unread)})


class Preference(PortalAPIView):
    """GET, PUT /llm-ops/v1/governance/notices/preference"""

    permissions: ClassVar = {"get": SIGNED_IN, "put": SIGNED_IN}

    @extend_schema(summary="How the caller is told", responses=shapes.PreferenceOut)
    def get(self, request: Request) -> Response:
        return Response({"by_email": selectors.notice_preference(actor=request.user).by_email})

    @extend_schema(summary="Say how to be told", request=shapes.PreferenceIn, responses=shapes.PreferenceOut)
    def put(self, request: Request) -> Response:
        kept = services.set_notice_preference(actor=request.user, **self.given(shapes.PreferenceIn, request))
        return Response({"by_email": kept.by_email})
