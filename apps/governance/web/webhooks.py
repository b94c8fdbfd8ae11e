"""Pages of webhooks."""

import json
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache

from apps.accounts.models import Team, User
from apps.accounts.permissions import Permission
from apps.accounts.selectors import allows, require_somewhere, teams_where
from apps.core.errors import DomainError
from apps.core.web.lists import list_page
from apps.core.web.pages import needs
from apps.core.web.requests import HtmxHttpRequest
from apps.governance import selectors, services
from apps.governance.models import WebhookSubscription
from apps.governance.states import DeliveryStatus
from apps.governance.web.forms import ANY

FIELDS = ("name", "url", "events")
CHECK = """\
from standardwebhooks import Webhook

def receive(headers: dict[str, str], body: bytes) -> None:
    event = Webhook("whsec_...").verify(body, headers)  # or it raises
    print(event["type"], event["data"]["subject"])
"""


class PatternsField(forms.CharField):
    """Patterns of events, one on each line."""

    widget = forms.Textarea(attrs={"rows": 4, "spellcheck": "false", "class": "mono"})

    def clean(self, value: Any) -> list[str]:
        return str(super().clean(value)).split()

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value


class WebhookForm(forms.Form):
    name = forms.CharField(max_length=100, help_text="What listens there.")
    url = forms.CharField(
        label="URL",
        max_length=2000,
        widget=forms.URLInput(attrs={"placeholder": "https://hooks.example.com/llmops"}),
        help_text="https, on a public address unless an operator has allowed others. Redirects are not followed.",
    )
    events = PatternsField(
        initial=["approvalrequest.*"],
        help_text='One on each line: "modelversion.approve", all of a scope "modelversion.*", or "*" for every event.',
    )


class NewWebhookForm(WebhookForm):
    owner_team = forms.ModelChoiceField(
        Team.objects.none(), label="Team", to_field_name="slug", help_text="Whose events are sent."
    )
    field_order = ("owner_team", *FIELDS)

    def __init__(self, *args: Any, actor: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        owner_team = self.fields["owner_team"]
        assert isinstance(owner_team, forms.ModelChoiceField)  # noqa: S101  # as declared above
        owner_team.queryset = teams_to_keep(actor)
        if len(owner_team.queryset) == 1:
            owner_team.empty_label = None  # there is nothing to choose


class DeliveryFilter(forms.Form):
    status = forms.ChoiceField(choices=[ANY, *DeliveryStatus.choices], required=False)
    event_type = forms.CharField(label="Event", required=False)


class ReplayForm(forms.Form):
    since = forms.DateTimeField(
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}), help_text="UTC; at most 30 days back."
    )


def teams_to_keep(actor: User) -> QuerySet[Team]:
    """Teams whose webhooks the actor may keep: both permissions are needed, see the services."""
    return teams_where(actor, Permission.MANAGE).filter(pk__in=teams_where(actor, Permission.AUDIT).values("pk"))


@needs(Permission.AUDIT)
def webhooks(request: HtmxHttpRequest) -> HttpResponse:
    rows = selectors.visible_webhooks(actor=request.user)
    context = {"page": list_page(request, rows), "may_create": teams_to_keep(request.user).exists()}
    return render(request, "governance/webhooks.html", context)


@needs(Permission.MANAGE, post=Permission.MANAGE)
@never_cache
def create(request: HtmxHttpRequest) -> HttpResponse:
    """Make a webhook; the answer shows its secret, and nothing shows it again."""
    require_somewhere(request.user, Permission.MANAGE)
    form = NewWebhookForm(request.POST or None, actor=request.user)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            made = services.create_webhook(
                actor=request.user, team=given["owner_team"], **{name: given[name] for name in FIELDS}
            )
        except DomainError as error:
            add_refusal(form, error)
        else:
            return render_webhook(request, made.subscription, secret=made.secret)
    context = {"form": form, "may_create": teams_to_keep(request.user).exists()}
    return render(request, "governance/webhook_form.html", context, status=422 if form.errors else 200)


@needs(Permission.AUDIT, post=Permission.MANAGE)
@never_cache
def webhook(request: HtmxHttpRequest, webhook_id: UUID) -> HttpResponse:
    """One webhook with what was sent; posting changes it."""
    found = get_object_or_404(selectors.visible_webhooks(actor=request.user), pk=webhook_id)
    if request.method != "POST":
        return render_webhook(request, found)
    form = WebhookForm(request.POST)
    if form.is_valid():
        try:
            services.update_webhook(
                actor=request.user, subscription=found, **{name: form.cleaned_data[name] for name in FIELDS}
            )
        except DomainError as error:
            add_refusal(form, error)
        else:
            messages.success(request, "Saved.")
            return redirect(found)
    return render_webhook(request, found, form=form)


