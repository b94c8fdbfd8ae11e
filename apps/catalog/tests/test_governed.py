"""What governance is told of external models: what is not stated counts as the worse case."""

import pytest

from apps.catalog.governed import external_facts
from apps.catalog.models import ModelVersion


def external(**metadata):
    return external_facts(ModelVersion(type="external", metadata={"provider": "litellm", **metadata}))


class TestExternalFacts:
    @pytest.mark.parametrize(
        ("address", "leaves"),
        [
            (None, True),
            ("https://api.example.com/v1", True),
            ("https://8.8.8.8/v1", True),
            ("http://localhost:4000", False),
            ("http://10.1.2.3:4000", False),
            ("http://[::1]:4000", False),
            ("http://litellm.models.svc.cluster.local", False),
            ("https://internal.example.com", True),
        ],
    )
    def test_say_whether_what_it_is_asked_leaves_the_house(self, address, leaves):
        assert external(base_url=address)["is_remote"] is leaves

    @pytest.mark.parametrize(
        ("stated", "trains"), [({}, True), ({"trains_on_data": None}, True), ({"trains_on_data": False}, False)]
    )
    def test_take_no_silence_for_a_promise(self, stated, trains):
        assert external(**stated)["trains_on_data"] is trains

    def test_of_a_model_that_runs_here_are_none(self):
        assert external_facts(ModelVersion(type="base")) == {}
