"""The egress client against real servers on loopback, which an operator's setting allows."""

import gzip
import threading

import pytest

from apps.integrations import egress
from apps.integrations.egress.errors import EgressRefusedError, EgressUnavailableError
from apps.integrations.egress.tests.conftest import OK, says, serving

HOST = "hooks.example.com"
SHORT_S = 1.0


@pytest.fixture
def serve(egress_rules, names):
    """Start a plain server under the name `HOST` and return it with its URL."""
    with_open = []
    names[HOST] = ["127.0.0.1"]

    def started(behave):
        manager = serving(behave)
        server = manager.__enter__()
        with_open.append(manager)
        egress_rules(allow=["127.0.0.0/8"], ports=[server.port], plain_http=True)
        return server, f"http://{HOST}:{server.port}/in/here?a=1"

    yield started
    for manager in with_open:
        manager.__exit__(None, None, None)


class TestPost:
    def test_sends_the_body_with_the_name_as_host_and_returns_the_answer(self, serve):
        server, url = serve(says(b"HTTP/1.1 201 Created\r\nContent-Length: 4\r\nX-Kept: yes\r\n\r\nmade"))

        answer = egress.post(url, body=b'{"a": 1}', headers={"Content-Type": "application/json"})

        assert (answer.status, answer.text, answer.is_cut) == (201, "made", False)
        assert answer.headers["x-kept"] == "yes"
        head, _, body = server.received[0].partition(b"\r\n\r\n")
        assert head.startswith(b"POST /in/here?a=1 HTTP/1.1\r\n")
        assert f"Host: {HOST}:{server.port}".encode() in head
        assert b"Accept-Encoding: identity" in head
        assert body == b'{"a": 1}'

    def test_sends_what_is_percent_encoded_as_it_is(self, serve):
        server, url = serve(says(OK))

        egress.get(url.replace("/in/here", "/%ED%95%9C%2F..%2f"))

        assert b"GET /%ED%95%9C%2F..%2f?a=1 HTTP/1.1" in server.received[0]

    def test_ignores_proxies_of_the_environment(self, serve, monkeypatch, connects):
        server, url = serve(says(OK))
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, "http://127.0.0.9:3128")

        egress.get(url)

        assert connects == [("127.0.0.1", server.port)]

    def test_does_not_follow_a_redirect_inside(self, serve, connects):
        server, url = serve(
            says(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:5432/\r\nContent-Length: 0\r\n\r\n")
        )

        answer = egress.get(url)

        assert answer.status == 302
        assert connects == [("127.0.0.1", server.port)]

    @pytest.mark.parametrize(
        "headers",
        [
            {"X-A": "1\r\nX-B: 2"},
            {"X-A\r\nX-B": "2"},
            {"X-A": "1\n"},
            {"X-A": "1\0"},
            {"X A": "1"},
            {"X-A": "한글"},
            {"Host": "127.0.0.1"},
            {"Content-Length": "0"},
            {"transfer-encoding": "chunked"},
        ],
        ids=ascii,
    )
    def test_refuses_headers_that_would_say_more_than_themselves(self, serve, headers, connects):
        _, url = serve(says(OK))

        with pytest.raises(EgressRefusedError):
            egress.post(url, body=b"", headers=headers)

        assert connects == []

    def test_refuses_a_body_that_is_too_large(self, serve, connects):
        _, url = serve(says(OK))

        with pytest.raises(EgressRefusedError, match="body is larger"):
            egress.post(url, body=b"x" * (1024 * 1024 + 1), headers={})

        assert connects == []


class TestBadServer:
    def test_that_sends_without_end_is_cut(self, serve):
        def flood(connection):
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            while True:
                connection.sendall(b"x" * 65536)

        _, url = serve(flood)

        answer = egress.get(url, max_bytes=1000)

        assert (len(answer.body), answer.is_cut) == (1000, True)

    def test_whose_answer_would_unpack_to_a_gigabyte_is_not_unpacked(self, serve):
        bomb = gzip.compress(b"\0" * 50_000_000)
        head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(bomb)}\r\n\r\n"
        _, url = serve(says(head.encode() + bomb))

        answer = egress.get(url, max_bytes=100_000)

        assert answer.body == bomb[:100_000]

    def test_that_says_nothing_is_left_in_time(self, serve):
        server, url = serve(lambda connection: server.ended.wait(10))

        with pytest.raises(EgressUnavailableError, match="did not answer within 1 s"):
            egress.get(url, timeout_s=SHORT_S)

    @pytest.mark.parametrize("head", [b"HTTP/1.1 200 OK\r\n\r\n", b"HTTP/1.1 200 OK\r\nX-Slow: "], ids=["body", "head"])
    def test_that_drips_is_left_in_time(self, serve, head):
        """Each byte comes quickly enough for a limit on every read; the whole would take for ever."""

        def drip(connection):
            connection.sendall(head)
            while not server.ended.wait(0.05):
                connection.sendall(b"x")

        server, url = serve(drip)

        with pytest.raises(EgressUnavailableError, match="did not answer within 1 s"):
            egress.get(url, timeout_s=SHORT_S)

    def test_that_keeps_saying_continue_is_left_in_time(self, serve):
        def stall(connection):
            while not server.ended.wait(0.02):
                connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")

        server, url = serve(stall)

        with pytest.raises(EgressUnavailableError):
            egress.get(url, timeout_s=SHORT_S)

    @pytest.mark.parametrize(
        "answer",
        [
            b"",
            b"HTTP/1.1 200 OK\r\n",
            b"SSH-2.0-OpenSSH_9.9\r\n",
            b"\x00\x01\x02\x03\r\n\r\n",
            b"HTTP/1.1 999999 OK\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort",
            b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
            b"HTTP/1.1 200 OK\r\n" + b"".join(b"X-%d: y\r\n" % number for number in range(5000)) + b"\r\n",
            b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 100_000 + b"\r\n\r\n",
        ],
        ids=lambda answer: ascii(answer[:40]),
    )
    def test_that_does_not_speak_http_is_unavailable(self, serve, answer):
        _, url = serve(says(answer))

        with pytest.raises(EgressUnavailableError, match=HOST):
            egress.get(url)

    def test_that_is_not_there_is_unavailable(self, egress_rules, names):
        names[HOST] = ["127.0.0.1"]
        egress_rules(allow=["127.0.0.1/32"], ports=[9], plain_http=True)

        with pytest.raises(EgressUnavailableError, match=rf"{HOST} cannot be reached"):
            egress.get(f"http://{HOST}:9/")

    def test_whose_name_server_is_silent_is_left_in_time(self, monkeypatch):
        over = threading.Event()
        monkeypatch.setattr("apps.integrations.egress.resolving.lookup", lambda host: over.wait(60) and [])

        with pytest.raises(EgressUnavailableError, match="could not be looked up in time"):
            egress.get(f"https://{HOST}/", timeout_s=0.2)

        over.set()


