"""The kinds of refusal. Each app names its own below one of these; `core/api/handler.py` alone knows HTTP numbers."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True)
class BrokenRule:
    """One rule that the input breaks: which, where, why, and how to mend it."""

    rule: str
    field: str
    message: str
    mend: str = ""

    def as_dict(self) -> dict[str, str]:
        return asdict(self)


class DomainError(Exception):
    """A refusal that a person can act on. Anything else that is raised is a bug.

    Attributes:
        code: public, dotted, never changed once released.
        message: one sentence for a person; may hold `{names}` filled from `context`.
        fields: JSON path of a field to the reasons it was refused.
        rules: the rules that were broken, when rules were.
    """

    code: ClassVar[str] = "core.refused"
    message: ClassVar[str] = "The request was refused."

    def __init__(
        self,
        message: str | None = None,
        *,
        fields: Mapping[str, Sequence[str]] | None = None,
        rules: Sequence[BrokenRule] = (),
        **context: Any,
    ) -> None:
        self.context = context
        self.rules = tuple(rules)
        self.fields = {name: list(reasons) for name, reasons in (fields or {}).items()}
        for rule in self.rules:
            self.fields.setdefault(rule.field, []).append(f"{rule.message} {rule.mend}".strip())
        super().__init__(message or self.message.format(**context))


class InvalidInputError(DomainError):
    """The input cannot be read as what it claims to be."""

    code = "core.invalid_input"
    message = "The input is not valid."


class NotFoundError(DomainError):
    """It does not exist, or the caller may not know that it does."""

    code = "core.not_found"
    message = "There is nothing here, or nothing that you may see."


class NotAllowedError(DomainError):
    """The caller sees the object but may not do this to it."""

    code = "core.not_allowed"
    message = "You may not do this."


class ConflictError(DomainError):
    """The object is in another state than this needs, or somebody was faster."""

    code = "core.conflict"
    message = "The object is in a state that does not allow this."


class TooLargeError(DomainError):
    code = "core.too_large"
    message = "That is larger than is accepted here."


class UnsupportedMediaError(DomainError):
    code = "core.unsupported_media"
    message = "That kind of file is not accepted here."


class RuleBrokenError(DomainError):
    """The input is well-formed and breaks one or more rules."""

    code = "core.rule_broken"
    message = "The input breaks a rule."


class LimitReachedError(DomainError):
    """Over a limit; `retry_after_s` in the context says when to come back."""

    code = "core.limit_reached"
    message = "A limit has been reached."


class UpstreamFailedError(DomainError):
    """Another system answered with a failure; `upstream` in the context names it."""

    code = "core.upstream_failed"
    message = "Another system failed to answer."


class UnavailableError(DomainError):
    """Trying again later may help."""

    code = "core.unavailable"
    message = "This is not available at the moment. Try again later."
