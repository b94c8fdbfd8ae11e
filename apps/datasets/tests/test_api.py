import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from rest_framework.test import APIClient

from apps.datasets import services
from apps.datasets.models import DatasetVersion
from apps.datasets.tests import factories

pytestmark = pytest.mark.django_db
BASE = "/llm-ops/v1/catalog/datasets"
MIXED = (
    {"id": 1, "prompt": "Mail me at a@example.com", "response": "ok"},
    {"id": 2, "prompt": "Is it in stock?", "response": "yes"},
    {"id": 3, "prompt": "IS IT IN STOCK", "response": "yes"},
)


@pytest.fixture
def api(engineer) -> APIClient:
    client = APIClient()
    client.force_authenticate(engineer)
    return client


def sent(content: bytes, name: str) -> dict[str, SimpleUploadedFile]:
    return {"file": SimpleUploadedFile(name, content)}


class TestList:
    def test_narrows_by_every_filter(self, api, engineer, team):
        factories.with_file(engineer, team, MIXED, name="mixed")
        factories.with_file(engineer, team, name="clean", tags=["ko"])
        factories.draft(engineer, team, name="empty", type="rag_qa", version="v9")

        def names(**asked: object) -> list[str]:
            return [item["name"] for item in api.get(BASE, asked).json()["data"]["items"]]

        assert names() == ["empty", "clean", "mixed"]
        assert names(pii_status="detected") == names(name="mixed") == ["mixed"]
        assert names(min_quality_score=0) == ["clean", "mixed"]
        assert names(min_quality_score=99) == names(tag="ko") == ["clean"]
        assert names(type="rag_qa") == names(version="v9") == ["empty"]
        assert names(owner_team="logistics") == []

    @pytest.mark.parametrize("asked", [{"min_quality_score": "high"}, {"type": "x"}, {"pii": "clean"}])
    def test_refuses_filters_that_there_are_not(self, api, asked, team):
        response = api.get(BASE, asked)

        assert response.status_code == 400
        assert set(response.json()["data"]["fields"]) == set(asked)

    @pytest.mark.parametrize("count", [10, 1000])
    @pytest.mark.usefixtures("unaudited")
    def test_costs_the_same_at_ten_rows_and_at_a_thousand(
        self, api, engineer, team, count, django_assert_max_num_queries
    ):
        DatasetVersion.objects.bulk_create(
            DatasetVersion(name=f"d{number}", version="1", type="sft_pair", owner_team=team, created_by=engineer)
            for number in range(count)
        )

        with django_assert_max_num_queries(2):
            body = api.get(BASE, {"limit": 500}).json()["data"]

        assert len(body["items"]) == min(count, 500)


class TestUpload:
    def test_keeps_and_validates(self, api, engineer, team):
        dataset = factories.draft(engineer, team)

        body = api.post(
            f"{BASE}/{dataset.pk}/upload", sent(factories.jsonl(MIXED), "x.jsonl"), format="multipart"
        ).json()

        assert (body["data"]["row_count"], body["data"]["pii_status"]) == (3, "detected")
        assert body["message"] == "3 rows kept. Personal data: found."

    @pytest.mark.parametrize(
        ("content", "name", "status", "code"),
        [
            (b'{"prompt": "p"}\n', "x.jsonl", 422, "datasets.broken_rows"),
            (b'{"prompt": "p", "response": "r"}\n', "x.csv", 415, "datasets.file_refused"),
            (b"PK\x03\x04", "x.xlsx", 415, "datasets.file_refused"),
            ("{'질문'}".encode("cp949"), "x.jsonl", 415, "datasets.file_refused"),
        ],
    )
    def test_refuses_with_the_reason(self, api, engineer, team, *, content, name, status, code):
        dataset = factories.draft(engineer, team)

        response = api.post(f"{BASE}/{dataset.pk}/upload", sent(content, name), format="multipart")

        assert (response.status_code, response.json()["data"]["code"]) == (status, code)
        dataset.refresh_from_db()
        assert dataset.sha256 == ""

    def test_names_the_rows(self, api, engineer, team):
        dataset = factories.draft(engineer, team)
        rows = [{"prompt": "good", "response": "good"}, {"prompt": "  ", "response": "good"}]

        body = api.post(f"{BASE}/{dataset.pk}/upload", sent(factories.jsonl(rows), "x"), format="multipart").json()

        assert body["data"]["fields"] == {"rows[2].prompt": ["Row 2: 'prompt' is empty. Fill in or drop the row."]}
        assert body["data"]["details"] == {"broken": 1, "rows": 2}

    def test_takes_one_file(self, api, engineer, team):
        dataset = factories.draft(engineer, team)
        two = {**sent(b"a", "a"), "other": SimpleUploadedFile("b", b"b")}

        assert api.post(f"{BASE}/{dataset.pk}/upload", two, format="multipart").status_code == 400


