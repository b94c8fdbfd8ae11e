"""Where a key may be used from: IP networks, and whether an address lies in one."""

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from apps.accounts.errors import NotANetworkError

Network = IPv4Network | IPv6Network


def plain_networks(given: Iterable[str]) -> list[str]:
    """Return networks as they are kept: "203.0.113.7" becomes "203.0.113.7/32"; in order, each once.

    Raises:
        NotANetworkError: names the first that is none.
    """
    found = set()
    for each in given:
        try:
            found.add(ip_network(each.strip()))
        except ValueError as error:
            fields = {"networks": [str(error)]}
            raise NotANetworkError(network=each[:60], why=str(error), fields=fields) from None
    return [str(network) for network in sorted(found, key=lambda network: (network.version, network))]


def is_within(address: str, networks: Iterable[str]) -> bool:
    """Tell whether `address` lies in one of `networks`; what is no address lies in none."""
    try:
        found = ip_address(address)
    except ValueError:
        return False
    if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped  # how a socket for both kinds names an IPv4 caller
    return any(found in parsed(network) for network in networks)


def all_within(inner: Iterable[str], outer: Iterable[str]) -> bool:
    """Tell whether each of `inner` lies in one of `outer`."""
    around = [parsed(network) for network in outer]
    return all(any(_lies_in(parsed(network), wide) for wide in around) for network in inner)


@lru_cache(maxsize=4096)
def parsed(network: str) -> Network:
    return ip_network(network)


def _lies_in(inner: Network, outer: Network) -> bool:
    if isinstance(inner, IPv4Network) and isinstance(outer, IPv4Network):
        return inner.subnet_of(outer)
    return isinstance(inner, IPv6Network) and isinstance(outer, IPv6Network) and inner.subnet_of(outer)
