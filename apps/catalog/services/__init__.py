"""Writes of the catalog: entries, their files, their way through review."""

from apps.catalog.selectors import file_manifest
from apps.catalog.services.entries import create_model, delete_model, edit_model
from apps.catalog.services.files import add_model_files, materialise_model, remove_model_file
from apps.catalog.services.reviews import approve_model_version, set_model_status, submit_model

__all__ = [
    "add_model_files",
    "approve_model_version",
    "create_model",
    "delete_model",
    "edit_model",
    "file_manifest",
    "materialise_model",
    "remove_model_file",
    "set_model_status",
    "submit_model",
]
