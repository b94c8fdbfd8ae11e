"""What all components share."""

from typing import Any

from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString


def component(template_name: str, /, **context: Any) -> SafeString:
    """Render `templates/components/<template_name>.html`; everything in `context` is escaped there."""
    # The last line feed of the file would be a space after a badge or a time in running text.
    return SafeString(render_to_string(f"components/{template_name}.html", context).strip())


def address(url: str, *args: Any) -> str:
    """Return `url` itself when it is an address, else the address of the URL of that name."""
    if not url or url.startswith(("/", "?", "#", "http://", "https://")):
        return url
    return reverse(url, args=args)
