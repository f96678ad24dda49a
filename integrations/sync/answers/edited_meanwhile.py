"""A document that was looked for after a lost answer: what people changed in it meanwhile is none of the portal's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from integrations.models import MemoField, RecordLink, RemoteWrite
from integrations.quickbooks.bodies import money
from integrations.quickbooks.documents import FIRST_VERSION, Invoice
from integrations.sync.mapping.invoices import SUBTOTAL
from integrations.sync.mapping.marks import without_mark


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
) -> None:
    """The image says what was written, so that whoever looks next sees the edit. None: nobody knows what it was."""
    now = link.quickbooks_image
    written = fields_written({} if write.operation == "create" else before, now, sent, invoice)
    moved = [name for name, value in written.items() if value != now[name]]
    link.quickbooks_image = {**now, **written}
    if moved:
        link.written["unsettled"] = moved
        link.quickbooks_version, link.quickbooks_at = version_written(write, sent), None


def fields_written(
    before: Mapping[str, Any], now: Mapping[str, Any], sent: Mapping[str, Any], invoice: Invoice
) -> dict[str, Any]:
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
