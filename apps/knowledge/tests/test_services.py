import pytest

from apps.accounts.errors import PermissionRefusedError
from apps.core.errors import NotFoundError
from apps.governance.models import AuditEvent
from apps.knowledge import services
from apps.knowledge.errors import (
    CollectionNameTakenError,
    DocumentKnownError,
    DocumentRefusedError,
    EmptyQuestionError,
)
from apps.knowledge.models import Chunk, Collection
from apps.knowledge.selectors import documents_of, search_collection
from apps.knowledge.tests import factories

pytestmark = pytest.mark.django_db


class TestCollections:
    def test_are_made_and_deleted_with_a_trail(self, engineer, team):
        made = factories.handbook(engineer, team)

        services.delete_collection(actor=engineer, collection=made)

        assert not Chunk.objects.exists()
        actions = list(AuditEvent.objects.order_by("pk").values_list("action", flat=True))
        assert actions == ["collection.create", *["collection.add_document"] * 3, "collection.delete"]

    def test_have_plain_names_once_in_a_team(self, engineer, team):
        factories.collection(engineer, team)

        with pytest.raises(CollectionNameTakenError):
            factories.collection(engineer, team)
        with pytest.raises(DocumentRefusedError, match="cannot be a collection's name"):
            factories.collection(engineer, team, name="Not plain")
        assert Collection.objects.count() == 1

    def test_refuse_who_may_not_edit(self, viewer, outsider, engineer, team):
        made = factories.collection(engineer, team)

        with pytest.raises(PermissionRefusedError):
            services.add_document(actor=viewer, collection=made, title="t", text="text")
        with pytest.raises(NotFoundError):
            services.delete_collection(actor=outsider, collection=made)


class TestDocuments:
    def test_are_cut_into_passages(self, engineer, team):
        made = factories.collection(engineer, team)

        document = services.add_document(actor=engineer, collection=made, title="Long", text="A sentence. " * 200)

        assert [chunk.position for chunk in document.chunks.all()] == [0, 1, 2, 3]
        assert documents_of(made).get().chunk_count == 4

    def test_are_known_by_their_text(self, engineer, team):
        made = factories.handbook(engineer, team)

        with pytest.raises(DocumentKnownError, match="as 'Returns'"):
            services.add_document(actor=engineer, collection=made, title="Again", text=factories.RETURNS)

    @pytest.mark.parametrize(
        ("title", "text", "field"),
        [("", "text", "title"), ("t", " \n", "text"), ("t", "a\0b", "text"), ("t", "x" * 1_000_001, "text")],
    )
    def test_are_refused_when_they_cannot_be_used(self, engineer, team, *, title, text, field):
        made = factories.collection(engineer, team)

        with pytest.raises(DocumentRefusedError) as refused:
            services.add_document(actor=engineer, collection=made, title=title, text=text)

        assert set(refused.value.fields) == {field}
        assert not made.documents.exists()

    def test_can_be_taken_out(self, engineer, team):
        made = factories.handbook(engineer, team)

        services.remove_document(actor=engineer, document=made.documents.get(title="Returns"))

        assert made.documents.count() == 2
        assert not Chunk.objects.filter(document__title="Returns").exists()


class TestSearch:
    @pytest.mark.parametrize(
        ("question", "title"),
        [("refund after return", "Returns"), ("how long do islands take", "Delivery"), ("환불이 언제 되나요", "환불")],
    )
    def test_finds_the_passage_that_is_most_like_the_question(self, engineer, team, question, title):
        found = search_collection(factories.handbook(engineer, team), question)

        assert found[0].chunk.document.title == title
        assert found[0].score > found[1].score

    def test_scores_the_same_text_as_one(self, engineer, team):
        found = search_collection(factories.handbook(engineer, team), factories.DELIVERY, count=1)

        assert found[0].score == pytest.approx(1.0, abs=1e-4)

    def test_looks_into_this_collection_only_and_far_enough(self, engineer, team):
        wanted = factories.handbook(engineer, team)
        crowd = factories.collection(engineer, team, name="crowd")
        for number in range(120):
            text = f"{factories.RETURNS} {number}"
            services.add_document(actor=engineer, collection=crowd, title=f"copy {number}", text=text)

        found = search_collection(wanted, factories.RETURNS, count=3)

        assert {passage.chunk.document.collection_id for passage in found} == {wanted.pk}
        assert len(found) == 3

    def test_refuses_a_question_without_characters(self, engineer, team):
        with pytest.raises(EmptyQuestionError):
            search_collection(factories.collection(engineer, team), "  ")
