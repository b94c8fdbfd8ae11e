from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from django.urls import reverse

from apps.core.csp import HEADER, ContentSecurityPolicyMiddleware


def policy_of(path: str, response: HttpResponse | None = None) -> dict[str, str]:
    """The policy that an answer to `path` carries, by directive."""

    def answer(_: HttpRequest) -> HttpResponse:
        return response or HttpResponse()

    header = ContentSecurityPolicyMiddleware(answer)(RequestFactory().get(path)).headers[HEADER]
    return dict(directive.split(" ", 1) for directive in header.split("; "))


class TestContentSecurityPolicyMiddleware:
    def test_lets_a_page_run_its_own_scripts_and_nothing_inline(self):
        policy = policy_of("/")

        assert policy["script-src"] == "'self'"
        assert policy["style-src"] == "'self'"
        assert policy["default-src"] == "'self'"

    def test_forbids_to_frame_the_page_and_to_move_its_base(self):
        policy = policy_of("/")

        assert policy["frame-ancestors"] == "'none'"
        assert policy["base-uri"] == "'none'"
        assert policy["object-src"] == "'none'"

    def test_is_looser_for_the_admin_alone(self):
        assert "'unsafe-eval'" in policy_of(reverse("admin:index") + "accounts/")["script-src"]
        assert "unsafe" not in str(policy_of("/administrators"))

    def test_lets_the_api_docs_style_themselves_but_run_nothing_inline(self):
        policy = policy_of(reverse("api_docs"))

        assert "'unsafe-inline'" in policy["style-src"]
        assert policy["script-src"] == "'self'"

    def test_leaves_a_view_its_own_policy(self):
        assert policy_of("/", HttpResponse(headers={HEADER: "default-src 'none'"})) == {"default-src": "'none'"}
