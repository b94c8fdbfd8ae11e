"""Notices: told once, in the transaction of what they tell; sent by email at least once, later and later."""

from datetime import timedelta

import pytest
from django.core import mail
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from rest_framework.test import APIClient

from apps.accounts.services import system_account
from apps.core.reconcile import reconcile
from apps.governance import services
from apps.governance.models import Notice, NoticePreference, NoticeSending
from apps.governance.services import notices as module
from apps.integrations.notification.base import NotificationRefusedError, NotificationUnavailableError
from apps.integrations.notification.email import EmailNotifier

pytestmark = pytest.mark.django_db
BASE = "/llm-ops/v1/governance/notices"


def tell(*users, **more):
    told = {"kind": "approval.reminder", "title": "voc-classifier 2 waits for you", "url": "/governance/approvals/"}
    return services.notify(users=users, **{**told, **more})


@pytest.fixture
def by_email(settings, engineer):
    settings.NOTICES = {**settings.NOTICES, "by_email": True}
    engineer.email = "mina@example.com"
    engineer.save(update_fields=["email"])


def send(sending):
    NoticeSending.objects.filter(pk=sending.pk).update(next_look_at=timezone.now())
    reconcile(NoticeSending, sending.pk, services.send_notice)
    sending.refresh_from_db()
    return sending


class TestNotify:
    def test_tells_each_person_once(self, engineer, approver):
        told = tell(engineer, approver, engineer)

        assert {notice.user for notice in told} == {engineer, approver}
        assert Notice.objects.count() == 2

    def test_under_one_key_tells_nobody_twice_whoever_calls(self, engineer, approver):
        first = tell(engineer, dedupe_key="request-1/reminder-1")
        again = tell(engineer, approver, dedupe_key="request-1/reminder-1", title="Again")

        assert [notice.user for notice in again] == [approver]
        assert [notice.title for notice in engineer.notices.all()] == [first[0].title]

    def test_without_a_key_tells_again(self, engineer):
        tell(engineer)
        tell(engineer)

        assert engineer.notices.count() == 2

    def test_leaves_out_who_may_not_sign_in_and_the_portal_itself(self, engineer):
        engineer.is_active = False

        assert tell(engineer, system_account()) == []

    def test_is_undone_with_what_it_tells(self, engineer):
        def fails() -> None:
            with transaction.atomic():
                tell(engineer)
                raise KeyError

        with pytest.raises(KeyError):
            fails()

        assert Notice.objects.count() == 0

    @pytest.mark.django_db(transaction=True)
    def test_is_refused_outside_a_transaction(self, engineer):
        with pytest.raises(AssertionError):
            tell(engineer)

    def test_makes_one_line_of_a_title_and_cuts_what_is_too_long(self, engineer):
        tell(engineer, title="한 줄\r\nBcc: everybody@example.com " + "x" * 300)

        title = Notice.objects.get().title
        assert title.startswith("한 줄 Bcc: everybody@example.com x")
        assert len(title) == 200

    def test_says_what_it_is_about(self, engineer, team):
        tell(engineer, subject=team)

        notice = Notice.objects.get()
        assert (notice.subject_type.model, notice.subject_id) == ("team", team.pk)


class TestEmail:
    def test_is_not_sent_by_a_portal_that_has_none(self, engineer):
        engineer.email = "mina@example.com"
        tell(engineer)

        assert NoticeSending.objects.count() == 0

    def test_is_sent_once_to_who_has_an_address(self, by_email, engineer, approver, settings):
        tell(engineer, approver, body="한글 본문")

        sending = send(NoticeSending.objects.get())
        send(sending)

        (email,) = mail.outbox
        assert (email.to, email.subject) == (["mina@example.com"], "voc-classifier 2 waits for you")
        assert email.body == f"한글 본문\n\n{settings.PUBLIC_URL}/governance/approvals/\n"
        assert (sending.status, sending.attempts, sending.next_look_at) == ("delivered", 1, None)

    def test_is_not_sent_to_who_wants_none(self, by_email, engineer):
        services.set_notice_preference(actor=engineer, by_email=False)

        tell(engineer)

        assert (Notice.objects.count(), NoticeSending.objects.count()) == (1, 0)

    def test_that_nobody_takes_now_is_tried_later_and_later_and_given_up(self, by_email, engineer, monkeypatch):
        def away(*_):
            raise NotificationUnavailableError(channel="The mail server", why="timed out")

        monkeypatch.setattr(EmailNotifier, "send", away)
        tell(engineer)
        sending = NoticeSending.objects.get()
        waits = []
        for _ in range(module.ATTEMPTS - 1):
            send(sending)
            waits.append(sending.next_look_at - timezone.now())
        send(sending)

        assert waits[0] < waits[1] < waits[2]
        assert (sending.status, sending.attempts, sending.next_look_at) == ("failed", module.ATTEMPTS, None)
        assert "timed out" in sending.refusal

    def test_that_is_refused_is_given_up_at_once(self, by_email, engineer, monkeypatch):
        def refuse(*_):
            raise NotificationRefusedError(channel="The mail server", why="550 no such user")

        monkeypatch.setattr(EmailNotifier, "send", refuse)
        tell(engineer)

        sending = send(NoticeSending.objects.get())

        assert (sending.status, sending.attempts) == ("failed", 1)
        assert "550" in sending.refusal

    def test_to_who_has_left_meanwhile_is_given_up(self, by_email, engineer):
        tell(engineer)
        engineer.is_active = False
        engineer.save(update_fields=["is_active"])

        assert send(NoticeSending.objects.get()).status == "failed"
        assert mail.outbox == []


