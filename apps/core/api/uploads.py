"""API views that take files."""

from typing import Any

from django.http import HttpRequest
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request

from apps.core.api.views import PortalAPIView
from apps.core.uploads import stream_files


class UploadView(PortalAPIView):
    """An API view whose body is `multipart/form-data`. No file is ever held in memory."""

    parser_classes = (MultiPartParser,)

    def initialize_request(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Request:
        stream_files(request)  # the check of the CSRF token reads the body
        return super().initialize_request(request, *args, **kwargs)
