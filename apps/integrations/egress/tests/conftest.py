"""Servers on loopback that behave well or badly, certificates of an authority of our own, and a count of connects."""

import datetime
import ipaddress
import socket
import ssl
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from apps.integrations.egress import resolving

_counting: list[list[object]] = []


def _hook(event: str, arguments: tuple[object, ...]) -> None:
    if event == "socket.connect":
        for counted in _counting:
            counted.append(arguments[1])


sys.addaudithook(_hook)  # cannot be taken back; it counts only while somebody asks


@pytest.fixture
def connects() -> Iterator[list[object]]:
    """Every address that this process connects to during the test, as the interpreter itself reports it."""
    counted: list[object] = []
    _counting.append(counted)
    yield counted
    _counting.remove(counted)


@pytest.fixture
def names(monkeypatch) -> dict[str, list[str]]:
    """The name server of the test: names to addresses."""
    known: dict[str, list[str]] = {}

    def lookup(host: str) -> list[str]:
        if host not in known:
            raise socket.gaierror(socket.EAI_NONAME, "no such name")
        return known[host]

    monkeypatch.setattr(resolving, "lookup", lookup)
    return known


@pytest.fixture
def egress_rules(settings) -> Callable[..., None]:
    """Change what the operator allows: `egress_rules(allow=["127.0.0.0/8"], ports=[8443])`."""

    def changed(**given: object) -> None:
        settings.EGRESS = {**settings.EGRESS, **given}

    return changed


Behave = Callable[[socket.socket], None]


class Server:
    """A TCP server on loopback; `behave` talks to each connection. `received` is what the first requests said."""

    def __init__(self, behave: Behave, context: ssl.SSLContext | None = None) -> None:
        self.behave, self.context = behave, context
        self.received: list[bytes] = []
        self.ended = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection:
                self._talk(connection)

    def _talk(self, connection: socket.socket) -> None:
        connection.settimeout(10)
        try:
            if self.context is not None:
                connection = self.context.wrap_socket(connection, server_side=True)
            with connection:
                self.received.append(read_request(connection))
                self.behave(connection)
        except OSError:  # the client has left, which is what many of the tests are about
            pass

    def close(self) -> None:
        self.ended.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()


def read_request(connection: socket.socket) -> bytes:
    """Return a whole request: its head, and as much body as the head says.

    Raises:
        ConnectionError: the client left before it had sent all of it.
    """
    received = b""
    while b"\r\n\r\n" not in received:
        received += _more(connection)
    head, _, body = received.partition(b"\r\n\r\n")
    lengths = [line.partition(b":")[2] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")]
    while lengths and len(body) < int(lengths[0]):
        body += _more(connection)
    return head + b"\r\n\r\n" + body


def _more(connection: socket.socket) -> bytes:
    chunk = connection.recv(65536)
    if not chunk:
        raise ConnectionError("the client has left")
    return chunk


@contextmanager
def serving(behave: Behave, context: ssl.SSLContext | None = None) -> Iterator[Server]:
    server = Server(behave, context)
    try:
        yield server
    finally:
        server.close()


def says(answer: bytes) -> Behave:
    return lambda connection: connection.sendall(answer)


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Authority:
    """Signs certificates for names, as a company's own authority does."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Authority of the tests")])
        built = self._builder(self._name, self._key).add_extension(
            x509.BasicConstraints(ca=True, path_length=None), critical=True
        )
        self.file = folder / "authority.pem"
        self.file.write_bytes(built.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))

    def context_for(self, *hosts: str) -> ssl.SSLContext:
        """Return what a server needs that proves to be one of `hosts`."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, hosts[0])])
        built = self._builder(subject, key).add_extension(
            x509.SubjectAlternativeName([self._general_name(host) for host in hosts]), critical=False
        )
        chain = self.folder / f"{hosts[0]}.pem"
        chain.write_bytes(
            built.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
            + key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(chain)
        return context

    def _builder(self, subject: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
        now = datetime.datetime.now(datetime.UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=1))
        )

    @staticmethod
    def _general_name(host: str) -> x509.GeneralName:
        try:
            return x509.IPAddress(ipaddress.ip_address(host))
        except ValueError:
            return x509.DNSName(host)


@pytest.fixture(scope="session")
def authority(tmp_path_factory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))
