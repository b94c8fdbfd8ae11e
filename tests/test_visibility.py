"""What filters by `visible_to` filters: taken away, somebody sees what they may not. A filter nobody tries fails too.

Every call of `visible_to` is found in the source. For each there is a way to ask for what it filters, as somebody who
may see none of it. As it is, nothing comes; with that one call answering "all of them", something does. So nothing
comes because of that filter, and not because nothing is there or because something else stands behind it.
"""

import ast
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings
from django.db.models import QuerySet
from django.http import Http404
from django.utils import timezone
from rest_framework.test import APIClient

from apps.accounts import services
from apps.accounts.models import User
from apps.accounts.permissions import Permission, Role
from apps.core.errors import NotFoundError
from apps.evaluation.models import ReviewTask
from apps.governance.errors import UnknownMoveError
from apps.governance.models import WebhookDelivery
from conftest import member
from tests.rows import Rows

FILTER = "visible_to"
API = "/llm-ops/v1"


@dataclass(frozen=True, slots=True)
class Site:
    """One call of `visible_to`: in which module and function, the how-manieth there, on which lines."""

    module: str
    function: str
    number: int
    lines: range

    @property
    def name(self) -> str:
        return f"{self.module.removeprefix('apps.')}:{self.function}:{self.number}"


def sites() -> list[Site]:
    """Return every call of `visible_to` in the product."""
    return [site for file in product_files() for site in sites_in(file)]


def product_files() -> Iterable[Path]:
    root = Path(settings.BASE_DIR)
    for file in sorted([*root.glob("apps/**/*.py"), *root.glob("llmops_portal/**/*.py")]):
        parts = file.relative_to(root).parts
        if "tests" not in parts and "bench" not in parts and parts[:3] != ("apps", "accounts", "selectors"):
            yield file


def sites_in(file: Path) -> Iterable[Site]:
    parts = file.relative_to(settings.BASE_DIR).with_suffix("").parts
    module = ".".join(part for part in parts if part != "__init__")
    tree = ast.parse(file.read_text(encoding="utf-8"))
    for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
        for number, call in enumerate(sorted(calls_in(function), key=lambda call: call.lineno), start=1):
            yield Site(module, function.name, number, range(call.lineno, (call.end_lineno or call.lineno) + 1))


def calls_in(node: ast.AST) -> Iterable[ast.Call]:
    """Yield the calls of `visible_to` that stand in `node`, and not in a function inside of it."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef):
            continue
        if isinstance(child, ast.Call) and isinstance(child.func, ast.Name) and child.func.id == FILTER:
            yield child
        yield from calls_in(child)


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asks, and what there is."""

    outsider: User
    viewer: User
    rows: Rows


Ask = Callable[[Asked], Any]


def selector(module: str, function: str) -> Ask:
    return lambda asked: getattr(import_module(f"apps.{module}"), function)(actor=asked.outsider)


def choices(module: str, form: str, *fields: str) -> Ask:
    """What a form offers in some of its fields."""

    def offered(asked: Asked) -> list[Any]:
        made = getattr(import_module(f"apps.{module}"), form)(actor=asked.outsider)
        return [row for name in fields for row in made.fields[name].queryset]

    return offered


def of_home(asked: Asked) -> list[Any]:
    home = import_module("apps.portal.selectors").home(actor=asked.outsider)
    parts = (home.running_jobs, home.running_evaluations, home.endpoints, home.recent_models)
    return [row for part in parts for row in part] + ([] if home.is_new else ["something"])


def of_moves(asked: Asked) -> list[str]:
    """Whether somebody is told that a move is unknown, which is told of what exists."""
    approvals = import_module("apps.governance.services.requests")
    given = {"subject_kind": "modelversion", "subject_id": asked.rows.model.pk, "transition": "none", "reason": "x"}
    try:
        approvals.request_move(actor=asked.outsider, **given)
    except UnknownMoveError as error:
        return [str(error)]
    return []


def of_grants(asked: Asked) -> list[Any]:
    client = APIClient()
    client.force_authenticate(asked.outsider)
    grant = asked.rows.model.grants.get()
    answer = client.delete(f"{API}/accounts/grants/modelversion/{grant.pk}")
    return [] if answer.status_code == 404 else [answer]


def of_runs(asked: Asked) -> list[Any]:
    client = APIClient()
    client.force_authenticate(asked.outsider)
    body = {"model_id": str(asked.rows.run.model_version_id), "dataset_id": str(asked.rows.run.dataset_id)}
    answer = client.post(f"{API}/evaluation/runs", body, format="json")
    return [] if answer.status_code == 404 else [answer]


