from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.admin_base import FactAdmin
from accounts.admin_site import site
from integrations.models import ExternalInvoice, ExternalPayment, LookupList, PolledInvoice


@admin.register(PolledInvoice, site=site)
class PolledInvoiceAdmin(FactAdmin):
    list_display = (
        "invoice_id",
        "connection",
        "created_at",
        "paid_cents",
        "payments_read_cents",
        "missing_since",
    )
    list_select_related = ("connection__company",)
    search_fields = ("invoice_id__exact",)
    fields = (
        "connection", "invoice_id", "version", "created_at", "paid_cents", "payments_read_cents", "missing_since",
    )  # fmt: skip


@admin.register(LookupList, site=site)
class LookupListAdmin(FactAdmin):
    list_display = ("name", "connection", "read_at")
    list_filter = ("name",)
    list_select_related = ("connection__company",)
    fields = ("connection", "name", "read_at", "how_many", "rows")

    def get_queryset(self, request: HttpRequest) -> QuerySet[LookupList]:
        """The lists are long, and the table shows nothing of them."""
        lists: QuerySet[LookupList] = super().get_queryset(request).defer("rows")
        return lists

    @admin.display(description="entries")
    def how_many(self, row: LookupList) -> int:
        return len(row.rows)


@admin.register(ExternalPayment, site=site)
class ExternalPaymentAdmin(FactAdmin):
    list_display = ("quickbooks_id", "quickbooks_invoice_id", "amount_cents", "on", "reference", "connection")
    list_select_related = ("connection__company",)
    search_fields = ("quickbooks_id__exact", "quickbooks_invoice_id__exact")
    fields = (
        "connection",
        "quickbooks_id",
        "quickbooks_invoice_id",
        "customer_id",
        "amount_cents",
        "total_cents",
        "on",
        "reference",
        "was_unapplied",
        "read_at",
    )


@admin.register(ExternalInvoice, site=site)
class ExternalInvoiceAdmin(FactAdmin):
    list_display = ("quickbooks_id", "number", "customer_id", "total_cents", "on", "connection")
    list_select_related = ("connection__company",)
    search_fields = ("quickbooks_id__exact", "customer_id__exact")
    fields = ("connection", "quickbooks_id", "customer_id", "number", "total_cents", "on", "read_at")
