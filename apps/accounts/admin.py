"""People, scopes and roles in the Django admin. Everything is written by the services, and so is in the audit trail."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from unfold.admin import ModelAdmin, TabularInline
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from apps.accounts import services
from apps.accounts.models import ApiKey, Membership, Organisation, Project, Team, User
from apps.accounts.permissions import Role
from apps.core.admin import ReadOnlyAdmin
from apps.core.errors import DomainError

admin.site.unregister(Group)  # roles on scopes do what groups would


class MembershipInline(TabularInline):
    """Roles as they are; they are given and taken on the membership's own page, where it is recorded."""

    model = Membership
    fk_name = "user"
    fields = ("organisation", "team", "project", "role", "expires_at", "given_by")
    readonly_fields = fields
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:  # noqa: ARG002
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:  # noqa: ARG002
        return False


class AdministratorsAdmin(ModelAdmin):
    """For administrators alone; what was made here is disabled or renamed, never deleted."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_active and request.user.is_superuser)

    def has_view_permission(self, request: HttpRequest, obj: object = None) -> bool:  # noqa: ARG002
        return self.has_module_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.has_module_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:  # noqa: ARG002
        return self.has_module_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:  # noqa: ARG002
        return False

    def each(self, request: HttpRequest, rows: QuerySet[Any], change: Any) -> None:
        """Make a change of each selected row; a refusal is told and stops only its own."""
        for row in rows:
            try:
                change(row)
            except DomainError as error:
                self.message_user(request, f"{row}: {error}", level="ERROR")


@admin.register(User)
class PersonAdmin(UserAdmin, AdministratorsAdmin):
    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        ("Who it is", {"fields": ("first_name", "last_name", "email", "kind", "team")}),
        ("What they may do beside their roles", {"fields": ("is_staff", "is_superuser")}),
        ("When", {"fields": ("is_active", "last_login", "date_joined")}),
    )
    readonly_fields = ("kind", "team", "is_active", "last_login", "date_joined")
    filter_horizontal = ()
    list_display = ("username", "label", "kind", "is_active", "is_staff", "last_login")
    list_filter = ("kind", "is_active", "is_staff", "is_superuser")
    inlines = (MembershipInline,)
    actions = ("disable", "enable")

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:  # noqa: ARG002
        services.save_person(actor=request.user, person=obj)

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:  # noqa: A002
        with transaction.atomic():
            before = User.objects.filter(pk=id).values_list("password", flat=True).first()
            response = super().user_change_password(request, id, form_url)
            person = User.objects.filter(pk=id).first()
            if person is not None and person.password != before:
                services.note_new_password(actor=request.user, person=person)
        return response

    @admin.action(description="Disable selected accounts: their keys and sessions end")
    def disable(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        self.each(request, queryset, lambda account: services.disable_account(actor=request.user, account=account))

    @admin.action(description="Enable selected accounts")
    def enable(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        self.each(request, queryset, lambda account: services.enable_account(actor=request.user, account=account))


class ScopeAdmin(AdministratorsAdmin):
    """Slugs stay, since addresses hold them; only the name of what is there can be changed."""

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:  # noqa: ARG002
        return [name for name in self.fields if name != "name"] if obj else []

    def create(self, request: HttpRequest, obj: Any) -> Any:
        raise NotImplementedError

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:  # noqa: ARG002
        if change:
            services.rename_scope(actor=request.user, scope=obj, name=obj.name)
        else:
            obj.pk = self.create(request, obj).pk


@admin.register(Organisation)
class OrganisationAdmin(ScopeAdmin):
    fields = ("name", "slug")
    list_display = ("name", "slug")

    def create(self, request: HttpRequest, obj: Organisation) -> Organisation:
        return services.create_organisation(actor=request.user, slug=obj.slug, name=obj.name)


@admin.register(Team)
class TeamAdmin(ScopeAdmin):
    fields = ("organisation", "name", "slug")
    list_display = ("name", "slug", "organisation")
    list_select_related = ("organisation",)

    def create(self, request: HttpRequest, obj: Team) -> Team:
        organisation = obj.organisation
        return services.create_team(actor=request.user, organisation=organisation, slug=obj.slug, name=obj.name)


@admin.register(Project)
class ProjectAdmin(ScopeAdmin):
    fields = ("team", "name", "slug")
    list_display = ("name", "slug", "team")
    list_select_related = ("team",)

    def create(self, request: HttpRequest, obj: Project) -> Project:
        return services.create_project(actor=request.user, team=obj.team, slug=obj.slug, name=obj.name)


@admin.register(Membership)
class MembershipAdmin(AdministratorsAdmin):
    """Give and take roles."""

    fields = ("user", "organisation", "team", "project", "role", "expires_at")
    list_display = ("user", "scope", "role", "expires_at", "given_by")
    list_filter = ("role", "organisation", "team")
    list_select_related = ("user", "organisation", "team", "project__team", "given_by")

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:  # noqa: ARG002
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:  # noqa: ARG002
        return self.has_module_permission(request)

    def save_model(self, request: HttpRequest, obj: Membership, form: Any, change: bool) -> None:  # noqa: ARG002
        given = services.give_role(
            actor=request.user, user=obj.user, scope=obj.scope, role=Role(obj.role), expires_at=obj.expires_at
        )
        obj.pk = given.pk

    def delete_model(self, request: HttpRequest, obj: Membership) -> None:
        self.each(request, [obj], lambda held: services.take_role(actor=request.user, membership=held))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Membership]) -> None:
        self.each(request, queryset, lambda held: services.take_role(actor=request.user, membership=held))


@admin.register(ApiKey)
class ApiKeyAdmin(ReadOnlyAdmin):
    """Keys are shown and revoked here, never made or changed."""

    list_display = ("name", "prefix", "user", "created_at", "expires_at", "revoked_at", "last_used_at")
    list_select_related = ("user",)
    exclude = ("sha256",)
    actions = ("revoke",)

    @admin.action(description="Revoke selected keys")
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> None:
        for key in queryset:
            try:
                services.revoke_api_key(actor=request.user, key=key)
            except DomainError as error:
                self.message_user(request, f"{key}: {error}", level="ERROR")
