import uuid

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from rest_framework.test import APIClient

from apps.catalog.models import ModelVersion
from apps.catalog.tests import factories

pytestmark = pytest.mark.django_db
BASE = "/llm-ops/v1/catalog/models"


def client_of(user) -> APIClient:
    client = APIClient()
    client.force_authenticate(user)
    return client


@pytest.fixture
def api(engineer) -> APIClient:
    return client_of(engineer)


class TestBody:
    """The one parser of all bodies, tried on one address."""

    FIELDS = '"owner_team": "voc", "name": "x", "type": "base", "model_family": "llama"'

    @pytest.mark.parametrize(
        "metadata",
        [r'{"a": "\u0000"}', '{"a": 1e400}', r'{"a": "\ud800"}', "[" * 100_000, '{"a":' + "[" * 300 + "]" * 300 + "}"],
        ids=["a NUL", "infinity", "half a surrogate pair", "brackets without end", "too deep"],
    )
    @pytest.mark.parametrize("headers", [{}, {"Idempotency-Key": "one"}], ids=["", "with a key"])
    def test_that_could_not_be_kept_is_refused(self, api, team, metadata, headers):
        raw = f'{{{self.FIELDS}, "metadata": {metadata}}}'

        response = api.post(BASE, raw, content_type="application/json", headers=headers)

        assert (response.status_code, response.json()["data"]["code"]) == (400, "core.unreadable_json")
        assert not ModelVersion.objects.exists()

    @pytest.mark.parametrize("headers", [{}, {"Idempotency-Key": "one"}], ids=["", "with a key"])
    def test_that_is_too_long_is_refused_in_the_envelope(self, api, team, settings, headers):
        settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
        raw = f'{{{self.FIELDS}, "description": "{"x" * 1000}"}}'

        response = api.post(BASE, raw, content_type="application/json", headers=headers)

        assert (response.status_code, response.json()["data"]["code"]) == (413, "core.too_large")
        assert not ModelVersion.objects.exists()


class TestList:
    def test_narrows_by_every_filter(self, api, engineer, team):
        factories.draft(engineer, team, name="a", tags=["ko"], description="Classifies the voice of customers")
        factories.draft(engineer, team, name="b", model_family="gemma")

        def names(**asked: str) -> list[str]:
            return [item["name"] for item in api.get(BASE, asked).json()["data"]["items"]]

        assert names() == ["b", "a"]
        assert names(tag="ko") == names(q="VOICE") == names(model_family="llama") == ["a"]
        assert names(type="base", status="draft", owner_team="voc") == ["b", "a"]
        assert names(owner_team="logistics") == []

    @pytest.mark.parametrize(
        "asked", [{"type": "tiny"}, {"statuses": "draft"}, {"limit": "0"}, {"limit": "9" * 5000}, {"cursor": "x"}]
    )
    def test_refuses_filters_that_there_are_not(self, api, asked, team):
        response = api.get(BASE, asked)

        assert response.status_code == 400
        assert set(response.json()["data"]["fields"]) == set(asked)

    @pytest.mark.parametrize("count", [10, 1000])
    @pytest.mark.usefixtures("unaudited")
    def test_costs_the_same_at_ten_rows_and_at_a_thousand(
        self, api, engineer, team, count, django_assert_max_num_queries
    ):
        ModelVersion.objects.bulk_create(
            ModelVersion(name=f"m{number}", version="1", type="base", owner_team=team, created_by=engineer)
            for number in range(count)
        )

        with django_assert_max_num_queries(2):
            body = api.get(BASE, {"limit": 500}).json()["data"]

        assert len(body["items"]) == min(count, 500)

    def test_pages_without_gap_or_repeat(self, api, engineer, team):
        for number in range(5):
            factories.draft(engineer, team, name=f"m{number}")

        first = api.get(BASE, {"limit": 2}).json()["data"]
        second = api.get(BASE, {"limit": 3, "cursor": first["next"]}).json()["data"]

        assert [item["name"] for item in first["items"] + second["items"]] == ["m4", "m3", "m2", "m1", "m0"]
        assert second["next"] is None