def training(function: str, **given: Callable[[Rows], Any]) -> Ask:
    module = "apps.training.selectors"
    return lambda asked: getattr(import_module(module), function)(
        actor=asked.outsider, **{name: value(asked.rows) for name, value in given.items()}
    )


def object_given(rows: Rows) -> dict[str, Any]:
    return {"kind": "modelversion", "id": rows.model.pk}


WAYS: dict[str, Ask] = {
    "accounts.api.access:found_object": lambda asked: import_module("apps.accounts.api.access").found_object(
        asked.outsider, object_given(asked.rows)
    ),
    "accounts.web.access:_subject": lambda asked: import_module("apps.accounts.web.access")._subject(
        SimpleNamespace(user=asked.outsider), "modelversion", asked.rows.model.pk
    ),
    "catalog.selectors:visible_models": selector("catalog.selectors", "visible_models"),
    "costs.selectors:visible_spend": selector("costs.selectors", "visible_spend"),
    "costs.selectors:visible_entries": selector("costs.selectors", "visible_entries"),
    "costs.selectors:visible_budgets": selector("costs.selectors", "visible_budgets"),
    "datasets.selectors:visible_datasets": selector("datasets.selectors", "visible_datasets"),
    "evaluation.selectors:visible_runs": selector("evaluation.selectors", "visible_runs"),
    "evaluation.selectors:visible_campaigns": selector("evaluation.selectors", "visible_campaigns"),
    "evaluation.selectors:visible_tasks": selector("evaluation.selectors", "visible_tasks"),
    "evaluation.selectors:waiting_tasks": selector("evaluation.selectors", "waiting_tasks"),
    "evaluation.web.forms:__init__": choices("evaluation.web.forms", "StartForm", "model", "dataset"),
    "governance.dependants:_visible": lambda asked: import_module("apps.governance.dependants")._visible(
        asked.outsider, [asked.rows.model]
    ),
    "governance.lineage:_visible_keys": lambda asked: import_module("apps.governance.lineage")._visible_keys(
        asked.outsider, [asked.rows.model]
    ),
    "governance.selectors:visible_requests": selector("governance.selectors", "visible_requests"),
    "governance.selectors:visible_access_requests": selector("governance.selectors", "visible_access_requests"),
    # Who may read a request may not for that decide it.
    "governance.selectors:inbox": lambda asked: import_module("apps.governance.selectors").inbox(actor=asked.viewer),
    "governance.selectors:visible_decisions": selector("governance.selectors", "visible_decisions"),
    "governance.selectors:visible_events": lambda asked: [
        event
        for event in import_module("apps.governance.selectors").visible_events(actor=asked.outsider)
        if event.team == asked.rows.team
    ],
    "governance.selectors:visible_policies": selector("governance.selectors", "visible_policies"),
    "governance.selectors:visible_batches": selector("governance.selectors", "visible_batches"),
    "governance.selectors:visible_delegations": selector("governance.selectors", "visible_delegations"),
    "governance.selectors:visible_emergencies": selector("governance.selectors", "visible_emergencies"),
    "governance.selectors:visible_webhooks": selector("governance.selectors", "visible_webhooks"),
    "governance.selectors:visible_deliveries": selector("governance.selectors", "visible_deliveries"),
    "governance.selectors:visible_waivers": selector("governance.selectors", "visible_waivers"),
    "governance.services.waivers:_label": lambda asked: import_module("apps.governance.services.waivers")._label(
        asked.outsider, asked.rows.team, type(asked.rows.model), asked.rows.model.pk
    ),
    "governance.services.requests:named_move": of_moves,
    "knowledge.selectors:visible_collections": selector("knowledge.selectors", "visible_collections"),
    "portal.provenance:_sees": lambda asked: (
        ["seen"]
        if import_module("apps.portal.provenance")._Chain._sees(SimpleNamespace(actor=asked.outsider), asked.rows.model)
        else []
    ),
    "portal.selectors:home": of_home,
    "portal.selectors:search": lambda asked: import_module("apps.portal.selectors").search(
        actor=asked.outsider, query=""
    ),
    "prompts.selectors:visible_templates": selector("prompts.selectors", "visible_templates"),
    "prompts.selectors:visible_versions": selector("prompts.selectors", "visible_versions"),
    "serving.selectors:visible_endpoints": selector("serving.selectors", "visible_endpoints"),
    "serving.selectors:deployable_models": selector("serving.selectors", "deployable_models"),
    "serving.selectors:usable_prompts": selector("serving.selectors", "usable_prompts"),
    "telemetry.selectors:visible_events": selector("telemetry.selectors", "visible_events"),
    "training.selectors:visible_jobs": selector("training.selectors", "visible_jobs"),
    "training.selectors:datasets_named": training(
        "datasets_named", team=lambda rows: rows.team, name=lambda rows: "listed", version=lambda rows: "1"
    ),
    "training.selectors:models_named": training(
        "models_named", team=lambda rows: rows.team, reference=lambda rows: "listed:1"
    ),
    "training.selectors:usable_dataset": training("usable_dataset", dataset_id=lambda rows: rows.dataset.pk),
    "training.selectors:usable_model": training("usable_model", model_id=lambda rows: rows.model.pk),
    "training.web.forms:__init__": choices("training.web.forms", "SubmitForm", "dataset", "base_model"),
}
# Behind these the service asks again under its lock: without them, too, nothing is told and nothing done.
GUARDED_TWICE: dict[str, Ask] = {
    "accounts.api.access:delete": of_grants,
    "evaluation.api.views:post": of_runs,
}


