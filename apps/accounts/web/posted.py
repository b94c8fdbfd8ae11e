"""What pages with several forms have in common: a post is one service call, its refusal stands beside its form."""

from collections.abc import Callable

from django import forms

from apps.core.errors import DomainError


def posted(form: forms.Form, change: Callable[[], object]) -> bool:
    """Make a change if the form is valid; a refusal becomes the form's own. Tell whether it was made."""
    if not form.is_valid():
        return False
    try:
        change()
    except DomainError as error:
        for name, reasons in error.fields.items():
            form.add_error(name if name in form.fields else None, reasons)
        if not error.fields.keys() & form.fields.keys():
            form.add_error(None, f"{error} {error.context.get('who_can_help', '')}".strip())
        return False
    return True
