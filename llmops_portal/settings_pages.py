"""How the Django admin is dressed: in the portal's colours; its side bar is `templates/admin/nav_sidebar.html`."""

from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static

# The scales of assets/css/tokens.css; a test compares the two.
BASE = {
    "50": "oklch(98.4% 0.003 264)",
    "100": "oklch(96.6% 0.004 264)",
    "200": "oklch(92.4% 0.006 264)",
    "300": "oklch(86.6% 0.01 264)",
    "400": "oklch(70.5% 0.018 264)",
    "500": "oklch(55.2% 0.022 264)",
    "600": "oklch(44.5% 0.024 264)",
    "700": "oklch(36.8% 0.024 264)",
    "800": "oklch(27.6% 0.022 264)",
    "900": "oklch(20.4% 0.02 264)",
    "950": "oklch(16.4% 0.017 264)",
}
PRIMARY = {
    "50": "oklch(97% 0.015 276)",
    "100": "oklch(94% 0.032 276)",
    "200": "oklch(88.5% 0.06 276)",
    "300": "oklch(80% 0.1 276)",
    "400": "oklch(69.5% 0.145 276)",
    "500": "oklch(59.5% 0.175 276)",
    "600": "oklch(50.5% 0.18 276)",
    "700": "oklch(44% 0.165 276)",
    "800": "oklch(38% 0.135 276)",
    "900": "oklch(32.5% 0.1 276)",
    "950": "oklch(24% 0.075 276)",
}


def _file(name: str) -> Any:
    def address(_: HttpRequest) -> str:
        return static(name)

    return address


ADMIN_SHELL: dict[str, Any] = {
    "SITE_TITLE": "LLMOps portal",
    "SITE_HEADER": "LLMOps portal",
    "SITE_URL": "/",
    "SITE_FAVICONS": [{"rel": "icon", "href": _file("favicon.svg"), "type": "image/svg+xml"}],
    "SHOW_VIEW_ON_SITE": True,
    "SHOW_HISTORY": True,
    "COLORS": {"base": BASE, "primary": PRIMARY},
    "STYLES": [_file("admin.css")],
    "SCRIPTS": [_file("theme.js"), _file("portal.js")],
}
