"""Telemetry in the admin: to be looked at only."""

from django.contrib import admin

from apps.core.admin import ReadOnlyAdmin
from apps.telemetry.models import SpoolPosition

# RequestEvent has a composite primary key, which the admin cannot show; the page of requests does.


@admin.register(SpoolPosition)
class SpoolPositionAdmin(ReadOnlyAdmin):
    list_display = ("file", "offset", "lines", "damaged", "updated_at")
