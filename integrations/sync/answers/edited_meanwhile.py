"""A document that was looked for after a lost answer: what people changed in it meanwhile is none of the portal's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from integrations.models import MemoField, RecordLink, RemoteWrite
from integrations.quickbooks.bodies import money
from integrations.quickbooks.documents import FIRST_VERSION, Invoice
from integrations.sync.mapping.invoices import SUBTOTAL
from integrations.sync.mapping.marks import without_mark

WHOSE_DUE_DATE = (
    "Somebody changed it in QuickBooks before the portal had its answer. Nobody can tell whether that was the due date, "
    "so Coperniq gets the one that QuickBooks has."
)


def is_edited(write: RemoteWrite, sent: Mapping[str, Any], invoice: Invoice) -> bool:
    """A version beyond the one that the portal's own write has made."""
    return invoice.sync_token != version_written(write, sent)


def version_written(write: RemoteWrite, sent: Mapping[str, Any]) -> str:
    if write.operation == "create":
        return FIRST_VERSION
    base = str(sent.get("SyncToken", ""))
    return str(int(base) + 1) if base.isdecimal() else ""


def remember_as_written(
    write: RemoteWrite,
    link: RecordLink,
    before: Mapping[str, Any],
    sent: Mapping[str, Any],
    invoice: Invoice,
) -> list[str]:
    """The image says what was written, so that whoever looks next sees the edit. None: nobody knows what it was.

    Answers warnings.
    """
    now = link.quickbooks_image
    written = fields_written({} if write.operation == "create" else before, now, sent, invoice)
    moved = [name for name, value in written.items() if value != now[name]]
    if moved == ["due_date"] and written["due_date"] is None and is_paid_alone(write, sent, invoice):
        written, moved = {**written, "due_date": now["due_date"]}, []
    link.quickbooks_image = {**now, **written}
    if moved:
        link.written["unsettled"] = moved
        link.quickbooks_version, link.quickbooks_at = version_written(write, sent), None
    return [WHOSE_DUE_DATE] if "due_date" in moved and written["due_date"] is None else []


def is_paid_alone(write: RemoteWrite, sent: Mapping[str, Any], invoice: Invoice) -> bool:
    """Each payment makes one version, and changes no field."""
    first = version_written(write, sent)
    versions = int(invoice.sync_token) - int(first) if (first + invoice.sync_token).isdecimal() else 0
    return 0 < versions <= len(invoice.payment_ids)


def fields_written(
    before: Mapping[str, Any], now: Mapping[str, Any], sent: Mapping[str, Any], invoice: Invoice
) -> dict[str, Any]:
    """A due date that was not sent is one that QuickBooks gave by itself, unless a person has been there since."""
    lines = before.get("lines")
    if "Line" in sent:
        lines = now["lines"] if says_the_same(invoice, sent["Line"]) else None
    return {
        "due_date": sent.get("DueDate", before.get("due_date")),
        "memo": memo_written(before, now, sent),
        "lines": lines,
    }


def memo_written(before: Mapping[str, Any], now: Mapping[str, Any], sent: Mapping[str, Any]) -> object:
    if now["memo_field"] == MemoField.CUSTOMER_MEMO:
        return (
            str(sent["CustomerMemo"]["value"]).strip() if "CustomerMemo" in sent else before.get("memo", "")
        )
    return without_mark(sent["PrivateNote"]) if "PrivateNote" in sent else before.get("memo", "")


def says_the_same(invoice: Invoice, sent: list[dict[str, Any]]) -> bool:
    standing = [line for line in invoice.lines if line.kind != SUBTOTAL]
    amounts = [money(line.amount_cents) for line in standing]
    texts = [line.description for line in standing]
    same_amounts = [row.get("Amount") for row in sent] == amounts
    return same_amounts and [row.get("Description", "") for row in sent] == texts
