"""Addresses of a record: its page here, its page at the vendor, and as one that is to be synced now."""

from __future__ import annotations

from urllib.parse import urlencode

from django.conf import settings
from django.urls import reverse

from integrations.models import Kind
from integrations.models.batches import BATCH_ID

IN_QUICKBOOKS = "q-"  # before the id of a record that Coperniq does not have
SYNCED_NOW = {Kind.CUSTOMER.value: "customer", Kind.JOB.value: "project", Kind.INVOICE.value: "invoice"}
# In QuickBooks a job is a customer too (docs/vendors/quickbooks-online.md, 4.3).
QUICKBOOKS_PAGES = {
    Kind.CUSTOMER.value: ("customerdetail", "nameId"),
    Kind.JOB.value: ("customerdetail", "nameId"),
    Kind.INVOICE.value: ("invoice", "txnId"),
    Kind.PAYMENT.value: ("recvpayment", "txnId"),
}


def quickbooks_page(kind: str, quickbooks_id: str) -> str:
    """The address, or "" if none is known. Coperniq documents no addresses of its records."""
    web = settings.QUICKBOOKS_WEB_URLS.get(settings.INTUIT_ENVIRONMENT, "")
    page = QUICKBOOKS_PAGES.get(kind)
    if not (web and page and quickbooks_id):
        return ""
    name, parameter = page
    return f"{web}/app/{name}?{urlencode({parameter: quickbooks_id})}"


def record_page(kind: str, coperniq_id: str, quickbooks_id: str = "") -> str:
    """The address of a record's page, or of a batch's; "" if nothing names it."""
    if coperniq_id.startswith(BATCH_ID):
        return reverse("integrations:batch", args=[coperniq_id.removeprefix(BATCH_ID)])
    if not coperniq_id and not quickbooks_id:
        return ""
    return reverse("integrations:record", args=[kind, coperniq_id or f"{IN_QUICKBOOKS}{quickbooks_id}"])


def sync_now_name(kind: str, coperniq_id: str) -> str:
    """As a record to be synced now is named, "" if there is no such choice for it."""
    if not coperniq_id or kind not in SYNCED_NOW or coperniq_id.startswith(BATCH_ID):
        return ""
    return f"{SYNCED_NOW[kind]}:id={coperniq_id}"
