"""The one way out to addresses that users give. `check_url` is for forms; `post` and `get` send.

Nothing else in the portal may open a connection to a URL that a person typed: see docs/design/egress.md.
"""

from apps.integrations.egress.client import Answer, get, post
from apps.integrations.egress.errors import EgressRefusedError, EgressUnavailableError
from apps.integrations.egress.urls import check_url

__all__ = ["Answer", "EgressRefusedError", "EgressUnavailableError", "check_url", "get", "post"]
