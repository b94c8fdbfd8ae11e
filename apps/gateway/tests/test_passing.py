"""What is not the gateway's own goes to the portal over its socket, both ways as it comes."""

import asyncio
import contextlib
import io
import socket

import aiohttp
import pytest
from aiohttp import web
from yarl import URL

from apps.gateway.front.bodies import FORM_BYTES
from apps.gateway.tests.conftest import running

FILES = "/catalog/models/0197a7a0-0000-7000-8000-000000000000/files"
KNOWN = {"Cookie": "sessionid=known", "Accept": "text/html"}


class PortalStub:
    """Stands in for the portal on its Unix socket."""

    def __init__(self) -> None:
        self.requests = []
        self.received = asyncio.Queue()
        self.go_on = asyncio.Event()
        self.abandoned = asyncio.Event()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(request)
        handler = getattr(self, request.match_info["path"].split("/")[0].replace("-", "_"), None)
        return await handler(request) if handler else web.Response(text="a page", content_type="text/html")

    async def echo(self, request):
        response = web.Response(body=await request.read(), headers={"X-Method": request.method})
        response.headers.add("Set-Cookie", "a=1")
        response.headers.add("Set-Cookie", "b=2")
        return response

    async def catalog(self, request):
        return web.Response(body=await request.read(), headers={"X-Had-Type": str("Content-Type" in request.headers)})

    async def llm_ops(self, request):
        """Whom the portal knows has a cookie that says so. What is asked of the API is answered in JSON only."""
        assert request.headers.get("Accept") != "text/html"
        return web.Response(status=200 if request.cookies.get("sessionid") == "known" else 401)

    async def upload(self, request):
        async for chunk in request.content.iter_any():
            await self.received.put(chunk)
        return web.Response(text="taken")

    async def early(self, _request):
        return web.Response(status=413, text="too large")

    async def events(self, request):
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await response.write(b"data: 1\n\n")
        try:
            await self.go_on.wait()
        except asyncio.CancelledError:
            self.abandoned.set()
            raise
        await response.write(b"data: 2\n\n")
        return response

    async def dies(self, request):
        response = web.StreamResponse(headers={"Content-Length": "100"})
        await response.prepare(request)
        await response.write(b"half")
        request.transport.abort()
        return response

    async def readyz(self, _request):
        return web.json_response({"status": "degraded", "checks": {"broker": "unavailable"}})

    async def unchanged(self, _request):
        return web.Response(status=304, headers={"ETag": '"1"'})


@pytest.fixture
async def portal(tmp_path):
    stub = PortalStub()
    app = web.Application(client_max_size=2**30)
    app.router.add_route("*", "/{path:.*}", stub.handle)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1, access_log=None)
    await runner.setup()
    await web.UnixSite(runner, str(tmp_path / "portal.sock")).start()
    yield stub
    await runner.cleanup()


@pytest.fixture
async def session():
    async with aiohttp.ClientSession() as session:
        yield session