class TestReading:
    def test_shows_rows_columns_and_statistics(self, api, engineer, team):
        dataset = factories.with_file(engineer, team, MIXED)

        shown = api.get(f"{BASE}/{dataset.pk}/preview", {"rows": 2}).json()["data"]

        assert shown["rows"] == list(MIXED[:2])
        assert shown["row_count"] == 3
        assert shown["schema"][0] == {"name": "id", "type": "integer"}
        assert shown["statistics"]["response"]["distinct"] == 2

    @pytest.mark.parametrize("rows", ["0", "201", "x"])
    def test_shows_a_bounded_number_of_rows(self, api, engineer, team, rows):
        dataset = factories.with_file(engineer, team)

        assert api.get(f"{BASE}/{dataset.pk}/preview", {"rows": rows}).status_code == 400

    def test_tells_what_validation_found_without_the_values(self, api, engineer, team):
        dataset = factories.with_file(engineer, team, MIXED)

        report = api.get(f"{BASE}/{dataset.pk}/validation").json()["data"]

        assert report["pii"]["items"] == [{"row": 1, "kind": "email", "columns": ["prompt"], "sample": "a***@***.com"}]
        assert report["duplicates"]["groups"] == [{"rows": [2, 3], "count": 2, "kind": "normalised"}]
        assert "example.com" not in json.dumps(report)

    def test_says_so_without_a_file(self, api, engineer, team):
        dataset = factories.draft(engineer, team)

        assert api.get(f"{BASE}/{dataset.pk}/validation").json()["data"]["code"] == "datasets.no_file"
        assert api.get(f"{BASE}/{dataset.pk}/file").status_code == 409
        assert api.get(f"{BASE}/{dataset.pk}/preview").json()["data"]["rows"] == []

    def test_sends_the_file_or_a_part_of_it(self, api, engineer, team):
        dataset = factories.with_file(engineer, team, MIXED)

        response = api.get(f"{BASE}/{dataset.pk}/file", headers={"Range": "bytes=0-6"})

        assert b"".join(response.streaming_content) == b'{"id": '
        assert response.status_code == 206


class TestClean:
    def test_makes_a_version_that_knows_where_it_came_from(self, api, engineer, team):
        raw = factories.with_file(engineer, team, MIXED)

        made = api.post(f"{BASE}/{raw.pk}/clean", {}, format="json").json()

        assert made["message"] == "'voc 2' has 2 of 3 rows."
        assert made["data"]["parent"]["id"] == str(raw.pk)
        assert made["data"]["derivation"]["duplicates_dropped"] == 1
        lineage = api.get(f"{BASE}/{raw.pk}/lineage").json()["data"]
        assert lineage["edges"] == [{"from": str(raw.pk), "to": made["data"]["id"], "verb": "cleaned into"}]

    def test_is_made_once_for_one_key(self, api, engineer, team):
        raw = factories.with_file(engineer, team, MIXED)

        answers = [
            api.post(f"{BASE}/{raw.pk}/clean", {}, format="json", headers={"Idempotency-Key": "a-key"}).json()
            for _ in range(2)
        ]

        assert answers[0]["data"] == answers[1]["data"]
        assert DatasetVersion.objects.count() == 2


class TestCompare:
    def test_tells_rows_columns_and_findings_apart(self, api, engineer, team):
        raw = factories.with_file(engineer, team, MIXED)
        services.clean_dataset(actor=engineer, dataset=raw)

        shown = api.get(f"{BASE}/{raw.pk}/versions/1/compare/2").json()["data"]

        assert shown["rows"] == {"key": "id", "same": 1, "changed": 1, "removed": 1, "added": 0}
        assert [found["found"] for found in shown["pii"]] == [1, 0]
        assert shown["quality"][1]["score"] > shown["quality"][0]["score"]

    def test_tells_changed_columns_and_added_rows_without_ids(self, api, engineer, team):
        first = factories.with_file(engineer, team, [{"prompt": "one", "response": "x", "old": 1}])
        second = [{"prompt": "one", "response": "y", "old": "1"}, {"prompt": "two", "response": "x", "new": True}]
        factories.with_file(engineer, team, second)

        shown = api.get(f"{BASE}/{first.pk}/versions/1/compare/2").json()["data"]

        assert shown["schema"] == {
            "added": ["new"],
            "removed": [],
            "retyped": [{"name": "old", "types": ["integer", "string"]}],
        }
        assert shown["rows"] == {"key": "prompt", "same": 0, "changed": 1, "removed": 0, "added": 1}

    def test_counts_repeated_rows_one_by_one(self, api, engineer, team):
        row = {"prompt": "same", "response": "same"}
        first = factories.with_file(engineer, team, [row, row, row])
        factories.with_file(engineer, team, [row])

        rows = api.get(f"{BASE}/{first.pk}/versions/1/compare/2").json()["data"]["rows"]

        assert (rows["same"], rows["removed"], rows["added"]) == (1, 2, 0)

    def test_says_how_far_labels_moved(self, api, engineer, team):
        def labelled(yes: int, no: int) -> list[dict[str, str]]:
            answers = ["yes"] * yes + ["no"] * no
            return [{"prompt": f"question {number}", "response": answer} for number, answer in enumerate(answers)]

        first = factories.with_file(engineer, team, labelled(5, 5))
        factories.with_file(engineer, team, labelled(10, 0))

        columns = api.get(f"{BASE}/{first.pk}/versions/1/compare/2").json()["data"]["columns"]

        assert {column["name"]: column["label_distance"] for column in columns} == {"prompt": None, "response": 0.5}

    def test_needs_two_files(self, api, engineer, team):
        first = factories.with_file(engineer, team)
        factories.draft(engineer, team)

        assert api.get(f"{BASE}/{first.pk}/versions/1/compare/2").status_code == 409


class TestCard:
    def test_holds_facts_origin_columns_and_findings(self, api, engineer, team):
        raw = factories.with_file(engineer, team, MIXED, tags=["ko"])
        clean = services.clean_dataset(actor=engineer, dataset=raw)

        text = api.get(f"{BASE}/{clean.pk}/card").text
        metadata = api.get(f"{BASE}/{clean.pk}/card", headers={"Accept": "application/json"}).json()["data"]["metadata"]

        assert metadata == {
            "pretty_name": "voc 2",
            "size_categories": ["n<1K"],
            "license": "apache-2.0",
            "tags": ["ko"],
        }
        assert "Cleaned from voc 1" in text
        assert "| prompt | string |" in text

    def test_is_there_before_the_file_is(self, api, engineer, team):
        assert "no file yet" in api.get(f"{BASE}/{factories.draft(engineer, team).pk}/card").text
