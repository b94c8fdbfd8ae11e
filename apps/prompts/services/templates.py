"""Templates and their versions. A version never changes: to change a prompt is to add one."""

from django.db import IntegrityError, transaction

from apps.accounts.models import Project, Team, User
from apps.accounts.permissions import Permission
from apps.accounts.selectors import require, require_on_team
from apps.core.canonical import digest_of
from apps.governance.services import record_event
from apps.prompts.errors import NameTakenError, NoEarlierVersionError, NothingChangedError
from apps.prompts.models import PromptTemplate, PromptVersion
from apps.prompts.rendering import variables_in
from apps.prompts.selectors import version_numbered


@transaction.atomic
def create_template(
    *,
    actor: User,
    team: Team,
    project: Project | None = None,
    name: str,
    user: str,
    system: str = "",
    description: str = "",
    notes: str = "",
) -> PromptTemplate:
    """Make a template of `team` with its first version.

    Raises:
        NameTakenError: the team has one of that name.
        PromptTextError: a text holds something that is no variable.
    """
    require_on_team(actor, Permission.EDIT, team, project)
    try:
        with transaction.atomic():
            template = PromptTemplate.objects.create(
                owner_team=team, project=project, name=name, description=description, created_by=actor
            )
    except IntegrityError:
        raise NameTakenError(name=name, fields={"name": ["Taken on this team."]}) from None
    record_event(actor=actor, action="prompttemplate.create", subject=template, after={"name": name, "team": team.slug})
    _add(actor=actor, template=template, number=1, system=system, user=user, notes=notes, verb="create")
    return template


@transaction.atomic
def add_version(
    *, actor: User, template: PromptTemplate, user: str, system: str = "", notes: str = ""
) -> PromptVersion:
    """Add the next version of a template.

    Raises:
        NothingChangedError: the newest version says exactly this.
        PromptTextError: a text holds something that is no variable.
    """
    last = _lock_last(actor, template)
    number = last.number + 1
    return _add(
        actor=actor, template=template, number=number, system=system, user=user, notes=notes, verb="create", last=last
    )


@transaction.atomic
def rollback_template(
    *, actor: User, template: PromptTemplate, version: int | None = None, notes: str = ""
) -> PromptVersion:
    """Add a version that says again what `version` said; None takes the one before the newest.

    Raises:
        NoEarlierVersionError: there is only one version.
        UnknownVersionError: there is no version of that number.
        NothingChangedError: the newest version says that already.
    """
    last = _lock_last(actor, template)
    if version is None and last.number == 1:
        raise NoEarlierVersionError
    old = version_numbered(template, last.number - 1 if version is None else version)
    return _add(
        actor=actor,
        template=template,
        number=last.number + 1,
        system=old.system,
        user=old.user,
        notes=notes or f"Back to version {old.number}.",
        verb="rollback",
        last=last,
    )


def _lock_last(actor: User, template: PromptTemplate) -> PromptVersion:
    """Return the newest version, with the template locked: two who add at once get a number each."""
    require(actor, Permission.EDIT, template)
    PromptTemplate.objects.select_for_update().get(pk=template.pk)
    return version_numbered(template, None)


def _add(
    *,
    actor: User,
    template: PromptTemplate,
    number: int,
    system: str,
    user: str,
    notes: str,
    verb: str,
    last: PromptVersion | None = None,
) -> PromptVersion:
    variables = variables_in(system, user)
    digest = digest_of({"system": system, "user": user})
    if last is not None and last.digest == digest:
        raise NothingChangedError(number=last.number)
    version = PromptVersion.objects.create(
        template=template,
        number=number,
        system=system,
        user=user,
        variables=variables,
        digest=digest,
        notes=notes,
        created_by=actor,
    )
    record_event(
        actor=actor,
        action=f"promptversion.{verb}",
        subject=version,
        before={"number": last.number, "digest": last.digest} if last else None,
        after={"number": number, "digest": digest, "variables": variables},
        reason=notes,
    )
    return version
