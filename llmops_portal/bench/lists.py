"""What a page of 50 of 200,000 objects costs in the database for people with few and with many of them, beside the same
page by django-guardian's generic tables, filled to allow the same.

Everybody is asked for both ways in turn. The two pages must hold the same objects.
"""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from unittest import mock

from django.db import connection, transaction
from django.db.models import QuerySet

from llmops_portal.bench.databases import empty_database
from llmops_portal.bench.figures import Figure

OBJECTS, TEAMS, PROJECTS_OF_A_TEAM, ORGANISATIONS, MEMBERS_OF_A_TEAM = 200_000, 200, 5, 10, 7
GRANTED, DENIED = 2_000, 500
PAGE, ROUNDS = 50, 15

# One statement each, since 200,000 rows through the ORM would take minutes. What they leave out has its default.
FILL = """
INSERT INTO accounts_organisation (id, slug, name)
    SELECT uuidv7(), 'org-' || n, 'Organisation ' || n FROM generate_series(0, {organisations} - 1) n;
INSERT INTO accounts_team (id, organisation_id, slug, name)
    SELECT uuidv7(), o.id, 'team-' || n, 'Team ' || n
    FROM generate_series(0, {teams} - 1) n JOIN accounts_organisation o ON o.slug = 'org-' || (n % {organisations});
INSERT INTO accounts_project (id, team_id, slug, name)
    SELECT uuidv7(), t.id, 'project-' || n, 'Project ' || n
    FROM accounts_team t, generate_series(0, {projects} - 1) n;
INSERT INTO accounts_user (id, username, password, first_name, last_name, email, kind, is_active, is_staff,
                           is_superuser, date_joined, session_epoch)
    SELECT uuidv7(), name, '', '', '', '', 'person', true, false, false, now(), 0
    FROM (SELECT 'member-' || n AS name FROM generate_series(0, {teams} * {members} - 1) n
          UNION ALL SELECT unnest(
              ARRAY['nobody', 'granted', 'small', 'project', 'team', 'organisation', 'most', 'mixed']
          )) who;
INSERT INTO accounts_membership (id, user_id, team_id, role, given_at)
    SELECT uuidv7(), u.id, t.id, 'engineer', now()
    FROM generate_series(0, {teams} * {members} - 1) n
    JOIN accounts_user u ON u.username = 'member-' || n JOIN accounts_team t ON t.slug = 'team-' || (n % {teams});
INSERT INTO catalog_modelversion (id, owner_team_id, project_id, name, version, type, model_family, status, description,
                                  license, tags, metadata, facts, card, digest, size_bytes, created_by_id, created_at,
                                  updated_at)
    SELECT uuidv7(), t.id, p.id, 'model-' || n, '1', 'base', 'llama', 'draft', repeat('What it is for. ', 8),
           'Apache-2.0', '{{}}', '{{"maker": "bench"}}', '{{"parameter_count": 1000000}}', repeat('# Card ', 40), '', 0,
           u.id, now(), now()
    FROM generate_series(0, {objects} - 1) n
    JOIN accounts_team t ON t.slug = 'team-' || (n * 7919 % {teams})
    JOIN accounts_user u ON u.username = 'member-0'
    LEFT JOIN accounts_project p ON p.team_id = t.id AND n % 2 = 0
        AND p.slug = 'project-' || (n / {teams} % {projects});
"""
# The same as rows of guardian's generic table: one for each person and object that they may see.
FILL_GENERIC = """
INSERT INTO guardian_userobjectpermission (object_pk, content_type_id, permission_id, user_id)
    SELECT m.id::text, {content_type}, {permission}, h.user_id
    FROM accounts_membership h JOIN catalog_modelversion m ON m.owner_team_id = h.team_id
    UNION SELECT m.id::text, {content_type}, {permission}, h.user_id
    FROM accounts_membership h JOIN catalog_modelversion m ON m.project_id = h.project_id
    UNION SELECT m.id::text, {content_type}, {permission}, h.user_id
    FROM accounts_membership h JOIN accounts_team t ON t.organisation_id = h.organisation_id
        JOIN catalog_modelversion m ON m.owner_team_id = t.id
    UNION SELECT content_object_id::text, {content_type}, {permission}, user_id
    FROM catalog_modelversiongrant WHERE effect = 'allow';
DELETE FROM guardian_userobjectpermission g USING catalog_modelversiongrant d
    WHERE d.effect = 'deny' AND g.user_id = d.user_id AND g.object_pk = d.content_object_id::text;
"""


