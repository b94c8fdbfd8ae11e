import pytest

from apps.catalog.models import ModelVersion
from apps.catalog.tests import factories
from apps.governance import lineage
from apps.governance.chain import chain_of
from apps.governance.lineage import lineage_of

pytestmark = pytest.mark.django_db


def tuned(actor, team, name: str, base: ModelVersion) -> ModelVersion:
    return factories.draft(actor, team, name=name, type="fine_tuned", base_model=base)


class TestLineage:
    def test_goes_up_and_down_but_not_to_siblings(self, engineer, team):
        root = factories.draft(engineer, team, name="root")
        middle = tuned(engineer, team, "middle", root)
        tuned(engineer, team, "sibling", root)
        leaf = tuned(engineer, team, "leaf", middle)

        graph = lineage_of(actor=engineer, subject=middle)

        assert [node.label for node in graph.nodes] == ["middle 1", "root 1", "leaf 1"]
        assert set(graph.edges) == {(root.pk, middle.pk, "tuned into"), (middle.pk, leaf.pk, "tuned into")}

    def test_costs_the_same_at_any_width(self, engineer, team, django_assert_max_num_queries):
        root = factories.draft(engineer, team, name="root")
        for number in range(20):
            tuned(engineer, team, f"leaf-{number}", root)

        with django_assert_max_num_queries(30):
            assert len(lineage_of(actor=engineer, subject=root).nodes) == 21

    def test_says_when_it_shows_less_than_there_is(self, engineer, team, monkeypatch):
        root = factories.draft(engineer, team, name="root")
        middle = tuned(engineer, team, "middle", root)
        tuned(engineer, team, "leaf", middle)

        assert not lineage_of(actor=engineer, subject=root).is_cut
        monkeypatch.setattr(lineage, "NODES_MAX", 2)
        assert lineage_of(actor=engineer, subject=root).is_cut
        monkeypatch.undo()
        monkeypatch.setattr(lineage, "STEPS_MAX", 1)
        assert lineage_of(actor=engineer, subject=root).is_cut

    def test_stands_in_order_as_a_chain(self, engineer, team):
        root = factories.draft(engineer, team, name="root")
        leaf = tuned(engineer, team, "leaf", root)

        steps = chain_of(actor=engineer, subject=leaf).steps

        assert [(step.node.label, step.is_subject, step.came_from) for step in steps] == [
            ("root 1", False, "Model version"),
            ("leaf 1", True, "Model version, from root 1"),
        ]
