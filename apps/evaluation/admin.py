"""Evaluation in the admin: to be looked at, and written by the portal alone."""

from django.contrib import admin

from apps.core.admin import ReadOnlyAdmin
from apps.evaluation.models import EvaluationRun, Review, ReviewCampaign, ReviewTask, Sample


@admin.register(EvaluationRun)
class EvaluationRunAdmin(ReadOnlyAdmin):
    list_display = ("__str__", "status", "owner_team", "sample_size", "created_by", "created_at")
    list_filter = ("status", "run_type", "owner_team")
    search_fields = ("id", "model_version__name", "dataset__name")
    list_select_related = ("model_version", "dataset", "owner_team", "created_by")


@admin.register(Sample)
class SampleAdmin(ReadOnlyAdmin):
    list_display = ("run", "index", "reference", "prediction")
    list_select_related = ("run__model_version", "run__dataset")


@admin.register(ReviewCampaign)
class ReviewCampaignAdmin(ReadOnlyAdmin):
    list_display = ("title", "run", "sample_size", "created_by", "created_at")
    list_select_related = ("run__model_version", "run__dataset", "created_by")


@admin.register(ReviewTask)
class ReviewTaskAdmin(ReadOnlyAdmin):
    list_display = ("id", "campaign", "status", "claimed_by", "claimed_until")
    list_filter = ("status",)
    list_select_related = ("campaign", "claimed_by")


@admin.register(Review)
class ReviewAdmin(ReadOnlyAdmin):
    list_display = ("task", "reviewer", "acceptable", "at")
    list_filter = ("acceptable",)
    list_select_related = ("task__campaign", "task__sample", "reviewer")
