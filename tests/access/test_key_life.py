"""Keys of service accounts, from where a key opens, how one follows another, and what ends them all."""

from datetime import timedelta

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from apps.accounts import services
from apps.accounts.errors import (
    AccountDisabledError,
    AdministratorsOnlyError,
    KeyNetworkError,
    KeyNotRotatableError,
    KeyRefusedError,
    KeyWiderError,
    NotANetworkError,
    NotAServiceAccountError,
    OverlapOutOfRangeError,
    PermissionRefusedError,
)
from apps.accounts.models import ApiKey
from apps.accounts.networks import all_within, is_within, plain_networks
from apps.accounts.selectors import visible_keys
from apps.core.errors import NotFoundError
from apps.governance.models import AuditEvent

ME = "/llm-ops/v1/accounts/me"


@pytest.fixture
def robot(manager, team):
    return services.create_service_account(actor=manager, team=team, name="nightly", purpose="Nightly tests")


def key_of(person, **more):
    return services.create_api_key(actor=person, name="k", scopes=["api", "inference"], **more)


class TestNetworks:
    @pytest.mark.parametrize(
        ("address", "networks", "within"),
        [
            ("203.0.113.7", ["203.0.113.0/24"], True),
            ("::ffff:203.0.113.7", ["203.0.113.0/24"], True),
            ("2001:db8::1", ["2001:db8::/32"], True),
            ("203.0.114.7", ["203.0.113.0/24", "2001:db8::/32"], False),
            ("", ["0.0.0.0/0"], False),
            ("127.0.0.1, 203.0.113.7", ["203.0.113.0/24"], False),
        ],
    )
    def test_tell_whether_an_address_lies_in_one(self, address, networks, within):
        assert is_within(address, networks) is within

    def test_are_kept_in_one_form_and_each_once(self):
        assert plain_networks(["203.0.113.7", "203.0.113.7/32", " 10.0.0.0/8"]) == ["10.0.0.0/8", "203.0.113.7/32"]

    @pytest.mark.parametrize("wrong", ["203.0.113.7/24", "everywhere", "", "서울"])
    def test_refuse_what_is_none_and_say_why(self, wrong):
        with pytest.raises(NotANetworkError, match="is no IP address or network"):
            plain_networks([wrong])

    def test_lie_in_wider_ones_of_their_own_kind(self):
        assert all_within(["203.0.113.128/25"], ["203.0.113.0/24"])
        assert not all_within(["203.0.112.0/23"], ["203.0.113.0/24"])
        assert not all_within(["::/0"], ["0.0.0.0/0"])


@pytest.mark.django_db
class TestWhere:
    def test_a_key_opens_from_its_networks_alone(self, engineer):
        made = key_of(engineer, networks=["203.0.113.0/24"])

        assert services.authenticate_key(made.token, address="203.0.113.9").pk == made.record.pk
        for elsewhere in ("198.51.100.1", ""):
            with pytest.raises(KeyNetworkError):
                services.authenticate_key(made.token, address=elsewhere)

    @pytest.mark.parametrize(
        ("told", "status"),
        [
            ({"REMOTE_ADDR": "203.0.113.9"}, 200),
            ({"REMOTE_ADDR": "198.51.100.1"}, 403),
            # Over TCP nobody is believed who says where they come from.
            ({"REMOTE_ADDR": "198.51.100.1", "HTTP_X_FORWARDED_FOR": "203.0.113.9"}, 403),
            # Over the socket the gateway alone speaks: the last address is what it has added.
            ({"REMOTE_ADDR": "", "HTTP_X_FORWARDED_FOR": "203.0.113.9"}, 200),
            ({"REMOTE_ADDR": "", "HTTP_X_FORWARDED_FOR": "203.0.113.9, 198.51.100.1"}, 403),
            ({"REMOTE_ADDR": ""}, 403),
        ],
    )
    def test_the_api_believes_who_can_be_believed(self, engineer, told, status):
        token = key_of(engineer, networks=["203.0.113.0/24"]).token

        response = APIClient().get(ME, headers={"Authorization": f"Bearer {token}"}, **told)

        assert response.status_code == status
        if status == 403:
            assert response.json()["data"]["code"] == "accounts.key_network"


@pytest.mark.django_db
class TestRotation:
    def test_the_old_key_lives_on_for_a_while_beside_the_new_one(self, engineer):
        old = key_of(engineer, networks=["203.0.113.0/24"])

        new = services.rotate_api_key(actor=engineer, key=old.record, overlap_hours=2)

        for token in (old.token, new.token):
            assert services.authenticate_key(token, address="203.0.113.1").user == engineer
        old.record.refresh_from_db()
        assert timedelta(hours=1.9) < old.record.expires_at - timezone.now() <= timedelta(hours=2)
        assert (new.record.networks, new.record.scopes, new.record.replaces) == (
            old.record.networks,
            old.record.scopes,
            old.record,
        )
        assert AuditEvent.objects.filter(action="api_key.rotated", subject_id=new.record.pk).count() == 1

    def test_without_overlap_it_ends_at_once(self, engineer):
        old = key_of(engineer)
        services.rotate_api_key(actor=engineer, key=old.record, overlap_hours=0)

        with pytest.raises(KeyRefusedError):
            services.authenticate_key(old.token)

    def test_never_makes_the_old_key_live_longer(self, engineer):
        soon = timezone.now() + timedelta(minutes=10)
        old = key_of(engineer, expires_at=soon)
        services.rotate_api_key(actor=engineer, key=old.record, overlap_hours=24)

        old.record.refresh_from_db()
        assert old.record.expires_at == soon

    @pytest.mark.parametrize("hours", [-1, 169])
    def test_overlaps_a_week_at_most(self, engineer, hours):
        with pytest.raises(OverlapOutOfRangeError):
            services.rotate_api_key(actor=engineer, key=key_of(engineer).record, overlap_hours=hours)

    def test_one_key_follows_another_and_a_dead_one_is_followed_by_none(self, engineer, viewer):
        first, dead = key_of(engineer).record, key_of(engineer).record
        services.rotate_api_key(actor=engineer, key=first)
        services.revoke_api_key(actor=engineer, key=dead)

        for key, why in ((first, "followed by another"), (dead, "opens nothing")):
            with pytest.raises(KeyNotRotatableError, match=why):
                services.rotate_api_key(actor=engineer, key=key)
        with pytest.raises(NotFoundError):
            services.rotate_api_key(actor=viewer, key=key_of(engineer).record)
        assert ApiKey.objects.filter(user=engineer).count() == 4


