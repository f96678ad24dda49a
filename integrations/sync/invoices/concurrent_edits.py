"""What people changed between a write whose answer was lost and the moment its document was found."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from integrations.models import MemoField, RecordLink, RemoteWrite
from integrations.quickbooks.bodies import money
from integrations.quickbooks.documents import FIRST_VERSION, QuickBooksInvoice
from integrations.sync.engine.correlation_tag import without_tag
from integrations.sync.invoices.mapping import SUBTOTAL

WHOSE_DUE_DATE = (
    "Somebody changed it in QuickBooks before the portal had its answer. Nobody can tell whether that was the due date, "
    "so Coperniq gets the one that QuickBooks has."
)


def was_edited_meanwhile(write: RemoteWrite, sent: Mapping[str, Any], invoice: QuickBooksInvoice) -> bool:
    """A version beyond the one that the portal's own write has made."""
    return invoice.sync_token != written_version(write, sent)


def written_version(write: RemoteWrite, sent: Mapping[str, Any]) -> str:
    if write.operation == "create":
        return FIRST_VERSION
    base = str(sent.get("SyncToken", ""))
    return str(int(base) + 1) if base.isdecimal() else ""


def snapshot_as_written(
    write: RemoteWrite,
    link: RecordLink,
    before: Mapping[str, Any],
    sent: Mapping[str, Any],
    invoice: QuickBooksInvoice,
) -> list[str]:
    """The image says what was written, so that whoever looks next sees the edit. None: nobody knows what it was.

    Answers warnings.
    """
    now = link.quickbooks_snapshot
    written = fields_written({} if write.operation == "create" else before, now, sent, invoice)
    moved = [name for name, value in written.items() if value != now[name]]
    if moved == ["due_date"] and written["due_date"] is None and is_paid_alone(write, sent, invoice):
        written, moved = {**written, "due_date": now["due_date"]}, []
    link.quickbooks_snapshot = {**now, **written}
    if moved:
        link.written["unsettled"] = moved
        link.quickbooks_version, link.quickbooks_at = written_version(write, sent), None
    return [WHOSE_DUE_DATE] if "due_date" in moved and written["due_date"] is None else []


def is_paid_alone(write: RemoteWrite, sent: Mapping[str, Any], invoice: QuickBooksInvoice) -> bool:
    """Each payment makes one version, and changes no field."""
    first = written_version(write, sent)
    versions = int(invoice.sync_token) - int(first) if (first + invoice.sync_token).isdecimal() else 0
    return 0 < versions <= len(invoice.payment_ids)


def fields_written(
    before: Mapping[str, Any], now: Mapping[str, Any], sent: Mapping[str, Any], invoice: QuickBooksInvoice
) -> dict[str, Any]:
    """A due date that was not sent is one that QuickBooks gave by itself, unless a person has been there since."""
    lines = before.get("lines")
    if "Line" in sent:
        lines = now["lines"] if has_written_values(invoice, sent["Line"]) else None
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
    return without_tag(sent["PrivateNote"]) if "PrivateNote" in sent else before.get("memo", "")


def has_written_values(invoice: QuickBooksInvoice, sent: list[dict[str, Any]]) -> bool:
    standing = [line for line in invoice.lines if line.kind != SUBTOTAL]
    amounts = [money(line.amount_cents) for line in standing]
    texts = [line.description for line in standing]
    same_amounts = [row.get("Amount") for row in sent] == amounts
    return same_amounts and [row.get("Description", "") for row in sent] == texts
