import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from apps.catalog.models import ModelVersion
from apps.catalog.tests import factories


@pytest.fixture
def page(client, engineer):
    client.force_login(engineer)
    return client


def named(content: bytes, name: str) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


class TestModels:
    def test_says_what_to_do_first(self, page):
        assert "No models yet" in page.get(reverse("catalog:models")).text

    def test_lists_and_filters(self, page, engineer, team):
        factories.draft(engineer, team, name="first")
        factories.draft(engineer, team, name="second", model_family="gemma")

        found = page.get(reverse("catalog:models"), {"q": "sec"}).text

        assert "second 1" in found
        assert "first 1" not in found

    @pytest.mark.parametrize("count", [10, 60])
    def test_asks_the_database_as_often_for_many_as_for_few(
        self, page, engineer, team, count, django_assert_max_num_queries
    ):
        for number in range(count):
            factories.draft(engineer, team, name=f"model-{number}")

        with django_assert_max_num_queries(14):
            page.get(reverse("catalog:models"))

    def test_shows_an_outsider_nothing(self, client, outsider, engineer, team):
        factories.draft(engineer, team)
        client.force_login(outsider)

        assert "voc-classifier" not in client.get(reverse("catalog:models")).text


class TestCreate:
    def test_leads_to_the_page_of_what_it_made(self, page, team):
        given = {"owner_team": team.slug, "name": "new", "type": "base", "model_family": "llama", "tags": "ko, voc"}

        answer = page.post(reverse("catalog:create"), given)

        made = ModelVersion.objects.get()
        assert answer.url == made.get_absolute_url()
        assert made.tags == ["ko", "voc"]

    def test_says_what_is_wrong_and_keeps_what_was_written(self, page, team):
        given = {"owner_team": team.slug, "name": "a/b", "type": "base", "model_family": "llama"}

        answer = page.post(reverse("catalog:create"), given)

        assert answer.status_code == 422
        assert "cannot be a name" in answer.text
        assert 'value="a/b"' in answer.text


class TestModel:
    @pytest.mark.parametrize("tab", ["", "overview", "files", "evidence", "versions", "lineage", "history", "nonsense"])
    @pytest.mark.parametrize("make", [factories.with_files, factories.under_review])
    def test_shows_every_tab(self, page, engineer, team, tmp_path, *, tab, make):
        model = make(engineer, team, tmp_path)

        answer = page.get(model.get_absolute_url(), {"tab": tab} if tab else {})

        assert answer.status_code == 200
        assert "voc-classifier 1" in answer.text

    def test_shows_only_the_buttons_that_work(self, client, viewer, engineer, team, tmp_path):
        model = factories.with_files(engineer, team, tmp_path)

        client.force_login(viewer)
        assert "Submit for review" not in client.get(model.get_absolute_url()).text
        client.force_login(engineer)
        assert "Submit for review" in client.get(model.get_absolute_url()).text

    def test_leads_on_to_its_evaluation_and_once_it_is_approved_to_its_deployment(
        self, client, viewer, engineer, approver, team, tmp_path
    ):
        models = {
            "no files": factories.draft(engineer, team, name="empty"),
            "draft": factories.with_files(engineer, team, tmp_path / "draft", name="draft"),
            "approved": factories.approved(engineer, approver, team, tmp_path / "approved", name="approved"),
        }

        def offered(person):
            client.force_login(person)
            return {
                name: [
                    label
                    for label, place in {"evaluate": "evaluation:start", "deploy": "serving:deploy"}.items()
                    if f"{reverse(place)}?model={model.pk}" in client.get(model.get_absolute_url()).text
                ]
                for name, model in models.items()
            }

        assert offered(engineer) == {"no files": [], "draft": ["evaluate"], "approved": ["evaluate", "deploy"]}
        assert offered(viewer) == {"no files": [], "draft": [], "approved": []}

    def test_never_runs_what_people_write_into_a_card(self, page, engineer, team):
        card = "<script>alert(1)</script>\n\n[x](javascript:alert(1)) ![](https://spy.example/pixel.png)"
        model = factories.draft(engineer, team, card=card)

        shown = page.get(model.get_absolute_url()).text

        assert "<script>alert(1)" not in shown
        assert 'href="javascript' not in shown
        assert "<img" not in shown.split('class="prose"')[1]

    def test_is_not_there_for_an_outsider(self, client, outsider, engineer, team):
        model = factories.draft(engineer, team)
        client.force_login(outsider)

        assert client.get(model.get_absolute_url()).status_code == 404


