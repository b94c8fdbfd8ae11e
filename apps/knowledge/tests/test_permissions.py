"""Who may do what with collections: one row per method and URL. A refusal leaves nothing behind."""

import pytest
from rest_framework.test import APIClient

from apps.knowledge.models import Collection, Document
from apps.knowledge.tests import factories

pytestmark = pytest.mark.django_db
BASE = "/llm-ops/v1/knowledge/collections"
READERS = {"outsider": 404, "viewer": 200, "engineer": 200, "reviewer": 200, "approver": 200}
EDITORS = {"outsider": 404, "viewer": 403, "reviewer": 403, "approver": 403, "engineer": 200, "manager": 200}

WHO_MAY = [
    ("get", "", None, {"outsider": 200, "viewer": 200}),
    ("post", "", {"name": "new", "owner_team": "voc"}, EDITORS),
    ("get", "/{collection}", None, READERS),
    ("delete", "/{collection}", None, EDITORS),
    ("get", "/{collection}/documents", None, READERS),
    ("post", "/{collection}/documents", {"title": "t", "text": "A text."}, EDITORS),
    ("delete", "/{collection}/documents/{document}", None, EDITORS),
    ("get", "/{collection}/search?q=refund", None, READERS),
]
CELLS = [(method, url, body, who, status) for method, url, body, by in WHO_MAY for who, status in by.items()]


@pytest.mark.parametrize(("method", "url", "body", "who", "status"), CELLS)
def test_who_may(request, engineer, team, *, method, url, body, who, status):
    made = factories.handbook(engineer, team)
    address = BASE + url.format(collection=made.pk, document=made.documents.first().pk)
    client = APIClient()
    client.force_authenticate(request.getfixturevalue(who))

    response = getattr(client, method)(address, body, format="json") if body else getattr(client, method)(address)

    assert response.status_code == status, response.content
    if status >= 400:
        assert (Collection.objects.count(), Document.objects.count()) == (1, 3)


def test_a_document_of_another_collection_is_not_found(engineer, team, other_team, outsider):
    ours = factories.handbook(engineer, team)
    theirs = factories.handbook(outsider, other_team)
    client = APIClient()
    client.force_authenticate(engineer)

    response = client.delete(f"{BASE}/{ours.pk}/documents/{theirs.documents.first().pk}")

    assert response.status_code == 404


class TestAnswers:
    def test_search_answers_with_passages_best_first(self, engineer, team):
        made = factories.handbook(engineer, team)
        client = APIClient()
        client.force_authenticate(engineer)

        items = client.get(f"{BASE}/{made.pk}/search", {"q": "환불", "count": 2}).json()["data"]["items"]

        assert [set(item) for item in items] == [{"document_id", "title", "position", "text", "score"}] * 2
        assert items[0]["title"] == "환불"

    @pytest.mark.parametrize("asked", [{}, {"q": "x", "count": 0}, {"q": "x", "count": 51}, {"question": "x"}])
    def test_search_refuses_what_it_does_not_know(self, engineer, team, asked):
        made = factories.collection(engineer, team)
        client = APIClient()
        client.force_authenticate(engineer)

        assert client.get(f"{BASE}/{made.pk}/search", asked).status_code == 400

    @pytest.mark.parametrize("count", [10, 1000])
    @pytest.mark.usefixtures("unaudited")
    def test_the_list_costs_the_same_at_ten_rows_and_at_a_thousand(
        self, engineer, team, count, django_assert_max_num_queries
    ):
        Collection.objects.bulk_create(
            Collection(name=f"c{number}", owner_team=team, created_by=engineer) for number in range(count)
        )
        client = APIClient()
        client.force_authenticate(engineer)

        with django_assert_max_num_queries(2):
            body = client.get(BASE, {"limit": 500}).json()["data"]

        assert len(body["items"]) == min(count, 500)
