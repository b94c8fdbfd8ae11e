"""Bearer API keys for the API."""

from typing import Any

from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from apps.accounts import services
from apps.accounts.credentials import use_api_key
from apps.accounts.errors import KeyRefusedError, KeyScopeError
from apps.accounts.models import ApiKey, User
from apps.core.requests import client_address

API_SCOPE = "api"


class ApiKeyAuthentication(BaseAuthentication):
    """`Authorization: Bearer llmo_...`; the key needs the scope "api", and may be bound to networks."""

    def authenticate(self, request: Request) -> tuple[User, ApiKey] | None:
        parts = get_authorization_header(request).split()
        if not parts or parts[0].lower() != b"bearer":
            return None
        if len(parts) != 2:
            raise AuthenticationFailed("Send the API key as 'Authorization: Bearer <key>'.")
        try:
            key = services.authenticate_key(parts[1].decode("ascii", "replace"), address=client_address(request))
        except KeyRefusedError as error:
            raise AuthenticationFailed(str(error)) from error
        if API_SCOPE not in key.scopes:
            raise KeyScopeError(scope=API_SCOPE)
        use_api_key(key.scopes)
        return key.user, key

    def authenticate_header(self, request: Request) -> Any:  # noqa: ARG002
        return 'Bearer realm="llm-ops"'