@dataclass(frozen=True, slots=True)
class Measured:
    """The median time of one person's page, both ways."""

    who: str
    visible: int
    ours_ms: float
    generic_ms: float


def measure() -> list[Figure]:
    """Return the time of a page of 50, at the median of the people and for the slowest, beside guardian's."""
    with empty_database(), transaction.atomic():
        people = _filled(connection)
        found = [_measured(connection, who) for who in people]
        transaction.set_rollback(True)
    for each in found:
        times = f"{each.ours_ms:7.2f} ms, guardian {each.generic_ms:8.2f} ms"
        print(f"{each.who:>14}: {each.visible:>6} visible, {times}")
    ours, generic = (
        statistics.median(values) for values in zip(*((m.ours_ms, m.generic_ms) for m in found), strict=True)
    )
    slowest = max(found, key=lambda each: each.ours_ms)
    return [
        Figure(name="list_200k_db_ms", value=ours, baseline_name="guardian, generic, ms", baseline=generic),
        Figure(name="list_vs_guardian", value=ours / generic, baseline_name="at most", baseline=0.2),
        Figure(
            name="list_200k_slowest_ms",
            value=slowest.ours_ms,
            baseline_name=f"guardian for the same ({slowest.who}), ms",
            baseline=slowest.generic_ms,
        ),
    ]


def _filled(connection: Any) -> list[str]:
    from django.contrib.auth.models import Permission as DjangoPermission  # noqa: PLC0415
    from django.contrib.contenttypes.models import ContentType  # noqa: PLC0415

    from apps.catalog.models import ModelVersion  # noqa: PLC0415

    kind = ContentType.objects.get_for_model(ModelVersion)
    named = {"content_type": kind, "codename": "read_modelversion"}
    permission, _ = DjangoPermission.objects.get_or_create(**named, defaults={"name": "Can read model version"})
    sizes = {"objects": OBJECTS, "teams": TEAMS, "projects": PROJECTS_OF_A_TEAM}
    sizes |= {"organisations": ORGANISATIONS, "members": MEMBERS_OF_A_TEAM}
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL governance.unaudited = 'on'")  # of rows that are gone afterwards
        cursor.execute(FILL.format(**sizes))
    people = _given_roles_and_grants(permission)
    with connection.cursor() as cursor:
        cursor.execute(FILL_GENERIC.format(content_type=kind.pk, permission=permission.pk))
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; ANALYZE")
    return people


