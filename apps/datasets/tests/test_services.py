import io
import json
import threading

import pytest
from django.core.files.storage import storages
from django.db import connection

from apps.accounts.errors import PermissionRefusedError
from apps.core.errors import NotFoundError, TooLargeError
from apps.datasets import services
from apps.datasets.errors import (
    BrokenRowsError,
    DatasetRulesBrokenError,
    EmptyResultError,
    FileRefusedError,
    NoFileError,
    NotDeletableError,
    NothingToReviewError,
    TypeFixedError,
    VersionFrozenError,
    VersionTakenError,
)
from apps.datasets.models import DatasetVersion, ValidationReport
from apps.datasets.tests import factories
from apps.governance.dependants import HasDependantsError
from apps.governance.errors import OwnWorkError, SubjectChangedError
from apps.governance.models import ApprovalRequest, AuditEvent
from apps.governance.subjects import fact_providers, manifest_of
from conftest import hold


def stored() -> int:
    """How many blobs the storage holds."""
    storage = storages["blobs"]
    folders = storage.listdir("blobs")[0] if storage.exists("blobs") else []
    return sum(len(storage.listdir(f"blobs/{folder}")[1]) for folder in folders)


def validation(dataset: DatasetVersion) -> dict[str, object]:
    return fact_providers(DatasetVersion)["validation"].provide(dataset)


class TestCreateDataset:
    def test_makes_a_draft_and_records_who_did_it(self, engineer, team):
        dataset = factories.draft(engineer, team)

        assert (dataset.status, dataset.version, dataset.pii_status) == ("draft", "1", "unknown")
        assert AuditEvent.objects.get().action == "datasetversion.create"

    def test_refuses_broken_rules_and_taken_versions_and_leaves_nothing(self, engineer, team):
        with pytest.raises(DatasetRulesBrokenError) as refused:
            factories.draft(engineer, team, name="a/b", license="?")
        assert set(refused.value.fields) == {"name", "license"}
        assert not DatasetVersion.objects.exists()

        factories.draft(engineer, team, version="1")
        with pytest.raises(VersionTakenError):
            factories.draft(engineer, team, version="1")

    def test_refuses_who_may_not_edit(self, viewer, outsider, team):
        with pytest.raises(PermissionRefusedError):
            factories.draft(viewer, team)
        with pytest.raises(NotFoundError):
            factories.draft(outsider, team)