class TestCertificate:
    @pytest.fixture
    def secure(self, egress_rules, names, authority):
        """Serve over TLS with a certificate for `certified`, under the name HOST and its address."""

        def started(server, *, trusted=True):
            names[HOST] = ["127.0.0.1"]
            ca_file = str(authority.file) if trusted else ""
            egress_rules(allow=["127.0.0.1/32"], ports=[server.port], ca_file=ca_file)
            return f"https://{HOST}:{server.port}/"

        return started

    def test_for_the_name_is_taken_although_an_address_is_connected_to(self, secure, authority):
        with serving(says(OK), authority.context_for(HOST)) as server:
            answer = egress.get(secure(server))

        assert (answer.status, answer.body) == (200, b"ok")
        assert f"Host: {HOST}:{server.port}".encode() in server.received[0]

    def test_for_the_address_is_taken_when_the_url_names_the_address(self, secure, authority):
        with serving(says(OK), authority.context_for("127.0.0.1")) as server:
            answer = egress.get(secure(server).replace(HOST, "127.0.0.1"))

        assert answer.status == 200

    @pytest.mark.parametrize("certified", ["other.example.com", "127.0.0.1"])
    def test_for_another_name_is_refused_and_nothing_is_sent(self, secure, authority, certified):
        with serving(says(OK), authority.context_for(certified)) as server:
            url = secure(server)
            with pytest.raises(EgressUnavailableError, match=r"certificate that does not hold: .*mismatch"):
                egress.post(url, body=b"secret", headers={})

        assert server.received == []

    def test_of_an_unknown_authority_is_refused_and_nothing_is_sent(self, secure, authority):
        with serving(says(OK), authority.context_for(HOST)) as server:
            url = secure(server, trusted=False)
            with pytest.raises(EgressUnavailableError, match="certificate that does not hold"):
                egress.post(url, body=b"secret", headers={})

        assert server.received == []

    def test_is_asked_for_by_the_name(self, secure, authority):
        """The server that shares an address with others must be told which name is wanted (SNI)."""
        context, wanted = authority.context_for(HOST), []
        context.sni_callback = lambda _, name, __: wanted.append(name)
        with serving(says(OK), context) as server:
            egress.get(secure(server))

        assert wanted == [HOST]
