"""Which approvals a move needs, as the policies in force ask for them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from apps.accounts.permissions import Role

# Who counts where approvals of a role are asked for: a risk officer is an approver, not every approver is one.
STANDS_FOR: Mapping[Role, tuple[Role, ...]] = {
    Role.APPROVER: (Role.APPROVER, Role.RISK_OFFICER),
    Role.RISK_OFFICER: (Role.RISK_OFFICER,),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """So many approvals by people who hold a role.

    Attributes:
        because: the policy, and the rule of it, that asks: "model-release", "model-release.high_risk".
    """

    role: Role
    count: int
    because: str

    def as_dict(self) -> dict[str, str | int]:
        return {"role": str(self.role), "count": self.count, "because": self.because}

    @classmethod
    def from_dict(cls, kept: Mapping[str, Any]) -> "Requirement":
        return cls(role=Role(kept["role"]), count=int(kept["count"]), because=str(kept["because"]))


def strictest(requirements: Iterable[Requirement]) -> list[Requirement]:
    """Return the highest demand for each role, by role; two policies that each ask for one approver ask for one."""
    highest: dict[Role, Requirement] = {}
    for requirement in requirements:
        known = highest.get(requirement.role)
        if known is None or requirement.count > known.count:
            highest[requirement.role] = requirement
    return [highest[role] for role in sorted(highest)]
