"""The pages of one's account, of a team, and the access tab: what they show to whom, and what they change."""

import pytest

from apps.accounts import services
from apps.accounts.models import ApiKey, Membership, Project, User
from apps.accounts.permissions import Role
from apps.catalog.models import ModelVersionGrant
from apps.catalog.tests.factories import draft

pytestmark = pytest.mark.django_db
TEAM = "/account/teams/voc/"


@pytest.fixture
def as_(client):
    def signed_in(person):
        client.force_login(person)
        return client

    return signed_in


class TestAccount:
    def test_shows_roles_by_scope_and_what_they_allow(self, as_, engineer, organisation, superuser):
        services.give_role(actor=superuser, user=engineer, scope=organisation, role=Role.AUDITOR)

        page = as_(engineer).get("/account/").content.decode()

        for words in ("Engineer", "Voice of the customer", "Auditor", "each of its teams", "given by root"):
            assert words in page

    def test_tells_who_has_none_what_to_do(self, as_, db):
        nobody = User.objects.create_user("nobody", password="correct horse battery")

        assert "Ask for a role" in as_(nobody).get("/account/").content.decode()


class TestKeysPage:
    def test_makes_rotates_and_revokes(self, as_, engineer):
        page = as_(engineer)
        made = page.post("/account/keys/", {"name": "ci", "scopes": ["api"], "networks": "203.0.113.0/24, 10.0.0.1"})
        key = ApiKey.objects.get()
        rotated = page.post(f"/account/keys/{key.pk}/rotate", {"overlap_hours": "2"})
        again = page.post(f"/account/keys/{key.pk}/rotate", {"overlap_hours": "2"})
        new = ApiKey.objects.get(replaces=key)
        page.post(f"/account/keys/{new.pk}/revoke")

        assert key.networks == ["10.0.0.1/32", "203.0.113.0/24"]
        assert [answer.status_code for answer in (made, rotated, again)] == [200, 200, 422]
        assert "llmo_p_" in rotated.content.decode()
        assert "followed by another already" in again.content.decode()
        new.refresh_from_db()
        assert new.revoked_at

    def test_says_beside_the_field_what_is_no_network(self, as_, engineer):
        answer = as_(engineer).post("/account/keys/", {"name": "ci", "scopes": ["api"], "networks": "everywhere"})

        assert answer.status_code == 422
        assert "does not appear to be an IPv4 or IPv6 network" in answer.content.decode()
        assert not ApiKey.objects.exists()


class TestTeamPage:
    def test_is_seen_by_its_people_and_changed_by_its_managers(self, as_, outsider, viewer, manager, team):
        assert as_(outsider).get(TEAM).status_code == 404
        assert "Give a role" not in as_(viewer).get(TEAM).content.decode()
        assert "Give a role" in as_(manager).get(TEAM).content.decode()

    def test_gives_and_takes_roles_on_team_and_project(self, as_, manager, viewer, outsider, team):
        page = as_(manager)
        page.post(f"{TEAM}projects", {"name": "Refunds", "slug": "refunds"})
        project = Project.objects.get()
        page.post(f"{TEAM}roles", {"user": "outsider", "role": "viewer", "project": project.pk})
        held = Membership.objects.get(user=outsider, project=project)
        page.post(f"{TEAM}roles/{held.pk}/take")

        assert not Membership.objects.filter(pk=held.pk).exists()

    def test_makes_service_accounts_and_keys_and_disables_them(self, as_, manager, team):
        page = as_(manager)
        page.post(f"{TEAM}accounts", {"name": "nightly", "purpose": "Nightly tests"})
        robot = User.objects.get(username="voc.nightly")
        made = page.post(f"{TEAM}keys", {"owner": robot.username, "name": "ci", "scopes": ["inference"]})
        page.post(f"{TEAM}accounts/{robot.pk}/disable")

        robot.refresh_from_db()
        assert "llmo_s_" in made.content.decode()
        assert (robot.is_active, ApiKey.objects.get().is_live) == (False, False)

    @pytest.mark.parametrize(
        ("path", "given", "says"),
        [
            ("roles", {"user": "ghost", "role": "viewer"}, "nobody of that user name"),
            ("accounts", {"name": "No Spaces"}, "Use lower-case letters"),
            ("projects", {"name": "x", "slug": "a b"}, "valid"),
        ],
    )
    def test_says_what_is_wrong_and_changes_nothing(self, as_, manager, team, path, given, says):
        before = (Membership.objects.count(), User.objects.count(), Project.objects.count())

        answer = as_(manager).post(f"{TEAM}{path}", given)

        assert answer.status_code == 422
        assert says in answer.content.decode()
        assert (Membership.objects.count(), User.objects.count(), Project.objects.count()) == before

    @pytest.mark.parametrize("path", ["roles", "projects", "accounts", "keys"])
    def test_refuses_who_does_not_manage_it(self, as_, engineer, outsider, manager, team, path):
        robot = services.create_service_account(actor=manager, team=team, name="nightly")
        given = {
            "roles": {"user": "engineer", "role": "manager"},
            "projects": {"name": "x", "slug": "x"},
            "accounts": {"name": "x"},
            "keys": {"owner": robot.username, "name": "x", "scopes": ["api"]},
        }[path]
        before = (Membership.objects.count(), User.objects.count(), Project.objects.count(), ApiKey.objects.count())

        assert as_(engineer).post(f"{TEAM}{path}", given).status_code == 422
        assert as_(outsider).post(f"{TEAM}{path}", given).status_code == 404
        after = (Membership.objects.count(), User.objects.count(), Project.objects.count(), ApiKey.objects.count())
        assert after == before


class TestAccessTab:
    def test_says_who_may_and_lets_managers_make_exceptions(self, as_, manager, engineer, outsider, team):
        model = draft(engineer, team)
        tab = f"{model.get_absolute_url()}?tab=access"
        page = as_(manager)
        address = f"/account/grants/modelversion/{model.pk}/"
        page.post(address, {"user": "outsider", "effect": "allow", "permission": "use", "reason": "Trial"})
        grant = ModelVersionGrant.objects.get()

        assert "Granted use by manager" in page.get(tab).content.decode()
        page.post(f"{address}{grant.pk}/revoke")
        assert not ModelVersionGrant.objects.exists()
        shown = as_(engineer).get(tab).content.decode()
        assert "Engineer of Voice of the customer" in shown
        assert "Make the exception" not in shown

    @pytest.mark.parametrize(("who", "status"), [("outsider", 404), ("engineer", 302)])
    def test_changes_nothing_for_who_may_not(self, request, as_, engineer, team, who, status):
        model = draft(engineer, team)
        given = {"user": "engineer", "effect": "allow", "permission": "manage"}

        answer = as_(request.getfixturevalue(who)).post(f"/account/grants/modelversion/{model.pk}/", given)

        assert answer.status_code == status
        assert not ModelVersionGrant.objects.exists()
