import pytest
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from apps.core.api.handler import flattened
from apps.core.api.inputs import StrictSerializer


class Resources(StrictSerializer):
    gpu_type = serializers.CharField()
    gpus = serializers.IntegerField(min_value=0)


class Job(StrictSerializer):
    use_gpu = serializers.BooleanField(default=False)
    resources = Resources()


def faults(**data):
    job = Job(data=data)
    with pytest.raises(ValidationError) as refused:
        job.is_valid(raise_exception=True)
    return flattened(refused.value.detail)


class TestStrictSerializer:
    def test_takes_the_names_of_the_contract_and_their_camel_case_aliases(self):
        job = Job(data={"useGpu": True, "resources": {"gpuType": "a100", "gpus": 1}})

        assert job.is_valid()
        assert job.validated_data == {"use_gpu": True, "resources": {"gpu_type": "a100", "gpus": 1}}

    def test_refuses_an_unknown_field_and_suggests_the_close_one(self):
        assert faults(use_gpus=True, resources={"gpu_type": "a100", "gpus": 1}) == {
            "use_gpus": ["Unknown field. Did you mean 'use_gpu'?"]
        }

    def test_names_nested_fields_by_their_path(self):
        assert faults(resources={"gpu_type": "a100", "gpus": "many", "gpuz": 1}) == {
            "resources.gpuz": ["Unknown field. Did you mean 'gpus'?"]
        }
        assert list(faults(resources={"gpu_type": "a100", "gpus": "many"})) == ["resources.gpus"]

    def test_refuses_a_field_given_under_both_names(self):
        assert list(faults(use_gpu=True, useGpu=False, resources={"gpu_type": "a", "gpus": 1})) == ["useGpu"]
