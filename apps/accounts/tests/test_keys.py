from datetime import timedelta

import pytest
from django.utils import timezone

from apps.accounts import services
from apps.accounts.errors import KeyAlreadyRevokedError, KeyRefusedError, UnknownScopeError
from apps.accounts.keys import is_well_formed, new_key
from apps.accounts.models import ApiKey
from apps.core.errors import NotFoundError


class TestForm:
    def test_a_new_key_is_well_formed(self):
        assert is_well_formed(new_key(for_service=False))
        assert new_key(for_service=True).startswith("llmo_s_")

    def test_one_changed_character_is_noticed_without_a_database(self):
        key = new_key(for_service=False)
        changed = key[:10] + ("A" if key[10] != "A" else "B") + key[11:]

        assert not is_well_formed(changed)


@pytest.mark.django_db
class TestApiKeys:
    def test_is_kept_as_a_digest_only(self, engineer):
        made = services.create_api_key(actor=engineer, name="laptop", scopes=["api"])

        assert made.token not in str(ApiKey.objects.values().get())

    def test_opens_what_its_owner_may_until_it_is_revoked(self, engineer):
        made = services.create_api_key(actor=engineer, name="laptop", scopes=["api"])
        assert services.authenticate_key(made.token).user == engineer

        services.revoke_api_key(actor=engineer, key=made.record)

        with pytest.raises(KeyRefusedError):
            services.authenticate_key(made.token)

    def test_opens_nothing_once_it_has_expired_or_its_owner_left(self, engineer):
        expired = services.create_api_key(
            actor=engineer, name="old", scopes=["api"], expires_at=timezone.now() - timedelta(seconds=1)
        )
        current = services.create_api_key(actor=engineer, name="new", scopes=["api"])
        engineer.is_active = False
        engineer.save()

        for token in (expired.token, current.token):
            with pytest.raises(KeyRefusedError):
                services.authenticate_key(token)

    def test_refuses_a_scope_that_is_none(self, engineer):
        with pytest.raises(UnknownScopeError, match="There is no scope 'everything'"):
            services.create_api_key(actor=engineer, name="x", scopes=["everything"])

    def test_is_revoked_once_and_by_its_owner(self, engineer, viewer):
        made = services.create_api_key(actor=engineer, name="laptop", scopes=["api"])

        with pytest.raises(NotFoundError):
            services.revoke_api_key(actor=viewer, key=made.record)
        services.revoke_api_key(actor=engineer, key=made.record)
        with pytest.raises(KeyAlreadyRevokedError):
            services.revoke_api_key(actor=engineer, key=made.record)
