"""Components of lists: what sorts, filters and pages them. Their whole state is in the URL."""

from collections.abc import Mapping
from typing import Any

from django import template
from django.forms import BaseForm
from django.http import HttpRequest
from django.utils.safestring import SafeString

from apps.core.web.lists import ListPage
from apps.core.web.tags.rendering import component

register = template.Library()

CURSORS = ("after", "before")


def _link(request: HttpRequest, **asked: str) -> str:
    """The list as it is, from its first page on, and with what is `asked`."""
    query = request.GET.copy()
    for name in CURSORS:
        query.pop(name, None)
    for name, value in asked.items():
        query[name] = value
    return f"?{query.urlencode()}"


@register.simple_tag(takes_context=True)
def sort_header(
    context: Mapping[str, Any], label: str, name: str, page: ListPage[Any], *, numeric: bool = False
) -> SafeString:
    """The head of a column by which the list can be sorted: a link that turns the order round."""
    order = {name: "ascending", f"-{name}": "descending"}.get(page.sort, "")
    href = _link(context["request"], sort=f"-{name}" if order == "ascending" else name)
    return component("sort_header", label=label, order=order, href=href, numeric=numeric)


@register.simple_tag(takes_context=True)
def pager(context: Mapping[str, Any], page: ListPage[Any], noun: str = "") -> SafeString:
    """Links to the pages before and after, and how many rows there are."""
    request: HttpRequest = context["request"]
    return component(
        "pager",
        page=page,
        noun=_one_of(noun) if page.total == 1 else noun,
        shown=len(page.rows),
        newer=_link(request, before=page.newer) if page.newer else "",
        older=_link(request, after=page.older) if page.older else "",
    )


def _one_of(noun: str) -> str:
    """Return the singular of a noun such as "keys" or "policies"."""
    return f"{noun.removesuffix('ies')}y" if noun.endswith("ies") else noun.removesuffix("s")


@register.simple_tag(takes_context=True)
def filter_bar(context: Mapping[str, Any], form: BaseForm, *, target: str = "#list", search: str = "q") -> SafeString:
    """Fields that filter the list in `target` as they change, and keep their state in the URL.

    `search` names the field that is shown as a search box. A chosen order is kept; the page is not. On a phone the
    other fields are folded away, unless one of them narrows the list.
    """
    request: HttpRequest = context["request"]
    box = form[search] if search in form.fields else None
    others = [name for name in form.fields if name != search]
    if box:
        box.field.widget.input_type = "search"
        box.field.widget.attrs.setdefault("placeholder", box.label)
    for name in form.fields:
        # Without a placeholder, the style sheet could not tell an empty field from one that filters.
        form.fields[name].widget.attrs.setdefault("placeholder", " ")
    return component(
        "filter_bar",
        form=form,
        search=box,
        fields=[form[name] for name in others],
        narrows=any(request.GET.get(name) for name in others),
        target=target,
        sort=request.GET.get("sort", ""),
        path=request.path,
    )