class TestReceiveFile:
    def test_keeps_the_file_with_what_was_found_in_it(self, engineer, team):
        dataset = factories.with_file(engineer, team)

        assert (dataset.format, dataset.row_count, dataset.pii_status) == ("jsonl", 10, "clean")
        assert [column["name"] for column in dataset.schema] == ["prompt", "response"]
        assert validation(dataset)["validated"] is True
        assert [row["prompt"] for row in services.iterate_rows(dataset)] == [row["prompt"] for row in factories.ROWS]

    def test_reads_the_same_rows_from_csv(self, engineer, team):
        content = b"prompt,response\n" + b"".join(
            f'"{row["prompt"]}",{row["response"]}\n'.encode() for row in factories.ROWS
        )

        dataset = factories.upload(engineer, factories.draft(engineer, team), content, "data.csv")

        assert list(services.iterate_rows(dataset)) == factories.ROWS

    @pytest.mark.parametrize(
        ("content", "refusal"),
        [
            (b'{"prompt": "p"}\n', BrokenRowsError),
            (b"PK\x03\x04", FileRefusedError),
            (b"", FileRefusedError),
            ("{'질문'}".encode("cp949"), FileRefusedError),
        ],
    )
    def test_refuses_and_leaves_the_version_as_it_was_and_nothing_stored(self, engineer, team, content, refusal):
        dataset = factories.with_file(engineer, team)
        before, blobs = dataset.sha256, stored()
        events = AuditEvent.objects.count()

        with pytest.raises(refusal):
            factories.upload(engineer, dataset, content, "data")

        dataset.refresh_from_db()
        assert (dataset.sha256, dataset.status, stored()) == (before, "draft", blobs)
        assert ValidationReport.objects.count() == 1
        assert AuditEvent.objects.count() == events

    def test_stops_reading_beyond_the_limit(self, engineer, team, settings):
        settings.UPLOAD_MAX_BYTES = 100
        given = []

        def chunks():
            for _ in range(1000):
                given.append(1)
                yield b"x" * 60

        with pytest.raises(TooLargeError):
            services.receive_file(
                actor=engineer, dataset=factories.draft(engineer, team), chunks=chunks(), filename="x.csv"
            )

        assert len(given) == 2

    def test_a_new_file_makes_the_old_report_say_nothing_more(self, engineer, team):
        dataset = factories.with_file(engineer, team)
        dataset = factories.upload(
            engineer, dataset, factories.jsonl([{"prompt": "mail a@example.com", "response": "ok"}])
        )

        assert (dataset.pii_status, validation(dataset)["pii_found"]) == ("detected", 1)

        DatasetVersion.objects.filter(pk=dataset.pk).update(sha256="0" * 64)
        dataset.refresh_from_db()
        assert validation(dataset)["validated"] is False

    def test_voids_approvals_under_review_and_refuses_once_approved(self, engineer, approver, team):
        dataset = factories.under_review(engineer, team)
        other = factories.jsonl([*factories.ROWS, {"prompt": "one more", "response": "yes"}])
        factories.upload(engineer, dataset, other)
        assert AuditEvent.objects.filter(action="approvalrequest.void_approvals").exists()

        services.set_dataset_status(actor=approver, dataset=dataset, status="approved", reason="Good")
        with pytest.raises(VersionFrozenError):
            factories.upload(engineer, dataset, other)

    def test_refuses_who_may_not_edit(self, viewer, outsider, engineer, team):
        dataset = factories.draft(engineer, team)

        with pytest.raises(PermissionRefusedError):
            factories.upload(viewer, dataset, factories.jsonl(factories.ROWS))
        with pytest.raises(NotFoundError):
            factories.upload(outsider, dataset, factories.jsonl(factories.ROWS))

    @pytest.mark.django_db(transaction=True)
    def test_of_an_upload_and_an_approval_at_once_one_comes_first(self, engineer, approver, team):
        dataset = factories.under_review(engineer, team)
        refusals: list[Exception] = []

        def upload() -> None:
            try:
                factories.upload(engineer, dataset, factories.jsonl([{"prompt": "another", "response": "file"}]))
            except VersionFrozenError as error:
                refusals.append(error)
            finally:
                connection.close()

        thread = threading.Thread(target=upload)
        thread.start()
        try:
            services.set_dataset_status(actor=approver, dataset=dataset, status="approved", reason="Good")
        except SubjectChangedError as error:
            refusals.append(error)
        finally:
            thread.join()

        # Either one was refused, or the upload came first and its content was approved; never one without the other.
        dataset.refresh_from_db()
        asked = ApprovalRequest.objects.get()
        assert manifest_of(dataset)[1] == asked.digest
        assert (dataset.status == "approved") == (asked.status == "executed")
        assert len(refusals) <= 1


class TestCleanDataset:
    ROWS = (
        {"id": 1, "prompt": "Mail me at a@example.com", "response": "ok"},
        {"id": 2, "prompt": "IS IT IN STOCK?", "response": "yes"},
        {"id": 3, "prompt": "Is it in stock", "response": "yes"},
        {"id": 4, "prompt": "Where is it", "response": "there", "notes": ["call 010-1234-5678"]},
    )

    def test_masks_personal_data_and_drops_what_repeats(self, engineer, team):
        raw = factories.with_file(engineer, team, self.ROWS)

        clean = services.clean_dataset(actor=engineer, dataset=raw)

        assert (clean.version, clean.status, clean.parent, clean.pii_status) == ("2", "draft", raw, "clean")
        assert [row["id"] for row in services.iterate_rows(clean)] == [1, 2, 4]
        assert next(services.iterate_rows(clean))["prompt"] == "Mail me at [EMAIL]"
        assert clean.derivation == {
            "operation": "clean",
            "drop_duplicates": True,
            "pii": "mask",
            "parent_sha256": raw.sha256,
            "rows_in": 4,
            "rows_out": 3,
            "duplicates_dropped": 1,
            "pii_rows_dropped": 0,
            "pii_rows_masked": 2,
        }
        raw.refresh_from_db()
        assert (raw.row_count, raw.pii_status) == (4, "detected")

    def test_drops_rows_or_keeps_everything_as_asked(self, engineer, team):
        raw = factories.with_file(engineer, team, self.ROWS)

        dropped = services.clean_dataset(actor=engineer, dataset=raw, pii="drop_rows")
        kept = services.clean_dataset(actor=engineer, dataset=raw, pii="keep", drop_duplicates=False, version="raw-2")

        assert [row["id"] for row in services.iterate_rows(dropped)] == [2]
        assert (kept.row_count, kept.pii_status, kept.version) == (4, "detected", "raw-2")

    def test_gives_the_same_bytes_twice(self, engineer, team):
        raw = factories.with_file(engineer, team, self.ROWS)

        first, second = (services.clean_dataset(actor=engineer, dataset=raw) for _ in range(2))

        assert first.sha256 == second.sha256
        assert (first.version, second.version) == ("2", "3")

    def test_refuses_to_leave_nothing(self, engineer, team):
        raw = factories.with_file(engineer, team, self.ROWS[:1])

        with pytest.raises(EmptyResultError):
            services.clean_dataset(actor=engineer, dataset=raw, pii="drop_rows")
        with pytest.raises(NoFileError):
            services.clean_dataset(actor=engineer, dataset=factories.draft(engineer, team, name="other"))
        assert DatasetVersion.objects.filter(name="voc").count() == 1

    def test_leaves_nothing_when_the_version_is_taken(self, engineer, team):
        raw = factories.with_file(engineer, team, self.ROWS)
        blobs = stored()

        with pytest.raises(VersionTakenError):
            services.clean_dataset(actor=engineer, dataset=raw, version="1")

        assert (DatasetVersion.objects.count(), ValidationReport.objects.count(), stored()) == (1, 1, blobs)

    def test_keeps_the_uploader_of_the_raw_data_from_approving_the_clean(self, engineer, approver, manager, team):
        hold(approver, team, "engineer")
        raw = factories.with_file(approver, team, self.ROWS)
        clean = services.clean_dataset(actor=engineer, dataset=raw)
        clean = services.submit_dataset(actor=engineer, dataset=clean, reason="Ready")

        with pytest.raises(OwnWorkError):
            services.set_dataset_status(actor=approver, dataset=clean, status="approved", reason="Good")