class TestPassing:
    async def test_passes_a_request_and_its_answer_on_as_they_are(self, gateway, portal, session):
        url = gateway.url + "/echo/a%2Fb?q=%C3%A4&q=2"
        async with session.put(URL(url, encoded=True), data=b"\x00\xff") as response:
            body, cookies = await response.read(), response.headers.getall("Set-Cookie")

        (request,) = portal.requests
        assert request.raw_path == "/echo/a%2Fb?q=%C3%A4&q=2"
        assert (body, response.headers["X-Method"], cookies) == (b"\x00\xff", "PUT", ["a=1", "b=2"])

    async def test_says_who_calls_and_lets_nobody_else_say_it(self, gateway, portal, session):
        spoofed = {
            "X-Forwarded-Host": "evil.example",
            "Forwarded": "for=1.2.3.4",
            "Connection": "X-Secret-Hop",
            "X-Secret-Hop": "1",
            "X-Request-Id": "no spaces allowed",
        }
        async with session.get(gateway.url + "/", headers=spoofed) as response:
            await response.read()

        headers = portal.requests[0].headers
        assert headers["X-Forwarded-For"] == "127.0.0.1"
        assert headers["X-Forwarded-Proto"] == "http"
        assert headers["X-Forwarded-Host"] == headers["Host"] == f"127.0.0.1:{gateway.port}"
        assert "Forwarded" not in headers
        assert "X-Secret-Hop" not in headers
        assert headers["X-Request-Id"] == response.headers["X-Request-Id"] != "no spaces allowed"

    async def test_believes_a_trusted_proxy_about_who_calls(self, gateway, portal, session):
        forwarded = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https"}
        async with session.get(gateway.url + "/", headers=forwarded) as response:
            await response.read()

        headers = portal.requests[0].headers
        assert (headers["X-Forwarded-For"], headers["X-Forwarded-Proto"]) == ("203.0.113.9", "https")

    async def test_passes_an_upload_on_while_it_comes(self, gateway, portal, session):
        more = asyncio.Event()

        async def pieces():
            yield b"first"
            await more.wait()
            yield b"second"

        sending = asyncio.create_task(session.post(gateway.url + "/upload", data=pieces()))
        first = await asyncio.wait_for(portal.received.get(), 5)
        more.set()
        async with await sending as response:
            assert (first, await portal.received.get(), await response.text()) == (b"first", b"second", "taken")

    async def test_passes_a_large_file_both_ways(self, gateway, portal, session):
        body = bytes(range(256)) * (16 * 4096)  # 16 MiB
        async with session.post(gateway.url + FILES, data=io.BytesIO(body), headers=KNOWN) as response:
            assert await response.read() == body

    async def test_keeps_a_strangers_file_and_lets_the_portal_answer(self, gateway, portal, session):
        with contextlib.suppress(aiohttp.ClientOSError):
            stranger = {"Cookie": "sessionid=made-up"}
            async with session.post(gateway.url + FILES, data=io.BytesIO(b"x" * 10_000), headers=stranger) as response:
                assert (await response.read(), response.headers["X-Had-Type"]) == (b"", "False")
        assert portal.requests[-1].path == FILES

    async def test_refuses_a_long_body_where_no_file_is_due(self, gateway, portal, session, settings):
        settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
        async with session.post(gateway.url + "/echo", data=b"x" * 1001) as response:
            said = await response.json()

        assert (response.status, said["data"]["code"]) == (413, "gateway.passed_body_too_large")
        assert "1,000 bytes" in said["message"]
        assert portal.requests == []

    async def test_stops_a_body_that_does_not_say_how_long_it_is(self, gateway, portal, session, settings):
        settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000

        async def pieces():
            for _ in range(11):
                yield b"x" * 100

        async with session.post(gateway.url + "/echo", data=pieces()) as response:
            said = await response.json()

        assert (response.status, said["data"]["code"]) == (413, "gateway.passed_body_too_large")

    async def test_bounds_a_file_as_the_portal_does(self, gateway, portal, session, settings):
        settings.UPLOAD_MAX_BYTES = 1000
        large = io.BytesIO(b"x" * (1000 + FORM_BYTES + 1))
        with contextlib.suppress(aiohttp.ClientOSError):
            async with session.post(gateway.url + FILES, data=large, headers=KNOWN) as response:
                assert response.status == 413
        assert portal.requests == []

    async def test_passes_an_answer_on_that_comes_before_the_body_is_read(self, gateway, portal, session):
        with contextlib.suppress(aiohttp.ClientOSError):  # the caller may notice by a broken pipe first
            async with session.post(gateway.url + "/early", data=io.BytesIO(b"x" * 10_000_000)) as response:
                assert response.status == 413

    async def test_passes_server_sent_events_on_at_once(self, gateway, portal, session):
        async with session.get(gateway.url + "/events") as response:
            first = await asyncio.wait_for(response.content.readany(), 5)
            portal.go_on.set()
            rest = await response.content.read()

        assert (first, rest) == (b"data: 1\n\n", b"data: 2\n\n")

    async def test_ends_the_portals_work_when_the_caller_goes_away(self, gateway, portal, session):
        async with session.get(gateway.url + "/events") as response:
            await response.content.readany()

        await asyncio.wait_for(portal.abandoned.wait(), 5)

    async def test_an_answer_that_breaks_off_breaks_off_for_the_caller_too(self, gateway, portal, session):
        with pytest.raises(aiohttp.ClientPayloadError):
            async with session.get(gateway.url + "/dies") as response:
                await response.read()

    async def test_passes_answers_without_body_on(self, gateway, portal, session):
        async with session.get(gateway.url + "/unchanged") as unchanged, session.head(gateway.url + "/") as head:
            assert (unchanged.status, unchanged.headers["ETag"]) == (304, '"1"')
            assert (head.status, head.headers["Content-Length"], await head.read()) == (200, "6", b"")

    async def test_a_call_by_session_is_the_portals_to_check(self, gateway, portal):
        body = {"messages": [{"role": "user", "content": "Hi"}]}

        await gateway.call("/llm-ops/v1/serve/assistant/chat", body, token=None, headers={"Cookie": "sessionid=1"})
        status, _, _ = await gateway.call("/llm-ops/v1/serve/assistant/chat", body, token=None)

        assert [request.path for request in portal.requests] == ["/llm-ops/v1/serve/assistant/chat"]
        assert status == 401


