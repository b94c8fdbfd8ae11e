"""Data cards: Markdown with the metadata that Hugging Face reads, made of what validation found and people wrote.

Source: https://huggingface.co/docs/hub/datasets-cards.
"""

from dataclasses import dataclass
from typing import Any

import yaml

from apps.datasets.models import DatasetVersion, ValidationReport
from apps.datasets.pii import PiiKind
from apps.datasets.selectors import current_report

SIZES = (1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000)


@dataclass(frozen=True, slots=True)
class Card:
    """A data card: its metadata, and the whole as Markdown, metadata first."""

    metadata: dict[str, Any]
    markdown: str


def card_of(dataset: DatasetVersion) -> Card:
    """Return the card of a version."""
    metadata: dict[str, Any] = {"pretty_name": str(dataset), "size_categories": [size_category(dataset.row_count)]}
    if dataset.license:
        metadata["license"] = dataset.license.lower()
    if dataset.tags:
        metadata["tags"] = list(dataset.tags)
    front = yaml.safe_dump(metadata, sort_keys=True, allow_unicode=True).strip()
    return Card(metadata, f"---\n{front}\n---\n\n{_body(dataset, current_report(dataset))}\n")


def size_category(rows: int) -> str:
    """Return the size as Hugging Face names it, such as "n<1K" or "10K<n<100K"."""
    names = [f"{size // 1_000_000}M" if size >= 1_000_000 else f"{size // 1_000}K" for size in SIZES]
    for index, size in enumerate(SIZES):
        if rows < size:
            return f"n<{names[0]}" if index == 0 else f"{names[index - 1]}<n<{names[index]}"
    return f"n>{names[-1]}"


def _body(dataset: DatasetVersion, report: ValidationReport | None) -> str:
    about = dataset.description.strip() or "Nobody has described this dataset yet."
    parts = [f"# {dataset}", about, _facts(dataset), _origin(dataset), _columns(dataset), _findings(report)]
    return "\n\n".join(part for part in parts if part)


def _facts(dataset: DatasetVersion) -> str:
    facts = {
        "Type": dataset.get_type_display(),
        "Licence": dataset.license or "not stated",
        "Rows": f"{dataset.row_count:,}",
        "Format": dataset.get_format_display() or "no file yet",
        "SHA-256": dataset.sha256 or "no file yet",
        "Personal data": dataset.get_pii_status_display(),
        "Quality": "not measured" if dataset.quality_score is None else f"{dataset.quality_score} of 100",
    }
    return "## Facts\n\n| | |\n| --- | --- |\n" + "\n".join(f"| {name} | {value} |" for name, value in facts.items())


def _origin(dataset: DatasetVersion) -> str:
    if dataset.parent is None:
        return ""
    counts = dataset.derivation
    return (
        f"## Origin\n\nCleaned from {dataset.parent} (SHA-256 {dataset.parent.sha256}): {counts['rows_in']:,} rows in, "
        f"{counts['rows_out']:,} out; {counts['duplicates_dropped']:,} duplicates dropped, personal data masked in "
        f"{counts['pii_rows_masked']:,} rows, {counts['pii_rows_dropped']:,} rows dropped for it."
    )


def _columns(dataset: DatasetVersion) -> str:
    if not dataset.schema:
        return ""
    rows = []
    for column in dataset.schema:
        figures = dataset.statistics[column["name"]]
        at_least = "" if figures["distinct_is_exact"] else "at least "
        name = column["name"].replace("|", "\\|")
        rows.append(f"| {name} | {column['type']} | {figures['empty']:,} | {at_least}{figures['distinct']:,} |")
    head = "## Columns\n\n| column | type | empty | distinct |\n| --- | --- | --- | --- |\n"
    return head + "\n".join(rows)


def _findings(report: ValidationReport | None) -> str:
    if report is None:
        return ""
    kinds = ", ".join(f"{PiiKind(kind).label}: {count}" for kind, count in report.pii["by_kind"].items()) or "none"
    parts = "\n".join(
        f"| {part['name'].replace('_', ' ')} | {part['score']} | {part['weight']} | {part['reason']} |"
        for part in report.quality["parts"]
    )
    return (
        f"## What validation found\n\nPersonal data ({kinds}) in {report.pii['rows']:,} rows; "
        f"{report.duplicates['count']:,} rows repeat another.\n\n"
        f"| part of the score | score | weight | why |\n| --- | --- | --- | --- |\n{parts}"
    )
