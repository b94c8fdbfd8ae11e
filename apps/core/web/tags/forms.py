"""Components of forms, and of fragments that ask for themselves again."""

from django import template
from django.forms import BaseForm, BoundField, CheckboxInput, CheckboxSelectMultiple, RadioSelect
from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps.core.web.tags.rendering import component

register = template.Library()


@register.simple_tag
def form_fields(form: BaseForm) -> SafeString:
    """Every field of a form with its label, help and errors, and what is wrong with the form as a whole."""
    return component("form_fields", form=form)


@register.simple_tag
def field(bound: BoundField) -> SafeString:
    """One field of a form with its label, help and errors."""
    widget = bound.field.widget
    layout = "plain"
    if isinstance(widget, RadioSelect | CheckboxSelectMultiple):
        layout = "choices"
    elif isinstance(widget, CheckboxInput):
        layout = "check"
    return component("field", field=bound, layout=layout)


@register.simple_tag
def poll(url: str, *, until: object, every_s: int = 2) -> SafeString:
    """Attributes with which a fragment asks for itself again, until `until` is true; the last answer has none."""
    if until:
        return SafeString("")
    return format_html('hx-get="{}" hx-trigger="every {}s" hx-swap="outerHTML"', url, every_s)
