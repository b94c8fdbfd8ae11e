"""Shapes of what policies may read about governance's own objects: policy versions and waivers."""

from apps.governance.fact_shapes import Record, Text, Whole

POLICY = Record(
    fields={
        "policy": Text(description="The policy's id.", example="model-release"),
        "number": Whole(description="Of the version, counted from 1.", example=2),
        "document_digest": Text(description="SHA-256 of the document.", example="sha256:e3b0c442…"),
    },
)
REPLAY = Record(
    fields={
        "at": Text(description="When it was asked about the past.", example="2026-11-30T15:00:00Z"),
        "decisions": Whole(description="How many past decisions it was asked about.", example=240),
        "unseen": Whole(description="How many it was not, since its author may not see them.", example=0),
        "changed": Whole(description="How many of them it answers otherwise.", example=12),
        "newly_denied": Whole(description="How many it would deny that were not denied.", example=9),
        "newly_allowed": Whole(description="How many it would allow that were not allowed.", example=0),
        "newly_demands": Whole(description="How many it would let through with more approvals.", example=3),
        "newly_silent": Whole(description="How many it would no longer say anything about.", example=0),
    },
    description="What the version would have answered on past decisions; empty where nobody asked it.",
)
WAIVER = Record(
    fields={
        "policy": Text(description="Id of the policy.", example="model-release"),
        "rule": Text(description="Id of the rule that is to be waived.", example="reviewed_by_people"),
        "about_kind": Text(description="The kind of object it is waived for.", example="modelversion"),
        "about": Text(description="What it is waived for, by name.", example="voc-triage 1"),
        "about_id": Text(
            description="Id of the object; null for every object of the kind.",
            example="01960d6e-0000-7000-8000-0000000000a1",
            nullable=True,
        ),
        "expires_at": Text(description="When it ends.", example="2027-01-31T00:00:00Z"),
        "reason": Text(description="Why.", example="Reviewers are away; ten answers were reviewed by hand."),
    },
)
