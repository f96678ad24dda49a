from __future__ import annotations

from django.contrib import admin

from accounts.admin_base import FactAdmin
from accounts.admin_site import site
from integrations.models import Batch, BatchRecord


@admin.register(Batch, site=site)
class BatchAdmin(FactAdmin):
    list_display = (
        "created_at",
        "connection",
        "selection",
        "state",
        "created_by",
        "started_at",
        "finished_at",
    )
    list_filter = ("selection", "state")
    list_select_related = ("connection__company", "created_by")
    fields = (
        "connection", "selection", "workflow_id", "with_invoices", "since", "wanted", "anyway", "state", "cursor",
        "resumes_at", "created_by", "created_at", "read_at", "started_at", "finished_at",
    )  # fmt: skip


@admin.register(BatchRecord, site=site)
class BatchRecordAdmin(FactAdmin):
    list_display = ("batch", "kind", "name", "number", "amount_cents", "finding", "requested_at")
    list_filter = ("kind", "finding")
    list_select_related = ("batch",)
    search_fields = ("coperniq_id__exact", "number__exact")
    fields = (
        "batch", "kind", "coperniq_id", "account_id", "parent_id", "name", "number", "amount_cents", "paid_cents",
        "finding", "detail", "quickbooks_name", "listed_at", "requested_at",
    )  # fmt: skip
