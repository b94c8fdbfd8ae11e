"""Writes of datasets: entries, their files, cleaning, their way through review."""

from apps.datasets.selectors import iterate_rows
from apps.datasets.services.cleaning import clean_dataset
from apps.datasets.services.entries import create_dataset, delete_dataset, edit_dataset
from apps.datasets.services.files import add_dataset_file, materialise_dataset, receive_file
from apps.datasets.services.reviews import set_dataset_status, submit_dataset
from apps.datasets.services.showing import note_reading, show_rows

__all__ = [
    "add_dataset_file",
    "clean_dataset",
    "create_dataset",
    "delete_dataset",
    "edit_dataset",
    "iterate_rows",
    "materialise_dataset",
    "note_reading",
    "receive_file",
    "set_dataset_status",
    "show_rows",
    "submit_dataset",
]