@needs(post=Permission.MANAGE)
def switch(request: HtmxHttpRequest, webhook_id: UUID) -> HttpResponse:
    """Switch a webhook on or off."""
    found = get_object_or_404(selectors.visible_webhooks(actor=request.user), pk=webhook_id)
    services.update_webhook(actor=request.user, subscription=found, is_enabled=request.POST.get("on") == "yes")
    return redirect(found)


@needs(post=Permission.MANAGE)
@never_cache
def rotate_secret(request: HtmxHttpRequest, webhook_id: UUID) -> HttpResponse:
    """Make a new secret; the answer shows it, and nothing shows it again."""
    found = get_object_or_404(selectors.visible_webhooks(actor=request.user), pk=webhook_id)
    made = services.rotate_webhook_secret(actor=request.user, subscription=found)
    return render_webhook(request, made.subscription, secret=made.secret)


@needs(post=Permission.MANAGE)
def ping(request: HtmxHttpRequest, webhook_id: UUID) -> HttpResponse:
    found = get_object_or_404(selectors.visible_webhooks(actor=request.user), pk=webhook_id)
    services.ping_webhook(actor=request.user, subscription=found)
    messages.info(request, "A test message is on its way.")
    return redirect(found)


@needs(post=Permission.MANAGE)
def delete(request: HtmxHttpRequest, webhook_id: UUID) -> HttpResponse:
    found = get_object_or_404(selectors.visible_webhooks(actor=request.user), pk=webhook_id)
    services.delete_webhook(actor=request.user, subscription=found)
    messages.success(request, f"The webhook '{found.name}' was deleted.")
    return redirect("governance:webhooks")


@needs(post=Permission.MANAGE)
def replay(request: HtmxHttpRequest, webhook_id: UUID) -> HttpResponse:
    """Send everything since a time again."""
    found = get_object_or_404(selectors.visible_webhooks(actor=request.user), pk=webhook_id)
    form = ReplayForm(request.POST)
    if form.is_valid():
        try:
            count = services.replay_events(actor=request.user, subscription=found, since=form.cleaned_data["since"])
        except DomainError as error:
            add_refusal(form, error)
        else:
            messages.info(request, f"{count} messages are on their way.")
            return redirect(found)
    return render_webhook(request, found, replay_form=form)


@needs(post=Permission.MANAGE)
def replay_delivery(request: HtmxHttpRequest, webhook_id: UUID, delivery_id: UUID) -> HttpResponse:
    visible = selectors.visible_deliveries(actor=request.user).filter(subscription=webhook_id)
    services.replay_delivery(actor=request.user, delivery=get_object_or_404(visible, pk=delivery_id))
    messages.info(request, "The message is on its way again.")
    return redirect("governance:webhook", webhook_id)


@needs(Permission.AUDIT)
def delivery(request: HtmxHttpRequest, webhook_id: UUID, delivery_id: UUID) -> HttpResponse:
    """One message as it is sent, and what the last answer was."""
    visible = selectors.visible_deliveries(actor=request.user).filter(subscription=webhook_id)
    found = get_object_or_404(visible, pk=delivery_id)
    context = {
        "delivery": found,
        "body": json.dumps(json.loads(found.body), indent=2, ensure_ascii=False),
        "may_manage": allows(request.user, Permission.MANAGE, found.subscription),
    }
    return render(request, "governance/webhook_delivery.html", context)


def render_webhook(
    request: HtmxHttpRequest,
    found: WebhookSubscription,
    *,
    form: WebhookForm | None = None,
    replay_form: ReplayForm | None = None,
    secret: str = "",
) -> HttpResponse:
    shown = DeliveryFilter(request.GET)
    rows = selectors.visible_deliveries(actor=request.user).filter(subscription=found)
    if shown.is_valid():
        rows = rows.filter(**{name: value for name, value in shown.cleaned_data.items() if value})
    context = {
        "webhook": found,
        "secret": secret,
        "check": CHECK,
        "filters": shown,
        "page": list_page(request, rows),
        "form": form or WebhookForm(initial={name: getattr(found, name) for name in FIELDS}),
        "replay_form": replay_form or ReplayForm(),
        "may_manage": allows(request.user, Permission.MANAGE, found),
    }
    wrong = (form and form.errors) or (replay_form and replay_form.errors)
    return render(request, "governance/webhook.html", context, status=422 if wrong else 200)


def add_refusal(form: forms.Form, error: DomainError) -> None:
    """Put each reason beside its field; what belongs to none stands above the form."""
    for name, reasons in error.fields.items():
        for reason in reasons:
            form.add_error(name if name in form.fields else None, reason)
    if not error.fields:
        form.add_error(None, str(error))
