"""Every refusal of knowledge, with its public code."""

from apps.core.errors import ConflictError, InvalidInputError, RuleBrokenError


class CollectionNameTakenError(ConflictError):
    code = "knowledge.collection_name_taken"
    message = "Your team has a collection called '{name}' already. Choose another name."


class DocumentKnownError(ConflictError):
    code = "knowledge.document_known"
    message = "The collection has this very text already, as '{title}'."


class DocumentRefusedError(RuleBrokenError):
    code = "knowledge.document_refused"
    message = "The text cannot be added."


class EmptyQuestionError(InvalidInputError):
    code = "knowledge.empty_question"
    message = "Say what to look for: a word or a sentence with letters or digits in it."
