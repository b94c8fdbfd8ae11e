"""People, teams and roles in the Django admin. Keys are shown, never made or changed, here."""

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import Group
from django.http import HttpRequest
from unfold.admin import ModelAdmin, TabularInline
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from apps.accounts import services
from apps.accounts.models import ApiKey, Membership, Organisation, Team, User
from apps.accounts.permissions import Role
from apps.core.admin import ReadOnlyAdmin
from apps.core.errors import DomainError

admin.site.unregister(Group)  # roles on teams do what groups would


class MembershipInline(TabularInline):
    """Roles as they are; they are given and taken on the membership's own page, where it is recorded."""

    model = Membership
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:  # noqa: ARG002
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:  # noqa: ARG002
        return False


@admin.register(User)
class PersonAdmin(UserAdmin, ModelAdmin):
    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("username", "label", "kind", "is_active", "is_staff", "last_login")
    inlines = (MembershipInline,)


@admin.register(Organisation)
class OrganisationAdmin(ModelAdmin):
    list_display = ("name", "slug")


@admin.register(Team)
class TeamAdmin(ModelAdmin):
    list_display = ("name", "slug", "organisation")
    list_select_related = ("organisation",)
    inlines = (MembershipInline,)


@admin.register(Membership)
class MembershipAdmin(ModelAdmin):
    """Give and take roles. Both go through the services, so both are in the audit trail."""

    list_display = ("user", "team", "role")
    list_filter = ("role", "team")
    list_select_related = ("user", "team")

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:  # noqa: ARG002
        return False

    def save_model(self, request: HttpRequest, obj: Membership, form: object, change: bool) -> None:  # noqa: ARG002
        given = services.give_role(actor=request.user, user=obj.user, team=obj.team, role=Role(obj.role))
        obj.pk = given.pk

    def delete_model(self, request: HttpRequest, obj: Membership) -> None:
        try:
            services.take_role(actor=request.user, membership=obj)
        except DomainError as error:
            self.message_user(request, str(error), level="ERROR")

    def delete_queryset(self, request: HttpRequest, queryset) -> None:  # type: ignore[no-untyped-def]
        for membership in queryset:
            self.delete_model(request, membership)


@admin.register(ApiKey)
class ApiKeyAdmin(ReadOnlyAdmin):
    list_display = ("name", "prefix", "user", "created_at", "expires_at", "revoked_at", "last_used_at")
    list_select_related = ("user",)
    exclude = ("sha256",)
    actions = ("revoke",)

    @admin.action(description="Revoke selected keys")
    def revoke(self, request: HttpRequest, queryset) -> None:  # type: ignore[no-untyped-def]
        for key in queryset:
            try:
                services.revoke_api_key(actor=request.user, key=key)
            except DomainError as error:
                self.message_user(request, f"{key}: {error}", level="ERROR")
