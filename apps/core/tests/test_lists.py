import json
from base64 import urlsafe_b64encode
from uuid import uuid4

import pytest
from django.contrib.contenttypes.models import ContentType
from django.http import QueryDict
from django.test import RequestFactory

from apps.core.errors import InvalidInputError
from apps.core.web.lists import ListPage, list_page

SORTS = {"name": "model", "kind": "app_label"}


@pytest.fixture
def rows(db) -> None:
    """Seven rows whose names run against their ids."""
    ContentType.objects.bulk_create(ContentType(app_label="sample", model=letter) for letter in "gfedcba")


def page_at(query: str) -> ListPage[ContentType]:
    return list_page(
        RequestFactory().get(f"/?{query}"), ContentType.objects.filter(app_label="sample"), sorts=SORTS, size=3
    )


def link(**query: str) -> str:
    asked = QueryDict(mutable=True)
    asked.update(query)
    return asked.urlencode()


def names(page: ListPage[ContentType]) -> str:
    return "".join(row.model for row in page.rows)


class TestListPage:
    def test_starts_with_the_newest_and_counts_all(self, rows):
        page = page_at("")

        assert names(page) == "abc"
        assert page.total == 7
        assert page.newer is None

    @pytest.mark.parametrize(
        ("sort", "pages"),
        [("-created", ["abc", "def", "g"]), ("created", ["gfe", "dcb", "a"]), ("-name", ["gfe", "dcb", "a"])],
    )
    def test_goes_through_all_pages_and_back(self, rows, sort, pages):
        page = page_at(link(sort=sort))
        seen = [names(page)]
        while page.older:
            page = page_at(link(sort=sort, after=page.older))
            seen.append(names(page))
        back = [names(page)]
        while page.newer:
            page = page_at(link(sort=sort, before=page.newer))
            back.append(names(page))

        assert seen == pages
        assert back == pages[::-1]

    def test_neither_skips_nor_repeats_rows_that_compare_equal(self, rows):
        page = page_at("sort=kind")
        seen = names(page)
        while page.older:
            page = page_at(link(sort="kind", after=page.older))
            seen += names(page)

        assert seen == "gfedcba"

    def test_is_false_when_there_is_nothing(self, db):
        page = page_at("")

        assert not page
        assert (page.total, page.newer, page.older) == (0, None, None)

    @pytest.mark.parametrize(
        "query",
        ["sort=secret", "after=xx", "after=bnVsbA", "before=WyJhIiwgImIiXQ", "sort=name&after=NUL", "after=DEEP"],
    )
    def test_refuses_an_order_that_is_not_offered_and_a_damaged_cursor(self, rows, query):
        nul = urlsafe_b64encode(json.dumps(["\0", str(uuid4())]).encode()).decode()
        deep = urlsafe_b64encode(b"[" * 3000).decode()

        with pytest.raises(InvalidInputError):
            page_at(query.replace("NUL", nul).replace("DEEP", deep))
