"""The style page: every component with sample data. It is also what the visual tests look at."""

from datetime import UTC, datetime, timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin.views.decorators import staff_member_required
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from apps.core.doors import SIGNED_IN
from apps.core.errors import BrokenRule, RuleBrokenError
from apps.core.web.charts import Chart, Series
from apps.core.web.lists import ListPage
from apps.core.web.pages import needs
from apps.core.web.tones import LOOKS

# One moment for all samples, so that the page looks the same on every day.
NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
DIGEST = "sha256:9f2c4e8b7a61d035c1f4ab8897e2d6305b4c9a1e7f80d2c3b6a59e4d7c1f0a2b"


class SampleFilters(forms.Form):
    """What a filter bar is made from."""

    q = forms.CharField(label="Search models", required=False)
    status = forms.ChoiceField(required=False, choices=[("", "Any"), ("approved", "Approved"), ("draft", "Draft")])
    owner_team = forms.ChoiceField(
        label="Team", required=False, choices=[("", "Any"), ("voc", "Voice of the customer")]
    )


class SampleForm(forms.Form):
    """Every kind of field, some of them filled in wrongly."""

    name = forms.CharField(help_text="Lower case, digits and hyphens; it becomes part of the address.")
    model_family = forms.ChoiceField(choices=[("llama", "Llama"), ("qwen", "Qwen"), ("exaone", "EXAONE")])
    description = forms.CharField(widget=forms.Textarea, required=False)
    weights = forms.FileField(required=False, help_text="Safetensors, up to 10 GB. A broken upload is taken up again.")
    mode = forms.ChoiceField(
        widget=forms.RadioSelect,
        choices=[("audit", "Audit: record only"), ("enforce", "Enforce: refuse")],
        initial="audit",
    )
    use_gpu = forms.BooleanField(label="Train on a GPU", required=False, help_text="Costs about $3.00 an hour.")

    def clean_name(self) -> str:
        raise forms.ValidationError("'Support Chat' has spaces. Write support-chat.")

    def clean(self) -> dict[str, Any]:
        self.add_error(NON_FIELD_ERRORS, ValidationError("The team has no budget left this month."))
        return self.cleaned_data


def _rows() -> list[dict[str, Any]]:
    rows = [
        ("support-chat", "1.4.0", "approved", "Llama", "Voice of the customer", 4_812_334_080, 12),
        ("support-chat", "1.5.0-rc1", "under_review", "Llama", "Voice of the customer", 4_812_334_080, 2),
        ("intent-router", "0.9.2", "draft", "Qwen", "Logistics", 988_097_536, 30),
        ("gpt-4o-mini", "2026-01", "approved", "External", "Platform", 0, 90),
        ("상담-요약", "0.3.1", "deprecated", "EXAONE", "Voice of the customer", 2_404_890_112, 200),
    ]
    names = ("name", "version", "status", "family", "team", "size", "days")
    return [{**dict(zip(names, row, strict=True)), "at": NOW - timedelta(days=row[6])} for row in rows]


def _loss() -> Chart:
    steps = list(range(0, 600, 20))
    train = [round(2.9 * 0.82 ** (step / 60) + 0.31, 3) for step in steps]
    held_out = [round(2.95 * 0.84 ** (step / 60) + 0.42, 3) for step in steps]
    return Chart(
        title="Loss by step",
        labels=steps,
        series=[Series(name="Training", values=train), Series(name="Held out", values=held_out)],
        x="Step",
        y="Loss (nats per token)",
    )


def _spend() -> Chart:
    days = [f"{day} Feb" for day in range(16, 29)]
    gateway = [12.4, 13.1, 11.8, 15.0, 16.2, 4.1, 3.8, 14.9, 15.5, 17.8, 16.1, 18.4, 5.2]
    training = [0, 0, 38.5, 0, 0, 0, 0, 41.2, 0, 0, 0, 12.0, 0]
    return Chart(
        title="Spend by day",
        labels=days,
        series=[Series(name="Gateway", values=gateway), Series(name="Training", values=training)],
        x="",
        y="US dollars",
        kind="bar",
        stacked=True,
    )


