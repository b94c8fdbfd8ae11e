"""Of rows with personal data in them it is on record who read them."""

import pytest
from rest_framework.test import APIClient

from apps.datasets.models import DatasetVersion
from apps.datasets.states import PiiStatus
from apps.datasets.tests.factories import with_file
from apps.governance.models import AuditEvent

BASE = "/llm-ops/v1/catalog/datasets"


@pytest.mark.django_db
@pytest.mark.parametrize("status", [PiiStatus.DETECTED, PiiStatus.CLEAN])
def test_reads_of_rows_and_of_the_file_are_recorded_where_there_is_personal_data(engineer, team, client, status):
    dataset = with_file(engineer, team)
    DatasetVersion.objects.filter(pk=dataset.pk).update(pii_status=status)
    api = APIClient()
    api.force_authenticate(engineer)
    client.force_login(engineer)

    api.get(f"{BASE}/{dataset.pk}/preview")
    client.get(f"/catalog/datasets/{dataset.pk}/?tab=rows")
    client.get(f"/catalog/datasets/{dataset.pk}/")
    b"".join(api.get(f"{BASE}/{dataset.pk}/file").streaming_content)

    reads = AuditEvent.objects.filter(action__contains=".read_", actor=engineer, subject_id=dataset.pk).order_by("id")
    found = ["datasetversion.read_rows", "datasetversion.read_file"] if status == PiiStatus.DETECTED else []
    assert list(reads.values_list("action", flat=True)) == found