@pytest.mark.django_db
class TestServiceAccounts:
    def test_a_manager_makes_its_keys_and_others_do_not(self, manager, engineer, outsider, robot):
        made = services.create_api_key(actor=manager, owner=robot, name="ci", scopes=["api"])

        assert made.token.startswith("llmo_s_")
        assert services.authenticate_key(made.token).user == robot
        assert list(visible_keys(actor=manager).filter(user=robot)) == [made.record]
        for who, refusal in ((engineer, PermissionRefusedError), (outsider, NotFoundError)):
            with pytest.raises(refusal):
                services.create_api_key(actor=who, owner=robot, name="x", scopes=["api"])
            with pytest.raises(NotFoundError):
                services.revoke_api_key(actor=who, key=made.record)
        assert ApiKey.objects.filter(user=robot).count() == 1

    def test_nobody_makes_keys_of_another_person(self, manager, superuser, engineer):
        for who in (manager, superuser):
            with pytest.raises(NotAServiceAccountError):
                services.create_api_key(actor=who, owner=engineer, name="x", scopes=["api"])

    def test_signs_in_to_no_page(self, client, robot):
        robot.set_password("correct horse battery")
        robot.save()

        client.post("/account/sign-in/", {"username": robot.username, "password": "correct horse battery"})
        assert client.get("/account/").status_code == 302
        client.force_login(robot)
        assert client.get("/account/").status_code == 302

    def test_disabled_it_opens_nothing_and_its_keys_stay_dead(self, manager, robot):
        token = services.create_api_key(actor=manager, owner=robot, name="ci", scopes=["api"]).token
        services.disable_account(actor=manager, account=robot, reason="Gone")
        with pytest.raises(AccountDisabledError):
            services.create_api_key(actor=manager, owner=robot, name="again", scopes=["api"])
        services.enable_account(actor=manager, account=robot)

        with pytest.raises(KeyRefusedError):
            services.authenticate_key(token)
        told = AuditEvent.objects.filter(subject_id=robot.pk).order_by("pk").values_list("action", "team__slug")
        assert list(told) == [(f"service_account.{verb}", "voc") for verb in ("created", "disabled", "enabled")]

    def test_belongs_to_its_team_alone(self, engineer, outsider, robot, team):
        for who in (engineer, outsider):
            with pytest.raises((PermissionRefusedError, NotFoundError)):
                services.disable_account(actor=who, account=robot)
        robot.refresh_from_db()
        assert robot.is_active


@pytest.mark.django_db
class TestDisabledPeople:
    def test_lose_keys_and_sessions_at_once_and_for_good(self, client, engineer, superuser):
        token = key_of(engineer).token
        client.force_login(engineer)
        assert client.get("/account/").status_code == 200

        services.disable_account(actor=superuser, account=engineer)
        assert client.get("/account/").status_code == 302
        assert APIClient().get(ME, headers={"Authorization": f"Bearer {token}"}).status_code == 401

        services.enable_account(actor=superuser, account=engineer)
        assert client.get("/account/").status_code == 302
        assert APIClient().get(ME, headers={"Authorization": f"Bearer {token}"}).status_code == 401

    def test_are_disabled_by_administrators_alone(self, manager, engineer):
        with pytest.raises(AdministratorsOnlyError):
            services.disable_account(actor=manager, account=engineer)
        engineer.refresh_from_db()
        assert engineer.is_active


@pytest.mark.django_db
class TestKeysMadeWithKeys:
    def test_reach_no_further_than_the_key_that_makes_them(self, engineer):
        soon = timezone.now() + timedelta(hours=1)
        bound = key_of(engineer, expires_at=soon, networks=["203.0.113.0/24"]).record
        within = {"expires_at": soon, "networks": ["203.0.113.128/25"]}

        assert key_of(engineer, by_key=bound, **within).record.is_live
        for wider in ({"expires_at": None}, {"networks": []}, {"networks": ["198.51.100.0/24"]}):
            with pytest.raises(KeyWiderError):
                key_of(engineer, by_key=bound, **within | wider)
        # The next key would live as long as this one was made for, counted from now.
        with pytest.raises(KeyWiderError):
            services.rotate_api_key(actor=engineer, key=bound, by_key=bound)
        assert ApiKey.objects.count() == 2