class TestFiles:
    def test_adds_and_removes_files(self, page, engineer, team):
        model = factories.draft(engineer, team)
        files = [named(factories.safetensors(), "model.safetensors"), named(b"{}", "config.json")]

        page.post(reverse("catalog:upload", args=[model.pk]), {"files": files, "folder": "adapter"})
        page.post(reverse("catalog:remove_file", args=[model.pk, "adapter/config.json"]))

        assert [file.path for file in model.files.all()] == ["adapter/model.safetensors"]

    def test_says_why_a_file_is_refused(self, page, engineer, team):
        model = factories.draft(engineer, team)

        answer = page.post(
            reverse("catalog:upload", args=[model.pk]), {"files": [named(b"\x80\x04K.", "pytorch_model.bin")]}
        )

        assert answer.status_code == 422
        assert "can run code when they are opened" in answer.text
        assert not model.files.exists()

    def test_needs_the_csrf_token(self, engineer, team):
        client = Client(enforce_csrf_checks=True)
        client.force_login(engineer)
        model = factories.draft(engineer, team)

        answer = client.post(reverse("catalog:upload", args=[model.pk]), {"files": [named(b"{}", "config.json")]})

        assert answer.status_code == 403
        assert not model.files.exists()

    def test_refuses_more_than_the_limit_without_keeping_it(self, page, engineer, team, settings):
        settings.UPLOAD_MAX_BYTES = 10
        model = factories.draft(engineer, team)

        answer = page.post(
            reverse("catalog:upload", args=[model.pk]), {"files": [named(factories.safetensors(), "model.safetensors")]}
        )

        assert answer.status_code == 413


class TestMoves:
    def test_submits_and_leads_to_the_request(self, page, engineer, team, tmp_path):
        model = factories.with_files(engineer, team, tmp_path)

        page.post(reverse("catalog:status", args=[model.pk]), {"status": "under_review", "reason": "Ready"})

        shown = page.get(model.get_absolute_url()).text
        assert "Waiting for a verdict" in shown
        assert reverse("governance:approvals") in shown

    def test_says_why_a_move_was_refused(self, page, engineer, team):
        model = factories.draft(engineer, team)

        answer = page.post(reverse("catalog:status", args=[model.pk]), {"status": "under_review", "reason": "Ready"})

        assert answer.status_code == 422
        assert "there is nothing to review" in answer.text

    def test_deletes_a_draft(self, page, engineer, team):
        model = factories.draft(engineer, team)

        assert page.post(reverse("catalog:delete", args=[model.pk])).url == reverse("catalog:models")
        assert not ModelVersion.objects.exists()


class TestEditAndCompare:
    def test_changes_what_it_says(self, page, engineer, team):
        model = factories.draft(engineer, team, metadata={"a": 1})

        given = {"model_family": "llama", "license": "MIT", "metadata": '{"a": 2}', "card": "# Card\n"}
        page.post(reverse("catalog:edit", args=[model.pk]), given)

        model.refresh_from_db()
        assert (model.license, model.metadata, model.card.strip()) == ("MIT", {"a": 2}, "# Card")

    def test_shows_what_differs(self, page, engineer, team, tmp_path):
        first = factories.with_files(engineer, team, tmp_path / "a")
        factories.draft(engineer, team, license="MIT", card="# New")

        shown = page.get(reverse("catalog:compare", args=[first.pk]), {"a": "1", "b": "2"}).text

        assert "<del>Apache-2.0</del>" in shown
        assert "Removed" in shown
