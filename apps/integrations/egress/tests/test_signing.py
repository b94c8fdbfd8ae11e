"""What we sign verifies with the specification's own library, as a receiver would use it."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from apps.integrations.egress.signing import new_secret, signed_headers

BODY = '{"type":"modelversion.approve","data":{"name":"고객의 소리"}}'.encode()


def headers(secrets: list[str], *, at: datetime | None = None, body: bytes = BODY) -> dict[str, str]:
    return signed_headers("0190a1b2", at=at or timezone.now(), body=body, secrets=secrets)


class TestSignature:
    def test_verifies_with_the_secret(self):
        secret = new_secret()

        assert Webhook(secret).verify(BODY, headers([secret]))["type"] == "modelversion.approve"

    def test_is_that_of_the_specifications_example(self):
        signed = signed_headers(
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            at=datetime.fromtimestamp(1614265330, UTC),
            body=b'{"test": 2432232314}',
            secrets=["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
        )

        assert signed == {
            "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
            "webhook-timestamp": "1614265330",
            "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        }

    def test_verifies_with_the_old_and_with_the_new_secret_while_they_overlap(self):
        new, old = new_secret(), new_secret()
        signed = headers([new, old])

        assert Webhook(new).verify(BODY, signed)
        assert Webhook(old).verify(BODY, signed)
        assert len(signed["webhook-signature"].split(" ")) == 2

    @pytest.mark.parametrize("what", ["secret", "body", "id", "time"])
    def test_does_not_verify_when_something_is_not_what_was_signed(self, what):
        secret = new_secret()
        signed, body = headers([secret]), BODY
        if what == "secret":
            secret = new_secret()
        elif what == "body":
            body += b" "
        elif what == "id":
            signed["webhook-id"] = "0190a1b3"
        else:
            signed = headers([secret], at=timezone.now() - timedelta(minutes=6))

        with pytest.raises(WebhookVerificationError):
            Webhook(secret).verify(body, signed)

    def test_secrets_are_never_the_same(self):
        assert new_secret() != new_secret()
