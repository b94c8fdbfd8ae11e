"""Which container image a job or a server runs in: chosen by what it does and whether it has a GPU."""

from apps.integrations.images.allowed import (
    UnknownImageError,
    allowed_serving_images,
    images_version,
    serving_image,
    training_image,
)

__all__ = ["UnknownImageError", "allowed_serving_images", "images_version", "serving_image", "training_image"]
