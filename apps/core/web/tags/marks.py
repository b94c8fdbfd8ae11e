"""Components that stand in running text or in a cell: icons, badges, times, digests, small bars."""

import re
from datetime import datetime
from functools import cache
from pathlib import Path

from django import template
from django.conf import settings
from django.template import TemplateSyntaxError
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps.core.web import charts, formats
from apps.core.web.tags.rendering import component
from apps.core.web.tones import TURNING, look_of, words

register = template.Library()

register.filter("bytes", formats.in_bytes)
register.filter("compact", formats.in_short)
register.filter("duration", formats.in_time)
register.filter("money", formats.in_money)
register.filter("short", formats.short_digest)
register.filter("words", words)


@cache
def icon_names() -> frozenset[str]:
    """Return the names of the icons that there are."""
    sprite = Path(settings.BASE_DIR, "static", "icons.svg").read_text()
    return frozenset(re.findall(r'<symbol id="([^"]+)"', sprite))


@register.simple_tag
def icon(name: str, css: str = "", label: str = "") -> SafeString:
    """Draw an icon. It is hidden from screen readers unless it has a `label`.

    Raises:
        TemplateSyntaxError: there is no such icon.
    """
    if name not in icon_names():
        raise TemplateSyntaxError(f"There is no icon {name!r}. Add it to assets/icons.txt and run `npm run vendor`.")
    meaning = format_html('role="img" aria-label="{}"', label) if label else SafeString('aria-hidden="true"')
    return format_html(
        '<svg class="icon {}" {}><use href="{}#{}"></use></svg>', css, meaning, static("icons.svg"), name
    )


@register.simple_tag
def badge(status: str, label: str = "", *, tone: str = "", icon: str = "") -> SafeString:
    """Show a status: icon, colour and words. `label` defaults to the status in words."""
    look = look_of(status)
    return component(
        "badge", label=label or words(status), tone=tone or look.tone, icon=icon or look.icon, turning=status in TURNING
    )


@register.simple_tag
def ago(moment: datetime | None, empty: str = "–") -> SafeString:
    """Show how long ago a moment was; its title is the exact time in UTC. Older than 30 days, it is the date."""
    return component("ago", moment=moment, empty=empty)


@register.simple_tag
def copy(value: str, what: str = "", length: int = 12) -> SafeString:
    """Show the start of a digest, id or URL, and a button that copies all of it. `length=0` shows all."""
    shown = formats.short_digest(value, length) if length else value
    return component("copy", value=value, shown=shown, what=what)


@register.simple_tag
def stat(
    label: str, value: object, *, unit: str = "", note: str = "", href: str = "", tone: str = "", icon: str = ""
) -> SafeString:
    """Show one number, large, with what it is; `note` says what it is compared with."""
    return component("stat", label=label, value=value, unit=unit, note=note, href=href, tone=tone, icon=icon)


@register.simple_tag
def progress(done: float, total: float, label: str, unit: str = "") -> SafeString:
    """Show how far something is. A `total` of 0 means that nobody knows yet."""
    percent = min(100, round(100 * done / total)) if total else None
    return component("progress", done=done, total=total, label=label, unit=unit, percent=percent)


@register.simple_tag
def interval(
    value: float,
    low: float,
    high: float,
    *,
    least: float = 0,
    most: float = 1,
    level: int = 95,
    tone: str = "",
    digits: int = 3,
) -> SafeString:
    """Show a value with its confidence interval as a bar on the scale from `least` to `most`."""
    bar = charts.interval_bar(value, low, high, least=least, most=most)
    numbers = {"value": f"{value:.{digits}f}", "low": f"{low:.{digits}f}", "high": f"{high:.{digits}f}"}
    return component("interval", bar=bar, level=level, tone=tone, **numbers)
