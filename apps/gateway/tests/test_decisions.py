"""What is decided about a call, without a server or a database."""

import time
from datetime import UTC, datetime, timedelta

import orjson
import pytest
from django.core import signing
from hypothesis import given
from hypothesis import strategies as st

from apps.core.errors import DomainError
from apps.core.ids import new_id
from apps.gateway.calls.access import INTERNAL_PREFIX, INTERNAL_SALT, authenticated, internal_token
from apps.gateway.calls.asking import Api, read_asked
from apps.gateway.calls.budgets import BudgetBook, SpoolPlace, month_of
from apps.gateway.calls.events import EventSplitter, EventTooLongError, meter_event, read_event
from apps.gateway.calls.metering import Meter
from apps.gateway.calls.plan import plan
from apps.gateway.errors import BudgetReservedError, BudgetSpentError, KeyRefusedError, PromptRefusedError
from apps.gateway.tests.factories import OTHER_TEAM, TEAM, World, caller, prompt, route
from apps.prompts.errors import VariablesError

NOW = datetime(2026, 5, 20, 12, tzinfo=UTC)


def decided(world: World, **body):
    """The plan for a chat of the route 'assistant'."""
    asked = read_asked({"model": "assistant", **body}, api=Api.CHAT)
    snapshot = world.snapshot()
    return plan(snapshot, snapshot.routes["assistant"], asked, default_max_output_tokens=100)


def sent(world: World, **body):
    return [(message["role"], message["content"]) for message in orjson.loads(decided(world, **body).body)["messages"]]


