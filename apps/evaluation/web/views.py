"""Pages of evaluation: runs, one run, comparison, and the reviewers' queue."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from apps.accounts.permissions import Permission
from apps.accounts.selectors import allows, may_somewhere, require_somewhere
from apps.core.doors import SIGNED_IN
from apps.core.errors import DomainError
from apps.core.web.lists import list_page
from apps.core.web.pages import needs
from apps.core.web.requests import HtmxHttpRequest
from apps.evaluation import selectors, services
from apps.evaluation.comparison import RUNS_MAX
from apps.evaluation.exports import FORMATS
from apps.evaluation.metrics import LABELS
from apps.evaluation.models import EvaluationRun
from apps.evaluation.states import RunStatus
from apps.evaluation.web.forms import AnswerForm, CampaignForm, RunFilter, StartForm

SAMPLES_SHOWN = 100


@needs(Permission.READ)
def runs(request: HtmxHttpRequest) -> HttpResponse:
    """Evaluations that the person may see; filters, order and page are in the URL."""
    filters = RunFilter(request.GET, actor=request.user)
    asked: Any = filters.cleaned_data if filters.is_valid() else {}
    context = {
        "filters": filters,
        "page": list_page(request, selectors.filtered_runs(actor=request.user, asked=asked)),
        "may_start": may_somewhere(request.user, Permission.EDIT),
        "runs_max": RUNS_MAX,
    }
    return render(request, "evaluation/runs.html", context)


@needs(Permission.EDIT, post=Permission.EDIT)
def start(request: HtmxHttpRequest) -> HttpResponse:
    """Evaluate a model; leads to the evaluation's page."""
    require_somewhere(request.user, Permission.EDIT)
    initial = {name: request.GET[name] for name in ("model", "dataset") if name in request.GET}
    form = StartForm(request.POST or None, actor=request.user, initial=initial)
    refusal: DomainError | None = None
    if request.method == "POST" and form.is_valid():
        try:
            return redirect(services.start_run(actor=request.user, **form.cleaned_data))
        except DomainError as error:
            refusal = error
    status = 422 if refusal or form.errors else 200
    return render(request, "evaluation/run_form.html", {"form": form, "refusal": refusal}, status=status)


@needs(Permission.READ)
def run(request: HtmxHttpRequest, run_id: UUID) -> HttpResponse:
    return _render_run(request, _found(request, run_id))


@needs(Permission.READ)
def status(request: HtmxHttpRequest, run_id: UUID) -> HttpResponse:
    """The part of a run's page that changes while it runs. When it has ended the whole page is asked for again."""
    found = _found(request, run_id)
    response = _render_run(request, found, panel="status_panel")
    if found.is_final:
        response["HX-Refresh"] = "true"
    return response


@needs(post=Permission.EDIT)
def cancel(request: HtmxHttpRequest, run_id: UUID) -> HttpResponse:
    found = _found(request, run_id)
    services.cancel_run(actor=request.user, run=found)
    messages.success(request, "The evaluation is cancelled.")
    return redirect(found)


@needs(Permission.READ)
def export(request: HtmxHttpRequest, run_id: UUID, name: str) -> HttpResponse:
    """The samples as a file."""
    found = _found(request, run_id)
    media_type, written = FORMATS[name]
    response = HttpResponse(written(found), content_type=media_type)
    response["Content-Disposition"] = f'attachment; filename="evaluation-{found.pk}.{name}"'
    return response


@needs(post=Permission.EDIT)
def open_campaign(request: HtmxHttpRequest, run_id: UUID) -> HttpResponse:
    """Have people review answers of a run."""
    found = _found(request, run_id)
    form = CampaignForm(request.POST)
    if form.is_valid():
        try:
            services.open_campaign(actor=request.user, run=found, **form.cleaned_data)
        except DomainError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, "The answers are in the reviewers' queue.")
            return redirect(found)
    return _render_run(request, found, campaign_form=form)