class TestReading:
    @pytest.fixture
    def told(self, engineer):
        return tell(engineer)[0]

    def client_of(self, user):
        client = APIClient()
        client.force_authenticate(user)
        return client

    @pytest.mark.parametrize("who", ["outsider", "viewer", "manager", "superuser"])
    def test_is_for_nobody_else(self, told, request, who):
        client = self.client_of(request.getfixturevalue(who))

        assert client.get(BASE).json()["data"]["items"] == []
        assert client.post(f"{BASE}/{told.pk}/read").status_code == 404
        assert client.post(f"{BASE}/read-all").json()["data"] == {"marked": 0}
        told.refresh_from_db()
        assert told.read_at is None

    def test_of_one_keeps_when_it_was_read_first(self, told, engineer):
        client = self.client_of(engineer)

        first = client.post(f"{BASE}/{told.pk}/read").json()["data"]["read_at"]
        again = client.post(f"{BASE}/{told.pk}/read").json()["data"]["read_at"]

        assert first == again is not None
        assert client.get(f"{BASE}?unread=true").json()["data"]["items"] == []
        assert len(client.get(BASE).json()["data"]["items"]) == 1

    def test_of_all_says_how_many(self, told, engineer):
        tell(engineer)

        assert self.client_of(engineer).post(f"{BASE}/read-all").json()["data"] == {"marked": 2}

    def test_preference_is_ones_own(self, engineer, viewer):
        self.client_of(engineer).put(f"{BASE}/preference", {"by_email": False}, format="json")

        assert self.client_of(engineer).get(f"{BASE}/preference").json()["data"] == {"by_email": False}
        assert self.client_of(viewer).get(f"{BASE}/preference").json()["data"] == {"by_email": True}


class TestPage:
    @pytest.fixture
    def page(self, client, engineer):
        client.force_login(engineer)
        return client

    def test_counts_what_is_unread_in_the_side_bar(self, page, engineer):
        tell(engineer)
        tell(engineer)

        assert 'aria-label="Notices, 2 unread"' in page.get(reverse("governance:audit")).text

    def test_opens_what_a_notice_is_about_and_marks_it_read(self, page, engineer):
        (notice,) = tell(engineer)

        answer = page.post(reverse("governance:open_notice", args=[notice.pk]))

        notice.refresh_from_db()
        assert (answer.status_code, answer.url) == (302, "/governance/approvals/")
        assert notice.read_at is not None

    def test_is_not_marked_read_by_looking_at_the_list(self, page, engineer):
        (notice,) = tell(engineer)

        assert "Unread" in page.get(reverse("governance:notices")).text
        notice.refresh_from_db()
        assert notice.read_at is None

    @pytest.mark.parametrize("url", ["https://evil.example.com/", "//evil.example.com/", "javascript:alert(1)"])
    def test_leads_nowhere_outside(self, page, engineer, url):
        (notice,) = tell(engineer, url=url)

        assert page.post(reverse("governance:open_notice", args=[notice.pk])).url == reverse("governance:notices")

    def test_marks_all_as_read(self, page, engineer):
        tell(engineer)

        page.post(reverse("governance:read_all_notices"))

        assert Notice.objects.get().read_at is not None

    def test_keeps_the_choice_about_email(self, page, engineer, by_email):
        shown = page.get(reverse("governance:notices")).text
        page.post(reverse("governance:notice_preference"), {})

        assert "mina@example.com" in shown
        assert not NoticePreference.objects.get(user=engineer).by_email


class TestForgetting:
    def test_is_of_what_is_old(self, engineer):
        (old,), (new,) = tell(engineer), tell(engineer)
        Notice.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(days=181))

        services.forget_old_notices()

        assert list(Notice.objects.all()) == [new]
