"""Components that hold others: the head of a page, cards, messages, timelines, chains, dialogs, code."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import template
from django.http import HttpRequest, QueryDict
from django.utils.safestring import SafeString

from apps.core.errors import DomainError
from apps.core.web import charts, differences
from apps.core.web.tags.rendering import address, component
from apps.core.web.tones import TONE_ICONS

register = template.Library()

MESSAGE_TONES = {"success": "ok", "warning": "warn", "error": "bad", "info": "info", "debug": "neutral"}


@register.simple_block_tag
def page_header(
    content: str, title: str, *, status: str = "", status_label: str = "", subtitle: str = "", kind: str = ""
) -> SafeString:
    """Head a page: its title, what kind of thing it shows, its status; the content are the actions."""
    return component(
        "page_header",
        title=title,
        status=status,
        status_label=status_label,
        subtitle=subtitle,
        kind=kind,
        actions=content,
    )


@register.simple_tag
def crumb(label: str, url: str = "", *args: Any) -> SafeString:
    """One step of the way to the page, for the block `breadcrumbs`. `url` is the name of a URL, or an address."""
    return component("crumb", label=label, href=address(url, *args))


@register.simple_tag(takes_context=True)
def tab(
    context: Mapping[str, Any], label: str, url: str, *, count: int | None = None, active: bool | None = None
) -> SafeString:
    """One tab of `<nav class="tabs">`: a link to a page, or to `?tab=name` of this one."""
    href = address(url)
    shown = _is_shown(context["request"], href) if active is None else active
    return component("tab", label=label, href=href, count=count, active=shown)


def _is_shown(request: HttpRequest, href: str) -> bool:
    """Tell whether the page is that of `href`; filters and pages of a list in the URL make no difference."""
    path, _, query = href.partition("?")
    asked = QueryDict(query)
    if (path or request.path) != request.path:
        return False
    return all(request.GET.get(name) == asked[name] for name in asked) if asked else "tab" not in request.GET


@register.simple_block_tag
def card(
    content: str,
    title: str = "",
    *,
    id: str = "",  # noqa: A002  # named as in HTML
    more: str = "",
    more_label: str = "See all",
    note: str = "",
    flush: bool = False,
) -> SafeString:
    """A box with a title. `more` is a link at its head; `flush` lets a table reach its edges."""
    return component(
        "card", title=title, id=id, more=more, more_label=more_label, note=note, flush=flush, content=content
    )


@register.simple_block_tag
def fact(content: str, label: str, hint: str = "") -> SafeString:
    """One line of `<dl class="facts">`: a label and the content."""
    return component("fact", label=label, hint=hint, content=content)


@register.simple_block_tag
def empty_state(content: str, title: str, *, icon: str = "inbox") -> SafeString:
    """What stands where there is nothing yet. The content says what to do first, with a link to it."""
    return component("empty_state", title=title, icon=icon, content=content)


@register.simple_block_tag
def alert(content: str, tone: str = "info", title: str = "", *, id: str = "") -> SafeString:  # noqa: A002  # named as in HTML
    """A message in the page. `tone` is ok, warn, bad, info or neutral."""
    return component("alert", tone=tone, title=title, id=id, icon=TONE_ICONS[tone], content=content)


@register.simple_tag
def refusal(error: DomainError, title: str = "This was refused") -> SafeString:
    """Show why something was refused: every broken rule with how to mend it, and who can help."""
    return component(
        "refusal",
        title=title,
        error=error,
        rules=error.rules,
        fields=error.fields.items(),
        who_can_help=error.context.get("who_can_help", ""),
    )


@register.filter
def toast_tone(level_tag: str) -> str:
    """Return the tone of a Django message of that level."""
    return MESSAGE_TONES.get(level_tag, "neutral")


@register.filter
def toast_icon(level_tag: str) -> str:
    """Return the icon of a Django message of that level."""
    return TONE_ICONS[toast_tone(level_tag)]


@register.simple_block_tag
def event(
    content: str, title: str, *, at: datetime | None = None, icon: str = "circle", tone: str = "neutral", who: str = ""
) -> SafeString:
    """One event of `<ol class="timeline">`."""
    return component("event", title=title, at=at, icon=icon, tone=tone, who=who, content=content)


@register.simple_block_tag
def step(
    content: str,
    kind: str,
    name: str,
    *,
    href: str = "",
    icon: str = "box",
    status: str = "",
    status_label: str = "",
    proof: str = "",
    proof_label: str = "",
    branch: str = "",
) -> SafeString:
    """One step of `<ol class="chain">`: what it is, its name, its facts, and whether it is proven.

    A `branch` stands beside the chain, which goes on below it: the step "begins" one, or it "goes_on" with it.
    """
    return component(
        "step",
        kind=kind,
        name=name,
        href=href,
        icon=icon,
        status=status,
        status_label=status_label,
        proof=proof,
        proof_label=proof_label,
        branch=branch,
        content=content,
    )


@register.simple_block_tag
def dialog(content: str, id: str, title: str) -> SafeString:  # noqa: A002  # named as in HTML
    """A dialog; a button with `data-opens="ID"` opens it, one with `data-closes` in it closes it."""
    return component("dialog", id=id, title=title, content=content)


@register.simple_block_tag
def log(content: str, id: str, label: str, *, follow: bool = False) -> SafeString:  # noqa: A002  # named as in HTML
    """Output of a program. It wraps on demand, and while `follow` is on stays at its end until one scrolls up."""
    return component("log", id=id, label=label, follow=follow, content=content)


@register.simple_tag
def code(text: str, label: str = "", what: str = "") -> SafeString:
    """A block of code or of a document, with a button that copies it."""
    return component("code", text=text, label=label, what=what)


@register.simple_tag
def chart(drawn: charts.Chart, id: str, *, height: str = "") -> SafeString:  # noqa: A002  # named as in HTML
    """Draw a chart, with the same numbers as a table behind a button. `height` is "", "tall" or "short"."""
    return component("chart", chart=drawn, id=id, height=height)


@register.simple_tag
def text_diff(before: str, after: str, label: str = "", *, context: int = 3) -> SafeString:
    """Show what changed between two texts, line by line."""
    return component("text_diff", passages=differences.line_diff(before, after, context=context), label=label)


@register.simple_tag
def field_diff(
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    label: str,
    *,
    before_label: str = "Before",
    after_label: str = "After",
) -> SafeString:
    """Show which fields differ between two records; nested ones are compared by path."""
    return component(
        "field_diff",
        changes=differences.field_changes(before, after),
        label=label,
        before_label=before_label,
        after_label=after_label,
    )
