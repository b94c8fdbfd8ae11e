import pytest

from apps.integrations import images


class TestImages:
    @pytest.mark.parametrize("job_type", ["PRETRAIN", "SFT", "RAG_TUNING", "RLHF", "EMBEDDING"])
    def test_every_kind_of_job_has_one_with_and_one_without_gpu(self, job_type):
        assert images.training_image(job_type, use_gpu=False) != images.training_image(job_type, use_gpu=True)

    @pytest.mark.parametrize("target", ["GENERATION", "RAG"])
    def test_both_images_of_a_target_are_allowed(self, target):
        both = {images.serving_image(target, use_gpu=False), images.serving_image(target, use_gpu=True)}

        assert set(images.allowed_serving_images(target)) == both

    def test_an_unknown_kind_is_refused_by_name(self):
        with pytest.raises(images.UnknownImageError, match="train BAKING"):
            images.training_image("BAKING", use_gpu=False)

    def test_an_unknown_target_allows_nothing(self):
        assert images.allowed_serving_images("BAKING") == ()

    def test_the_table_has_a_version(self):
        assert images.images_version() >= 1
