"""URLs as people give them, read strictly: one reading only, so that no two parsers can disagree about the host."""

import re
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv6Address

from apps.integrations.egress.addresses import why_refused
from apps.integrations.egress.errors import EgressRefusedError
from apps.integrations.egress.rules import Address, Rules, current_rules

LONGEST = 2000
SCHEMES = {"https": 443, "http": 80}

_PRINTABLE = re.compile(r"[\x21-\x7e]+")
_PARTS = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<authority>[^/?#]*)(?P<rest>[^#]*)(?P<fragment>#.*)?")
_AUTHORITY = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+)(?::(?P<port>[0-9]{1,5}))?")
_CHARACTER = r"[A-Za-z0-9._~!$&'()*+,;=:@/-]|%[0-9A-Fa-f]{2}"
_REST = re.compile(rf"(?:/(?:{_CHARACTER})*)?(?:\?(?:{_CHARACTER}|\?)*)?")
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")  # as the last label, it makes every browser read the host as IPv4
# Names that lead nowhere public (RFC 6761, 6762, 7686, 8375, and the one that ICANN keeps for private use).
_INNER_NAMES = ("localhost", "local", "internal", "onion", "arpa", "localdomain", "intranet", "lan", "home", "corp")


@dataclass(frozen=True, slots=True)
class Target:
    """Where a URL leads.

    Attributes:
        host: a name in lower case, or an address as it is written canonically, without brackets.
        address: the address, where the host is one.
        rest: path and query, as they are sent.
    """

    scheme: str
    host: str
    port: int
    rest: str
    address: Address | None

    @property
    def url(self) -> str:
        host = f"[{self.host}]" if isinstance(self.address, IPv6Address) else self.host
        port = "" if self.port == SCHEMES[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{port}{self.rest}"

    @property
    def origin(self) -> str:
        """The address without path and query, which may hold a secret: what may be logged."""
        return self.url.removesuffix(self.rest)


def check_url(url: str) -> Target:
    """Refuse a URL that nothing would ever be sent to. Asks no name server: where a name leads is checked at sending.

    Raises:
        EgressRefusedError: says what is wrong with it, and how it could be right.
    """
    return parse_target(url, current_rules())


def parse_target(url: str, rules: Rules) -> Target:
    """Return where `url` leads.

    Raises:
        EgressRefusedError: it is not written as it must be, or leads where the rules do not allow.
    """
    if len(url) > LONGEST:
        raise EgressRefusedError(f"The URL is longer than {LONGEST} characters.")
    if not _PRINTABLE.fullmatch(url):
        raise EgressRefusedError(
            "The URL holds blanks, control characters or letters beyond ASCII. Write a name of other letters in its "
            "ASCII form (xn--...), and other characters of a path percent-encoded."
        )
    parts = _PARTS.fullmatch(url)
    if parts is None:
        raise EgressRefusedError("This is not a URL. Write it as https://hooks.example.com/path.")
    scheme = _scheme(parts["scheme"].lower(), rules)
    if parts["fragment"]:
        raise EgressRefusedError("The URL has a fragment ('#'), which is never sent. Leave it out.")
    host, port = _host_and_port(parts["authority"], scheme, rules)
    if not _REST.fullmatch(parts["rest"]):
        raise EgressRefusedError("The path of the URL holds characters that must be percent-encoded there.")
    address = _address(host)
    rest = parts["rest"] if parts["rest"].startswith("/") else f"/{parts['rest']}"
    target = Target(scheme, str(address) if address else host, port, rest, address)
    if address is None:
        _check_name(host, rules)
    elif kind := why_refused(address, rules):
        raise EgressRefusedError(f"{target.host} is {kind}; the portal does not connect there.")
    return target


def _scheme(scheme: str, rules: Rules) -> str:
    if scheme == "http" and not rules.plain_http:
        raise EgressRefusedError("The URL must begin with https://: what is sent there is nobody else's business.")
    if scheme not in SCHEMES:
        raise EgressRefusedError(f"The URL must begin with https://, not {scheme[:20]}://.")
    return scheme


def _host_and_port(authority: str, scheme: str, rules: Rules) -> tuple[str, int]:
    if "@" in authority:
        raise EgressRefusedError("The URL holds a user name ('@'). Leave it out; a secret belongs into the path.")
    found = _AUTHORITY.fullmatch(authority)
    if found is None:
        raise EgressRefusedError("The host of the URL is no name and no IP address.")
    port = int(found["port"]) if found["port"] else SCHEMES[scheme]
    if port not in rules.ports and not (port == SCHEMES[scheme] and scheme == "http"):
        allowed = ", ".join(str(each) for each in sorted(rules.ports))
        raise EgressRefusedError(f"Port {port} is not among those that the portal connects to: {allowed}.")
    return found["host"].lower(), port


def _address(host: str) -> Address | None:
    """Return the host as an address, if it is one; an address that is written oddly is refused."""
    if host.startswith("["):
        try:
            return IPv6Address(host[1:-1])
        except AddressValueError:
            raise EgressRefusedError(f"{host} is not an IPv6 address.") from None
    labels = host.rstrip(".").split(".")
    if not _NUMBER.fullmatch(labels[-1]):
        return None
    try:
        return IPv4Address(host)
    except AddressValueError:
        raise EgressRefusedError(
            f"'{host}' is an IP address in an odd form. Write four decimal numbers, such as 198.41.0.4."
        ) from None


def _check_name(host: str, rules: Rules) -> None:
    labels = host.split(".")
    if len(host) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise EgressRefusedError(f"'{host[:80]}' is not the name of a host.")
    if rules.allow_name(host):
        return
    if len(labels) == 1 or labels[-1] in _INNER_NAMES:
        raise EgressRefusedError(
            f"'{host}' is a name of an inner network. An operator can allow it in EGRESS_ALLOW; else use a public name."
        )
