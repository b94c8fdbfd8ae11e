"""What an operator allows beyond the public internet over https: the settings `EGRESS_*`, parsed."""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network
from typing import Any

from django.conf import settings

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class Rules:
    """What may be connected to.

    Attributes:
        networks: addresses that are allowed although they are not public.
        names: names that, with all names below them, may lead to private addresses.
        ports: that may be connected to.
        plain_http: whether `http://` is accepted.
        ca_file: certificates that are trusted beside those of the system; "" for none.
    """

    networks: tuple[Network, ...]
    names: tuple[str, ...]
    ports: frozenset[int]
    plain_http: bool
    ca_file: str

    def allow_address(self, address: Address) -> bool:
        return any(address in network for network in self.networks)

    def allow_name(self, host: str) -> bool:
        return any(host == name or host.endswith(f".{name}") for name in self.names)


def current_rules() -> Rules:
    """Return the rules of the settings."""
    given: dict[str, Any] = settings.EGRESS
    networks: list[Network] = []
    names: list[str] = []
    for entry in given["allow"]:
        try:
            networks.append(ip_network(entry))
        except ValueError:
            names.append(entry.lower().strip("."))
    return Rules(
        networks=tuple(networks),
        names=tuple(names),
        ports=frozenset(given["ports"]),
        plain_http=given["plain_http"],
        ca_file=given["ca_file"],
    )
