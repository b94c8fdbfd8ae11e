"""URLs that lead, or are meant to lead, where the portal must not go. None of them may open a connection."""

from ipaddress import IPv4Address, IPv6Address
from itertools import product

# Places that every trick below tries to reach.
SECRET_PLACES = ["127.0.0.1", "169.254.169.254", "10.0.0.1"]
SPECIAL_V4 = [
    *("0.0.0.0", "0.1.2.3", "10.255.255.255", "100.64.0.1", "100.127.255.254", "100.100.100.200", "127.0.0.53"),
    *("127.255.255.254", "168.63.129.16", "169.254.0.1", "169.254.170.2", "172.16.0.1", "172.31.255.255"),
    *("192.0.0.8", "192.0.0.192", "192.0.2.1", "192.88.99.1", "192.168.1.1", "198.18.0.1", "198.19.255.255"),
    *("198.51.100.7", "203.0.113.9", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255"),
    *("192.31.196.1", "192.52.193.1", "192.175.48.1"),
]
SPECIAL_V6 = [
    *("::", "::1", "fc00::1", "fd00:ec2::254", "fd12:3456:789a::1", "fe80::1", "fec0::1", "ff02::1", "100::1"),
    *("2001:db8::1", "2001:2::1", "2001:10::1", "2001:20::1", "3ffe::1", "3fff::1", "4000::1", "5f00::1", "e000::1"),
]


def odd_forms(dotted: str) -> list[str]:
    """Return an IPv4 address in every form that some parser takes for it."""
    number = int(IPv4Address(dotted))
    a, b, c, d = dotted.split(".")
    return [
        str(number),
        hex(number),
        hex(number).upper(),
        oct(number).replace("0o", "0"),
        f"{int(a):#x}.{int(b):#x}.{int(c):#x}.{int(d):#x}",
        f"0{int(a):o}.0{int(b):o}.0{int(c):o}.0{int(d):o}",
        f"{int(a):#x}.{number & 0xFFFFFF}",
        f"{a}.{number & 0xFFFFFF}",
        f"{a}.{b}.{number & 0xFFFF}",
        f"00{a}.{b}.{c}.{d}",
        f"{dotted}.",
        f"{dotted}..",
        f"{a}.{b}.{c}.{d}.0",
        "".join(chr(ord("０") + int(digit)) if digit.isdigit() else "。" for digit in dotted),
        dotted.replace(".", "．"),
        dotted.replace("1", "①"),
        dotted.replace(".", "%2e"),
        "".join(f"%{ord(letter):02x}" for letter in dotted),
        str(number + 2**32),
    ]


def in_ipv6(dotted: str) -> list[str]:
    """Return IPv6 addresses that lead to an IPv4 address."""
    number = int(IPv4Address(dotted))
    flipped = number ^ 0xFFFFFFFF
    return [
        f"::ffff:{dotted}",
        f"::{dotted}",
        f"::ffff:0:{dotted}",
        f"64:ff9b::{dotted}",
        f"64:ff9b:1::{dotted}",
        str(IPv6Address(0x2002 << 112 | number << 80)),
        str(IPv6Address(0x20010000 << 96 | number << 64)),
        str(IPv6Address(0x20010000 << 96 | IPV4_PUBLIC << 64 | flipped)),
        str(IPv6Address(0x2606 << 112 | 0x5EFE << 32 | number)),
        str(IPv6Address(0x2606 << 112 | 0x02005EFE << 32 | number)),
    ]


IPV4_PUBLIC = int(IPv4Address("198.41.0.4"))

ADDRESSES = [
    *(f"https://{place}/" for place in [*SECRET_PLACES, *SPECIAL_V4]),
    *(f"https://[{place}]/" for place in SPECIAL_V6),
    *(f"https://{form}/" for place in SECRET_PLACES for form in odd_forms(place)),
    *(f"https://[{form}]/" for place in SECRET_PLACES for form in in_ipv6(place)),
    "https://[::ffff:7f00:1]/",
    "https://[0:0:0:0:0:0:0:1]/",
    "https://[::1%25lo]/",
    "https://[fe80::1%eth0]/",
    "https://[::1",
    "https://::1/",
    "https://[v1.fe80::a+en1]/",
    "https://[]/",
]
NAMES = [
    *(f"https://{name}/" for name in ("localhost", "LOCALHOST", "localhost.", "a.localhost", "metadata", "redis")),
    *(f"https://{name}/" for name in ("metadata.google.internal", "router.local", "printer.lan", "x.onion", "a.corp")),
    *(f"https://{name}/" for name in ("1.0.0.127.in-addr.arpa", "postgres", "kubernetes.default.svc.cluster.local")),
    *(
        f"https://{name}/"
        for name in ("ⓛⓞⓒⓐⓛⓗⓞⓢⓣ", "locаlhost.example.com", "hooks.example.com\u200b", "hooks。com", "ﬀ.com")
    ),
    *(f"https://{name}/" for name in ("-a.com", "a-.com", "a..com", ".a.com", "a_b.com", "a" * 64 + ".com")),
    f"https://{'a.' * 130}com/",
]
PARSERS = [
    "https://hooks.example.com@127.0.0.1/",
    "https://127.0.0.1@hooks.example.com/",
    "https://user:secret@hooks.example.com/",
    "https://hooks.example.com:443@127.0.0.1/",
    "https://hooks.example.com:@127.0.0.1/",
    "https://hooks.example.com\\@127.0.0.1/",
    "https://127.0.0.1\\@hooks.example.com/",
    "https://hooks.example.com\\.internal/",
    "https:\\\\127.0.0.1/",
    "https:/127.0.0.1/",
    "https:127.0.0.1",
    "https:///127.0.0.1/",
    "https://",
    "https:///",
    "https://?x",
    "https://:443/",
    "//127.0.0.1/",
    "127.0.0.1",
    "hooks.example.com",
    "",
    " ",
    "https://hooks.example.com#@127.0.0.1/",
    "https://hooks.example.com/#fragment",
    "https://hooks.example.com:0/",
    "https://hooks.example.com:22/",
    "https://hooks.example.com:25/",
    "https://hooks.example.com:5432/",
    "https://hooks.example.com:6379/",
    "https://hooks.example.com:65536/",
    "https://hooks.example.com:99999999/",
    "https://hooks.example.com:-1/",
    "https://hooks.example.com:443:80/",
    "https://hooks.example.com:４４３/",
    "https://hooks.example.com:0x1bb/",
    "https://hooks.example.com:/",
    "https://hooks.example.com /",
    " https://hooks.example.com/",
    "https://hooks.example.com/ x",
    "https://hooks.example.com/한글",
    "https://hooks.example.com/%zz",
    "https://hooks.example.com/%",
    "https://hooks.example.com/<script>",
    'https://hooks.example.com/"',
    "https://hooks.example.com/{x}",
    "https://hooks.example.com/?a=^",
    "https://hooks.example.com/" + "a" * 2000,
    *(f"https://hooks.example.com{control}/" for control in ("\0", "\t", "\n", "\r", "\x0b", "\x7f", "\x85", "\u2028")),
    *(f"https://hooks.example.com/{control}" for control in ("\r\nHost: 127.0.0.1", "\n", "\0", " HTTP/1.1\r\nX: y")),
    *(f"ht{control}tps://hooks.example.com/" for control in ("\t", "\n", "\0")),
]
SCHEMES = [
    f"{scheme}://{host}/"
    for scheme, host in product(
        ("http", "ftp", "file", "gopher", "dict", "ldap", "ws", "wss", "unix", "jar", "javascript", "data", "httpss"),
        ("hooks.example.com", "127.0.0.1"),
    )
] + [
    "file:///etc/passwd",
    "data:text/plain,x",
    "javascript:alert(1)",
    "unix:/run/docker.sock",
    "HTTP://hooks.example.com/",
]

# Public-looking names, and the addresses that a name server gives for them.
LEADING_INSIDE = {
    **{f"v4-{number}.example.com": [address] for number, address in enumerate([*SECRET_PLACES, *SPECIAL_V4])},
    **{f"v6-{number}.example.com": [address] for number, address in enumerate(SPECIAL_V6)},
    **{f"in-{number}.example.com": [address] for number, address in enumerate(in_ipv6("169.254.169.254"))},
    "both.example.com": ["198.41.0.4", "10.0.0.1"],
    "both-again.example.com": ["2606:4700::1111", "::1"],
    "zone.example.com": ["fe80::1%eth0"],
}
WRITTEN = [*ADDRESSES, *NAMES, *PARSERS, *SCHEMES]
