"""A second admin site that offers everything a ScopedModelAdmin can offer, on the models at hand."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.admin_base import FactAdmin, ScopedExportMixin, ScopedModelAdmin, scoped_action
from accounts.admin_site import PortalAdminSite
from accounts.models import AuditLogEntry, Company, Membership, SignInAttempt, User
from accounts.roles import Right

lab = PortalAdminSite(name="lab")


@admin.register(AuditLogEntry, site=lab)
class NoteAdmin(ScopedExportMixin, ScopedModelAdmin):
    right_to_add = Right.CONFIGURE
    right_to_delete = Right.CONFIGURE
    fields = ("company", "user", "actor", "verb", "target", "before")
    autocomplete_fields = ("company",)
    list_display = ("__str__", "verb")
    list_editable = ("verb",)
    list_filter = ("company", "user", "verb")
    search_fields = ("target",)
    secret_fields = ("before",)
    actions = ("repeat", "stamp", "delete_selected")

    @scoped_action(Right.RETRY, "Repeat")
    def repeat(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        queryset.update(after="repeated")

    def stamp(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        queryset.update(after="stamped")


@admin.register(Membership, site=lab)
class PlainMembershipAdmin(ScopedModelAdmin):
    list_filter = (("company", admin.RelatedFieldListFilter), "role")


@admin.register(Company, site=lab)
class CompanyFactAdmin(FactAdmin):
    search_fields = ("name",)
    secret_fields = ("time_zone",)
    fields = ("name", "time_zone")


@admin.register(User, site=lab)
class PlainUserAdmin(ScopedModelAdmin):
    search_fields = ("email",)
    fields = ("email", "name")


@admin.register(SignInAttempt, site=lab)
class AttemptAdmin(ScopedExportMixin, FactAdmin):
    pass
