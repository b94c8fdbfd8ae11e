"""Every refusal of datasets, with its public code."""

from apps.core.errors import ConflictError, NotFoundError, RuleBrokenError, UnsupportedMediaError


class DatasetRulesBrokenError(RuleBrokenError):
    code = "datasets.dataset_rules_broken"
    message = "The entry breaks a rule of the catalog."


class VersionTakenError(ConflictError):
    code = "datasets.version_taken"
    message = "'{name}' has a version {version} already. Choose another, or leave `version` out for the next number."


class VersionFrozenError(ConflictError):
    code = "datasets.version_frozen"
    message = "'{label}' is {status}, so its {what} cannot change any more. Register a new version instead."


class TypeFixedError(ConflictError):
    code = "datasets.type_fixed"
    message = "'{label}' was checked as {type} when its file came in. Register a new version of the other type."


class NotDeletableError(ConflictError):
    code = "datasets.not_deletable"
    message = "'{label}' is {status}. Only drafts are deleted; what was approved stays as evidence. {mend}"


class NoFileError(ConflictError):
    code = "datasets.no_file"
    message = "'{label}' has no file yet. Upload its CSV, JSON Lines or Parquet file first."


class NothingToReviewError(RuleBrokenError):
    code = "datasets.nothing_to_review"
    message = "'{label}' has no file, so there is nothing to review. Upload it first."


class UnknownVersionError(NotFoundError):
    code = "datasets.unknown_version"
    message = "'{name}' has no version '{version}' that you may see."


class FileRefusedError(UnsupportedMediaError):
    """The file is not one that can be read here, by its content or because its name says another thing."""

    code = "datasets.file_refused"
    message = "'{filename}' is not accepted: {why} {mend}"


class BrokenRowsError(RuleBrokenError):
    """Rows that cannot be used; `rules` names the first twenty, `details` has the count."""

    code = "datasets.broken_rows"
    message = "{broken} of {rows} rows cannot be used. Mend them and upload the file again; nothing was kept."


class EmptyResultError(RuleBrokenError):
    code = "datasets.empty_result"
    message = "Cleaning would leave no row of '{label}'."


class TooManyRowsError(RuleBrokenError):
    code = "datasets.too_many_rows"
    message = "Versions of more than {most} rows are not compared row by row."
