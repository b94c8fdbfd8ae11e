"""The front door's table of addresses that take files, held against the portal's own addresses."""

from collections.abc import Iterator

from django.urls import URLPattern, get_resolver

from apps.core.api.uploads import UploadView
from apps.gateway.front.bodies import takes_files

ID = "0197a7a0-0000-7000-8000-000000000000"


def addresses(patterns, before: str = "/") -> Iterator[tuple[str, object]]:
    """Every address of the portal with an id where one belongs, and the view behind it."""
    for pattern in patterns:
        address = before + str(pattern.pattern)
        if isinstance(pattern, URLPattern):
            for name, converter in pattern.pattern.converters.items():
                kind = type(converter).__name__.removesuffix("Converter").lower()
                address = address.replace(f"<{kind}:{name}>", ID if kind == "uuid" else "x")
            yield address, pattern.callback
        else:
            yield from addresses(pattern.url_patterns, address)


def receives_files(view: object) -> bool:
    while view is not None:
        if getattr(view, "receives_files", False) or issubclass(getattr(view, "view_class", object), UploadView):
            return True
        view = getattr(view, "__wrapped__", None)
    return False


class TestTakesFiles:
    def test_knows_every_address_of_the_portal_that_takes_files_and_no_other(self):
        all_of_them = dict(addresses(get_resolver().url_patterns))

        taking = {address for address, view in all_of_them.items() if receives_files(view)}

        assert len(taking) == 4
        assert {address for address in all_of_them if takes_files(address)} == taking
