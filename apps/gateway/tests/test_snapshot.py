"""What the gateway knows, against the database that it reads."""

import asyncio
import itertools
import time
from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission as DjangoPermission
from django.contrib.contenttypes.models import ContentType
from django.db import OperationalError, connection
from django.utils import timezone

from apps.accounts.errors import KeyNetworkError
from apps.accounts.models import Membership, ObjectGrant
from apps.accounts.permissions import NOT_ON_ORGANISATIONS, Permission, Role
from apps.accounts.selectors import visible_to
from apps.accounts.services import (
    create_api_key,
    create_project,
    disable_account,
    give_role,
    grant_access,
    revoke_api_key,
    rotate_api_key,
    system_account,
)
from apps.costs.services import book_requests
from apps.costs.tests.factories import budget, price, request_event
from apps.gateway.calls.access import authenticated, may
from apps.gateway.errors import KeyRefusedError, SnapshotStaleError
from apps.gateway.snapshot.keeper import SnapshotKeeper
from apps.gateway.snapshot.loading import load_snapshot
from apps.gateway.tests.factories import World, stored_endpoint
from apps.governance.services import approve_request
from apps.prompts.services import add_version, create_template
from apps.serving.models import Endpoint, EndpointGrant
from apps.serving.services import redeploy
from apps.serving.tests.factories import endpoint_of, production_by_two
from conftest import by_hand, make_user, member


@pytest.fixture
def endpoint(engineer, approver, team, tmp_path):
    return stored_endpoint(engineer, approver, team, tmp_path)


@pytest.mark.django_db
class TestLoadSnapshot:
    def test_reads_a_route_with_what_answers_behind_it(self, endpoint):
        price("prompt_tokens", "2", applies_to="assistant")

        route = load_snapshot().routes["assistant"]

        revision = endpoint.serving_revision
        assert (route.address, route.status, route.revision_id) == ("http://127.0.0.1:9", "healthy", revision.pk)
        assert (route.model_version_id, route.model_name) == (revision.model_version_id, str(revision.model_version))
        assert (route.max_input_tokens, route.max_output_tokens) == (
            revision.runtime["max_input_tokens"],
            revision.runtime["max_output_tokens"],
        )
        assert route.prices.prompt_pico == 2_000_000

    @pytest.mark.parametrize("address", ["http://127.0.0.1:9", "http://127.0.0.1:9/", "http://127.0.0.1:9/v1"])
    def test_takes_a_base_address_however_it_is_written(self, endpoint, address):
        Endpoint.objects.update(address=address)

        assert load_snapshot().routes["assistant"].address == "http://127.0.0.1:9"

    def test_a_deleted_endpoint_is_no_route(self, endpoint):
        Endpoint.objects.update(status="deleted")

        assert load_snapshot().routes == {}

    def test_what_waits_for_approval_is_no_route_and_changes_none(self, endpoint, engineer, team):
        model = endpoint.revision.model_version
        production_by_two(member(team, "policy-author", Role.ENGINEER), team)
        with by_hand():
            Endpoint.objects.update(environment="prod")

        new = endpoint_of(engineer, team, model, route_name="new", environment="prod")
        changed = redeploy(actor=engineer, endpoint=endpoint, changes={"resources": {"cpu": 2}})

        assert new.waits_for
        assert changed.waits_for
        route = load_snapshot().routes["assistant"]
        assert load_snapshot().routes.keys() == {"assistant"}
        assert (route.revision_id, route.revision_number, route.address) == (
            endpoint.revision_id,
            1,
            "http://127.0.0.1:9",
        )
        decider = member(team, "decider", Role.APPROVER)
        approve_request(actor=decider, request=new.waits_for)
        assert load_snapshot().routes["new"].address == ""

    def test_holds_live_keys_only(self, engineer):
        live = create_api_key(actor=engineer, name="live", scopes=["inference"])
        revoked = create_api_key(actor=engineer, name="revoked", scopes=["inference"])
        revoke_api_key(actor=engineer, key=revoked.record)
        create_api_key(actor=engineer, name="old", scopes=["inference"], expires_at=timezone.now() - timedelta(days=1))

        snapshot = load_snapshot()

        assert [key.id for key in snapshot.keys.values()] == [live.record.pk]
        assert authenticated(snapshot, f"Bearer {live.token}", now=time.time())[0].id == engineer.pk
        with pytest.raises(KeyRefusedError):
            authenticated(snapshot, f"Bearer {revoked.token}", now=time.time())

    def test_reads_prompts_once_and_new_versions_when_they_come(self, engineer, team, django_assert_num_queries):
        template = create_template(actor=engineer, team=team, name="classify", user="Message: {{ text }}")
        first = load_snapshot()
        add_version(actor=engineer, template=template, user="Nachricht: {{ text }}")

        second = load_snapshot(first)

        numbers = second.prompt_numbers[team.pk, "classify"]
        assert {number: second.prompts[pk].user for number, pk in numbers.items()} == {
            1: "Message: {{ text }}",
            2: "Nachricht: {{ text }}",
        }
        assert second.prompts[numbers[1]] is first.prompts[numbers[1]]

    def test_reads_what_is_spent_and_the_tightest_enforced_budget(self, team):
        budget(team, "5.00", name="a")
        budget(team, "3.00", name="b")
        budget(team, "1.00", name="c", enforced=False)
        book_requests(events=[request_event(team, "0.250000000")])

        snapshot = load_snapshot()

        assert snapshot.limits_nano == {team.pk: 3_000_000_000}
        assert snapshot.spent_nano == {team.pk: 250_000_000}

    @pytest.mark.usefixtures("unaudited")
    def test_takes_the_same_number_of_queries_however_much_there_is(
        self, endpoint, engineer, team, django_assert_num_queries
    ):
        create_template(actor=engineer, team=team, name="first", user="Hello")
        with connection.execute_wrapper(counted := Counting()):
            load_snapshot()
        for number in range(20):
            create_api_key(actor=engineer, name=str(number), scopes=["inference"])
            create_template(actor=engineer, team=team, name=f"prompt-{number}", user="Hello")
        for number in range(20):
            Endpoint.objects.create(
                route_name=f"route-{number}",
                environment="dev",
                owner_team=team,
                created_by=engineer,
                serving_revision=endpoint.serving_revision,
            )

        with django_assert_num_queries(counted.queries):
            snapshot = load_snapshot()

        assert (len(snapshot.routes), len(snapshot.keys), len(snapshot.prompts)) == (21, 20, 21)


