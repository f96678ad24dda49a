from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from django.contrib import admin
from django.contrib.auth import update_session_auth_hash
from django.core.exceptions import PermissionDenied
from django.shortcuts import redirect

from accounts.admin_base import FactAdmin, ScopedModelAdmin
from accounts.admin_site import site
from accounts.forms import CompanyForm, MembershipForm, OfferForm, PersonForm
from accounts.models import AuditLogEntry, Company, Membership, MembershipOffer, User
from accounts.roles import Right, is_operator

if TYPE_CHECKING:
    from django.db.models import Model, QuerySet
    from django.forms import ModelForm
    from django.http import HttpRequest, HttpResponse


@admin.register(User, site=site)
class UserAdmin(ScopedModelAdmin):
    form = PersonForm
    fields = ("email", "name", "new_password", "is_active", "is_superuser", "last_login", "date_joined")
    readonly_fields = ("last_login", "date_joined")
    list_display = ("email", "name", "is_active", "is_superuser", "last_login")
    list_filter = ("is_active", "is_superuser")
    search_fields = ("email", "name")
    ordering = ("email",)
    secret_fields = ("password",)

    def save_model(self, request: HttpRequest, obj: Model, form: ModelForm[Any], change: bool) -> None:
        super().save_model(request, obj, form, change)
        if isinstance(obj, User) and obj == request.user:
            update_session_auth_hash(request, obj)


@admin.register(Company, site=site)
class CompanyAdmin(ScopedModelAdmin):
    right_to_change = None

    form = CompanyForm
    fields = ("name", "slug", "time_zone", "created_at")
    readonly_fields = ("created_at",)
    list_display = ("name", "slug", "time_zone", "created_at")
    search_fields = ("name", "slug")
    ordering = ("name",)


@admin.register(Membership, site=site)
class MembershipAdmin(ScopedModelAdmin):
    """Company admins manage the memberships of their company, and offer new ones; only the operator adds people."""

    right_to_view = Right.MANAGE_MEMBERS
    right_to_change = Right.MANAGE_MEMBERS
    right_to_delete = Right.MANAGE_MEMBERS

    form = MembershipForm
    list_display = ("person", "company", "role")
    list_filter = ("company", "role")
    list_select_related = ("user", "company")
    search_fields = ("user__email", "user__name")

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not self.has_add_permission(request) and self.has_change_permission(request):
            return redirect("admin:accounts_membershipoffer_add")
        return super().add_view(request, form_url, extra_context)

    # The field itself would link to a page that only the operator may open.
    @admin.display(description="person", ordering="user__email")
    def person(self, membership: Membership) -> str:
        return str(membership.user)

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> list[Any]:
        return ["user" if obj is None else "person", "company", "role"]

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> tuple[str, ...]:
        return () if obj is None else ("person", "user", "company")

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        last = isinstance(obj, Membership) and obj.is_last_admin() and not is_operator(request.user)
        return not last and super().has_delete_permission(request, obj)

    def delete_model(self, request: HttpRequest, obj: Model) -> None:
        # Checked again under a lock, since two admins may remove each other at the same time.
        Company.objects.select_for_update().get(memberships=obj.pk)
        if not self.has_delete_permission(request, obj):
            raise PermissionDenied
        super().delete_model(request, obj)


@admin.register(MembershipOffer, site=site)
class MembershipOfferAdmin(ScopedModelAdmin):
    """Nobody joins a company without having agreed, and nobody learns from this who has an account here."""

    right_to_view = Right.MANAGE_MEMBERS
    right_to_change = None
    right_to_add = Right.MANAGE_MEMBERS
    right_to_delete = Right.MANAGE_MEMBERS

    form = OfferForm
    list_display = ("email", "company", "role", "offered_at", "author")
    list_filter = ("company", "role")
    list_select_related = ("company", "offered_by")
    search_fields = ("email",)

    # The field itself would link to a page that only the operator may open.
    @admin.display(description="offered by")
    def author(self, offer: MembershipOffer) -> str:
        return str(offer.offered_by or "")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Without those that have ended."""
        rows = super().get_queryset(request)
        return rows.filter(pk__in=MembershipOffer.objects.open().values("pk"))

    def save_model(self, request: HttpRequest, obj: Model, form: ModelForm[Any], change: bool) -> None:
        if isinstance(obj, MembershipOffer) and not change:
            obj.offered_by = cast("User", request.user)
        super().save_model(request, obj, form, change)


@admin.register(AuditLogEntry, site=site)
class AuditLogEntryAdmin(FactAdmin):
    list_display = ("at", "company", "actor", "verb", "target", "before", "after")
    list_filter = ("company", "verb", "at")
    list_select_related = ("company",)
    search_fields = ("actor", "target")
    fields = ("at", "company", "actor", "verb", "target", "before", "after")
