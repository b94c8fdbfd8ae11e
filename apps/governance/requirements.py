"""Which approvals a move needs, as the policies in force ask for them."""

from collections.abc import Iterable
from dataclasses import dataclass

from apps.accounts.permissions import Role


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


def strictest(requirements: Iterable[Requirement]) -> list[Requirement]:
    """Return the highest demand for each role, by role; two policies that each ask for one approver ask for one."""
    highest: dict[Role, Requirement] = {}
    for requirement in requirements:
        known = highest.get(requirement.role)
        if known is None or requirement.count > known.count:
            highest[requirement.role] = requirement
    return [highest[role] for role in sorted(highest)]
