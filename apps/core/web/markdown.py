"""Markdown that people wrote, as HTML that is safe to show: no HTML of theirs, no links that run anything."""

from django.utils.safestring import SafeString
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML

# Raw HTML is shown as text, and markdown-it itself drops links to javascript:, vbscript:, file: and data:.
_MARKDOWN = MarkdownIt("commonmark", {"html": False}, renderer_cls=RendererHTML).enable("table").disable("image")


def as_html(text: str) -> SafeString:
    """Return Markdown as HTML. Images are left out: they would tell their server who reads the page."""
    return SafeString(_MARKDOWN.render(text))  # raw HTML is off, everything else is escaped
