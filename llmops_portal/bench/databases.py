"""A database of a bench's own."""

import contextlib
import os
from collections.abc import Iterator
from urllib.parse import urlsplit

from django.db import connection


@contextlib.contextmanager
def empty_database() -> Iterator[None]:
    """Have this process, and those that it starts, work on a new database, which is gone afterwards."""
    given, known = os.environ["DATABASE_URL"], connection.settings_dict["NAME"]
    _close()
    name = connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    os.environ["DATABASE_URL"] = given.replace(urlsplit(given).path, f"/{name}", 1)
    try:
        yield
    finally:
        _close()
        connection.creation.destroy_test_db(known, verbosity=0)
        os.environ["DATABASE_URL"] = given


def _close() -> None:
    """Close the connection and its pool, which would go on connecting to the database from before."""
    connection.close()
    connection.close_pool()  # type: ignore[attr-defined]  # PostgreSQL's has one
