"""Markdown that people wrote, as HTML that is safe to show: no HTML of theirs, no links that run anything."""

from django.utils.safestring import SafeString
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML

# Raw HTML is shown as text, and markdown-it itself drops links to javascript:, vbscript:, file: and data:.
_MARKDOWN = MarkdownIt("commonmark", {"html": False}, renderer_cls=RendererHTML).enable("table").disable("image")


_BELOW = 2  # levels: what is shown stands in a card, whose title is an h2


def as_html(text: str) -> SafeString:
    """Return Markdown as HTML, its headings below those of the page.

    Images are left out: they would tell their server who reads the page.
    """
    tokens = _MARKDOWN.parse(text)
    for token in tokens:
        if token.type in {"heading_open", "heading_close"}:
            token.tag = f"h{min(int(token.tag[1:]) + _BELOW, 6)}"
    # Raw HTML is off, everything else is escaped.
    return SafeString(_MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {}))
