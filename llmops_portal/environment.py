"""What the environment says, read strictly: an odd value stops the start and names itself."""

import re
from ipaddress import ip_network

import environ
from django.core.exceptions import ImproperlyConfigured

env = environ.FileAwareEnv()

TRUE, FALSE = frozenset({"1", "true", "yes", "on"}), frozenset({"0", "false", "no", "off"})
ADDRESS = re.compile(r"https?://[^\s/?#]+(/[^\s?#]*)?")
HOST_NAME = re.compile(r"\.?[a-z0-9-]+(\.[a-z0-9-]+)*", re.IGNORECASE)


def flag(name: str, *, default: bool) -> bool:
    """Return a boolean setting; anything that is neither clearly on nor clearly off stops the start."""
    given = env.str(name, default="").strip().lower()
    if not given:
        return default
    if given in TRUE | FALSE:
        return given in TRUE
    raise ImproperlyConfigured(
        f"{name}={given!r} is neither on nor off. Use one of 1, true, yes, on, 0, false, no, off."
    )


def number(name: str, *, default: int, least: int = 0, most: int = 2**63) -> int:
    """Return a whole number within bounds, or stop the start."""
    given = env.str(name, default="").strip()
    try:
        value = int(given) if given else default
    except ValueError:
        raise ImproperlyConfigured(f"{name}={given!r} is not a whole number.") from None
    if not least <= value <= most:
        raise ImproperlyConfigured(f"{name}={value} is not between {least} and {most}.")
    return value


def one_of(name: str, *, default: str, known: tuple[str, ...]) -> str:
    given = env.str(name, default=default)
    if given not in known:
        raise ImproperlyConfigured(f"{name}={given!r} is unknown. Use one of {', '.join(known)}.")
    return given


def url(name: str, *, default: str) -> str:
    """Return the base address of something that speaks HTTP, without a slash at its end, or stop the start."""
    given = env.str(name, default="").strip() or default
    if not ADDRESS.fullmatch(given):
        raise ImproperlyConfigured(f"{name}={given!r} is not an address. Write it as https://portal.example.")
    return given.rstrip("/")


def urls(name: str) -> list[str]:
    """Return the addresses that are listed, separated by commas, or stop the start."""
    given = [each.strip() for each in env.str(name, default="").split(",") if each.strip()]
    for each in given:
        if not ADDRESS.fullmatch(each):
            raise ImproperlyConfigured(f"{name}: {each!r} is not an address. Write it as https://witness.example.")
    return [each.rstrip("/") for each in given]


def networks(name: str, *, default: str) -> str:
    """Return IP addresses and networks, separated by commas, or "*" for any; or stop the start."""
    given = [each.strip() for each in (env.str(name, default="").strip() or default).split(",")]
    for each in given:
        try:
            _ = each == "*" or ip_network(each)
        except ValueError as error:
            raise ImproperlyConfigured(
                f"{name}: {error}. Write addresses and networks separated by commas, such as 10.0.0.0/8, or * for any."
            ) from None
    return ",".join(given)


def destinations(name: str) -> list[str]:
    """Return networks and names of hosts, separated by commas; or stop the start."""
    given = [each.strip() for each in env.str(name, default="").split(",") if each.strip()]
    for each in given:
        try:
            ip_network(each)
        except ValueError as error:
            # What looks like an address and is none must not become the name of a host.
            if "/" in each or ":" in each or each[-1].isdigit() or not HOST_NAME.fullmatch(each):
                raise ImproperlyConfigured(
                    f"{name}: {error}. Write networks and names of hosts separated by commas, such as "
                    "10.20.0.0/16,hooks.corp.example."
                ) from None
    return given


def ports(name: str, *, default: str) -> list[int]:
    """Return numbers of ports, separated by commas; or stop the start."""
    given = [each.strip() for each in (env.str(name, default="").strip() or default).split(",")]
    for each in given:
        if not each.isascii() or not each.isdigit() or not 1 <= int(each) <= 65535:
            raise ImproperlyConfigured(f"{name}: {each!r} is not a port. Write numbers separated by commas: 443,8443.")
    return [int(each) for each in given]
