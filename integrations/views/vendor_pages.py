"""Addresses of records in the vendors' web applications."""

from __future__ import annotations

from urllib.parse import urlencode

from django.conf import settings

from integrations.models import Kind

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