class TestCreate:
    def test_registers_a_draft(self, api, team):
        body = api.post(
            BASE, {"name": "m", "type": "base", "modelFamily": "llama", "ownerTeam": "voc"}, format="json"
        ).json()

        assert body["status"] == "success"
        assert (body["data"]["version"], body["data"]["status"]) == ("1", "draft")

    def test_names_the_rule_that_is_broken(self, api, team):
        response = api.post(
            BASE, {"name": "m", "type": "external", "model_family": "gpt", "owner_team": "voc"}, format="json"
        )

        assert response.status_code == 422
        assert {rule["rule"] for rule in response.json()["data"]["rules"]} == {
            "external_provider_known",
            "external_address_given",
        }

    def test_gives_the_same_answer_for_the_same_key(self, api, team):
        given = {"name": "m", "type": "base", "model_family": "llama", "owner_team": "voc"}
        headers = {"Idempotency-Key": str(uuid.uuid4())}

        first, second = (api.post(BASE, given, format="json", headers=headers).json() for _ in range(2))

        assert first["data"] == second["data"]
        assert ModelVersion.objects.count() == 1

    def test_a_base_model_of_others_does_not_exist(self, api, team, outsider, other_team):
        theirs = factories.draft(outsider, other_team)

        given = {"name": "m", "type": "fine_tuned", "model_family": "llama", "owner_team": "voc"}
        response = api.post(BASE, {**given, "base_model": str(theirs.pk)}, format="json")

        assert response.status_code == 404


class TestDetail:
    def test_shows_files_evidence_approvals_lineage_and_card(self, api, engineer, team, tmp_path):
        base = factories.under_review(engineer, team, tmp_path)
        tuned = factories.draft(engineer, team, name="tuned", type="fine_tuned", base_model=base)

        shown = api.get(f"{BASE}/{base.pk}").json()["data"]

        assert [file["path"] for file in shown["files"]] == ["config.json", "model.safetensors", "tokenizer.json"]
        assert shown["approvals"][0]["status"] == "open"
        assert shown["lineage"]["edges"] == [{"from": str(base.pk), "to": str(tuned.pk), "verb": "tuned into"}]
        assert shown["card"].startswith("---\n")

    def test_hides_relatives_that_may_not_be_seen(self, engineer, superuser, team, outsider, other_team):
        theirs = factories.draft(outsider, other_team)
        ours = factories.draft(superuser, team, name="tuned", type="fine_tuned", base_model=theirs)

        shown = client_of(engineer).get(f"{BASE}/{ours.pk}/lineage").json()["data"]

        assert ([node["label"] for node in shown["nodes"]], shown["hidden"]) == (["tuned 1"], 1)