class Counting:
    queries = 0

    def __call__(self, execute, sql, params, many, context):
        self.queries += 1
        return execute(sql, params, many, context)


@pytest.mark.django_db
class TestAccess:
    """The gateway answers from memory what `accounts.selectors.visible_to` answers from the database."""

    @pytest.mark.usefixtures("unaudited")
    def test_agrees_with_accounts_about_every_role_and_grant(self, team, other_team, superuser):
        later, before = timezone.now() + timedelta(hours=1), timezone.now() - timedelta(hours=1)
        effects = [None, ("allow", None), ("deny", None), ("allow", later), ("deny", before), ("allow", before)]
        people = [superuser, system_account(), make_user("nobody")]
        project = create_project(actor=superuser, team=team, slug="refunds", name="Refunds")
        scopes = [team, other_team, project, team.organisation]
        for where, role in itertools.product(scopes, Role):
            if where == team.organisation and role in NOT_ON_ORGANISATIONS:
                continue
            people.append(make_user(f"{role}-{where.slug}"))
            give_role(actor=superuser, user=people[-1], scope=where, role=role)
        ended = give_role(actor=superuser, user=people[2], scope=team, role=Role.ENGINEER)
        with by_hand():
            Membership.objects.filter(pk=ended.pk).update(expires_at=before)
        for number, (use, read) in enumerate(itertools.product(effects, repeat=2)):
            endpoint = Endpoint.objects.create(
                route_name=f"route-{number}",
                environment="dev",
                owner_team=team,
                project=project if number % 2 else None,
                created_by=superuser,
            )
            grants = [(Permission.USE, use), (Permission.READ, read)]
            EndpointGrant.objects.bulk_create(
                EndpointGrant(
                    user=person,
                    permission=self.permission(permission),
                    content_object=endpoint,
                    effect=effect[0],
                    expires_at=effect[1],
                )
                for person, (permission, effect) in itertools.product(people, grants)
                if effect is not None
            )

        snapshot = load_snapshot()

        for person, permission in itertools.product(people, (Permission.USE, Permission.READ)):
            stored = visible_to(person, Endpoint.objects.all(), permission).values_list("route_name", flat=True)
            remembered = {
                route.name
                for route in snapshot.routes.values()
                if may(snapshot.callers[person.pk], permission, route, now=time.time())
            }
            assert remembered == set(stored), (person.username, permission)
        assert (len(snapshot.routes), len(people)) == (36, 3 + 4 * len(Role) - len(NOT_ON_ORGANISATIONS))

    @pytest.mark.usefixtures("unaudited")
    def test_a_role_ends_by_itself_though_nobody_reads_again(self, viewer, engineer, team, superuser):
        endpoint = Endpoint.objects.create(
            route_name="assistant", environment="dev", owner_team=team, created_by=superuser
        )
        ends = timezone.now() + timedelta(minutes=5)
        give_role(actor=superuser, user=viewer, scope=team, role=Role.ENGINEER, expires_at=ends)
        snapshot = load_snapshot()

        allowed = {
            (who.username, minutes): may(
                snapshot.callers[who.pk],
                Permission.USE,
                snapshot.routes[endpoint.route_name],
                now=time.time() + 60 * minutes,
            )
            for who in (viewer, engineer)
            for minutes in (4, 6)
        }

        assert allowed == {("viewer", 4): True, ("viewer", 6): False, ("engineer", 4): True, ("engineer", 6): True}

    @pytest.mark.parametrize(
        ("address", "is_refused"),
        [("203.0.113.9", False), ("::ffff:203.0.113.9", False), ("198.51.100.1", True), ("", True), ("unix", True)],
    )
    def test_a_key_opens_nothing_from_elsewhere(self, engineer, address, is_refused):
        made = create_api_key(actor=engineer, name="k", scopes=["inference"], networks=["203.0.113.0/24"])
        given = {"authorization": f"Bearer {made.token}", "now": time.time(), "address": address}

        if is_refused:
            with pytest.raises(KeyNetworkError, match="may not be used from"):
                authenticated(load_snapshot(), **given)
        else:
            assert authenticated(load_snapshot(), **given)[0].id == engineer.pk

    def permission(self, name):
        content_type = ContentType.objects.get_for_model(Endpoint)
        return DjangoPermission.objects.get_or_create(content_type=content_type, codename=f"{name}_endpoint")[0]

    def test_a_deactivated_person_is_nobody(self, engineer):
        engineer.is_active = False
        engineer.save()

        assert engineer.pk not in load_snapshot().callers


