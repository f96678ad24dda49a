"""What people changed in QuickBooks after a write whose response was lost, and before its document was found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from integrations.messages import Message
from integrations.messages.invoices_push import InvoicePushMessage
from integrations.models import MemoField, RecordLink, RemoteWrite
from integrations.models.snapshots import QuickBooksInvoiceSnapshot
from integrations.quickbooks.bodies import money
from integrations.quickbooks.documents import FIRST_VERSION, QuickBooksInvoice
from integrations.sync.engine.correlation_tag import without_tag
from integrations.sync.invoices.mapping import INVOICE_FIELDS, SUBTOTAL


def was_edited_meanwhile(write: RemoteWrite, sent: Mapping[str, Any], invoice: QuickBooksInvoice) -> bool:
    """Whether the invoice has a later version than the portal's own write made."""
    return invoice.sync_token != written_version(write, sent)


def written_version(write: RemoteWrite, sent: Mapping[str, Any]) -> str:
    """The version that the write made, "" if it cannot be computed."""
    if write.operation == "create":
        return FIRST_VERSION
    base = str(sent.get("SyncToken", ""))
    return str(int(base) + 1) if base.isdecimal() else ""


def snapshot_as_written(
    write: RemoteWrite,
    link: RecordLink,
    before: QuickBooksInvoiceSnapshot,
    sent: Mapping[str, Any],
    invoice: QuickBooksInvoice,
) -> list[Message]:
    """Sets the snapshot to what was written, so that the next comparison finds the edit. Returns warnings.

    A field whose written value is unknown is None.
    """
    now = link.quickbooks_invoice
    before = QuickBooksInvoiceSnapshot(memo="") if write.operation == "create" else before
    written = _fields_written(before, now, sent, invoice)
    changed = [name for name in INVOICE_FIELDS if written.value_of(name) != now.value_of(name)]
    if changed == ["due_date"] and written.due_date is None and _has_only_payments(write, sent, invoice):
        written, changed = now, []
    link.quickbooks_invoice = written
    if changed:
        link.invoice_state = replace(link.invoice_state, unsettled=tuple(changed))
        link.quickbooks_version, link.quickbooks_at = written_version(write, sent), None
    return (
        [InvoicePushMessage.DUE_DATE_UNCERTAIN()]
        if "due_date" in changed and written.due_date is None
        else []
    )


def _has_only_payments(write: RemoteWrite, sent: Mapping[str, Any], invoice: QuickBooksInvoice) -> bool:
    """Whether payments explain the later versions: each payment makes one version, and changes no field."""
    first = written_version(write, sent)
    versions = int(invoice.sync_token) - int(first) if (first + invoice.sync_token).isdecimal() else 0
    return 0 < versions <= len(invoice.payment_ids)


def _fields_written(
    before: QuickBooksInvoiceSnapshot,
    now: QuickBooksInvoiceSnapshot,
    sent: Mapping[str, Any],
    invoice: QuickBooksInvoice,
) -> QuickBooksInvoiceSnapshot:
    """The snapshot `now` with the values that the write left.

    If no due date was sent, it is the one before; of a create it is unknown (None).
    """
    lines = before.lines
    if "Line" in sent:
        lines = now.lines if has_written_values(invoice, sent["Line"]) else None
    due_date = sent.get("DueDate", before.due_date)
    return replace(now, due_date=due_date, memo=_memo_written(before, now, sent), lines=lines)


def _memo_written(
    before: QuickBooksInvoiceSnapshot, now: QuickBooksInvoiceSnapshot, sent: Mapping[str, Any]
) -> str | None:
    if now.memo_field == MemoField.CUSTOMER_MEMO:
        return str(sent["CustomerMemo"]["value"]).strip() if "CustomerMemo" in sent else before.memo
    return without_tag(sent["PrivateNote"]) if "PrivateNote" in sent else before.memo


def has_written_values(invoice: QuickBooksInvoice, sent: list[dict[str, Any]]) -> bool:
    lines = [line for line in invoice.lines if line.kind != SUBTOTAL]
    amounts = [money(line.amount_cents) for line in lines]
    texts = [line.description for line in lines]
    same_amounts = [row.get("Amount") for row in sent] == amounts
    return same_amounts and [row.get("Description", "") for row in sent] == texts
