"""Addresses of the pages of evaluation."""

from django.urls import path, register_converter

from apps.evaluation.exports import FORMATS
from apps.evaluation.web import views


class ExportFormat:
    """The name of a format that a run can be exported to."""

    regex = "|".join(FORMATS)

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(ExportFormat, "export_format")

app_name = "evaluation"
urlpatterns = [
    path("", views.runs, name="runs"),
    path("new", views.start, name="start"),
    path("compare", views.compare, name="compare"),
    path("queue", views.queue, name="queue"),
    path("queue/claim", views.claim, name="claim"),
    path("queue/<uuid:task_id>/answer", views.answer, name="answer"),
    path("queue/<uuid:task_id>/release", views.release, name="release"),
    path("<uuid:run_id>", views.run, name="run"),
    path("<uuid:run_id>/status", views.status, name="status"),
    path("<uuid:run_id>/cancel", views.cancel, name="cancel"),
    path("<uuid:run_id>/campaigns", views.open_campaign, name="open_campaign"),
    path("<uuid:run_id>/export/<export_format:name>", views.export, name="export"),
]
