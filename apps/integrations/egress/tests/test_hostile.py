"""No hostile URL opens a connection: counted by the interpreter's own audit of `connect`, not by a mock."""

import socket

import pytest

from apps.integrations import egress
from apps.integrations.egress import client, resolving
from apps.integrations.egress.errors import EgressRefusedError, EgressUnavailableError
from apps.integrations.egress.tests.conftest import OK, says, serving
from apps.integrations.egress.tests.hostile import LEADING_INSIDE, WRITTEN


def test_there_are_enough_of_them():
    assert len(set(WRITTEN)) + len(LEADING_INSIDE) >= 200


def test_the_count_of_connects_sees_a_connect(connects):
    with serving(says(OK)) as server, socket.create_connection(("127.0.0.1", server.port)):
        pass

    assert connects == [("127.0.0.1", server.port)]


class TestHostileUrl:
    @pytest.mark.parametrize("url", WRITTEN, ids=ascii)
    def test_is_refused_as_it_is_written(self, url, connects, names):
        names["hooks.example.com"] = ["198.41.0.4"]

        with pytest.raises(EgressRefusedError) as refused:
            egress.post(url, body=b"{}", headers={})

        assert str(refused.value).endswith(".")
        assert connects == []

    @pytest.mark.parametrize("host", LEADING_INSIDE)
    def test_is_refused_for_where_its_name_leads(self, host, connects, names):
        names.update(LEADING_INSIDE)

        with pytest.raises(EgressRefusedError, match=f"{host} leads to"):
            egress.post(f"https://{host}/", body=b"{}", headers={})

        assert connects == []

    def test_is_refused_in_a_form_without_asking_a_name_server(self, monkeypatch):
        monkeypatch.setattr(resolving, "lookup", lambda host: pytest.fail("asked"))

        with pytest.raises(EgressRefusedError):
            egress.check_url("https://localhost/")
        assert egress.check_url("https://hooks.example.com/x?y=1").url == "https://hooks.example.com/x?y=1"


class TestRebinding:
    def test_is_of_no_use_since_a_name_is_looked_up_once(self, egress_rules, monkeypatch, connects):
        """A name server that says something else the second time is not asked a second time."""
        asked = []

        def lookup(host):
            asked.append(host)
            return ["127.0.0.1"] if len(asked) == 1 else ["127.0.0.2"]

        monkeypatch.setattr(resolving, "lookup", lookup)
        with serving(says(OK)) as server:
            egress_rules(allow=["127.0.0.1/32"], ports=[server.port], plain_http=True)
            answer = egress.get(f"http://hooks.example.com:{server.port}/")

        assert (answer.status, asked) == (200, ["hooks.example.com"])
        assert connects == [("127.0.0.1", server.port)]

    def test_between_two_calls_is_seen_by_the_second(self, egress_rules, monkeypatch, connects):
        answers = iter([["127.0.0.1"], ["127.0.0.2"]])
        monkeypatch.setattr(resolving, "lookup", lambda host: next(answers))
        with serving(says(OK)) as server:
            egress_rules(allow=["127.0.0.1/32"], ports=[server.port], plain_http=True)
            egress.get(f"http://hooks.example.com:{server.port}/")
            with pytest.raises(EgressRefusedError, match=r"127\.0\.0\.2"):
                egress.get(f"http://hooks.example.com:{server.port}/")

        assert len(connects) == 1

    def test_below_the_check_is_caught_where_sockets_are_made(self, egress_rules, names, monkeypatch, connects):
        """Whatever a layer between makes of the URL: no socket is made for what was not checked."""
        names["hooks.example.com"] = ["127.0.0.1"]
        egress_rules(allow=["127.0.0.1/32"], ports=[9], plain_http=True)
        resolve = client._Pinned.resolve

        async def elsewhere(self, host, port=0, family=socket.AF_INET):
            return [{**each, "host": "127.0.0.2"} for each in await resolve(self, host, port, family)]

        monkeypatch.setattr(client._Pinned, "resolve", elsewhere)
        with pytest.raises(EgressRefusedError):
            egress.get("http://hooks.example.com:9/")

        assert connects == []


class TestNames:
    def test_that_nobody_knows_are_unavailable(self, names):
        with pytest.raises(EgressUnavailableError, match=r"nowhere\.example\.com has no address"):
            egress.get("https://nowhere.example.com/")

    def test_that_are_allowed_may_lead_to_private_addresses_and_to_nothing_worse(self, names, egress_rules, connects):
        names.update({"a.corp": ["169.254.169.254"], "b.corp": ["127.0.0.1"], "c.corp": ["64:ff9b::a00:1"]})
        egress_rules(allow=["corp"])

        for host in ("a.corp", "b.corp", "c.corp"):
            with pytest.raises(EgressRefusedError):
                egress.get(f"https://{host}/")

        assert connects == []

    def test_that_are_allowed_are_reached(self, names, egress_rules, monkeypatch):
        names["hooks.corp"] = ["10.1.2.3"]
        egress_rules(allow=["corp"])
        target = egress.check_url("https://hooks.corp/")

        found = resolving.checked_addresses(target, client.current_rules(), timeout_s=5)

        assert [str(each) for each in found] == ["10.1.2.3"]

    def test_are_allowed_by_whole_labels(self, egress_rules):
        egress_rules(allow=["corp"])

        with pytest.raises(EgressRefusedError):
            egress.check_url("https://evilcorp/")


class TestAllowedNetworks:
    def test_of_nat64_are_judged_by_what_they_hold(self, egress_rules):
        egress_rules(allow=["64:ff9b::/96"])

        assert egress.check_url("https://[64:ff9b::198.41.0.4]/")
        with pytest.raises(EgressRefusedError, match="metadata"):
            egress.check_url("https://[64:ff9b::169.254.169.254]/")

    def test_do_not_open_their_neighbours(self, egress_rules):
        egress_rules(allow=["10.1.0.0/16"])

        assert egress.check_url("https://10.1.2.3/")
        with pytest.raises(EgressRefusedError, match=r"10\.2\.0\.1 is a private address"):
            egress.check_url("https://10.2.0.1/")
