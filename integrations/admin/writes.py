from __future__ import annotations

from django.contrib import admin

from accounts.admin_base import FactAdmin
from accounts.admin_site import site
from integrations.models import RemoteWrite


@admin.register(RemoteWrite, site=site)
class RemoteWriteAdmin(FactAdmin):
    list_display = (
        "created_at",
        "connection",
        "vendor",
        "operation",
        "entity",
        "kind",
        "coperniq_id",
        "state",
        "sends",
        "error_code",
    )
    list_filter = ("state", "vendor", "kind")
    list_select_related = ("connection__company",)
    search_fields = ("coperniq_id__exact", "quickbooks_id__exact", "request_id__exact")
    fields = (
        "connection", "run", "vendor", "kind", "coperniq_id", "entity", "shared_entry_name", "operation",
        "quickbooks_id", "allocation_invoice_id", "match_method", "request_id", "changes", "state", "sends",
        "created_at", "sent_at", "answered_at", "quickbooks_version", "intuit_tid", "error_code", "error_text",
    )  # fmt: skip
    secret_fields = ("body_encrypted",)