@needs(Permission.READ)
def compare(request: HtmxHttpRequest) -> HttpResponse:
    """Two to six evaluations side by side; `?run=` names each, the first is the baseline."""
    ids = request.GET.getlist("run")
    comparison = selectors.comparison(actor=request.user, ids=ids)
    context = {
        "comparison": comparison,
        "labels": [LABELS[metric] for metric in comparison.metrics],
        "rows": [
            (run, [(LABELS[metric], run.results[metric]) for metric in comparison.metrics]) for run in comparison.runs
        ],
    }
    return render(request, "evaluation/compare.html", context)


@needs(SIGNED_IN)
def queue(request: HtmxHttpRequest) -> HttpResponse:
    """What waits for the person's review, and the task that is lent to them now."""
    return _render_queue(request)


@needs(post=Permission.REVIEW)
def claim(request: HtmxHttpRequest) -> HttpResponse:
    """Take the next task."""
    services.claim_task(actor=request.user)
    return _after(request)


@needs(post=Permission.REVIEW)
def answer(request: HtmxHttpRequest, task_id: UUID) -> HttpResponse:
    """Answer a task and go on to the next one."""
    task = get_object_or_404(selectors.visible_tasks(actor=request.user), pk=task_id)
    form = AnswerForm(request.POST)
    if not form.is_valid():
        return _render_queue(request, refusal="Press one of the two answers.")
    try:
        services.review_and_claim_next(actor=request.user, task=task, **form.cleaned_data)
    except DomainError as error:
        return _render_queue(request, refusal=str(error))
    return _after(request)


@needs(post=Permission.REVIEW)
def release(request: HtmxHttpRequest, task_id: UUID) -> HttpResponse:
    """Put a task back, and stop."""
    task = get_object_or_404(selectors.visible_tasks(actor=request.user), pk=task_id)
    services.release_task(actor=request.user, task=task)
    return _after(request)


def _found(request: HttpRequest, run_id: UUID) -> EvaluationRun:
    return get_object_or_404(selectors.visible_runs(actor=request.user), pk=run_id)


def _render_run(
    request: HtmxHttpRequest, found: EvaluationRun, *, panel: str = "", campaign_form: CampaignForm | None = None
) -> HttpResponse:
    wrong_only = request.GET.get("show") == "wrong"
    samples = selectors.samples_of(found)
    if wrong_only:
        samples = samples.exclude(**{f"scores__{found.metrics_wanted[0]}": 1.0})
    campaigns = selectors.campaigns_of(found)
    may_edit = allows(request.user, Permission.EDIT, found)
    sizes = {"sample_size": min(20, found.sample_size), "title": f"Answers on {found.dataset}"}
    context = {
        "run": found,
        "results": [(LABELS[name], found.results[name]) for name in found.metrics_wanted if name in found.results],
        "samples": samples[:SAMPLES_SHOWN],
        "samples_count": samples.count(),
        "wrong_only": wrong_only,
        "campaigns": campaigns,
        "can_cancel": may_edit and not found.is_final,
        "can_open_campaign": may_edit and found.status == RunStatus.SUCCEEDED,
        "campaign_form": campaign_form or CampaignForm(initial=sizes),
        "comparable": selectors.comparable_runs(actor=request.user, run=found)[:10],
        "formats": list(FORMATS),
    }
    template = f"evaluation/run.html{f'#{panel}' if panel else ''}"
    return render(request, template, context, status=422 if campaign_form else 200)


def _render_queue(request: HtmxHttpRequest, *, refusal: str = "") -> HttpResponse:
    last = selectors.changeable_review(actor=request.user)
    again = request.GET.get("again") == "1" and last is not None
    waiting = selectors.queue_of(actor=request.user)
    context = {
        "queue": waiting,
        "task": last.task if again and last else waiting.task,
        "given": last if again else None,
        "last": last,
        "refusal": refusal,
        "may_review": may_somewhere(request.user, Permission.REVIEW),
    }
    template = f"evaluation/queue.html{'#review_panel' if request.htmx else ''}"
    return render(request, template, context, status=422 if refusal else 200)


def _after(request: HtmxHttpRequest) -> HttpResponse:
    return _render_queue(request) if request.htmx else redirect("evaluation:queue")