class TestPortalAway:
    async def test_the_api_answers_502_in_the_envelope(self, gateway):
        status, body, headers = await gateway.call("/llm-ops/v1/catalog/models", method="GET")

        assert (status, body["status"], body["data"]["upstream"]) == (502, "error", "portal")
        assert headers["X-Request-Id"] == body["data"]["request_id"]

    async def test_a_person_gets_a_page(self, gateway):
        status, body, headers = await gateway.call("/catalog/models/", method="GET")

        assert (status, headers["Content-Type"]) == (502, "text/html; charset=utf-8")
        assert b"The portal is away" in body

    async def test_calls_are_answered_all_the_same(self, gateway):
        status, _, _ = await gateway.chat()
        _, ready, _ = await gateway.call("/readyz", method="GET")

        assert status == 200
        assert ready["data"]["checks"]["portal"] is False
        assert ready["status"] == "success"


class TestFrontDoor:
    async def test_says_that_it_is_alive_and_ready(self, gateway, portal):
        alive, _, _ = await gateway.call("/healthz", method="GET", token=None)
        ready, body, _ = await gateway.call("/readyz", method="GET", token=None)

        assert (alive, ready) == (200, 200)
        assert body["data"]["portal"]["status"] == "degraded"
        assert body["data"]["checks"] == {"snapshot": True, "recording": True, "notifications": False, "portal": True}

    async def test_shows_its_figures_to_the_machine_itself(self, gateway):
        await gateway.chat()
        await gateway.chat(model="nothing\nlike this")

        status, page, _ = await gateway.call("/metrics", method="GET", token=None)

        assert status == 200
        ok = b'llmops_gateway_requests_total{outcome="ok",route="assistant",status="200",surface="openai"} 1.0'
        unknown = b'llmops_gateway_requests_total{outcome="refused",route="none",status="404",surface="openai"} 1.0'
        assert ok in page
        assert unknown in page
        assert b'llmops_gateway_tokens_total{direction="completion",route="assistant"} 6.0' in page

    async def test_passes_the_portals_figures_on_which_has_a_rule_of_its_own(self, gateway, portal):
        await gateway.call("/metrics/portal", method="GET", token=None)

        assert portal.requests[0].path == "/metrics"

    async def test_shows_its_figures_to_others_only_with_the_token(self, world, portal, tmp_path, settings):
        settings.METRICS_TOKEN = "open sesame"
        outside = {"X-Forwarded-For": "203.0.113.9"}
        async with running(world, tmp_path, settings) as gateway:
            refused, _, _ = await gateway.call("/metrics", method="GET", token=None, headers=outside)
            wrong, _, _ = await gateway.call("/metrics", method="GET", token="open", headers=outside)
            shown, _, _ = await gateway.call("/metrics", method="GET", token="open sesame", headers=outside)

        assert (refused, wrong, shown) == (401, 401, 200)

    @pytest.mark.parametrize("headers", [b"X-Long: " + b"a" * 40_000, b"\r\n".join(b"X-%d: 1" % n for n in range(200))])
    async def test_refuses_headers_without_end(self, gateway, headers):
        reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: g\r\n" + headers + b"\r\n\r\n")

        answer = await asyncio.wait_for(reader.read(), 5)
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()

        assert answer.startswith(b"HTTP/1.1 431 ")

    async def test_hangs_up_on_headers_that_never_end(self, gateway, monkeypatch):
        monkeypatch.setattr("apps.gateway.front.protocol.HEADERS_WITHIN_S", 0.2)
        reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: g\r\n")

        answer = await asyncio.wait_for(reader.read(), 5)
        writer.close()
        await writer.wait_closed()

        assert answer == b""

    async def test_refuses_what_is_no_http(self, gateway):
        with socket.create_connection(("127.0.0.1", gateway.port)) as raw:
            raw.sendall(b"\x16\x03\x01 hello\r\n\r\n")
            raw.settimeout(5)
            answer = await asyncio.to_thread(raw.recv, 4096)

        assert answer.startswith(b"HTTP/1.1 400 ")