def outcome(ask: Ask, asked: Asked) -> list[Any]:
    """What comes back; a refusal that tells nothing is nothing."""
    try:
        found = ask(asked)
    except (NotFoundError, Http404):
        return []
    if found is None:
        return []
    return list(found) if isinstance(found, QuerySet | list | set | dict) else [found]


class Unfiltered:
    """`visible_to` of one module, which at one call lets everything through."""

    def __init__(self, site: Site) -> None:
        self.site, self.module = site, import_module(site.module)
        self.real = getattr(self.module, FILTER)

    def __enter__(self) -> None:
        setattr(self.module, FILTER, self)

    def __exit__(self, *_: object) -> None:
        setattr(self.module, FILTER, self.real)

    def __call__(self, actor: User, rows: QuerySet[Any], permission: str = Permission.READ) -> QuerySet[Any]:
        caller = sys._getframe(1)
        while caller.f_code.co_name.startswith("<"):  # a comprehension has a frame of its own
            caller = caller.f_back
        if caller.f_code.co_name == self.site.function and sys._getframe(1).f_lineno in self.site.lines:
            return rows.filter(pk__isnull=False)
        return self.real(actor, rows, permission)


@pytest.fixture
def asked(unaudited, engineer, approver, viewer, outsider, superuser, team, tmp_path) -> Asked:
    """Something of everything, on a team that the outsider is not on."""
    reader = member(team, "reader", *Role)
    rows = Rows(engineer=engineer, approver=approver, reader=reader, team=team, folder=tmp_path)
    everything = (rows.model, rows.dataset, rows.prompt, rows.collection, rows.job, rows.run, rows.endpoint)
    assert all((*everything, rows.request, rows.policy, rows.budget, rows.event, rows.access_request))
    assert all((rows.batch, rows.delegation, rows.emergency, rows.waiver))
    WebhookDelivery.objects.create(  # of a test: of an event, its own filter hides it as well
        subscription=rows.webhook, event_type="webhook.ping", body="{}", next_attempt_at=timezone.now()
    )
    ReviewTask.objects.create(campaign=rows.campaign, sample=rows.sample)
    rows.ledger(1)
    services.grant_access(actor=superuser, user=viewer, permission=Permission.USE, subject=rows.model)
    return Asked(outsider, viewer, rows)


def test_every_filter_is_tried():
    found = {f"{site.module.removeprefix('apps.')}:{site.function}" for site in sites()}

    assert len(sites()) > 40
    assert found == WAYS.keys() | GUARDED_TWICE.keys()


@pytest.mark.django_db
def test_every_filter_filters(asked):
    """One world for all of them: making it takes longer than asking."""
    told, kept = {}, {}
    for site in sites():
        where = site.name.rpartition(":")[0]
        ask = WAYS.get(where) or GUARDED_TWICE[where]
        told[site.name] = outcome(ask, asked)
        with Unfiltered(site):
            kept[site.name] = outcome(ask, asked)

    assert {name: found for name, found in told.items() if found} == {}, "an outsider sees these as it is"
    silent = {name for name, found in kept.items() if not found}
    expected = {site.name for site in sites() if site.name.rpartition(":")[0] in GUARDED_TWICE}
    assert silent == expected, "without these filters nothing more is seen: nobody would notice their loss"
