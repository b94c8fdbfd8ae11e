"""Training in the admin: jobs can be looked at there, and are moved by the portal alone."""

from django.contrib import admin

from apps.core.admin import ReadOnlyAdmin
from apps.training.models import JobEvent, JobMetric, TrainingJob


@admin.register(TrainingJob)
class TrainingJobAdmin(ReadOnlyAdmin):
    list_display = ("__str__", "status", "owner_team", "dataset", "output_model", "created_by", "created_at")
    list_filter = ("status", "job_type", "owner_team")
    search_fields = ("id", "spec__output__artifact_name")
    list_select_related = ("owner_team", "dataset", "output_model", "created_by")


@admin.register(JobEvent)
class JobEventAdmin(ReadOnlyAdmin):
    list_display = ("at", "job", "kind", "message")
    list_filter = ("kind",)
    list_select_related = ("job",)


@admin.register(JobMetric)
class JobMetricAdmin(ReadOnlyAdmin):
    list_display = ("job", "name", "step", "value", "at")
    list_filter = ("name",)
    list_select_related = ("job",)
