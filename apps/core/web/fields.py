"""Fields of forms that read what a stranger may have written."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms.fields import InvalidJSONInput

from apps.core.bounded_json import UnreadableJsonError, read_json


class BoundedJSONField(forms.JSONField):
    """A `JSONField` that reads by the same rules as the API."""

    def to_python(self, value: Any) -> Any:
        if not isinstance(value, str) or value in self.empty_values:
            return super().to_python(value)
        try:
            return read_json(value)
        except UnreadableJsonError as error:
            raise ValidationError(str(error)) from None

    def bound_data(self, data: Any, initial: Any) -> Any:
        try:
            return super().bound_data(data, initial)
        except RecursionError:
            return InvalidJSONInput(data)
