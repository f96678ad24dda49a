from __future__ import annotations

from django.contrib import admin

from accounts.admin_base import FactAdmin
from accounts.admin_site import site
from integrations.models import CustomerListRead, CustomerMatch, ListedCustomer


@admin.register(CustomerMatch, site=site)
class CustomerMatchAdmin(FactAdmin):
    """Decisions are taken on the page, which checks them."""

    list_display = (
        "coperniq_name", "coperniq_id", "quickbooks_name", "quickbooks_id", "score", "state", "decided_at", "connection",
    )  # fmt: skip
    list_filter = ("state", "connection__company")
    list_select_related = ("connection__company",)
    search_fields = ("coperniq_id__exact", "quickbooks_id__exact", "coperniq_name__istartswith")
    fields = (
        "connection", "coperniq_id", "coperniq_name", "quickbooks_id", "quickbooks_name", "score", "reasons",
        "alternatives", "state", "decided_by", "decided_at",
    )  # fmt: skip


@admin.register(ListedCustomer, site=site)
class ListedCustomerAdmin(FactAdmin):
    list_display = ("name", "vendor", "record_id", "other_name", "is_active", "connection")
    list_filter = ("vendor", "is_active")
    list_select_related = ("connection__company",)
    search_fields = ("record_id__exact", "name__istartswith")
    fields = (
        "connection", "vendor", "record_id", "name", "company_name", "other_name", "emails", "phones", "is_active",
    )  # fmt: skip


@admin.register(CustomerListRead, site=site)
class CustomerListReadAdmin(FactAdmin):
    list_display = ("connection", "stage", "customers", "accounts", "compared", "started_at", "ended_at")
    list_select_related = ("connection__company",)
    fields = (
        "connection", "stage", "page", "customers", "accounts", "compared", "started_at", "ended_at", "failures",
        "failing_because", "next_at",
    )  # fmt: skip
