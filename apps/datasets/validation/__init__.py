"""What a dataset file holds: rows that fit, statistics, personal data, duplicates, quality."""

from apps.datasets.validation.examine import Examined, examine

__all__ = ["Examined", "examine"]
