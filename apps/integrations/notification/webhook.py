"""One address that is told of every notice, such as a company's own router to its chat."""

import json

from django.utils import timezone

from apps.integrations import egress
from apps.integrations.egress.signing import signed_headers
from apps.integrations.notification.base import Message, NotificationRefusedError, NotificationUnavailableError

TIMEOUT_S = 10.0


class WebhookNotifier:
    """Sends a JSON object for each notice and person, signed as Standard Webhooks are when there is a secret."""

    channel = "webhook"

    def __init__(self, url: str, secret: str = "") -> None:
        self._url, self._secrets = url, [secret] if secret else []

    def reaches(self, message: Message) -> bool:  # noqa: ARG002  # it is told of everybody
        return True

    def send(self, message: Message) -> None:
        now = timezone.now()
        data = {"username": message.username, "email": message.email, "title": message.title}
        data |= {"body": message.body, "link": message.link}
        said = {"type": f"notice.{message.kind}", "timestamp": now.isoformat(), "data": data}
        body = json.dumps(said, ensure_ascii=False).encode()
        headers = signed_headers(message.id, at=now, body=body, secrets=self._secrets)
        if not self._secrets:
            del headers["webhook-signature"]
        try:
            answer = egress.post(
                self._url, body=body, headers={"Content-Type": "application/json", **headers}, timeout_s=TIMEOUT_S
            )
        except (egress.EgressRefusedError, egress.EgressUnavailableError) as error:
            raise NotificationUnavailableError(channel="The webhook for notices", why=str(error)) from None
        if answer.status == 429 or answer.status >= 500:
            raise NotificationUnavailableError(channel="The webhook for notices", why=f"it answered {answer.status}.")
        if not 200 <= answer.status < 300:
            raise NotificationRefusedError(channel="The webhook for notices", why=f"it answered {answer.status}.")
