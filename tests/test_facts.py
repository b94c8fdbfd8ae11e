"""What apps gather for policies is what they declare: a fact that does not fit its shape would deny everything."""

import pytest

from apps.accounts.permissions import Role
from apps.catalog.models import ModelVersion
from apps.governance.fact_shapes import example_of, fitted_facts
from apps.governance.subjects import all_subjects, fact_fitters, fact_shapes, facts_about
from conftest import member
from tests.rows import Rows

pytestmark = pytest.mark.django_db
KINDS = {subject.model._meta.model_name: subject.model for subject in all_subjects()}


@pytest.fixture
def rows(engineer, approver, team, tmp_path):
    return Rows(engineer=engineer, approver=approver, reader=member(team, "reader", *Role), team=team, folder=tmp_path)


@pytest.mark.usefixtures("unaudited")
@pytest.mark.parametrize("of", ["model", "dataset", "revision", "evaluated", "trained", "external", "policy", "waiver"])
def test_facts_are_as_declared(rows, of):
    subject = {
        "revision": lambda: rows.endpoint.revision,
        "evaluated": lambda: rows.run.model_version,
        "trained": lambda: rows.job.output_model or rows.model,
        "external": lambda: ModelVersion(
            name="bought", version="1", type="external", owner_team=rows.team, metadata={"provider": "openai"}
        ),
    }.get(of, lambda: getattr(rows, of))()

    facts, faults = facts_about(subject)

    assert faults == {}
    assert set(facts) >= set(fact_shapes(type(subject))) - {"actor", "transition", "now"}


@pytest.mark.parametrize("model", KINDS.values(), ids=KINDS)
def test_examples_are_of_their_own_shape(model):
    examples = {name: example_of(shape) for name, shape in fact_shapes(model).items()}

    facts, faults = fitted_facts(examples, fact_fitters(model))

    assert (faults, set(facts)) == ({}, set(examples))
