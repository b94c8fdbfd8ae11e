import pytest

from apps.accounts.permissions import Permission
from apps.accounts.selectors import teams_where


@pytest.mark.django_db
class TestTeamsWhere:
    def test_names_the_teams_on_which_a_role_allows_it(self, engineer, team, other_team):
        assert list(teams_where(engineer, Permission.EDIT)) == [team]
        assert list(teams_where(engineer, Permission.APPROVE)) == []

    def test_gives_a_superuser_everything_but_approving_and_reviewing(self, superuser, team, other_team):
        assert set(teams_where(superuser, Permission.MANAGE)) == {team, other_team}
        assert list(teams_where(superuser, Permission.APPROVE)) == []