class TestSnapshotKeeper:
    def keeper(self, load=None, **given):
        return SnapshotKeeper(**{"max_age_s": 300.0, "sweep_every_s": 30.0, "load": load or World().snapshot, **given})

    async def test_refuses_before_the_first_reading(self):
        with pytest.raises(SnapshotStaleError):
            self.keeper().current()

    async def test_goes_on_with_what_it_has_when_the_database_is_away_until_it_is_too_old(self, monkeypatch):
        away = False

        def load(previous):
            if away:
                raise OperationalError("the server closed the connection unexpectedly")
            return World().snapshot()

        keeper = self.keeper(load, sweep_every_s=0.02, max_age_s=0.3)
        monkeypatch.setattr(keeper, "_listen", lambda: asyncio.sleep(3600))
        await keeper.start()
        away = True
        await asyncio.sleep(0.1)
        still = keeper.current()
        await asyncio.sleep(0.4)
        with pytest.raises(SnapshotStaleError):
            keeper.current()
        away = False
        monkeypatch.setattr("apps.gateway.snapshot.keeper.LISTEN_AGAIN_S", 0.02)
        await asyncio.sleep(1.3)
        again = keeper.current()
        await keeper.stop()

        assert again is not still

    @pytest.mark.parametrize("error", [OperationalError("gone"), PermissionError(13, "Permission denied")])
    async def test_reads_again_after_a_reading_that_failed(self, monkeypatch, error):
        failures = [error]

        def load(previous):
            if failures:
                raise failures.pop()
            return World().snapshot()

        monkeypatch.setattr("apps.gateway.snapshot.keeper.LISTEN_AGAIN_S", 0.02)
        keeper = self.keeper(load)
        monkeypatch.setattr(keeper, "_listen", lambda: asyncio.sleep(3600))
        await keeper.start()

        await eventually(lambda: keeper.age_s is not None)

        await keeper.stop()


