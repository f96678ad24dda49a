"""The settings of a connection, saved as on the configuration page: same forms, same side effects, same record."""

from __future__ import annotations

from typing import Any, ClassVar, cast

from django import forms
from django.contrib import admin
from django.db.models import Exists, ForeignKey, Model, OuterRef, QuerySet
from django.db.models.fields import Field
from django.http import HttpRequest

from accounts.admin_base import FactAdmin, ScopedModelAdmin
from accounts.admin_site import site
from accounts.models import User
from accounts.roles import Right
from integrations.forms import configure
from integrations.forms.base import RowForm
from integrations.forms.fields import setting_field
from integrations.forms.mapping import REQUIRED, MappingForm
from integrations.forms.settings import COLUMNS, DICTIONARIES, GROUPS, SettingsForm
from integrations.forms.triggers import TriggerForm
from integrations.models import (
    FieldMapping,
    InvoiceSyncPeriod,
    PhaseTrigger,
    QuickBooksConnection,
    SyncSettings,
)

Setting = SyncSettings | PhaseTrigger | FieldMapping
State = QuickBooksConnection.State


class SettingAdmin(ScopedModelAdmin):
    """Rows of the connection a company has now; those of one it has left are history."""

    right_to_add = Right.CONFIGURE
    right_to_delete = Right.CONFIGURE
    removed_by: ClassVar[str] = ""
    """The key of `configure` that is emptied when a row is removed."""

    list_filter = ("connection__company",)
    list_select_related = ("connection__company",)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return is_current(obj) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return is_current(obj) and super().has_delete_permission(request, obj)

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> tuple[str, ...]:
        return tuple(self.readonly_fields) if obj else ()

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> list[Any]:
        return super().get_fields(request, obj) if obj else list(self.form._meta.fields or ())

    def formfield_for_dbfield(
        self, db_field: Field[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> forms.Field | None:
        if isinstance(db_field, ForeignKey):
            return super().formfield_for_dbfield(db_field, request, **kwargs)
        return setting_field(db_field, **kwargs)

    def choices_for(self, *args: Any, **kwargs: Any) -> QuerySet[Any]:
        current = QuickBooksConnection.objects.exclude(state__in=[State.ARCHIVED, State.PROPOSED])
        newer = current.filter(company=OuterRef("company"), pk__gt=OuterRef("pk"))
        return super().choices_for(*args, **kwargs).filter(~Exists(newer), pk__in=current)

    def save_model(self, request: HttpRequest, obj: Model, form: forms.ModelForm[Any], change: bool) -> None:
        self.refuse_other_company(request, obj, self.stored(obj).first() if change else None)
        if isinstance(obj, Setting) and isinstance(form, RowForm):
            if form.wanted:
                configure(obj.connection.company, cast("User", request.user), form.wanted)
            obj.pk = form.instances(obj.connection, [form.row])[form.row].pk

    def delete_model(self, request: HttpRequest, obj: Model) -> None:
        if isinstance(obj, Setting):
            configure(obj.connection.company, cast("User", request.user), {self.removed_by.format(obj): ""})
        obj.delete()


def is_current(row: Model | None) -> bool:
    return not isinstance(row, Setting) or row.connection == QuickBooksConnection.objects.of(
        row.connection.company
    )


@admin.register(SyncSettings, site=site)
class SyncSettingsAdmin(SettingAdmin):
    """Made with the connection, and as long there as it."""

    form = SettingsForm
    list_filter = ("matching_strategy",)
    list_display = ("connection", "matching_strategy", "invoice_sync", "push_from", "link_same_named_job")
    readonly_fields = ("connection", "payment_statuses")
    fieldsets: ClassVar[list[Any]] = [
        (None, {"fields": ("connection",)}),
        *((title, {"fields": names}) for title, names in GROUPS.items()),
        ("Answers", {"fields": ("payment_statuses",)}),
    ]

    def get_fieldsets(self, request: HttpRequest, obj: Model | None = None) -> list[Any]:
        """Who may not change them sees the columns as they are stored."""
        if self.has_change_permission(request, obj):
            return self.fieldsets
        stored = ("connection", *COLUMNS, *DICTIONARIES.values(), "payment_statuses")
        return [(None, {"fields": stored})]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


@admin.register(PhaseTrigger, site=site)
class PhaseTriggerAdmin(SettingAdmin):
    form = TriggerForm
    removed_by = "trigger.{0.workflow_id}"
    list_display = ("workflow_name", "phase_name", "reentry", "preview", "saved_at", "connection")
    fields = ("connection", "workflow_name", "phase_template_id", "reentry", "preview", "saved_at")
    readonly_fields = ("connection", "workflow_name", "saved_at")


@admin.register(FieldMapping, site=site)
class FieldMappingAdmin(SettingAdmin):
    form = MappingForm
    removed_by = "mapping.{0.quickbooks_field}"
    list_display = ("quickbooks_field", "source", "connection")
    fields = ("connection", "quickbooks_field", "source")
    readonly_fields = ("connection", "quickbooks_field")

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        required = isinstance(obj, FieldMapping) and obj.quickbooks_field == REQUIRED
        return not required and super().has_delete_permission(request, obj)


@admin.register(InvoiceSyncPeriod, site=site)
class InvoiceSyncPeriodAdmin(FactAdmin):
    list_display = ("connection", "on_at", "off_at")
    list_select_related = ("connection__company",)
    fields = ("connection", "on_at", "off_at")