def _given_roles_and_grants(permission: Any) -> list[str]:
    """Give the people who are measured their roles and grants; returns them."""
    from apps.accounts.models import Membership, ObjectGrant, Organisation, Project, Team, User  # noqa: PLC0415
    from apps.catalog.models import ModelVersion, ModelVersionGrant  # noqa: PLC0415

    user = {
        name: User.objects.get(username=name)
        for name in ("granted", "small", "project", "team", "organisation", "most", "mixed")
    }
    organisations, project = list(Organisation.objects.order_by("pk")), Project.objects.earliest("pk")
    team = Team.objects.exclude(pk=project.team_id).earliest("pk")
    small = Team.objects.create(organisation=organisations[-1], slug="small", name="Small")
    ModelVersion.objects.filter(pk=ModelVersion.objects.earliest("pk").pk).update(owner_team=small, project=None)
    held = [
        Membership(user=user["small"], team=small, role="engineer"),
        Membership(user=user["project"], project=project, role="engineer"),
        Membership(user=user["team"], team=team, role="viewer"),
        Membership(user=user["organisation"], organisation=organisations[0], role="auditor"),
        *(Membership(user=user["most"], organisation=each, role="viewer") for each in organisations[:8]),
        Membership(user=user["mixed"], project=project, role="engineer"),
        Membership(user=user["mixed"], team=team, role="engineer"),
    ]
    Membership.objects.bulk_create(held)
    some = list(ModelVersion.objects.order_by("?").values_list("pk", flat=True)[: GRANTED + DENIED])
    of_team = list(ModelVersion.objects.filter(owner_team=team).values_list("pk", flat=True)[:20])
    grants = [(user["granted"], pk, "allow") for pk in some[:5]]
    grants += [(user["mixed"], pk, "allow") for pk in some[:50]] + [(user["mixed"], pk, "deny") for pk in of_team]
    members = list(User.objects.filter(username__startswith="member-").order_by("username"))
    effects = ["allow"] * GRANTED + ["deny"] * DENIED
    grants += [(members[n % len(members)], pk, effects[n]) for n, pk in enumerate(some)]
    unique = {(who.pk, pk): (who, pk, effect) for who, pk, effect in grants}
    ModelVersionGrant.objects.bulk_create(
        ModelVersionGrant(user=who, permission=permission, content_object_id=pk, effect=ObjectGrant.Effect(effect))
        for who, pk, effect in unique.values()
    )
    return ["nobody", *user]


def _measured(connection: Any, username: str) -> Measured:
    from guardian import shortcuts  # noqa: PLC0415, TID251 - what is measured against
    from guardian.models import UserObjectPermission  # noqa: PLC0415

    from apps.accounts.models import User  # noqa: PLC0415
    from apps.accounts.selectors import visible_to  # noqa: PLC0415
    from apps.accounts.sign_in import PeopleBackend  # noqa: PLC0415
    from apps.catalog.models import ModelVersion  # noqa: PLC0415

    everything = ModelVersion.objects.select_related("owner_team", "base_model", "created_by")
    user_id = User.objects.get(username=username).pk
    signed_in = PeopleBackend().get_user(user_id)
    assert signed_in is not None, "who is measured can sign in"  # noqa: S101

    def ours() -> QuerySet[Any]:
        return visible_to(signed_in, everything)

    def generic() -> QuerySet[Any]:
        # Left to itself guardian finds our direct foreign keys; asked for is what everybody reaches for first.
        with mock.patch.object(shortcuts, "get_user_obj_perms_model", return_value=UserObjectPermission):
            return by_guardian()

    def by_guardian() -> QuerySet[Any]:
        return shortcuts.get_objects_for_user(signed_in, "catalog.read_modelversion", klass=everything)

    pages = [[row.pk for row in rows().order_by("-pk")[:PAGE]] for rows in (ours, generic)]
    if pages[0] != pages[1]:
        raise ValueError(f"{username} sees other objects through guardian than through roles and grants")
    timed = [(_page_ms(connection, ours), _page_ms(connection, generic)) for _ in range(ROUNDS)]
    ours_ms, generic_ms = (statistics.median(times) for times in zip(*timed, strict=True))
    return Measured(username, ours().count(), ours_ms, generic_ms)


def _page_ms(connection: Any, rows: Callable[[], QuerySet[Any]]) -> float:
    """Return the time that the database takes for a page, as a client sees it: sent, planned, run, and received."""
    sql, params = rows().order_by("-pk")[:PAGE].query.sql_with_params()
    with connection.cursor() as cursor:
        began = time.perf_counter_ns()
        cursor.execute(sql, params)
        cursor.fetchall()
        return (time.perf_counter_ns() - began) / 1e6
