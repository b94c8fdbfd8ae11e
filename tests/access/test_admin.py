"""Django admin: every change is a service's, with its event, and an administrator approves nothing."""

import pytest

from apps.accounts import services
from apps.accounts.models import ApiKey, Membership, Organisation, Project, Team, User
from apps.accounts.permissions import NEVER_BY_SUPERUSER
from apps.accounts.selectors import allows
from apps.catalog.tests.factories import draft
from apps.governance.models import AuditEvent

pytestmark = pytest.mark.django_db
ADMIN = "/admin/accounts"
NEW = {
    "usable_password": "true",
    "username": "new",
    "password1": "correct horse battery",
    "password2": "correct horse battery",
}


@pytest.fixture
def admin(client, superuser):
    client.force_login(superuser)
    return client


def told():
    return list(AuditEvent.objects.order_by("pk").values_list("action", flat=True))


class TestChanges:
    def test_make_scopes_with_an_event_each(self, admin):
        admin.post(f"{ADMIN}/organisation/add/", {"slug": "org", "name": "Org"})
        organisation = Organisation.objects.get(slug="org")
        admin.post(f"{ADMIN}/team/add/", {"organisation": organisation.pk, "slug": "team", "name": "Team"})
        team = Team.objects.get(slug="team")
        admin.post(f"{ADMIN}/project/add/", {"team": team.pk, "slug": "project", "name": "Project"})
        admin.post(f"{ADMIN}/team/{team.pk}/change/", {"slug": "other", "name": "The team"})

        assert Project.objects.get().team == team
        assert told() == ["organisation.created", "team.created", "project.created", "team.renamed"]
        team.refresh_from_db()
        assert (team.slug, team.name) == ("team", "The team")

    def test_give_and_take_roles_with_an_event_each(self, admin, engineer, team):
        added = {"user": engineer.pk, "team": team.pk, "role": "viewer", "expires_at_0": "", "expires_at_1": ""}
        admin.post(f"{ADMIN}/membership/add/", added)
        held = Membership.objects.get(user=engineer, role="viewer")
        admin.post(f"{ADMIN}/membership/{held.pk}/delete/", {"post": "yes"})

        assert told() == ["role.given", "role.taken"]
        assert not Membership.objects.filter(pk=held.pk).exists()

    def test_make_and_edit_people_and_their_passwords_with_an_event_each(self, admin):
        admin.post(f"{ADMIN}/user/add/", {**NEW, **_no_inlines()})
        person = User.objects.get(username="new")
        values = {"username": "new", "first_name": "Nora", "last_name": "", "email": "", **_no_inlines()}
        admin.post(f"{ADMIN}/user/{person.pk}/change/", values)
        password = {
            "usable_password": "true",
            "password1": "another horse battery",
            "password2": "another horse battery",
        }
        admin.post(f"{ADMIN}/user/{person.pk}/password/", password)

        events = AuditEvent.objects.filter(subject_id=person.pk).order_by("pk")
        assert [event.action for event in events] == ["person.created", "person.edited", "person.password_changed"]
        assert events[1].after == {"first_name": "Nora"}
        assert "horse" not in str(list(events.values("before", "after", "canonical")))
        person.refresh_from_db()
        assert person.check_password("another horse battery")

    def test_disable_people_with_their_keys(self, admin, engineer):
        key = services.create_api_key(actor=engineer, name="k", scopes=["api"]).record
        admin.post(f"{ADMIN}/user/", {"action": "disable", "_selected_action": [engineer.pk]})

        engineer.refresh_from_db()
        key.refresh_from_db()
        assert (engineer.is_active, key.is_live) == (False, False)
        assert told()[-1] == "person.disabled"

    @pytest.mark.parametrize("kind", ["user", "organisation", "team", "project", "apikey"])
    def test_delete_nothing_that_others_rest_on(self, admin, superuser, team, kind):
        row = {
            "user": lambda: superuser,
            "organisation": lambda: team.organisation,
            "team": lambda: team,
            "project": lambda: services.create_project(actor=superuser, team=team, slug="p", name="P"),
            "apikey": lambda: services.create_api_key(actor=superuser, name="k", scopes=["api"]).record,
        }[kind]()

        assert admin.post(f"{ADMIN}/{kind}/{row.pk}/delete/", {"post": "yes"}).status_code == 403
        assert type(row).objects.filter(pk=row.pk).exists()

    def test_are_for_administrators_alone(self, client, manager):
        User.objects.filter(pk=manager.pk).update(is_staff=True)
        client.force_login(manager)

        for kind in ("user", "organisation", "team", "project", "membership"):
            assert client.get(f"{ADMIN}/{kind}/").status_code == 403
        assert not ApiKey.objects.exists()


def _no_inlines():
    return {f"memberships-{name}": 0 for name in ("TOTAL_FORMS", "INITIAL_FORMS")}


def test_an_administrator_judges_nothing(superuser, engineer, team):
    model = draft(engineer, team)

    assert [allows(superuser, permission, model) for permission in sorted(NEVER_BY_SUPERUSER)] == [False, False]