class TestFiles:
    def test_takes_files_by_name_or_by_path(self, api, engineer, team):
        model = factories.draft(engineer, team)

        body = api.post(
            f"{BASE}/{model.pk}/upload",
            {
                "files": [SimpleUploadedFile("model.safetensors", factories.safetensors())],
                "adapter/adapter_config.json": SimpleUploadedFile("anything", b"{}"),
            },
            format="multipart",
        ).json()

        assert [file["path"] for file in body["data"]["items"]] == ["adapter/adapter_config.json", "model.safetensors"]

    @pytest.mark.parametrize(
        ("field", "name", "content", "status"),
        [
            ("files", "model.bin", b"\x80\x02", 415),
            ("files", "model.safetensors", b"PK\x03\x04" + b"\0" * 100, 415),
            ("../../etc/passwd", "x", b"{}", 400),
            ("/abs/config.json", "x", b"{}", 400),
        ],
    )
    def test_refuses_and_keeps_nothing(self, api, engineer, team, *, field, name, content, status):
        model = factories.draft(engineer, team)

        response = api.post(f"{BASE}/{model.pk}/upload", {field: SimpleUploadedFile(name, content)}, format="multipart")

        assert response.status_code == status
        assert not model.files.exists()

    def test_refuses_more_than_the_limit(self, api, engineer, team, settings):
        settings.UPLOAD_MAX_BYTES = 10
        model = factories.draft(engineer, team)

        response = api.post(
            f"{BASE}/{model.pk}/upload",
            {"files": SimpleUploadedFile("model.safetensors", factories.safetensors())},
            format="multipart",
        )

        assert response.status_code == 413
        assert response.json()["data"]["code"] == "core.too_large"

    def test_says_so_when_nothing_was_sent(self, api, engineer, team):
        response = api.post(f"{BASE}/{factories.draft(engineer, team).pk}/upload", {}, format="multipart")

        assert response.status_code == 400
        assert "file" in response.json()["data"]["fields"]

    @pytest.mark.parametrize(
        ("asked", "status", "part"),
        [
            (None, 200, slice(None)),
            ("bytes=0-3", 206, slice(0, 4)),
            ("bytes=4-", 206, slice(4, None)),
            ("bytes=-5", 206, slice(-5, None)),
            ("bytes=2-999999", 206, slice(2, None)),
            ("bytes=5-2", 200, slice(None)),
            ("lines=1-2", 200, slice(None)),
            ("bytes=0-1,4-5", 200, slice(None)),
        ],
    )
    def test_sends_what_is_asked_for(self, api, engineer, team, tmp_path, *, asked, status, part):
        model = factories.with_files(engineer, team, tmp_path)
        content = factories.safetensors()

        response = api.get(f"{BASE}/{model.pk}/files/model.safetensors", headers={"Range": asked} if asked else {})

        assert response.status_code == status
        assert b"".join(response.streaming_content) == content[part]
        assert int(response["Content-Length"]) == len(content[part])

    def test_refuses_a_range_outside_of_it(self, api, engineer, team, tmp_path):
        model = factories.with_files(engineer, team, tmp_path)

        response = api.get(f"{BASE}/{model.pk}/files/model.safetensors", headers={"Range": "bytes=100000-"})

        assert response.status_code == 416
        assert response["Content-Range"] == f"bytes */{len(factories.safetensors())}"

    def test_sends_the_whole_when_the_file_is_another_one_now(self, api, engineer, team, tmp_path):
        model = factories.with_files(engineer, team, tmp_path)

        response = api.get(
            f"{BASE}/{model.pk}/files/model.safetensors", headers={"Range": "bytes=0-3", "If-Range": '"old"'}
        )

        assert response.status_code == 200

    def test_is_sent_whatever_the_client_says_it_accepts(self, engineer, team, tmp_path):
        model = factories.with_files(engineer, team, tmp_path)

        response = client_of(engineer).get(f"{BASE}/{model.pk}/files/config.json", headers={"Accept": "text/html"})

        assert response.status_code == 200
        assert response["Content-Disposition"] == 'attachment; filename="config.json"'


class TestCard:
    def test_is_markdown_or_json_as_asked(self, api, engineer, team):
        model = factories.draft(engineer, team, card="---\ndatasets: [voc]\nlicense: mit\n---\n# Mine\n")

        as_text = api.get(f"{BASE}/{model.pk}/card", headers={"Accept": "text/markdown"})
        as_json = api.get(f"{BASE}/{model.pk}/card", headers={"Accept": "application/json"}).json()["data"]

        assert as_text["Content-Type"] == "text/markdown; charset=utf-8"
        assert "# Mine" in as_text.text
        assert as_json["metadata"]["datasets"] == ["voc"]
        assert as_json["metadata"]["license"] == "apache-2.0"  # what is known wins over what was written

    def test_refuses_in_json_whatever_was_asked_for(self, api, team):
        response = api.get(f"{BASE}/{uuid.uuid4()}/card", headers={"Accept": "text/markdown"})

        assert response.status_code == 404
        assert response.json()["status"] == "error"


class TestCompare:
    def test_says_what_differs(self, api, engineer, team, tmp_path):
        first = factories.with_files(engineer, team, tmp_path)
        factories.draft(engineer, team, license="MIT")

        shown = api.get(f"{BASE}/{first.pk}/versions/1/compare/2").json()["data"]

        assert shown["fields_changed"]["license"] == ["Apache-2.0", "MIT"]
        assert {file["change"] for file in shown["files"]} == {"removed"}

    def test_says_so_when_there_is_no_such_version(self, api, engineer, team):
        model = factories.draft(engineer, team)

        response = api.get(f"{BASE}/{model.pk}/versions/1/compare/9")

        assert response.status_code == 404
        assert "no version '9'" in response.json()["message"]


class TestDelete:
    def test_lists_what_needs_it(self, api, engineer, team):
        base = factories.draft(engineer, team)
        tuned = factories.draft(engineer, team, name="tuned", type="fine_tuned", base_model=base)

        response = api.delete(f"{BASE}/{base.pk}")

        assert response.status_code == 409
        (row,) = response.json()["data"]["details"]["dependants"]
        assert (row["kind"], row["id"], row["label"]) == ("modelversion", str(tuned.pk), "tuned 1")
