import pytest

from apps.core.sealing import SealBrokenError, seal, unseal

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


class TestSeal:
    def test_hides_the_secret_and_gives_it_back(self):
        sealed = seal(SECRET, purpose="webhooks", owner="1")

        assert SECRET not in sealed
        assert unseal(sealed, purpose="webhooks", owner="1") == SECRET

    def test_never_gives_the_same_twice(self):
        assert seal(SECRET, purpose="webhooks", owner="1") != seal(SECRET, purpose="webhooks", owner="1")

    @pytest.mark.parametrize(("purpose", "owner"), [("webhooks", "2"), ("tokens", "1")])
    def test_opens_for_nothing_and_nobody_else(self, purpose, owner):
        sealed = seal(SECRET, purpose="webhooks", owner="1")

        with pytest.raises(SealBrokenError):
            unseal(sealed, purpose=purpose, owner=owner)

    def test_is_broken_by_changing_a_single_character(self):
        sealed = seal(SECRET, purpose="webhooks", owner="1")
        changed = sealed[:-3] + ("A" if sealed[-3] != "A" else "B") + sealed[-2:]

        with pytest.raises(SealBrokenError):
            unseal(changed, purpose="webhooks", owner="1")


class TestAChangedKey:
    def test_is_said_to_be_the_cause(self, settings):
        sealed = seal(SECRET, purpose="webhooks", owner="1")
        settings.SECRET_KEY = "another"

        with pytest.raises(SealBrokenError, match="DJANGO_SECRET_KEY was changed"):
            unseal(sealed, purpose="webhooks", owner="1")

    def test_does_no_harm_while_the_old_one_is_kept_as_a_fallback(self, settings):
        sealed = seal(SECRET, purpose="webhooks", owner="1")
        settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another", [settings.SECRET_KEY]

        assert unseal(sealed, purpose="webhooks", owner="1") == SECRET