@pytest.mark.django_db(transaction=True)
class TestNotifications:
    """With a real connection that listens, and changes that really commit."""

    @pytest.fixture
    async def keeper(self):
        keeper = SnapshotKeeper(max_age_s=300.0, sweep_every_s=300.0, load=load_snapshot)
        await keeper.start()
        await eventually(lambda: keeper.is_listening)
        await asyncio.sleep(0.2)
        yield keeper
        await keeper.stop()

    @pytest.fixture
    def people(self, engineer, superuser, viewer):
        return engineer, superuser, viewer

    async def test_a_revoked_key_opens_nothing_a_moment_later(self, engineer, keeper):
        made = await asyncio.to_thread(committed, create_api_key, actor=engineer, name="k", scopes=["inference"])
        await eventually(lambda: made.record.sha256 in keeper.current().keys)

        await asyncio.to_thread(committed, revoke_api_key, actor=engineer, key=made.record)

        await eventually(lambda: made.record.sha256 not in keeper.current().keys)

    async def test_keys_of_a_disabled_account_open_nothing_a_moment_later(self, engineer, superuser, keeper):
        made = await asyncio.to_thread(committed, create_api_key, actor=engineer, name="k", scopes=["inference"])
        await eventually(lambda: made.record.sha256 in keeper.current().keys)

        await asyncio.to_thread(committed, disable_account, actor=superuser, account=engineer)

        await eventually(lambda: made.record.sha256 not in keeper.current().keys)

    async def test_a_key_and_the_one_that_follows_it_are_both_known_until_the_old_one_ends(self, engineer, keeper):
        made = await asyncio.to_thread(committed, create_api_key, actor=engineer, name="k", scopes=["inference"])

        new = await asyncio.to_thread(committed, rotate_api_key, actor=engineer, key=made.record, overlap_hours=2)

        await eventually(lambda: {made.record.sha256, new.record.sha256} <= keeper.current().keys.keys())
        old = keeper.current().keys[made.record.sha256]
        assert old.expires_at == pytest.approx(time.time() + 2 * 3600, abs=60)

    @pytest.mark.parametrize("change", ["role", "user", "route", "grant", "price", "budget", "prompt"])
    async def test_hears_of_everything_that_it_decides_by(self, *, change, keeper, people, endpoint, team):
        engineer, superuser, viewer = people
        changes = {
            "role": lambda: give_role(actor=superuser, user=viewer, scope=team, role=Role.ENGINEER),
            "user": lambda: type(viewer).objects.filter(pk=viewer.pk).update(is_active=False),
            "route": lambda: Endpoint.objects.filter(pk=endpoint.pk).update(address="http://127.0.0.1:10"),
            "grant": lambda: grant_access(
                actor=superuser,
                user=viewer,
                permission=Permission.USE,
                subject=endpoint,
                effect=ObjectGrant.Effect.DENY,
            ),
            "price": lambda: price("prompt_tokens", "1"),
            "budget": lambda: budget(team, "1"),
            "prompt": lambda: create_template(actor=engineer, team=team, name="new", user="Hello"),
        }
        await asyncio.sleep(0.3)
        before = keeper.current()

        await asyncio.to_thread(committed, changes[change])

        await eventually(lambda: keeper.current() is not before)

    async def test_does_not_read_again_because_a_key_was_used(self, engineer, keeper):
        made = await asyncio.to_thread(committed, create_api_key, actor=engineer, name="k", scopes=["inference"])
        await eventually(lambda: made.record.sha256 in keeper.current().keys)
        await asyncio.sleep(0.2)
        before = keeper.current()

        used = {"last_used_at": timezone.now()}
        await asyncio.to_thread(committed, type(made.record).objects.filter(pk=made.record.pk).update, **used)
        await asyncio.sleep(0.5)

        assert keeper.current() is before

    async def test_listens_again_after_its_connection_was_ended_and_reads_what_it_missed(self, engineer, keeper):
        made = await asyncio.to_thread(committed, create_api_key, actor=engineer, name="k", scopes=["inference"])
        await eventually(lambda: made.record.sha256 in keeper.current().keys)

        def end_the_listener_and_revoke():
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%%'")
            revoke_api_key(actor=engineer, key=made.record)

        await asyncio.to_thread(committed, end_the_listener_and_revoke)

        await eventually(lambda: made.record.sha256 not in keeper.current().keys)


def committed(change, **given):
    """Make a change on a connection of this thread, which is closed again."""
    try:
        return change(**given)
    finally:
        connection.close()


async def eventually(holds, within_s: float = 5.0) -> None:
    deadline = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < deadline, "it never came"
        await asyncio.sleep(0.02)
