import pytest
from django.urls import reverse

from apps.knowledge.models import Collection
from apps.knowledge.tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def page(client, engineer):
    client.force_login(engineer)
    return client


class TestCollections:
    def test_say_what_to_do_first_and_then_list(self, page, engineer, team):
        assert "No collections yet" in page.get(reverse("knowledge:collections")).text
        factories.handbook(engineer, team)
        assert "handbook" in page.get(reverse("knowledge:collections")).text

    def test_are_made_or_say_why_not(self, page, team):
        given = {"owner_team": team.slug, "name": "Bad Name"}
        assert page.post(reverse("knowledge:create"), given).status_code == 422

        answer = page.post(reverse("knowledge:create"), {**given, "name": "good"})

        assert answer.url == Collection.objects.get().get_absolute_url()


class TestCollection:
    def test_finds_passages(self, page, engineer, team):
        made = factories.handbook(engineer, team)

        shown = page.get(made.get_absolute_url(), {"q": "refund"}).text

        assert "score 0." in shown
        assert "Returns" in shown

    def test_takes_documents_or_says_why_not(self, page, engineer, team):
        made = factories.collection(engineer, team)

        added = page.post(made.get_absolute_url(), {"title": "New", "text": "Some text."})
        again = page.post(made.get_absolute_url(), {"title": "New", "text": "Some text."})

        assert added.url == made.get_absolute_url()
        assert again.status_code == 422
        assert "this very text already" in again.text

    def test_lets_go_of_documents_and_of_itself(self, page, engineer, team):
        made = factories.handbook(engineer, team)
        document = made.documents.first()

        page.post(reverse("knowledge:remove_document", args=[made.pk, document.pk]))
        assert made.documents.count() == 2
        page.post(reverse("knowledge:delete", args=[made.pk]))
        assert not Collection.objects.exists()

    def test_is_not_there_for_an_outsider_and_has_no_buttons_for_a_viewer(
        self, client, outsider, viewer, engineer, team
    ):
        made = factories.handbook(engineer, team)

        client.force_login(outsider)
        assert client.get(made.get_absolute_url()).status_code == 404
        client.force_login(viewer)
        assert "Add a document" not in client.get(made.get_absolute_url()).text
