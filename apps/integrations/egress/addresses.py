"""Which IP addresses are no place on the public internet, and what kind of place they are instead.

The tables follow the IANA registries of special-purpose addresses (RFC 6890 and its updates). Python's `is_global` is
not used: it differs between versions, and takes NAT64 addresses, which lead to any IPv4 address, for global.
"""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

from apps.integrations.egress.rules import Address, Rules

PRIVATE = "a private address"

# The first that matches names the kind, so single addresses stand before the networks around them.
V4_KINDS = [
    (IPv4Network(network), kind)
    for network, kind in (
        ("169.254.169.254/32", "the cloud's metadata service"),
        ("169.254.170.2/32", "the cloud's metadata service"),
        ("100.100.100.200/32", "the cloud's metadata service"),
        ("168.63.129.16/32", "the cloud's metadata service"),
        ("192.0.0.192/32", "the cloud's metadata service"),
        ("0.0.0.0/8", "an address of this machine"),
        ("127.0.0.0/8", "an address of this machine"),
        ("10.0.0.0/8", PRIVATE),
        ("172.16.0.0/12", PRIVATE),
        ("192.168.0.0/16", PRIVATE),
        ("100.64.0.0/10", PRIVATE),
        ("169.254.0.0/16", "a link-local address"),
        ("192.0.0.0/24", "a reserved address"),
        ("192.0.2.0/24", "an address for documentation"),
        ("192.31.196.0/24", "a reserved address"),
        ("192.52.193.0/24", "a reserved address"),
        ("192.88.99.0/24", "a reserved address"),
        ("192.175.48.0/24", "a reserved address"),
        ("198.18.0.0/15", "an address for benchmarks"),
        ("198.51.100.0/24", "an address for documentation"),
        ("203.0.113.0/24", "an address for documentation"),
        ("224.0.0.0/4", "a multicast address"),
        ("240.0.0.0/4", "a reserved address"),
    )
]
V6_KINDS = [
    (IPv6Network(network), kind)
    for network, kind in (
        ("fd00:ec2::254/128", "the cloud's metadata service"),
        ("fd20:ce::254/128", "the cloud's metadata service"),
        ("::/128", "an address of this machine"),
        ("::1/128", "an address of this machine"),
        ("::ffff:0:0/96", "an IPv4 address in IPv6"),
        ("::ffff:0:0:0/96", "an IPv4 address in IPv6"),
        ("::/96", "an IPv4 address in IPv6"),
        ("64:ff9b::/96", "an IPv4 address behind NAT64"),
        ("64:ff9b:1::/48", "an IPv4 address behind NAT64"),
        ("2001::/32", "an IPv4 address behind Teredo"),
        ("2002::/16", "an IPv4 address behind 6to4"),
        ("fc00::/7", PRIVATE),
        ("fe80::/10", "a link-local address"),
        ("fec0::/10", PRIVATE),
        ("ff00::/8", "a multicast address"),
        ("2001:db8::/32", "an address for documentation"),
        ("2001::/23", "a reserved address"),
        ("3ffe::/16", "a reserved address"),
        ("3fff::/20", "an address for documentation"),
    )
]
V6_UNICAST = IPv6Network("2000::/3")  # all that has been given out; what lies outside is special or nobody's
TEREDO, SIX_TO_FOUR = IPv6Network("2001::/32"), IPv6Network("2002::/16")
IPV4_AT_THE_END = [
    IPv6Network(network) for network in ("::ffff:0:0/96", "::ffff:0:0:0/96", "::/96", "64:ff9b::/96", "64:ff9b:1::/48")
]
ISATAP = {0x00005EFE, 0x02005EFE}  # RFC 5214: the IPv4 address follows, whatever the network


def why_refused(address: Address, rules: Rules, *, host: str = "") -> str:
    """Return what kind of place `address` is that the portal does not connect to; "" when it does.

    An address that holds an IPv4 address is refused, and where its network is allowed, judged by what it holds: a
    network of NAT64 that is allowed leads to no metadata service.

    Args:
        host: the name that led to the address. A name that is allowed may lead to private addresses, and to no other
            special ones.
    """
    for inner in embedded(address):
        if kind := why_refused(inner, rules, host=host):
            return f"{kind}, written as {address}"
    if rules.allow_address(address):
        return ""
    kind = kind_of(address)
    return "" if kind == PRIVATE and rules.allow_name(host) else kind


def kind_of(address: Address) -> str:
    """Return what kind of special address this is; "" for one of the public internet."""
    if isinstance(address, IPv4Address):
        return next((kind for network, kind in V4_KINDS if address in network), "")
    if address.scope_id:
        return "a link-local address"
    found = next((kind for network, kind in V6_KINDS if address in network), "")
    return found or ("" if address in V6_UNICAST else "a reserved address")


def embedded(address: Address) -> list[IPv4Address]:
    """Return the IPv4 addresses that packets to `address` may end at."""
    if isinstance(address, IPv4Address):
        return []
    number = int(address)
    last = number & 0xFFFFFFFF
    if address in SIX_TO_FOUR:
        return [IPv4Address(number >> 80 & 0xFFFFFFFF)]
    if address in TEREDO:
        return [IPv4Address(number >> 64 & 0xFFFFFFFF), IPv4Address(last ^ 0xFFFFFFFF)]
    if _is_special_itself(address):
        return []
    is_embedding = any(address in network for network in IPV4_AT_THE_END)
    return [IPv4Address(last)] if is_embedding or number >> 32 & 0xFFFFFFFF in ISATAP else []


def _is_special_itself(address: IPv6Address) -> bool:
    return address.is_unspecified or address.is_loopback
