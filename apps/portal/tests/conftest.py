import pytest
from rest_framework.test import APIClient

from apps.telemetry.tests.factories import shipped


@pytest.fixture
def client_of():
    """Return a function from a person to an API client signed in as them."""

    def signed_in(person):
        client = APIClient()
        client.force_authenticate(person)
        return client

    return signed_in


@pytest.fixture
def page_of(client):
    """Return a function from a person and an address to the answer."""

    def get(person, path):
        client.force_login(person)
        return client.get(path)

    return get


@pytest.fixture
def answered(team, tmp_path):
    """Return a function that records one call of an endpoint, as the gateway does."""

    def record(endpoint, **given):
        values = {
            "team_id": team.pk,
            "route": endpoint.route_name,
            "endpoint_id": endpoint.pk,
            "revision_id": endpoint.revision_id,
            "model_version_id": endpoint.revision.model_version_id,
        }
        (event,) = shipped(tmp_path, values | given)
        return event

    return record
