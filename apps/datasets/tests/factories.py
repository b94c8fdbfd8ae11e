"""Dataset versions in every state, reached through the services that users go through."""

import json
from collections.abc import Iterable

from apps.accounts.models import Team, User
from apps.datasets import services
from apps.datasets.models import DatasetVersion

ROWS = [{"prompt": f"Question number {number}?", "response": f"Answer {number}."} for number in range(1, 11)]


def jsonl(rows: Iterable[object]) -> bytes:
    return b"".join(json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in rows)


def draft(actor: User, team: Team, **more: object) -> DatasetVersion:
    """A registered version without a file."""
    given = {"name": "voc", "type": "sft_pair", "license": "Apache-2.0"} | more
    return services.create_dataset(actor=actor, team=team, **given)


def upload(actor: User, dataset: DatasetVersion, content: bytes, filename: str = "data.jsonl") -> DatasetVersion:
    return services.receive_file(actor=actor, dataset=dataset, chunks=[content], filename=filename)


def with_file(actor: User, team: Team, rows: Iterable[object] = ROWS, **more: object) -> DatasetVersion:
    return upload(actor, draft(actor, team, **more), jsonl(rows))


def under_review(actor: User, team: Team, rows: Iterable[object] = ROWS, **more: object) -> DatasetVersion:
    return services.submit_dataset(actor=actor, dataset=with_file(actor, team, rows, **more), reason="Ready")


def approved(actor: User, approver: User, team: Team, rows: Iterable[object] = ROWS, **more: object) -> DatasetVersion:
    dataset = under_review(actor, team, rows, **more)
    return services.set_dataset_status(actor=approver, dataset=dataset, status="approved", reason="Good")
