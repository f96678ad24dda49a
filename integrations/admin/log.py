from __future__ import annotations

from django.contrib import admin
from django.urls import reverse
from django.utils.html import format_html

from accounts.admin_base import FactAdmin
from accounts.admin_site import site
from integrations.models import CallCount, SyncLogEntry


@admin.register(SyncLogEntry, site=site)
class SyncLogEntryAdmin(FactAdmin):
    """Made for millions of rows: newest by id, choices that are known beforehand, searches that an index answers."""

    list_display = (
        "at",
        "company",
        "direction",
        "kind",
        "record_name",
        "outcome",
        "cause",
        "sentence",
        "story",
    )
    list_filter = ("outcome", "kind", "direction", "company")
    list_select_related = ("company",)
    search_fields = ("coperniq_id__exact", "quickbooks_id__exact")
    search_help_text = "The exact id in Coperniq or in QuickBooks."
    fields = (
        "at", "company", "connection", "direction", "kind", "record_name", "coperniq_id", "quickbooks_id", "outcome",
        "cause", "sentence", "changes", "attempt", "intuit_tid", "run",
    )  # fmt: skip

    @admin.display(description="timeline")
    def story(self, entry: SyncLogEntry) -> str:
        address = reverse("integrations:timeline", args=[entry.pk])
        return format_html('<a href="{}?company={}">Open</a>', address, entry.company.slug)


@admin.register(CallCount, site=site)
class CallCountAdmin(FactAdmin):
    list_display = ("on", "company", "vendor", "reads", "writes")
    list_filter = ("company",)
    list_select_related = ("company",)
    fields = ("on", "company", "vendor", "reads", "writes")
