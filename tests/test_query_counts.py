"""Home, and every list: as many queries for a thousand rows as for ten."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from django.db import connection
from django.template import Context
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from apps.accounts.permissions import Role
from apps.core.web.lists import ListPage
from apps.portal.web.shell import GROUPS
from conftest import member
from tests.routes import BASE, described_lists, walked
from tests.rows import Rows

FEW, MANY = 10, 1000
MOST = 15  # the page of costs, which sums up in five ways


@dataclass(frozen=True, slots=True)
class Listed:
    """What is on a list.

    Attributes:
        rows: brings them to a count.
        of: the attribute of `Rows` whose id the address takes, if it takes one.
        is_paged: whether it comes in pages; all rows are counted, in one more query, once there are two.
    """

    rows: Callable[[Rows, int], None]
    of: str = ""
    is_paged: bool = True


PAGES = {
    "portal:home": Listed(Rows.of_home, is_paged=False),
    "portal:inbox": Listed(Rows.requests),
    "catalog:models": Listed(Rows.models),
    "datasets:datasets": Listed(Rows.datasets),
    "prompts:templates": Listed(Rows.templates),
    "knowledge:collections": Listed(Rows.collections),
    "knowledge:collection": Listed(Rows.documents, of="collection"),
    "training:jobs": Listed(Rows.jobs),
    "evaluation:runs": Listed(Rows.runs),
    "evaluation:queue": Listed(Rows.campaigns, is_paged=False),
    "serving:endpoints": Listed(Rows.endpoints),
    "telemetry:requests": Listed(Rows.events),
    "governance:policies": Listed(Rows.policies),
    "governance:approvals": Listed(Rows.requests),
    "governance:delegations": Listed(Rows.delegations),
    "governance:emergencies": Listed(Rows.emergencies),
    "governance:decisions": Listed(Rows.decisions),
    "governance:access_requests": Listed(Rows.access_requests),
    "governance:waivers": Listed(Rows.waivers),
    "governance:audit": Listed(Rows.audit_events),
    "governance:webhooks": Listed(Rows.webhooks),
    "governance:webhook": Listed(Rows.deliveries, of="webhook"),
    "governance:notices": Listed(Rows.notices),
    "costs:costs": Listed(Rows.ledger, is_paged=False),
    "accounts:keys": Listed(Rows.keys),
}
API = {
    "accounts/teams": Listed(Rows.teams),
    "accounts/projects": Listed(Rows.projects),
    "accounts/roles": Listed(Rows.roles),
    "accounts/service-accounts": Listed(Rows.service_accounts),
    "accounts/keys": Listed(Rows.keys),
    "catalog/models": Listed(Rows.models),
    "catalog/models/{model_id}/versions": Listed(Rows.models, of="model"),
    "catalog/datasets": Listed(Rows.datasets),
    "catalog/datasets/{dataset_id}/versions": Listed(Rows.datasets, of="dataset"),
    "prompts/templates": Listed(Rows.templates),
    "knowledge/collections": Listed(Rows.collections),
    "knowledge/collections/{collection_id}/documents": Listed(Rows.documents, of="collection"),
    "training/jobs": Listed(Rows.jobs),
    "evaluation/runs": Listed(Rows.runs),
    "evaluation/runs/{run_id}/samples": Listed(Rows.samples, of="run"),
    "evaluation/runs/{run_id}/campaigns": Listed(Rows.campaigns, of="run"),
    "evaluation/queue": Listed(Rows.campaigns, is_paged=False),
    "serving/endpoints": Listed(Rows.endpoints),
    "serve/requests": Listed(Rows.events),
    "governance/policies": Listed(Rows.policies),
    "governance/approvals": Listed(Rows.requests),
    "governance/approvals/batches": Listed(Rows.batches),
    "governance/delegations": Listed(Rows.delegations),
    "governance/emergencies": Listed(Rows.emergencies),
    "governance/decisions": Listed(Rows.decisions),
    "governance/access-requests": Listed(Rows.access_requests),
    "governance/waivers": Listed(Rows.waivers),
    "governance/audit/logs": Listed(Rows.audit_events),
    "governance/webhooks": Listed(Rows.webhooks),
    "governance/webhooks/{webhook_id}/deliveries": Listed(Rows.deliveries, of="webhook"),
    "governance/notices": Listed(Rows.notices),
    "governance/budgets": Listed(Rows.budgets),
    "governance/observability/cost-aggregate?group_by=model": Listed(Rows.ledger, is_paged=False),
    "governance/observability/cost-profiles": Listed(Rows.ledger, is_paged=False),
}
MORE = {
    "search": ("/search/?q=copy", Listed(Rows.of_search, is_paged=False)),
    "budgets of the costs page": ("/costs/", Listed(Rows.budgets, is_paged=False)),
    "approvals that wait": (f"/{BASE}governance/approvals?mine=true&limit=500", Listed(Rows.requests)),
}


@pytest.fixture
def reader(team):
    """Somebody who may see all of it."""
    return member(team, "reader", *Role)


@pytest.fixture
def rows(unaudited, engineer, approver, reader, team, tmp_path):
    return Rows(engineer=engineer, approver=approver, reader=reader, team=team, folder=tmp_path)


@pytest.fixture
def signed_in(client, reader) -> Client:
    client.force_login(reader)
    return client


def queries(client: Client, address: str) -> Counter[str]:
    """The statements that one answer takes; those of the first, which fills caches, do not count."""
    client.get(address)
    with CaptureQueriesContext(connection) as captured:
        answer = client.get(address)
    assert answer.status_code == 200, answer.content
    return Counter(query["sql"][:300] for query in captured)


def assert_constant(client: Client, address: str, listed: Listed, rows: Rows) -> None:
    listed.rows(rows, FEW)
    few = queries(client, address)
    listed.rows(rows, MANY)
    many = queries(client, address)

    assert many.total() == few.total() + listed.is_paged, list(many - few)
    assert many.total() <= MOST, list(many)


@pytest.mark.django_db
class TestQueries:
    @pytest.mark.parametrize(("name", "listed"), PAGES.items(), ids=PAGES)
    def test_of_a_page_are_as_many_for_a_thousand_rows_as_for_ten(self, name, listed, rows, signed_in):
        address = reverse(name, args=[getattr(rows, listed.of).pk] if listed.of else [])

        assert_constant(signed_in, address, listed, rows)

    @pytest.mark.parametrize(("path", "listed"), API.items(), ids=API)
    def test_of_the_api_are_as_many_for_a_thousand_rows_as_for_ten(self, path, listed, rows, signed_in):
        address = f"/{BASE}{path}" + ("?limit=500" if listed.is_paged else "")
        if listed.of:
            address = address.format(**{f"{listed.of}_id": getattr(rows, listed.of).pk})

        assert_constant(signed_in, address, listed, rows)

    @pytest.mark.parametrize(("address", "listed"), MORE.values(), ids=MORE)
    def test_of_what_is_asked_for_are_as_many_for_a_thousand_rows_as_for_ten(self, address, listed, rows, signed_in):
        assert_constant(signed_in, address, listed, rows)


@pytest.mark.django_db
class TestEveryList:
    def test_of_the_api_is_counted(self):
        assert described_lists() - {f"/{BASE}{path}" for path in API} == set()

    def test_of_the_pages_is_counted(self, signed_in):
        addresses = {name: f"/{path}" for path, _, name in walked() if "<" not in path and ":" in name}
        answers = {name: signed_in.get(address) for name, address in addresses.items() if not name.startswith("admin:")}
        with_lists = {name for name, answer in answers.items() if holds_a_list(answer)}

        assert "catalog:models" in with_lists
        assert with_lists - set(PAGES) == set()

    def test_of_the_side_bar_is_counted(self):
        places = {place.url for group in GROUPS if not group.staff_only for place in group.places}

        assert places - set(PAGES) == set()


def holds_a_list(answer) -> bool:
    context = answer.context or {}
    names = context.flatten() if isinstance(context, Context) else context.keys()  # of one template, or of several
    return any(isinstance(context[name], ListPage) for name in names)
