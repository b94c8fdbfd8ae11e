"""Pages of training: the jobs, one job as it runs, and the form that submits one."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone

from apps.accounts.permissions import Permission
from apps.accounts.selectors import allows, may_somewhere, require_somewhere
from apps.core.errors import DomainError
from apps.core.numbers import whole_number
from apps.core.web.charts import Chart, Series
from apps.core.web.lists import list_page
from apps.core.web.pages import needs
from apps.core.web.requests import HtmxHttpRequest
from apps.core.web.tones import words
from apps.training import selectors, services
from apps.training.models import TrainingJob
from apps.training.services.finishing import cost_usd
from apps.training.states import JobStatus
from apps.training.web.forms import SHAPE, JobFilter, SubmitForm

EVENT_TONES = {
    "succeeded": "ok",
    "failed": "bad",
    "lost": "bad",
    "warning": "warn",
    "cancel": "warn",
    "running": "info",
}
LOSS_NAMES = {"loss": "Training", "eval_loss": "Rows kept out of training"}
EVENT_ICONS = {
    "submitted": "send",
    "waiting": "clock",
    "running": "play",
    "phase": "chevron-right",
    "warning": "triangle-alert",
    "succeeded": "circle-check",
    "failed": "circle-x",
    "cancel": "ban",
    "cancelled": "ban",
    "lost": "circle-help",
}


@needs(Permission.READ)
def jobs(request: HtmxHttpRequest) -> HttpResponse:
    """Jobs that the person may see; filters, order and page are in the URL."""
    filters = JobFilter(request.GET, actor=request.user)
    asked: Any = filters.cleaned_data if filters.is_valid() else {}
    context = {
        "filters": filters,
        "page": list_page(request, selectors.filtered_jobs(actor=request.user, asked=asked)),
        "may_submit": may_somewhere(request.user, Permission.EDIT),
    }
    return render(request, "training/jobs.html", context)


@needs(Permission.EDIT, post=Permission.EDIT)
def submit(request: HtmxHttpRequest) -> HttpResponse:
    """Fill in a specification; the button "Check" names every rule that it breaks and makes no job."""
    require_somewhere(request.user, Permission.EDIT)
    form = SubmitForm(request.POST or None, actor=request.user)
    context: dict[str, Any] = {"form": form, "shape": [form[name] for name in SHAPE]}
    if request.method == "POST" and form.is_valid():
        only_check = "check" in request.POST
        verb = services.render_job if only_check else services.submit_job
        try:
            made = verb(actor=request.user, **form.owner, spec=form.spec())
        except DomainError as error:
            context["refusal"] = error
        else:
            if isinstance(made, TrainingJob):
                return redirect(made)
            context["is_sound"] = True
    status = 422 if form.errors or "refusal" in context else 200
    return render(request, "training/job_form.html", context, status=status)


@needs(Permission.READ)
def job(request: HtmxHttpRequest, job_id: UUID) -> HttpResponse:
    return _render_job(request, _found(request, job_id))


@needs(Permission.READ)
def status(request: HtmxHttpRequest, job_id: UUID) -> HttpResponse:
    """The part of a job's page that changes while it runs. When the job has ended the whole page is asked for again."""
    found = _found(request, job_id)
    response = _render_job(request, found, panel="status_panel")
    if found.is_final:
        response["HX-Refresh"] = "true"
    return response


@needs(Permission.READ)
def log(request: HtmxHttpRequest, job_id: UUID) -> HttpResponse:
    """New lines of a job's log, and the place that asks for the next ones."""
    offset = whole_number(request.GET.get("from", ""), most=selectors.LOG_OFFSET_MAX)
    return render(request, "training/_log.html", _log(_found(request, job_id), offset or 0))


@needs(post=Permission.EDIT)
def cancel(request: HtmxHttpRequest, job_id: UUID) -> HttpResponse:
    found = _found(request, job_id)
    services.cancel_job(actor=request.user, job=found)
    messages.success(request, "The job is being cancelled.")
    return redirect(found)


@needs(post=Permission.EDIT)
def retry(request: HtmxHttpRequest, job_id: UUID) -> HttpResponse:
    again = services.retry_job(actor=request.user, job=_found(request, job_id))
    messages.success(request, "The job is queued again.")
    return redirect(again)


def _found(request: HttpRequest, job_id: UUID) -> TrainingJob:
    return get_object_or_404(selectors.visible_jobs(actor=request.user), pk=job_id)


def _render_job(request: HtmxHttpRequest, found: TrainingJob, panel: str = "") -> HttpResponse:
    now = timezone.now()
    may_edit = allows(request.user, Permission.EDIT, found)
    context = {
        "job": found,
        "can_cancel": may_edit and not found.is_final and found.wanted == "run",
        "can_retry": may_edit and found.is_final and found.status != JobStatus.SUCCEEDED,
        "cost_usd": found.cost_usd if found.is_final else cost_usd(found, now),
        "ran_s": selectors.ran_s(found, now=now),
        "timeline": [
            (event, EVENT_ICONS.get(event.kind, "circle"), EVENT_TONES.get(event.kind, "neutral"))
            for event in selectors.timeline(found)
        ],
        "loss": loss_chart(found),
        "settings": _settings(found),
        **_log(found, 0),
    }
    return render(request, f"training/job.html{f'#{panel}' if panel else ''}", context)


def _settings(found: TrainingJob) -> list[tuple[str, Any]]:
    """Return what was set for a job, under the labels that the form has for it."""
    fields = SubmitForm.base_fields
    given = {**found.spec["hyperparams"], **(found.spec["architecture"] or {}), "seed": found.spec["seed"]}
    labels = {name: fields[name].label for name in given if name in fields}
    return [(str(labels.get(name) or words(name)), value) for name, value in given.items()]


def _log(found: TrainingJob, offset: int) -> dict[str, Any]:
    text, next_offset = selectors.log_from(found, offset)
    return {"job": found, "text": text, "next_offset": next_offset, "at_end": found.is_final and not text}


def loss_chart(found: TrainingJob) -> Chart | None:
    """Return the losses of a job over its steps, or None before the first."""
    curves = {name: points for name, points in selectors.curves(found).items() if "loss" in name}
    steps = sorted({point["step"] for points in curves.values() for point in points})
    if not steps:
        return None
    by_step = {name: {point["step"]: point["value"] for point in points} for name, points in curves.items()}
    return Chart(
        title="Loss",
        labels=steps,
        series=[
            Series(name=LOSS_NAMES.get(name, name), values=[values.get(step) for step in steps])
            for name, values in by_step.items()
        ],
        x="Step",
        y="Loss, nats per token",
    )
