"""Sending to an address that a user gave: resolved once, connected to what was checked, bounded in every way."""

import asyncio
import re
import socket
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from apps.integrations.egress.errors import EgressRefusedError, EgressUnavailableError
from apps.integrations.egress.resolving import checked_addresses
from apps.integrations.egress.rules import Address, Rules, current_rules
from apps.integrations.egress.urls import Target, parse_target

TIMEOUT_S = 15.0
ANSWER_MAX_BYTES = 64 * 1024
BODY_MAX_BYTES = 1024 * 1024

_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_HEADER_VALUE = re.compile(r"[\x20-\x7e]*")
# What says how the request itself is framed, and where it goes: never the caller's to say.
_OURS = frozenset(
    {"accept-encoding", "connection", "content-length", "expect", "host", "te", "trailer", "transfer-encoding"}
    | {"upgrade", "proxy-authorization", "proxy-connection"}
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. A redirect is an answer like any other: it is never followed.

    Attributes:
        headers: names in lower case; of one that came twice, the first.
        body: as it was sent, never decompressed.
        is_cut: whether there was more of the body than was read.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    is_cut: bool
    duration_ms: int

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")


def post(url: str, *, body: bytes, headers: Mapping[str, str], timeout_s: float = TIMEOUT_S) -> Answer:
    """Send `body` to `url`. See `_send`."""
    return _send("POST", url, body=body, headers=headers, timeout_s=timeout_s, max_bytes=ANSWER_MAX_BYTES)


def get(
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    timeout_s: float = TIMEOUT_S,
    max_bytes: int = ANSWER_MAX_BYTES,
) -> Answer:
    """Fetch `url`. See `_send`."""
    return _send("GET", url, body=None, headers=headers or {}, timeout_s=timeout_s, max_bytes=max_bytes)


def _send(
    method: str, url: str, *, body: bytes | None, headers: Mapping[str, str], timeout_s: float, max_bytes: int
) -> Answer:
    """Make one exchange, and be done with it within `timeout_s`, whatever the other side does. Not for coroutines.

    Raises:
        EgressRefusedError: the URL, what it leads to or a header is refused; no connection was made.
        EgressUnavailableError: nobody answered in time, or the certificate is not that of the host.
    """
    deadline = time.monotonic() + timeout_s
    rules = current_rules()
    target = parse_target(url, rules)
    _check_headers(headers)
    if body is not None and len(body) > BODY_MAX_BYTES:
        raise EgressRefusedError(f"The body is larger than {BODY_MAX_BYTES} bytes.")
    addresses = checked_addresses(target, rules, timeout_s=timeout_s)

    async def within_deadline() -> Answer:
        async with asyncio.timeout(max(0.0, deadline - time.monotonic())):
            return await _exchange(method, target, addresses, rules, body=body, headers=headers, max_bytes=max_bytes)

    try:
        return asyncio.run(within_deadline())
    except TimeoutError:
        raise EgressUnavailableError(host=target.host, why=f"did not answer within {timeout_s:g} s") from None
    except aiohttp.ClientConnectorCertificateError as error:
        why = f"has a certificate that does not hold: {_words_of(error.certificate_error)}"
        raise EgressUnavailableError(host=target.host, why=why) from None
    except (aiohttp.ClientConnectorError, ConnectionError, OSError) as error:
        raise EgressUnavailableError(host=target.host, why=f"cannot be reached: {_words_of(error)}") from None
    except aiohttp.ClientError as error:
        why = f"gave no answer that could be read ({type(error).__name__})"
        raise EgressUnavailableError(host=target.host, why=why) from None


async def _exchange(
    method: str,
    target: Target,
    addresses: list[Address],
    rules: Rules,
    *,
    body: bytes | None,
    headers: Mapping[str, str],
    max_bytes: int,
) -> Answer:
    began = time.monotonic()
    connector = aiohttp.TCPConnector(
        resolver=_Pinned(target, addresses),
        use_dns_cache=False,
        socket_factory=_only(target, addresses),
        ssl=tls_context(rules),
        force_close=True,
        limit=1,
    )
    async with (
        aiohttp.ClientSession(
            connector=connector,
            trust_env=False,  # neither HTTP_PROXY nor a .netrc has a say
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            timeout=aiohttp.ClientTimeout(total=None),  # the deadline is around all of it
            headers={"User-Agent": "llmops-portal", "Accept-Encoding": "identity"},
        ) as session,
        session.request(
            method, URL(target.url, encoded=True), data=body, headers=headers, allow_redirects=False
        ) as response,
    ):
        content, is_cut = await _bounded(response, max_bytes)
        return Answer(
            status=response.status,
            headers={name.lower(): response.headers[name] for name in response.headers},
            body=content,
            is_cut=is_cut,
            duration_ms=round((time.monotonic() - began) * 1000),
        )


async def _bounded(response: aiohttp.ClientResponse, max_bytes: int) -> tuple[bytes, bool]:
    """Return at most `max_bytes` of the body, and whether there was more; the rest is never read."""
    content = bytearray()
    async for chunk in response.content.iter_any():
        content += chunk
        if len(content) > max_bytes:
            response.close()
            return bytes(content[:max_bytes]), True
    return bytes(content), False


def tls_context(rules: Rules) -> ssl.SSLContext:
    """Return how certificates are verified: always, for the name in the URL."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if rules.ca_file:
        context.load_verify_locations(rules.ca_file)
    return context


class _Pinned(AbstractResolver):
    """Answers for the one host of this exchange with what was checked, and for no other."""

    def __init__(self, target: Target, addresses: list[Address]) -> None:
        self._target, self._addresses = target, addresses

    async def resolve(
        self,
        host: str,
        port: int = 0,
        family: socket.AddressFamily = socket.AF_INET,  # noqa: ARG002  # both are wanted
    ) -> list[ResolveResult]:
        if (host, port) != (self._target.host, self._target.port):
            raise EgressRefusedError
        return [
            ResolveResult(
                hostname=host,
                host=str(address),
                port=port,
                family=socket.AF_INET if address.version == 4 else socket.AF_INET6,
                proto=socket.IPPROTO_TCP,
                flags=socket.AI_NUMERICHOST,
            )
            for address in self._addresses
        ]

    async def close(self) -> None:
        """Nothing is held."""


def _only(target: Target, addresses: list[Address]) -> Callable[[Any], socket.socket]:
    """Return what makes the sockets of this exchange: the last gate, whatever the layers between made of the URL."""
    allowed = {(address, target.port) for address in addresses}

    def make(info: tuple[int, int, int, str, tuple[Any, ...]]) -> socket.socket:
        family, kind, protocol, _, sockaddr = info
        if (ip_address(sockaddr[0]), sockaddr[1]) not in allowed:
            raise EgressRefusedError
        return socket.socket(family, kind, protocol)

    return make


def _check_headers(headers: Mapping[str, str]) -> None:
    for name, value in headers.items():
        if not _HEADER_NAME.fullmatch(name) or name.lower() in _OURS:
            raise EgressRefusedError(f"{name[:40]!r} is not a header that can be set here.")
        if not _HEADER_VALUE.fullmatch(value):
            raise EgressRefusedError(f"The header {name} holds characters that a header cannot.")


def _words_of(error: BaseException) -> str:
    """Return the cause in the system's words, without the addresses that asyncio adds."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return str(error.verify_message)
    if isinstance(error, OSError) and error.strerror:
        return (
            str(error.strerror).split(" [Call failed")[0].split("Connect call failed")[0].strip().lower() or "refused"
        )
    return type(error).__name__