def _refusal() -> RuleBrokenError:
    return RuleBrokenError(
        "The job was not started: two rules do not hold.",
        rules=[
            BrokenRule(
                "dataset_approved", "dataset_ref", "Dataset voc-intents 3 is under review.", "Have it approved first."
            ),
            BrokenRule(
                "max_seq_len", "hyperparams.max_seq_len", "8192 is more than the model's 4096.", "Lower it to 4096."
            ),
        ],
        who_can_help="Ask Min-ji Kim or Jonas Weber.",
    )


SAMPLE_LOG = """2026-03-02T09:28:11Z  loading base model support-chat 1.3.0 (4.8 GB)
2026-03-02T09:28:40Z  545 rows, 12 intents, seed 7
2026-03-02T09:29:02Z  step 20  loss 2.113  tokens/s 4102
2026-03-02T09:29:24Z  step 40  loss 1.684  tokens/s 4088
2026-03-02T09:29:46Z  step 60  loss 1.402  tokens/s 4115
2026-03-02T09:30:08Z  checkpoint 1 written (digest 9f2c4e8b7a61)"""

PROMPT_BEFORE = """You are a helpful assistant of Haneul.
Classify the customer message.
Answer with the intent only.
Message: {{ message }}"""
PROMPT_AFTER = """You are a helpful assistant of Haneul.
Classify the customer message.
Answer with the intent, a slash and the department.
Answer in the language of the message.
Message: {{ message }}"""

POLICY = """id: prod-needs-evaluation
mode: enforce
on: [modelversion.approve]
rule: facts.evaluations.exists(e, e.suite == "voc-heldout" && e.exact_match.low >= 0.6)
message: Approval needs a held-out evaluation of at least 0.60.
"""


@needs(SIGNED_IN)
@staff_member_required(login_url="accounts:sign_in")
def design(request: HttpRequest) -> HttpResponse:
    """Show every component. `?toast=1` shows messages, `?empty=1` the empty list."""
    if "toast" in request.GET:
        messages.success(request, "Version 1.5.0-rc1 was sent to review.")
        messages.error(request, "The registry could not be reached; the import goes on when it can.")
    form = SampleForm({"name": "Support Chat", "model_family": "llama", "mode": "audit"})
    rows = [] if "empty" in request.GET else _rows()
    page = ListPage(rows=rows, total=128, sort="-created", newer=None, older="sample")
    context = {
        "filters": SampleFilters(request.GET),
        "form": form,
        "page": page,
        "statuses": list(LOOKS),
        "now": NOW,
        "earlier": NOW - timedelta(hours=3),
        "digest": DIGEST,
        "loss": _loss(),
        "spend": _spend(),
        "refusal_error": _refusal(),
        "log_text": SAMPLE_LOG,
        "prompt_before": PROMPT_BEFORE,
        "prompt_after": PROMPT_AFTER,
        "policy_text": POLICY,
        "record": {
            "dataset": {"name": "voc-intents", "version": "3", "status": "approved"},
            "files_digest": DIGEST,
            "finished_at": NOW.isoformat(),
            "metrics": {"exact_match": {"value": 0.742, "low": 0.681, "high": 0.799}},
            "is_current": True,
            "size_bytes": 4812334080,
            "reviewers": ["Min-ji Kim", "Jonas Weber"],
            "parent": None,
        },
        "record_before": {"license": "apache-2.0", "context": 4096, "training": {"epochs": 2, "lr": 0.0002}},
        "record_after": {
            "license": "apache-2.0",
            "context": 8192,
            "training": {"epochs": 3, "lr": 0.0002},
            "quantised": "int8",
        },
    }
    return render(request, "portal/design.html", context)
