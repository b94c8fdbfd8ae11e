"""Search: by a part of a name, over everything its reader may see."""

import pytest
from django.urls import reverse

from apps.catalog.tests import factories as catalog
from apps.datasets.tests import factories as datasets
from apps.gateway.tests.factories import stored_endpoint
from apps.portal.selectors import search
from apps.prompts.tests.factories import prompt_template
from apps.training import services as training
from apps.training.tests import factories as trainings

pytestmark = pytest.mark.django_db
KINDS = ["model", "dataset", "prompt", "endpoint", "job"]


@pytest.fixture
def things(engineer, approver, team, tmp_path):
    """One thing of each kind, with "parcel" in its name; by kind."""
    corpus = trainings.corpus(engineer, approver, team)
    spec = trainings.pretrain_spec(corpus, output={"artifact_name": "parcel-job"})
    return {
        "model": catalog.draft(engineer, team, name="parcel-model"),
        "dataset": datasets.draft(engineer, team, name="parcel-data"),
        "prompt": prompt_template(engineer, team, name="parcel-prompt"),
        "endpoint": stored_endpoint(engineer, approver, team, tmp_path, route_name="parcel-route"),
        "job": training.submit_job(actor=engineer, team=team, spec=spec),
    }


class TestSearch:
    @pytest.mark.parametrize("query", ["parcel", "PARCEL", "arcel-"])
    def test_finds_each_kind_by_a_part_of_its_name(self, things, viewer, query):
        found = search(actor=viewer, query=query)

        assert [hit.kind for hit in found] == KINDS
        assert {hit.kind: hit.page for hit in found} == {
            kind: thing.get_absolute_url() for kind, thing in things.items()
        }

    @pytest.mark.parametrize("who", ["viewer", "engineer", "reviewer", "approver"])
    def test_finds_what_members_may_see(self, things, who, request):
        assert len(search(actor=request.getfixturevalue(who), query="parcel")) == len(KINDS)

    def test_finds_nothing_of_other_teams(self, things, outsider, page_of):
        assert search(actor=outsider, query="parcel") == []
        assert "Nothing found" in page_of(outsider, reverse("portal:search") + "?q=parcel").text

    @pytest.mark.parametrize("query", ["%", "_", "lorry"])
    def test_takes_what_is_asked_literally(self, things, viewer, query):
        assert search(actor=viewer, query=query) == []

    def test_gives_a_few_of_each_kind(self, engineer, team):
        for number in range(4):
            datasets.draft(engineer, team, name=f"parcel-{number}")

        assert [hit.label for hit in search(actor=engineer, query="parcel", limit=2)] == ["parcel-3 1", "parcel-2 1"]


class TestSearchPage:
    def test_leads_to_what_it_found(self, things, viewer, page_of):
        answer = page_of(viewer, reverse("portal:search") + "?q=parcel")

        assert [kind for kind, thing in things.items() if thing.get_absolute_url() not in answer.text] == []

    @pytest.mark.parametrize("query", ["", "?q=", "?q=%20"])
    def test_says_what_it_is_for_when_nothing_is_asked(self, things, viewer, page_of, query):
        answer = page_of(viewer, reverse("portal:search") + query)

        assert "What are you looking for?" in answer.text
        assert "parcel" not in answer.text

    def test_shows_what_was_asked_as_text(self, viewer, page_of):
        answer = page_of(viewer, reverse("portal:search") + "?q=<b>bold</b>")

        assert "<b>bold</b>" not in answer.text
        assert "&lt;b&gt;bold&lt;/b&gt;" in answer.text
