"""The provenance of an answer whose record is not taken over yet: who follows the link at once is asked to wait."""

from uuid import UUID

import pytest
from django.urls import reverse

from apps.core.ids import new_id
from apps.telemetry.tests.factories import shipped

pytestmark = pytest.mark.django_db
LONG_AGO = UUID("01900000-0000-7000-8000-000000000000")
YEARS_AHEAD = UUID("f0000000-0000-7000-8000-000000000000")
OF_ANOTHER_KIND = UUID("00000000-0000-4000-8000-000000000000")


def page_of(client, person, request_id):
    client.force_login(person)
    return client.get(reverse("portal:provenance", args=[request_id]))


class TestFreshAnswer:
    def test_is_waited_for(self, client, viewer):
        fresh = new_id()

        page = page_of(client, viewer, fresh)

        assert page.status_code == 202
        assert "The record is on its way" in page.text
        assert f'hx-get="/provenance/{fresh}/"' in page.text

    def test_is_not_waited_for_by_who_may_not_see_its_record(self, client, outsider, team, tmp_path):
        (event,) = shipped(tmp_path, {"team_id": team.pk})

        assert page_of(client, outsider, event.id).status_code == 404

    @pytest.mark.parametrize("request_id", [LONG_AGO, YEARS_AHEAD, OF_ANOTHER_KIND])
    def test_is_none_by_an_id_that_the_gateway_does_not_give_now(self, client, viewer, request_id):
        assert page_of(client, viewer, request_id).status_code == 404
