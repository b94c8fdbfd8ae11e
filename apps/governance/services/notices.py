"""Telling people something: in the portal at once, and by the configured ways out of it as soon as they answer."""

from collections.abc import Iterable
from datetime import timedelta

from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.db import connection, models, transaction
from django.utils import timezone

from apps.accounts.models import User
from apps.core.queue import enqueue_on_commit
from apps.core.retries import retry_wait_s
from apps.core.text import kept_text
from apps.governance.models import Notice, NoticePreference, NoticeSending
from apps.governance.states import DeliveryStatus
from apps.integrations.notification.base import Message, NotificationRefusedError, NotificationUnavailableError
from apps.integrations.notification.notifiers import notifiers

SEND_TASK = "governance.send_notice"
ATTEMPTS = 15  # the last comes about a day after the first
KEPT_FOR = timedelta(days=180)


def notify(
    *,
    users: Iterable[User],
    kind: str,
    title: str,
    body: str = "",
    url: str = "",
    subject: models.Model | None = None,
    dedupe_key: str = "",
) -> list[Notice]:
    """Tell people something; return the notices that are new. Call it inside the transaction of what happened.

    Args:
        users: each is told once. Who may not sign in, and the portal itself, are left out.
        kind: "scope.what", such as "approval.reminder".
        title: one line, at most 200 characters; what is longer is cut.
        url: a path in the portal, such as that of a request.
        subject: what it is about.
        dedupe_key: whoever has been told under this key is not told again, whoever calls, and however often.
    """
    assert connection.in_atomic_block, "a notice belongs to the transaction of what it tells"  # noqa: S101
    told = {user.pk: user for user in users if user.is_active and user.kind != User.Kind.SYSTEM}
    made = [
        Notice(
            user=user,
            kind=kind,
            title=" ".join(title.split())[:200],
            body=body,
            url=url,
            subject_type=ContentType.objects.get_for_model(subject) if subject else None,
            subject_id=subject.pk if subject else None,
            dedupe_key=dedupe_key,
        )
        for user in told.values()
    ]
    Notice.objects.bulk_create(made, ignore_conflicts=True)
    # Of those that were there already, the database has kept the older; ours are the ones with our ids.
    new = list(Notice.objects.filter(pk__in=[notice.pk for notice in made]).select_related("user"))
    _prepare_sendings(new)
    return new


def mark_read(*, actor: User, notices: models.QuerySet[Notice]) -> int:
    """Mark those of `notices` that are the actor's own as read; return how many were not.

    What somebody has read is theirs alone and governs nothing, so the audit trail does not hold it.
    """
    return notices.filter(user=actor, read_at__isnull=True).update(read_at=timezone.now())


def set_notice_preference(*, actor: User, by_email: bool) -> NoticePreference:
    """Say whether the actor's own notices come by email too."""
    preference, _ = NoticePreference.objects.update_or_create(user=actor, defaults={"by_email": by_email})
    return preference


def send_notice(sending: NoticeSending) -> float | None:
    """Send a leased notice by its channel; return in how many seconds to look again. For `reconcile`.

    Raises:
        LeaseLostError: another worker sends it now.
    """
    if sending.status != DeliveryStatus.PENDING:
        return None
    notifier = notifiers().get(sending.channel)
    notice = Notice.objects.select_related("user").get(pk=sending.notice_id)
    if notifier is None or not notice.user.is_active:
        _finish(sending, DeliveryStatus.FAILED, "The way is no longer set up, or the person has left.")
        return None
    # Counted before it is made, so that an attempt that kills the worker is counted too.
    sending.save_observed(attempts=sending.attempts + 1)
    try:
        notifier.send(_message(notice))
    except NotificationRefusedError as error:
        _finish(sending, DeliveryStatus.FAILED, str(error))
        return None
    except NotificationUnavailableError as error:
        if sending.attempts >= ATTEMPTS:
            _finish(sending, DeliveryStatus.FAILED, str(error))
            return None
        return retry_wait_s(sending.attempts)
    _finish(sending, DeliveryStatus.DELIVERED)
    return None


def forget_old_notices() -> int:
    """Delete what was read, or never was, and is older than notices are kept; return how many rows."""
    return Notice.objects.filter(created_at__lt=timezone.now() - KEPT_FOR).delete()[0]


def _prepare_sendings(notices: list[Notice]) -> None:
    ways = notifiers()
    if not ways or not notices:
        return
    spared = set(
        NoticePreference.objects.filter(user__in=[notice.user_id for notice in notices], by_email=False).values_list(
            "user_id", flat=True
        )
    )
    sendings = [
        NoticeSending(notice=notice, channel=channel)
        for notice in notices
        for channel, notifier in ways.items()
        if notifier.reaches(_message(notice)) and not (channel == "email" and notice.user_id in spared)
    ]
    NoticeSending.objects.bulk_create(sendings)
    for sending in sendings:
        enqueue_on_commit(SEND_TASK, row_id=str(sending.pk))


def _finish(sending: NoticeSending, status: DeliveryStatus, refusal: str = "") -> None:
    with transaction.atomic():
        sending.save_observed(status=status, ended_at=timezone.now(), refusal=kept_text(refusal))


def _message(notice: Notice) -> Message:
    link = settings.PUBLIC_URL + notice.url if notice.url.startswith("/") else notice.url
    return Message(
        id=str(notice.pk),
        kind=notice.kind,
        username=notice.user.username,
        email=notice.user.email,
        title=notice.title,
        body=notice.body,
        link=link,
    )