def said(text: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": text}]


class TestPrompting:
    def test_without_a_prompt_messages_are_what_they_are(self):
        assert sent(World().add(route()), messages=said("Hi")) == [("user", "Hi")]

    def test_a_pinned_prompt_is_filled_with_the_last_message(self):
        pinned = prompt()
        world = World().add(pinned, route(prompt_id=pinned.id))

        assert sent(world, messages=said("Hi")) == [("system", "You sort messages."), ("user", "Message: Hi")]

    def test_a_prompt_without_variables_replaces_the_last_message(self):
        pinned = prompt(user="Tell a joke.", variables=())

        assert sent(World().add(pinned, route(prompt_id=pinned.id)), messages=said("Hi"))[-1] == (
            "user",
            "Tell a joke.",
        )

    def test_with_variables_the_conversation_stands_between_system_and_user_message(self):
        pinned = prompt()
        world = World().add(pinned, route(prompt_id=pinned.id))

        messages = sent(
            world, messages=[*said("Hi"), {"role": "assistant", "content": "Yes?"}], variables={"text": "X"}
        )

        assert messages == [
            ("system", "You sort messages."),
            ("user", "Hi"),
            ("assistant", "Yes?"),
            ("user", "Message: X"),
        ]

    def test_a_named_prompt_is_the_newest_version_unless_one_is_named(self):
        world = World().add(route(), prompt(), prompt(number=2, user="Second: {{ text }}"))

        newest = sent(world, prompt_template="classify", messages=said("Hi"))
        first = sent(world, prompt_template="classify", prompt_version=1, messages=said("Hi"))

        assert (newest[-1][1], first[-1][1]) == ("Second: Hi", "Message: Hi")

    def test_a_pinned_prompt_may_be_named_by_its_caller(self):
        pinned = prompt()
        world = World().add(pinned, route(prompt_id=pinned.id))

        assert decided(world, prompt_template="classify", prompt_version=1, messages=said("Hi")).prompt == pinned

    def test_what_is_put_in_is_never_read_again(self):
        pinned = prompt()
        world = World().add(pinned, route(prompt_id=pinned.id))

        assert sent(world, variables={"text": "{{ text }} {{ other }}"})[-1][1] == "Message: {{ text }} {{ other }}"

    @pytest.mark.parametrize(
        ("body", "rule"),
        [
            ({"prompt_template": "other", "messages": said("Hi")}, "prompt_pinned"),
            ({"prompt_template": "classify", "prompt_version": 2, "messages": said("Hi")}, "prompt_pinned"),
            ({"messages": [{"role": "assistant", "content": "Hi"}]}, "last_message_is_text"),
            ({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}, "last_message_is_text"),
        ],
    )
    def test_refuses_to_go_round_a_pinned_prompt(self, body, rule):
        pinned = prompt()
        world = World().add(pinned, prompt(number=2), prompt(name="other"), route(prompt_id=pinned.id))

        with pytest.raises(PromptRefusedError) as refused:
            decided(world, **body)

        assert [broken.rule for broken in refused.value.rules] == [rule]

    def test_refuses_a_raw_completion_of_a_route_with_a_prompt(self):
        pinned = prompt()
        world = World().add(pinned, route(prompt_id=pinned.id))
        snapshot = world.snapshot()
        asked = read_asked({"model": "assistant", "prompt": "Once"}, api=Api.COMPLETIONS)

        with pytest.raises(PromptRefusedError, match="Use chat completions"):
            plan(snapshot, snapshot.routes["assistant"], asked, default_max_output_tokens=100)

    @pytest.mark.parametrize(
        ("body", "rule"),
        [
            ({"variables": {"text": "X"}}, "variables_have_prompt"),
            ({"prompt_template": "nothing", "messages": said("Hi")}, "prompt_exists"),
            ({"prompt_template": "classify", "prompt_version": 9, "messages": said("Hi")}, "prompt_exists"),
            ({"prompt_template": "theirs", "messages": said("Hi")}, "prompt_exists"),
            ({"prompt_version": 1, "messages": said("Hi")}, "prompt_named"),
            ({"prompt_template": "two", "messages": said("Hi")}, "variables_given"),
        ],
    )
    def test_says_what_is_wrong_with_a_named_prompt(self, body, rule):
        two = prompt(name="two", user="{{ a }} {{ b }}", variables=("a", "b"))
        world = World().add(route(), prompt(), two, prompt(name="theirs", team_id=OTHER_TEAM))

        with pytest.raises(PromptRefusedError) as refused:
            decided(world, **body)

        assert [broken.rule for broken in refused.value.rules] == [rule]

    def test_names_every_variable_that_does_not_fit(self):
        world = World().add(route(), prompt(user="{{ a }} {{ b }}", variables=("a", "b")))

        with pytest.raises(VariablesError) as refused:
            decided(world, prompt_template="classify", variables={"a": "1", "c": "3"})

        assert {broken.field for broken in refused.value.rules} == {"variables.b", "variables.c"}


class TestMostItCanCost:
    @given(st.text(min_size=1, max_size=200), st.integers(1, 64), st.integers(1, 4))
    def test_holds_back_at_least_what_any_answer_costs(self, text, max_tokens, n):
        made = decided(World().add(route()), messages=said(text), max_tokens=max_tokens, n=n)

        # A byte-level tokenizer makes at most one token of a byte.
        worst = made.route.prices.cost_nano(len(text.encode()) + 50, max_tokens * n)
        assert made.most_nano >= worst

    def test_counts_every_prompt_of_a_list_and_every_choice(self):
        snapshot = World().add(route(max_output_tokens=10)).snapshot()

        def most_out(**body):
            asked = read_asked({"model": "assistant", **body}, api=Api.COMPLETIONS)
            made = plan(snapshot, snapshot.routes["assistant"], asked, default_max_output_tokens=100)
            prompt_part = made.route.prices.cost_nano(len(made.body) + 256, 0)
            return (made.most_nano - prompt_part) // made.route.prices.cost_nano(0, 1)

        assert most_out(prompt="a") == 10
        assert most_out(prompt=["a", "b", "c"], n=2) == 60
        assert most_out(prompt=[1, 2, 3]) == 10
        assert most_out(prompt="a", best_of=4) == 40

    def test_takes_the_default_where_neither_caller_nor_route_says(self):
        made = decided(World().add(route(max_output_tokens=None)), messages=said("Hi"))

        assert orjson.loads(made.body)["max_tokens"] == 100


class TestInternalToken:
    """By which the portal calls as one of its users."""

    def test_opens_for_a_minute(self, monkeypatch):
        world, person = World(), caller()
        world.callers[person.id] = person
        token = internal_token(str(person.id))

        assert authenticated(world.snapshot(), f"Bearer {token}", now=time.time()) == (person, None)
        issued = time.time()
        monkeypatch.setattr("time.time", lambda: issued + 61)
        with pytest.raises(KeyRefusedError):
            authenticated(world.snapshot(), f"Bearer {token}", now=issued)

    @pytest.mark.parametrize("spoil", [lambda token: token[:-1], lambda token: token + "x", lambda _: INTERNAL_PREFIX])
    def test_opens_nothing_when_it_was_tampered_with(self, spoil):
        world, person = World(), caller()
        world.callers[person.id] = person

        with pytest.raises(KeyRefusedError):
            authenticated(world.snapshot(), f"Bearer {spoil(internal_token(str(person.id)))}", now=time.time())

    def test_opens_nothing_for_somebody_who_is_gone(self):
        with pytest.raises(KeyRefusedError):
            authenticated(World().snapshot(), f"Bearer {internal_token(str(new_id()))}", now=time.time())

    def test_a_signature_for_another_purpose_opens_nothing(self):
        person = caller()
        world = World()
        world.callers[person.id] = person
        other = INTERNAL_PREFIX + signing.dumps(str(person.id), salt=INTERNAL_SALT + ".other")

        with pytest.raises(KeyRefusedError):
            authenticated(world.snapshot(), f"Bearer {other}", now=time.time())


class TestBudgetBook:
    def book(self, **given):
        world = World()
        world.month = month_of(NOW)
        for name, value in given.items():
            setattr(world, name, value)
        book = BudgetBook()
        book.catch_up(world.snapshot())
        return book, world

    def test_without_a_budget_nothing_is_refused(self):
        book, _ = self.book()

        with book.held(TEAM, 10**18, at=NOW):
            pass

    def test_holds_back_for_the_time_of_the_block(self):
        book, _ = self.book(limits={TEAM: 100})

        with book.held(TEAM, 60, at=NOW):
            with pytest.raises(BudgetReservedError), book.held(TEAM, 60, at=NOW):
                pass
            with book.held(TEAM, 40, at=NOW):
                pass
        with book.held(TEAM, 100, at=NOW):
            pass

    def test_what_was_recorded_counts_until_it_is_booked_and_never_twice(self):
        book, world = self.book(limits={TEAM: 100}, spent={TEAM: 10})
        book.record(TEAM, 5, at=NOW, place=SpoolPlace("a", 100))
        book.record(TEAM, 7, at=NOW, place=SpoolPlace("b", 50))
        recorded = book.spent_nano(TEAM, at=NOW)
        world.spent, world.offsets = {TEAM: 15}, {"a": 100, "b": 0}
        book.catch_up(world.snapshot())
        half = book.spent_nano(TEAM, at=NOW)
        world.spent, world.offsets = {TEAM: 22}, {"a": 100, "b": 50}
        book.catch_up(world.snapshot())

        assert (recorded, half, book.spent_nano(TEAM, at=NOW)) == (22, 22, 22)
        assert book._recorded_nano == {}

    def test_a_new_month_begins_with_nothing(self):
        book, _ = self.book(limits={TEAM: 100}, spent={TEAM: 100})
        book.record(TEAM, 5, at=NOW, place=SpoolPlace("a", 1))
        with pytest.raises(BudgetSpentError):
            book.held(TEAM, 1, at=NOW).__enter__()

        with book.held(TEAM, 100, at=NOW + timedelta(days=20)):
            pass

    def test_a_spent_budget_refuses_even_what_costs_nothing(self):
        book, _ = self.book(limits={TEAM: 100}, spent={TEAM: 100})

        with pytest.raises(BudgetSpentError), book.held(TEAM, 0, at=NOW):
            pass

    @pytest.mark.parametrize(
        ("at", "seconds"),
        [
            (datetime(2026, 5, 31, 23, 59, 59, tzinfo=UTC), 2),
            (datetime(2026, 12, 31, 23, 0, tzinfo=UTC), 3601),
            (datetime(2028, 2, 1, tzinfo=UTC), 29 * 86_400 + 1),
        ],
    )
    def test_says_when_the_next_month_begins(self, at, seconds):
        book, _ = self.book(limits={TEAM: 0})
        with pytest.raises(BudgetSpentError) as refused:
            book.held(TEAM, 1, at=at).__enter__()

        assert refused.value.context["retry_after_s"] == seconds

    @given(st.lists(st.tuples(st.integers(1, 40), st.integers(0, 40), st.booleans()), max_size=40))
    def test_never_lets_more_be_spent_than_the_limit(self, calls):
        book, _ = self.book(limits={TEAM: 100})
        open_calls, spent = [], 0
        for most, cost, ends in calls:
            held = book.held(TEAM, most, at=NOW)
            try:
                held.__enter__()
            except DomainError:
                pass
            else:
                open_calls.append((held, min(cost, most)))
            if ends and open_calls:
                ending, cost_of_it = open_calls.pop(0)
                spent += cost_of_it
                book.record(TEAM, cost_of_it, at=NOW, place=SpoolPlace("a", spent))
                ending.__exit__(None, None, None)
        for ending, cost_of_it in open_calls:
            spent += cost_of_it
            book.record(TEAM, cost_of_it, at=NOW, place=SpoolPlace("a", spent))
            ending.__exit__(None, None, None)

        assert spent <= 100
        assert book.spent_nano(TEAM, at=NOW) == spent
        assert book._reserved == {}


STREAM = (
    b'data: {"choices":[{"delta":{"content":"\xed\x99\x98"}}]}\n\n'
    b": ping\r\n\r\n"
    b'data: {"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2}}\n\n'
    b"data: [DONE]\n\n"
)


class TestEvents:
    @given(st.lists(st.integers(1, 20), max_size=60))
    def test_are_the_same_however_they_were_cut(self, sizes):
        splitter, found, at = EventSplitter(max_bytes=1000), [], 0
        for size in [*sizes, len(STREAM)]:
            found += splitter.feed(STREAM[at : at + size])
            at += size

        assert b"".join(found) == STREAM
        assert len(found) == 4

    def test_one_without_end_is_refused(self):
        with pytest.raises(EventTooLongError):
            EventSplitter(max_bytes=100).feed(b"data: " + b"a" * 200)

    @pytest.mark.parametrize(
        "raw",
        [b"data: {\n\n", b"data: []\n\n", b'data: {"choices":1}\n\n', b'data: {"choices":[1]}\n\n'],
    )
    def test_what_is_no_chunk_is_refused(self, raw):
        with pytest.raises(ValueError, match=r"no chunk|EOF|expected"):
            read_event(raw)

    def test_usage_that_the_server_states_replaces_what_was_counted(self):
        meter = Meter(prompt_chars=400)
        for raw in EventSplitter(max_bytes=1000).feed(STREAM):
            meter_event(meter, read_event(raw))

        assert (meter.prompt_tokens, meter.completion_tokens, meter.is_estimated) == (1, 2, False)

    @pytest.mark.parametrize(
        "usage", [None, "many", {"prompt_tokens": -1}, {"prompt_tokens": "1"}, {"prompt_tokens": 2**40}]
    )
    def test_usage_that_cannot_be_is_not_believed(self, usage):
        meter = Meter(prompt_chars=9)
        meter.take_usage(usage)
        meter.count_answer(5)

        assert (meter.prompt_tokens, meter.completion_tokens, meter.is_estimated) == (3, 2, True)
