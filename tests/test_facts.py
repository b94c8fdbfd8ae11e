"""What apps gather for policies is what they declare: a fact that does not fit its shape would deny everything."""

from decimal import Decimal

import pytest

from apps.accounts.permissions import Role
from apps.catalog.models import ModelVersion
from apps.costs.services import change_budget
from apps.governance.fact_shapes import example_of, fitted_facts
from apps.governance.models import AccessRequest
from apps.governance.subjects import all_subjects, fact_fitters, fact_shapes, facts_about
from conftest import member
from tests.rows import Rows

pytestmark = pytest.mark.django_db
KINDS = {subject.model._meta.model_name: subject.model for subject in all_subjects()}


@pytest.fixture
def rows(engineer, approver, team, tmp_path):
    return Rows(engineer=engineer, approver=approver, reader=member(team, "reader", *Role), team=team, folder=tmp_path)


@pytest.mark.usefixtures("unaudited")
@pytest.mark.parametrize(
    "of",
    [
        "model",
        "dataset",
        "revision",
        "evaluated",
        "trained",
        "external",
        "policy",
        "waiver",
        "label change",
        "budget change",
        "wish for a role",
        "wish for a limit",
    ],
)
def test_facts_are_as_declared(rows, of):
    subject = {
        "revision": lambda: rows.endpoint.revision,
        "evaluated": lambda: rows.run.model_version,
        "trained": lambda: rows.job.output_model or rows.model,
        "external": lambda: ModelVersion(
            name="bought", version="1", type="external", owner_team=rows.team, metadata={"provider": "openai"}
        ),
        "label change": lambda: rows.label.template.label_changes.get(),
        "budget change": lambda: _changed(rows).changes.get(),
        "wish for a role": lambda: rows.access_request,
        "wish for a limit": lambda: AccessRequest(
            kind="limit", owner_team=rows.team, details={"budget": rows.budget.name, "month_usd": "250.00"}
        ),
    }.get(of, lambda: getattr(rows, of))()

    facts, faults, _ = facts_about(subject)

    assert faults == {}
    assert set(facts) >= set(fact_shapes(type(subject))) - {"actor", "transition", "now"}


def _changed(rows):
    manager = member(rows.team, "budget-manager", Role.MANAGER)
    return change_budget(actor=manager, budget=rows.budget, month_usd=Decimal(2)).budget


@pytest.mark.parametrize("model", KINDS.values(), ids=KINDS)
def test_examples_are_of_their_own_shape(model):
    examples = {name: example_of(shape) for name, shape in fact_shapes(model).items()}

    facts, faults = fitted_facts(examples, fact_fitters(model))

    assert (faults, set(facts)) == ({}, set(examples))
