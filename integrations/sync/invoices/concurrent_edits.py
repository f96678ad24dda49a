"""What people changed in QuickBooks after a write whose response was lost, and before its document was found."""

from __future__ import annotations

from dataclasses import replace

from integrations.messages import Message
from integrations.messages.invoices_push import InvoicePushMessage
from integrations.models import MemoField, RecordLink, RemoteWrite
from integrations.models.snapshots import QuickBooksInvoiceSnapshot
from integrations.quickbooks.documents import FIRST_VERSION, QuickBooksInvoice
from integrations.sync.engine.correlation_tag import without_tag
from integrations.sync.invoices.mapping import INVOICE_FIELDS
from integrations.sync.invoices.sent_invoice import SentInvoice


def was_edited_meanwhile(write: RemoteWrite, sent: SentInvoice, invoice: QuickBooksInvoice) -> bool:
    """Whether the invoice has a later version than the portal's own write made."""
    return invoice.sync_token != written_version(write, sent.version)


def written_version(write: RemoteWrite, base: str) -> str:
    """The version that the write made of version `base`, "" if it cannot be computed."""
    if write.operation == "create":
        return FIRST_VERSION
    return str(int(base) + 1) if base.isdecimal() else ""


def snapshot_as_written(
    write: RemoteWrite,
    link: RecordLink,
    before: QuickBooksInvoiceSnapshot,
    sent: SentInvoice,
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
        link.quickbooks_version, link.quickbooks_at = written_version(write, sent.version), None
    return (
        [InvoicePushMessage.DUE_DATE_UNCERTAIN()]
        if "due_date" in changed and written.due_date is None
        else []
    )


def _has_only_payments(write: RemoteWrite, sent: SentInvoice, invoice: QuickBooksInvoice) -> bool:
    """Whether payments explain the later versions: each payment makes one version, and changes no field."""
    first = written_version(write, sent.version)
    versions = int(invoice.sync_token) - int(first) if (first + invoice.sync_token).isdecimal() else 0
    return 0 < versions <= len(invoice.payment_ids)


def _fields_written(
    before: QuickBooksInvoiceSnapshot,
    now: QuickBooksInvoiceSnapshot,
    sent: SentInvoice,
    invoice: QuickBooksInvoice,
) -> QuickBooksInvoiceSnapshot:
    """The snapshot `now` with the values that the write left.

    If no due date was sent, it is the one before; of a create it is unknown (None).
    """
    lines = before.lines
    if sent.lines is not None:
        lines = now.lines if sent.are_lines_of(invoice) else None
    due_date = before.due_date if sent.due_date is None else sent.due_date
    return replace(now, due_date=due_date, memo=_memo_written(before, now, sent), lines=lines)


def _memo_written(
    before: QuickBooksInvoiceSnapshot, now: QuickBooksInvoiceSnapshot, sent: SentInvoice
) -> str | None:
    if now.memo_field == MemoField.CUSTOMER_MEMO:
        return before.memo if sent.memo is None else sent.memo.strip()
    return before.memo if sent.note is None else without_tag(sent.note)
