"""The settings of a connection. What is changed here goes the way of the configuration page: same rules, same acts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Model
from django.http import HttpRequest

from accounts.admin_base import FactAdmin
from accounts.admin_site import site
from accounts.models import User
from integrations.admin.rules import RuleAdmin
from integrations.forms import configure, validate
from integrations.models import InvoiceSyncPeriod, QuickBooksConnection, SyncSettings

if TYPE_CHECKING:
    SettingsModelForm = forms.ModelForm[SyncSettings]
else:
    SettingsModelForm = forms.ModelForm

# Each is a key of `configure` too.
EDITED = (
    "matching_strategy", "link_same_named_job", "invoice_sync", "push_from", "on_declined", "on_archived",
    "on_quickbooks_void", "closed_books", "memo_field", "fallback_item", "difference_item", "unknown_method",
)  # fmt: skip
BY_NAME = ("deposit_accounts", "owners", "payment_statuses")
HELP = {
    "invoice_sync": "Switching it on starts anew: only invoices and payments created after that are sent by themselves.",
    "push_from": "QuickBooks has no drafts: a draft of Coperniq is an open invoice there.",
    "on_declined": "A paid invoice is never voided or deleted by itself.",
    "on_quickbooks_void": "An invoice on which Coperniq has payments is never declined by itself.",
    "closed_books": "An invoice that is in QuickBooks already keeps its date.",
}


class SettingsForm(SettingsModelForm):
    class Meta:
        model = SyncSettings
        fields = EDITED
        help_texts = HELP

    @property
    def wanted(self) -> dict[str, str]:
        """What was changed, as `configure` takes it."""
        changed = {name: self.cleaned_data[name] for name in self.changed_data if name in self.cleaned_data}
        words = {True: "on", False: "off"}
        return {name: words[value] if isinstance(value, bool) else value for name, value in changed.items()}

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        if self.wanted:
            try:
                # Here a transaction is open, so QuickBooks is not asked: only what is in the stored lists can be set.
                validate(self.instance.connection, self.wanted)
            except ValidationError as error:
                self.add_error(None, error)
        return cleaned


@admin.register(SyncSettings, site=site)
class SyncSettingsAdmin(RuleAdmin):
    form = SettingsForm
    list_filter = ("matching_strategy",)
    list_display = ("connection", "matching_strategy", "invoice_sync", "push_from", "link_same_named_job")
    readonly_fields = ("connection", *BY_NAME)
    fieldsets = (
        (None, {"fields": ("connection", "matching_strategy", "link_same_named_job")}),
        (
            "Invoices and payments",
            {
                "fields": (*EDITED[2:], *BY_NAME),
                "description": "Deposit accounts and owners of fields are chosen on the configuration page.",
            },
        ),
    )

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Settings of books the company has left are history."""
        if isinstance(obj, SyncSettings):
            current = QuickBooksConnection.objects.of(obj.connection.company)
            return obj.connection == current and super().has_change_permission(request, obj)
        return super().has_change_permission(request, obj)

    def save_model(self, request: HttpRequest, obj: Model, form: forms.ModelForm[Any], change: bool) -> None:
        if isinstance(obj, SyncSettings) and isinstance(form, SettingsForm):
            self.refuse_elsewhere(request, obj, self.stored(obj).first())
            if form.wanted:
                configure(obj.connection.company, cast("User", request.user), form.wanted)


@admin.register(InvoiceSyncPeriod, site=site)
class InvoiceSyncPeriodAdmin(FactAdmin):
    list_display = ("connection", "on_at", "off_at")
    list_select_related = ("connection__company",)
    fields = ("connection", "on_at", "off_at")
