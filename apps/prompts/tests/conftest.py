import pytest
from rest_framework.test import APIClient

from apps.prompts.services import add_version
from apps.prompts.tests.factories import prompt_template


@pytest.fixture
def template(engineer, team):
    return prompt_template(engineer, team)


@pytest.fixture
def template_with_two(engineer, template):
    """A template whose second version has no variables."""
    add_version(actor=engineer, template=template, user="Second")
    return template


@pytest.fixture
def client_of():
    """Return a function from a person to an API client signed in as them."""

    def signed_in(person):
        client = APIClient()
        client.force_authenticate(person)
        return client

    return signed_in
