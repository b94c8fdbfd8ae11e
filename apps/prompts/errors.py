"""Every refusal of prompts, with its public code."""

from apps.core.errors import ConflictError, InvalidInputError, NotFoundError, RuleBrokenError


class PromptTextError(RuleBrokenError):
    """A text holds something that looks like a variable and is none; each fault bears its line and column."""

    code = "prompts.text_wrong"
    message = "The text of the prompt cannot be read."


class VariablesError(RuleBrokenError):
    """Variables are missing, unknown or no text; each is named."""

    code = "prompts.variables_wrong"
    message = "The variables do not fit the prompt."


class NameTakenError(ConflictError):
    code = "prompts.name_taken"
    message = "The team has a prompt called '{name}' already. Add a version to it, or choose another name."


class NothingChangedError(ConflictError):
    code = "prompts.nothing_changed"
    message = "Version {number} says exactly this already. Change the text, or use that version."


class NoEarlierVersionError(ConflictError):
    code = "prompts.no_earlier_version"
    message = "There is no version before this one to go back to. Name the version to go back to."


class UnknownVersionError(NotFoundError):
    code = "prompts.unknown_version"
    message = "'{name}' has no version {number}. Its versions are 1 to {last}."


class UnknownLabelError(NotFoundError):
    code = "prompts.unknown_label"
    message = "'{name}' has no label '{label}'. It has: {known}."


class LabelNameError(InvalidInputError):
    code = "prompts.label_name"
    message = "'{label}' cannot be the name of a label. Use lower-case letters, digits, - and _."


class LabelStandsError(ConflictError):
    code = "prompts.label_stands"
    message = "The label '{label}' points to version {number} already."


class VersionOrLabelError(InvalidInputError):
    code = "prompts.version_or_label"
    message = "Name a version by its number or by a label, not by both."
