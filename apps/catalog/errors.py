"""Every refusal of the catalog, with its public code."""

from apps.core.errors import ConflictError, InvalidInputError, NotFoundError, RuleBrokenError, UnsupportedMediaError


class ModelRulesBrokenError(RuleBrokenError):
    code = "catalog.model_rules_broken"
    message = "The entry breaks a rule of the catalog."


class VersionTakenError(ConflictError):
    code = "catalog.version_taken"
    message = "'{name}' has a version {version} already. Choose another, or leave `version` out for the next number."


class VersionFrozenError(ConflictError):
    code = "catalog.version_frozen"
    message = "'{label}' is {status}, so its {what} cannot change any more. Register a new version instead."


class NotDeletableError(ConflictError):
    code = "catalog.not_deletable"
    message = "'{label}' is {status}. Only drafts are deleted; what was approved stays as evidence. {mend}"


class NothingToReviewError(RuleBrokenError):
    code = "catalog.nothing_to_review"
    message = "'{label}' has no files, so there is nothing to review. Upload its weights and configuration first."


class UnknownVersionError(NotFoundError):
    code = "catalog.unknown_version"
    message = "'{name}' has no version '{version}' that you may see."


class FilesChangedError(ConflictError):
    code = "catalog.files_changed"
    message = "The files of {label} have changed since this was asked for. Ask again for the files as they are now."


class FilePathError(InvalidInputError):
    """The path of a file would not stay inside the model's folder, or clashes with another."""

    code = "catalog.file_path"
    message = "'{path}' cannot be the path of a model file: {why}."


class FileRefusedError(UnsupportedMediaError):
    """The file is of a kind that is not accepted, by its name or by what is in it."""

    code = "catalog.file_refused"
    message = "'{path}' is not accepted: {why} {mend}"
