"""Email, through the mail server that EMAIL_URL names."""

import smtplib
from email.utils import parseaddr

from django.conf import settings
from django.core.mail import EmailMessage

from apps.integrations.notification.base import Message, NotificationRefusedError, NotificationUnavailableError


class EmailNotifier:
    """One message to one person; nobody else is named in it."""

    channel = "email"

    def reaches(self, message: Message) -> bool:
        return bool(message.email)

    def send(self, message: Message) -> None:
        try:
            _email(message).send()
        except smtplib.SMTPRecipientsRefused as error:
            code, said = next(iter(error.recipients.values()))
            raise self._refusal(code, said) from None
        except smtplib.SMTPResponseException as error:
            raise self._refusal(error.smtp_code, error.smtp_error) from None
        except (smtplib.SMTPException, OSError) as error:
            raise NotificationUnavailableError(channel="The mail server", why=str(error)[:200]) from None

    @staticmethod
    def _refusal(code: int, said: bytes | str) -> NotificationRefusedError | NotificationUnavailableError:
        """Return which of the two it is: a mail server says 5xx for good, and 4xx for now."""
        why = f"{code} {said.decode('utf-8', 'replace') if isinstance(said, bytes) else said}"[:200]
        kind = NotificationRefusedError if code >= 500 else NotificationUnavailableError
        return kind(channel="The mail server", why=why)


def _email(message: Message) -> EmailMessage:
    _, sender = parseaddr(settings.DEFAULT_FROM_EMAIL)
    text = "\n\n".join(part for part in (message.body, message.link) if part)
    return EmailMessage(
        # One line: what breaks a title must not become a header.
        subject=" ".join(message.title.split()),
        body=text + "\n",
        to=[message.email],
        # The same at every attempt, so that a mailbox can see that it has the message.
        headers={"Message-ID": f"<{message.id}@{sender.partition('@')[2] or 'localhost'}>"},
    )
