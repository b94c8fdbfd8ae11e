"""From a name to the addresses that are connected to. Asked once for each call: what was checked is what is used."""

import socket
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_address

from apps.integrations.egress.addresses import why_refused
from apps.integrations.egress.errors import EgressRefusedError, EgressUnavailableError
from apps.integrations.egress.rules import Address, Rules
from apps.integrations.egress.urls import Target

# A name server that does not answer holds a thread for as long as the system's resolver is patient, whatever the
# caller's deadline. These threads are nobody else's, so it is only further calls to the outside that wait.
_threads = ThreadPoolExecutor(max_workers=8, thread_name_prefix="egress-resolver")


def lookup(host: str) -> list[str]:
    """Return the addresses of a name, as the system's resolver knows them."""
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return [str(sockaddr[0]) for *_, sockaddr in found]


def checked_addresses(target: Target, rules: Rules, *, timeout_s: float) -> list[Address]:
    """Return the addresses that `target` may be reached at. One that is refused refuses them all.

    Raises:
        EgressRefusedError: the name leads to an address that the portal does not connect to.
        EgressUnavailableError: the name has no address, or nobody said so in time.
    """
    if target.address is not None:
        return [target.address]  # checked when the URL was read
    try:
        found = _threads.submit(lookup, target.host).result(timeout=timeout_s)
    except TimeoutError:
        raise EgressUnavailableError(host=target.host, why="could not be looked up in time") from None
    except (OSError, UnicodeError):
        raise EgressUnavailableError(host=target.host, why="has no address that could be found") from None
    addresses = list(dict.fromkeys(ip_address(each) for each in found))
    if not addresses:
        raise EgressUnavailableError(host=target.host, why="has no address")
    for address in addresses:
        if kind := why_refused(address, rules, host=target.host):
            raise EgressRefusedError(f"{target.host} leads to {kind} ({address}); the portal does not connect there.")
    return addresses
