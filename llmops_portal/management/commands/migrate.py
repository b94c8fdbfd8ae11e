"""Migrations run as the owner of the tables, and end by saying what the portal's own role may do."""

from typing import Any

import environ
from django.conf import settings
from django.core.management.commands.migrate import Command as Migrate
from django.db import connections

from apps.governance.append_only import grant_to_application


class Command(Migrate):
    """`migrate`, connected by DATABASE_OWNER_URL where there is one."""

    def handle(self, *args: Any, **options: Any) -> None:
        connection = connections[options["database"]]
        application, owner_url = connection.settings_dict["USER"], settings.DATABASE_OWNER_URL
        if owner_url:
            owner = environ.Env.db_url_config(owner_url)
            if pool := getattr(connection, "close_pool", None):
                pool()
            connection.close()
            connection.settings_dict.update({name: owner[name] for name in ("USER", "PASSWORD", "HOST", "PORT")})
        super().handle(*args, **options)
        if owner_url and owner["USER"] != application:
            with connection.cursor() as cursor:
                grant_to_application(cursor, owner=owner["USER"], role=application)
