"""Who may do what over HTTP: one row per method and URL. A refusal leaves nothing behind."""

from types import SimpleNamespace

import pytest
from rest_framework.test import APIClient

from apps.accounts import services
from apps.accounts.models import ApiKey, Membership, Organisation, Project, Team, User
from apps.accounts.permissions import Permission, Role
from apps.catalog.models import ModelVersionGrant
from apps.catalog.tests.factories import draft
from apps.governance.models import AuditEvent

pytestmark = pytest.mark.django_db
BASE = "/llm-ops/v1/accounts"
EVERYBODY = {"stranger": 401, "outsider": 200, "viewer": 200, "engineer": 200, "manager": 200, "superuser": 200}
OWNER_OR_SUPERUSER = {
    "stranger": 401,
    "outsider": 404,
    "viewer": 404,
    "manager": 404,
    "engineer": 200,
    "superuser": 200,
}
MEMBERS = {"stranger": 401, "outsider": 404, "viewer": 200, "engineer": 200, "manager": 200, "superuser": 200}
MANAGERS = {"stranger": 401, "outsider": 404, "viewer": 403, "engineer": 403, "manager": 200, "superuser": 200}

WHO_MAY = [
    ("get", "/me", None, EVERYBODY),
    ("get", "/keys", None, EVERYBODY),
    ("post", "/keys", {"name": "ci", "scopes": ["inference"]}, EVERYBODY),
    ("post", "/keys", {"name": "ci", "scopes": ["api"], "owner": "voc.nightly"}, MANAGERS),
    ("delete", "/keys/{key}", None, OWNER_OR_SUPERUSER),
    ("post", "/keys/{key}/rotate", {"overlap_hours": 1}, OWNER_OR_SUPERUSER),
    # Nobody but its managers sees a key of a service account.
    ("delete", "/keys/{robots_key}", None, MANAGERS | {"viewer": 404, "engineer": 404}),
    ("get", "/teams", None, EVERYBODY),
    (
        "post",
        "/teams",
        {"organisation": "haneul", "slug": "risk", "name": "Risk"},
        {"stranger": 401, "outsider": 403, "viewer": 403, "manager": 403, "superuser": 200},
    ),
    ("get", "/teams/voc", None, MEMBERS),
    ("patch", "/teams/voc", {"name": "Voices"}, MANAGERS),
    ("get", "/projects", None, EVERYBODY),
    ("post", "/projects", {"team": "voc", "slug": "parcels", "name": "Parcels"}, MANAGERS),
    ("get", "/projects/{project}", None, MEMBERS),
    ("patch", "/projects/{project}", {"name": "Returns"}, MANAGERS),
    ("get", "/roles", None, EVERYBODY),
    ("post", "/roles", {"user": "guest", "role": "viewer", "team": "voc"}, MANAGERS),
    ("post", "/roles", {"user": "guest", "role": "viewer", "project": "{project}"}, MANAGERS),
    (
        "post",
        "/roles",
        {"user": "guest", "role": "viewer", "organisation": "haneul"},
        {"stranger": 401, "outsider": 403, "viewer": 403, "manager": 403, "superuser": 200},
    ),
    ("delete", "/roles/{role}", None, MANAGERS),
    ("get", "/service-accounts", None, EVERYBODY),
    ("post", "/service-accounts", {"team": "voc", "name": "weekly"}, MANAGERS),
    ("get", "/service-accounts/{robot}", None, MEMBERS),
    ("patch", "/service-accounts/{robot}", {"is_active": False}, MANAGERS),
    ("get", "/access?kind=modelversion&id={model}", None, MEMBERS),
    (
        "post",
        "/grants",
        {"kind": "modelversion", "id": "{model}", "user": "guest", "permission": "read"},
        MANAGERS,
    ),
    ("delete", "/grants/modelversion/{grant}", None, MANAGERS),
]
CELLS = [(method, url, body, who, status) for method, url, body, by in WHO_MAY for who, status in by.items()]


@pytest.fixture
def world(engineer, manager, viewer, team, superuser):
    guest = User.objects.create_user("guest", password="correct horse battery")
    robot = services.create_service_account(actor=manager, team=team, name="nightly")
    model = draft(engineer, team)
    given = {"actor": manager, "user": guest, "permission": Permission.USE, "subject": model}
    return SimpleNamespace(
        key=services.create_api_key(actor=engineer, name="notebook", scopes=["api"]).record.pk,
        robots_key=services.create_api_key(actor=manager, owner=robot, name="ci", scopes=["api"]).record.pk,
        project=services.create_project(actor=manager, team=team, slug="refunds", name="Refunds").pk,
        role=services.give_role(actor=manager, user=guest, scope=team, role=Role.AUDITOR).pk,
        grant=services.grant_access(**given).pk,
        robot=robot.pk,
        model=model.pk,
    )


def everything():
    tables = (ApiKey, Membership, ModelVersionGrant, Organisation, Project, Team, User, AuditEvent)
    return [list(table.objects.order_by("pk").values()) for table in tables]


@pytest.mark.parametrize(("method", "url", "body", "who", "status"), CELLS)
def test_who_may(request, world, *, method, url, body, who, status):
    client = APIClient()
    if who != "stranger":
        client.force_authenticate(request.getfixturevalue(who))
    named = {
        name: value.format(**vars(world)) if isinstance(value, str) else value for name, value in (body or {}).items()
    }
    before, told = everything(), AuditEvent.objects.count()

    response = getattr(client, method)(BASE + url.format(**vars(world)), named, format="json")

    assert response.status_code == status, response.content
    if status >= 400:
        assert everything() == before
    elif method != "get":
        assert AuditEvent.objects.count() > told  # one for each row that changes: an account, and each of its keys


class TestLists:
    @pytest.mark.parametrize(
        ("url", "sees"),
        [
            ("/roles?team=voc", {"outsider": 0, "viewer": 4, "superuser": 4}),
            ("/projects", {"outsider": 0, "viewer": 1, "superuser": 1}),
            ("/service-accounts", {"outsider": 0, "viewer": 1, "superuser": 1}),
            ("/keys", {"outsider": 0, "viewer": 0, "engineer": 1, "manager": 1, "superuser": 2}),
        ],
    )
    def test_show_what_may_be_seen_and_nothing_else(self, request, world, url, sees):
        for who, count in sees.items():
            client = APIClient()
            client.force_authenticate(request.getfixturevalue(who))

            assert len(client.get(BASE + url).json()["data"]["items"]) == count, who


class TestRoleIn:
    @pytest.mark.parametrize("scopes", [{}, {"team": "voc", "organisation": "haneul"}])
    def test_names_exactly_one_scope(self, manager, world, scopes):
        client = APIClient()
        client.force_authenticate(manager)

        answer = client.post(f"{BASE}/roles", {"user": "guest", "role": "viewer", **scopes}, format="json")

        assert answer.status_code == 400
        assert "exactly one" in answer.json()["data"]["fields"]["team"][0]