class TestReviews:
    def test_walks_through_review_to_deprecation(self, engineer, approver, manager, team):
        dataset = factories.approved(engineer, approver, team)
        assert ApprovalRequest.objects.get().manifest["sha256"] == dataset.sha256

        dataset = services.set_dataset_status(actor=manager, dataset=dataset, status="deprecated", reason="Old")

        assert dataset.status == "deprecated"

    def test_refuses_an_entry_without_a_file(self, engineer, team):
        with pytest.raises(NothingToReviewError):
            services.submit_dataset(actor=engineer, dataset=factories.draft(engineer, team), reason="Ready")


class TestEditAndDelete:
    def test_changes_what_it_says(self, engineer, team):
        dataset = factories.draft(engineer, team)

        changed = services.edit_dataset(actor=engineer, dataset=dataset, changes={"type": "eval_set", "tags": ["ko"]})

        assert (changed.type, changed.tags) == ("eval_set", ["ko"])

    def test_refuses_another_type_once_its_file_was_checked(self, engineer, team):
        dataset = factories.with_file(engineer, team)

        with pytest.raises(TypeFixedError):
            services.edit_dataset(actor=engineer, dataset=dataset, changes={"type": "rag_qa"})

    def test_freezes_what_was_approved_but_not_how_it_is_described(self, engineer, approver, team):
        dataset = factories.approved(engineer, approver, team)

        with pytest.raises(VersionFrozenError):
            services.edit_dataset(actor=engineer, dataset=dataset, changes={"license": "MIT"})
        services.edit_dataset(actor=engineer, dataset=dataset, changes={"description": "Better."})

    def test_deletes_a_draft_but_not_what_was_cleaned_from_or_submitted(self, engineer, team):
        raw = factories.with_file(engineer, team)
        clean = services.clean_dataset(actor=engineer, dataset=raw)
        submitted = factories.under_review(engineer, team, name="other")

        with pytest.raises(HasDependantsError, match="dataset version 'voc 2'"):
            services.delete_dataset(actor=engineer, dataset=raw)
        with pytest.raises(NotDeletableError):
            services.delete_dataset(actor=engineer, dataset=submitted)
        services.delete_dataset(actor=engineer, dataset=clean)

        assert set(DatasetVersion.objects.values_list("name", "version")) == {("voc", "1"), ("other", "1")}


class TestMaterialiseDataset:
    def test_copies_the_file_and_names_it(self, engineer, team, tmp_path):
        dataset = factories.with_file(engineer, team)

        path = services.materialise_dataset(dataset, tmp_path)

        assert path == tmp_path / "voc-1.jsonl"
        assert [json.loads(line) for line in io.BytesIO(path.read_bytes())] == factories.ROWS

    def test_says_so_without_a_file(self, engineer, team, tmp_path):
        with pytest.raises(NoFileError):
            services.materialise_dataset(factories.draft(engineer, team), tmp_path)
