"""Components that show records of JSON in words, whatever is in them."""

from collections.abc import Mapping
from typing import Any

from django import template
from django.utils.safestring import SafeString

from apps.core.web import values
from apps.core.web.tags.rendering import component

register = template.Library()


@register.simple_tag
def value(given: Any) -> SafeString:
    """Show a value of JSON as what it is: a digest that can be copied, a moment, an interval, a record, a list."""
    return component("value", kind=values.kind_of(given), shown=values.readable(given))


@register.simple_tag
def facts(record: Mapping[str, Any]) -> SafeString:
    """Show a record as `<dl class="facts">`: the names in words, each with its value."""
    return component("facts", record=record)
