"""Every address of the portal. The gateway, a process of its own, answers the request path before it gets here."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path
from django.views.generic import RedirectView

from apps.core.doors import PUBLIC
from apps.core.web.pages import needs
from llmops_portal import addresses

API_APPS = (
    "accounts",
    "governance",
    "telemetry",
    "catalog",
    "datasets",
    "prompts",
    "knowledge",
    "training",
    "evaluation",
    "serving",
    "costs",
    "gateway",
    "portal",
)
PAGE_APPS = (
    ("catalog/models/", "catalog"),
    ("catalog/datasets/", "datasets"),
    ("prompts/", "prompts"),
    ("knowledge/", "knowledge"),
    ("training/", "training"),
    ("evaluation/", "evaluation"),
    ("serving/", "serving"),
    ("requests/", "telemetry"),
    ("governance/", "governance"),
    ("costs/", "costs"),
    ("chat/", "gateway"),
    ("account/", "accounts"),
)

api: list[URLPattern | URLResolver] = [
    path("schema", addresses.Schema.as_view(), name="schema"),
    path("docs", addresses.ApiDocs.as_view(url_name="schema"), name="api_docs"),
    *(path("", include(f"apps.{app}.api.urls")) for app in API_APPS),
]

urlpatterns: list[URLPattern | URLResolver] = [
    path("llm-ops/v1/", include(api)),
    path(  # one sign-in
        "admin/login/",
        needs(PUBLIC, post=PUBLIC)(RedirectView.as_view(pattern_name="accounts:sign_in", query_string=True)),
    ),
    path("admin/", admin.site.urls),
    *(path(prefix, include(f"apps.{app}.web.urls")) for prefix, app in PAGE_APPS),
    path("", include("apps.portal.web.urls")),
]
DECLARED = tuple(addresses.declared(urlpatterns))  # fails for a view that does not say which permission it needs

handler404 = "llmops_portal.errors.not_found"
handler500 = "llmops_portal.errors.server_error"
