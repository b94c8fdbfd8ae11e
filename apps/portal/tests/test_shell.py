import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import RequestFactory
from django.urls import NoReverseMatch, reverse

from apps.accounts.models import User
from apps.accounts.permissions import Role
from apps.core.web.tags.marks import icon
from apps.portal.web.shell import ACCOUNT, GROUPS, Shell, shell_for
from conftest import member

PLACES = [place for group in GROUPS for place in group.places]


def shell_at(path: str, user: User | AnonymousUser) -> Shell:
    request = RequestFactory().get(path)
    request.user = user
    return shell_for(request)


def exists(name: str) -> bool:
    try:
        reverse(name)
    except NoReverseMatch:
        return False
    return True


class TestPlaces:
    def test_all_lead_somewhere(self):
        assert [place.url for place in (*PLACES, *ACCOUNT) if not exists(place.url)] == []

    def test_have_keys_of_their_own(self):
        keys = [place.go for place in PLACES if place.go]

        assert len(keys) == len(set(keys))

    def test_have_icons(self):
        assert all("<svg" in icon(place.icon) for place in (*PLACES, *ACCOUNT))


class TestShellFor:
    def test_is_empty_for_somebody_who_is_not_signed_in(self):
        assert shell_at("/", AnonymousUser()) == Shell()

    def test_shows_the_administration_to_staff_alone(self, viewer, superuser):
        titles = {who: [group.title for group in shell_at("/", who).groups] for who in (viewer, superuser)}

        assert "Administration" not in titles[viewer]
        assert "Administration" in titles[superuser]

    def test_marks_the_place_that_the_page_belongs_to(self, superuser):
        links = [link for group in shell_at("/admin/accounts/team/", superuser).groups for link in group.links]

        assert [link.title for link in links if link.current] == ["Admin"]

    def test_marks_one_place_where_one_lies_below_another(self, viewer):
        links = [link for group in shell_at("/evaluation/queue", viewer).groups for link in group.links]

        assert [link.title for link in links if link.current] == ["Review queue"]

    def test_offers_the_audit_trail_to_who_may_read_it_somewhere(self, viewer, team, manager, superuser):
        auditor = member(team, "auditor", Role.AUDITOR)

        offered = {
            who.username
            for who in (viewer, manager, auditor, superuser)
            if "Audit trail" in [link.title for group in shell_at("/", who).groups for link in group.links]
        }

        assert offered == {"auditor", "root"}

    def test_costs_two_queries_once_signing_in_has_brought_the_roles_along(
        self, viewer, team, django_assert_num_queries
    ):
        viewer.held_roles = [{"role": "viewer", "team": str(team.pk), "project": None}]

        with django_assert_num_queries(2):
            shell_at("/", viewer)

    @pytest.mark.parametrize(
        ("label", "initials"),
        [("Min-ji Kim", "MK"), ("ana.ruiz", "AR"), ("root", "R"), ("Ana María Ruiz Gil", "AG"), ("김민지", "김")],
    )
    def test_gives_the_person_initials(self, label, initials, viewer):
        viewer.first_name = label

        assert shell_at("/", viewer).initials == initials
