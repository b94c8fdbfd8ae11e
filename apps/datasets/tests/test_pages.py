import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from apps.datasets import services
from apps.datasets.models import DatasetVersion
from apps.datasets.tests import factories
from apps.datasets.tests.test_api import MIXED


@pytest.fixture
def page(client, engineer):
    client.force_login(engineer)
    return client


class TestDatasets:
    def test_says_what_to_do_first(self, page):
        assert "No datasets yet" in page.get(reverse("datasets:datasets")).text

    def test_lists_and_filters(self, page, engineer, team):
        factories.with_file(engineer, team, MIXED, name="mixed")
        factories.with_file(engineer, team, name="pure")

        found = page.get(reverse("datasets:datasets"), {"pii_status": "detected"}).text

        assert "mixed 1" in found
        assert "pure 1" not in found

    @pytest.mark.parametrize("count", [10, 1000])
    @pytest.mark.usefixtures("unaudited")
    def test_asks_the_database_as_often_for_many_as_for_few(
        self, page, engineer, team, count, django_assert_max_num_queries
    ):
        DatasetVersion.objects.bulk_create(
            DatasetVersion(name=f"d{number}", version="1", type="sft_pair", owner_team=team, created_by=engineer)
            for number in range(count)
        )

        with django_assert_max_num_queries(14):
            page.get(reverse("datasets:datasets"))

    def test_shows_an_outsider_nothing(self, client, outsider, engineer, team):
        factories.draft(engineer, team)
        client.force_login(outsider)

        assert "voc 1" not in client.get(reverse("datasets:datasets")).text


class TestCreateAndEdit:
    def test_leads_to_the_page_of_what_it_made(self, page, team):
        given = {"owner_team": team.slug, "name": "new", "type": "sft_pair", "tags": "ko, voc"}

        answer = page.post(reverse("datasets:create"), given)

        made = DatasetVersion.objects.get()
        assert answer.url == made.get_absolute_url()
        assert "Upload the file" in page.get(answer.url).text

    def test_says_what_is_wrong(self, page, team):
        given = {"owner_team": team.slug, "name": "a/b", "type": "sft_pair", "license": "?"}

        answer = page.post(reverse("datasets:create"), given)

        assert answer.status_code == 422
        assert "cannot be a name" in answer.text
        assert "no SPDX licence" in answer.text

    def test_changes_what_it_says(self, page, engineer, team):
        dataset = factories.draft(engineer, team)

        page.post(reverse("datasets:edit", args=[dataset.pk]), {"license": "MIT", "description": "d", "tags": "a"})

        dataset.refresh_from_db()
        assert (dataset.license, dataset.tags) == ("MIT", ["a"])


class TestDataset:
    @pytest.mark.parametrize("tab", ["", "overview", "rows", "columns", "versions", "lineage", "history", "nonsense"])
    @pytest.mark.parametrize("make", [factories.draft, factories.with_file, factories.under_review])
    def test_shows_every_tab(self, page, engineer, team, *, tab, make):
        dataset = make(engineer, team)

        answer = page.get(dataset.get_absolute_url(), {"tab": tab} if tab else {})

        assert answer.status_code == 200
        assert "voc 1" in answer.text

    def test_shows_findings_masked(self, page, engineer, team):
        shown = page.get(factories.with_file(engineer, team, MIXED).get_absolute_url()).text

        assert "a***@***.com" in shown
        assert "a@example.com" not in shown
        assert "2, 3" in shown

    def test_never_runs_what_rows_hold(self, page, engineer, team):
        rows = [{"prompt": "<script>alert(1)</script>", "response": "<img src=x onerror=alert(1)>"}]

        shown = page.get(factories.with_file(engineer, team, rows).get_absolute_url(), {"tab": "rows"}).text

        assert "<script>alert(1)" not in shown
        assert "<img src=x" not in shown

    def test_shows_only_the_buttons_that_work(self, client, viewer, engineer, team):
        dataset = factories.with_file(engineer, team)

        for user, works in ((viewer, False), (engineer, True)):
            client.force_login(user)
            shown = client.get(dataset.get_absolute_url()).text
            assert ("Submit for review" in shown) is works
            assert ("Replace the file" in shown) is works

    def test_is_not_there_for_an_outsider(self, client, outsider, engineer, team):
        dataset = factories.draft(engineer, team)
        client.force_login(outsider)

        assert client.get(dataset.get_absolute_url()).status_code == 404


class TestUpload:
    def send(self, page, dataset, content):
        file = SimpleUploadedFile("x.jsonl", content)
        return page.post(reverse("datasets:upload", args=[dataset.pk]), {"file": file})

    def test_keeps_and_says_so(self, page, engineer, team):
        dataset = factories.draft(engineer, team)

        answer = self.send(page, dataset, factories.jsonl(MIXED))

        assert "3 rows kept and validated" in page.get(answer.url).text

    def test_says_which_rows_are_broken(self, page, engineer, team):
        dataset = factories.draft(engineer, team)

        answer = self.send(page, dataset, b'{"prompt": "", "response": "x"}\n{"prompt": "p", "response": "r"}\n')

        assert answer.status_code == 422
        assert "Row 1: &#x27;prompt&#x27; is empty." in answer.text


class TestClean:
    def test_says_what_it_would_find_and_leads_to_the_new_version(self, page, engineer, team):
        raw = factories.with_file(engineer, team, MIXED)
        address = reverse("datasets:clean", args=[raw.pk])

        assert "1 of 3 rows repeat another; 1 hold personal data" in page.get(address).text
        answer = page.post(address, {"drop_duplicates": "on", "pii": "mask"})

        made = DatasetVersion.objects.get(version="2")
        assert answer.url == made.get_absolute_url()
        assert "1 duplicates dropped, 1 rows masked" in page.get(answer.url).text

    def test_says_why_not(self, page, engineer, team):
        raw = factories.with_file(engineer, team, MIXED[:1])

        answer = page.post(reverse("datasets:clean", args=[raw.pk]), {"pii": "drop_rows"})

        assert answer.status_code == 422
        assert "would leave no row" in answer.text


class TestCompare:
    def test_shows_what_differs(self, page, engineer, team):
        raw = factories.with_file(engineer, team, MIXED)
        services.clean_dataset(actor=engineer, dataset=raw)

        shown = page.get(reverse("datasets:compare", args=[raw.pk]), {"a": "1", "b": "2"}).text

        assert "Items of personal data" in shown
        assert "Changed" in shown


class TestMoves:
    def test_submits_and_says_why_not(self, page, engineer, team):
        given = {"status": "under_review", "reason": "Ready"}
        empty, full = factories.draft(engineer, team, name="empty"), factories.with_file(engineer, team)

        refused = page.post(reverse("datasets:status", args=[empty.pk]), given)
        page.post(reverse("datasets:status", args=[full.pk]), given)

        assert "there is nothing to review" in refused.text
        full.refresh_from_db()
        assert full.status == "under_review"

    def test_deletes_a_draft(self, page, engineer, team):
        dataset = factories.draft(engineer, team)

        page.post(reverse("datasets:delete", args=[dataset.pk]))

        assert not DatasetVersion.objects.exists()
