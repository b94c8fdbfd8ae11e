"""What every page needs around its content: the side bar, the search box, the inbox and the account menu.

One list serves the portal's own pages and the admin, which shows the same `templates/shell/sidebar.html`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import SimpleLazyObject

from apps.accounts.models import User
from apps.accounts.permissions import Permission
from apps.accounts.selectors.reach import reach_of
from apps.governance.selectors import inbox, unread_notices

Counts = Mapping[str, tuple[int, str]]  # by place: how many, and of what


@dataclass(frozen=True, slots=True)
class Place:
    """A place to go to: the name of its URL, how it is called, its icon, and the key that follows `g`.

    One that `needs` a permission is not offered to whoever has it nowhere: its page would refuse them.
    """

    url: str
    title: str
    icon: str
    go: str = ""
    needs: Permission | None = None


@dataclass(frozen=True, slots=True)
class Group:
    title: str
    places: Sequence[Place]
    staff_only: bool = False


GROUPS = (
    Group(
        "",
        (
            Place("portal:home", "Home", "home", "h"),
            Place("portal:inbox", "Inbox", "inbox", "i"),
            Place("governance:notices", "Notices", "bell", "n"),
        ),
    ),
    Group(
        "Assets",
        (
            Place("catalog:models", "Models", "box", "m"),
            Place("datasets:datasets", "Datasets", "database", "d"),
            Place("prompts:templates", "Prompts", "message-square-text", "p"),
            Place("knowledge:collections", "Collections", "book-open"),
        ),
    ),
    Group(
        "Runs",
        (
            Place("training:jobs", "Jobs", "cpu", "j"),
            Place("evaluation:runs", "Evaluations", "flask-conical", "e"),
            Place("evaluation:queue", "Review queue", "list-checks", "q"),
        ),
    ),
    Group(
        "Serving",
        (
            Place("serving:endpoints", "Endpoints", "rocket", "s"),
            Place("telemetry:requests", "Requests", "activity", "r"),
        ),
    ),
    Group(
        "Governance",
        (
            Place("governance:policies", "Policies", "scale"),
            Place("governance:approvals", "Approvals", "badge-check", "a"),
            Place("governance:access_requests", "Access requests", "key-round"),
            Place("governance:decisions", "Decisions", "gavel"),
            Place("governance:waivers", "Waivers", "hourglass"),
            Place("governance:audit", "Audit trail", "scroll-text", needs=Permission.AUDIT),
            Place("governance:webhooks", "Webhooks", "webhook", needs=Permission.AUDIT),
        ),
    ),
    Group("Spending", (Place("costs:costs", "Costs", "coins", "c"),)),
    Group(
        "Administration",
        (Place("admin:index", "Admin", "settings"), Place("portal:design", "Style page", "palette")),
        staff_only=True,
    ),
)
ACCOUNT = (
    Place("accounts:account", "My access", "user"),
    Place("accounts:keys", "API keys", "key-round"),
    Place("accounts:password_change", "Change password", "lock"),
)


@dataclass(frozen=True, slots=True)
class Link:
    """A place as this person sees it on this page. `count` is of what is `counted`, such as "waiting"."""

    title: str
    href: str
    icon: str
    go: str
    current: bool
    count: int
    counted: str


@dataclass(frozen=True, slots=True)
class LinkGroup:
    title: str
    links: list[Link]


@dataclass(frozen=True, slots=True)
class Shell:
    groups: list[LinkGroup] = field(default_factory=list)
    account_links: list[Link] = field(default_factory=list)
    inbox_url: str = ""
    inbox_count: int = 0
    notices_url: str = ""
    notices_count: int = 0
    search_url: str = ""
    sign_out_url: str = ""
    query: str = ""
    initials: str = ""


def shell(request: HttpRequest) -> dict[str, Any]:
    """Context processor. It is lazy: a fragment, which shows no side bar, pays for none."""
    return {"shell": SimpleLazyObject(lambda: shell_for(request))}


def shell_for(request: HttpRequest) -> Shell:
    """Return what surrounds the page: nothing for somebody who is not signed in; two queries else."""
    user = getattr(request, "user", None)
    if not isinstance(user, User):
        return Shell()
    waiting = inbox(actor=user).order_by().count()
    unread = unread_notices(actor=user).order_by().count()
    counts = {"portal:inbox": (waiting, "waiting"), "governance:notices": (unread, "unread")}
    current = _place_of(request.path)
    return Shell(
        groups=_groups(user, current, counts=counts),
        account_links=_links(user, ACCOUNT, current, counts={}),
        inbox_url=address_of("portal:inbox"),
        inbox_count=waiting,
        notices_url=address_of("governance:notices"),
        notices_count=unread,
        search_url=address_of("portal:search"),
        sign_out_url=address_of("accounts:sign_out"),
        query=request.GET.get("q", "") if request.path == address_of("portal:search") else "",
        initials=_initials(user.label),
    )


def _groups(user: User, current: str, *, counts: Counts) -> list[LinkGroup]:
    shown = [group for group in GROUPS if user.is_staff or not group.staff_only]
    groups = [LinkGroup(group.title, _links(user, group.places, current, counts=counts)) for group in shown]
    return [group for group in groups if group.links]


def _links(user: User, places: Sequence[Place], current: str, *, counts: Counts) -> list[Link]:
    links = []
    for place in places:
        if place.needs is None or _may_somewhere(user, place.needs):
            href, (count, counted) = address_of(place.url), counts.get(place.url, (0, ""))
            links.append(Link(place.title, href, place.icon, place.go, href == current, count, counted))
    return links


def _may_somewhere(user: User, permission: Permission) -> bool:
    """Tell whether to offer a place. It is no check: the page makes its own."""
    reach = reach_of(user, permission)
    return reach.everywhere or bool(reach.teams) or bool(reach.projects)


def _place_of(path: str) -> str:
    """Return the address of the place that a page belongs to: the review queue, and not the evaluations above it."""
    places = [*(place for group in GROUPS for place in group.places), *ACCOUNT]
    addresses = [address_of(place.url) for place in places]
    above = [href for href in addresses if href == path or (href != "/" and path.startswith(href))]
    return max(above, key=len, default="")


def address_of(name: str) -> str:
    """Return the address of a place."""
    return reverse(name)


def _initials(label: str) -> str:
    words = label.replace(".", " ").replace("_", " ").split()
    return "".join(word[0] for word in (words[:1] + words[1:][-1:])).upper() or "?"
