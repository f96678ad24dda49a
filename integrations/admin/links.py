from __future__ import annotations

from django.contrib import admin
from import_export.fields import Field
from import_export.formats.base_formats import CSV, XLSX
from import_export.resources import ModelResource

from accounts.admin_base import FactAdmin, ScopedExportMixin
from accounts.admin_site import site
from integrations.models import RecordLink
from integrations.spreadsheets import defused


class RecordLinkResource(ModelResource):  # type: ignore[misc]  # the library ships no types
    """The columns of the links page; the snapshots stay here, for they hold more than a table needs."""

    company = Field(attribute="connection__company__name", readonly=True)
    quickbooks_company = Field(attribute="connection__company_name", readonly=True)
    match_method = Field(attribute="match_method", column_name="rule", readonly=True)

    class Meta:
        model = RecordLink
        fields = (
            "id", "company", "quickbooks_company", "kind", "coperniq_id", "quickbooks_id", "coperniq_name",
            "quickbooks_name", "number", "amount_cents", "match_method", "linked_at", "synced_at",
        )  # fmt: skip
        export_order = fields

    def export_field(self, field: Field, instance: RecordLink, **kwargs: object) -> object:
        value = super().export_field(field, instance, **kwargs)
        return defused(value) if isinstance(value, str) else value


@admin.register(RecordLink, site=site)
class RecordLinkAdmin(ScopedExportMixin, FactAdmin):
    resource_classes = (RecordLinkResource,)
    # Workbooks are offered where the library that writes them is installed.
    formats = tuple(kind for kind in (CSV, XLSX) if kind.is_available())

    list_display = (
        "kind", "coperniq_name", "coperniq_id", "quickbooks_name", "quickbooks_id", "number", "match_method",
        "linked_at", "synced_at", "connection",
    )  # fmt: skip
    list_filter = ("kind", "match_method", "connection__company")
    list_select_related = ("connection__company",)
    search_fields = (
        "coperniq_id__exact",
        "quickbooks_id__exact",
        "number__exact",
        "coperniq_name__istartswith",
    )
    fields = (
        "connection", "kind", "coperniq_id", "quickbooks_id", "coperniq_name", "quickbooks_name", "coperniq_account_id",
        "coperniq_parent_id", "allocation_invoice_id", "is_additional", "number", "amount_cents", "match_method",
        "quickbooks_version", "quickbooks_at", "linked_at", "synced_at",
    )  # fmt: skip
