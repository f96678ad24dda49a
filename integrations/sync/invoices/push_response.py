"""QuickBooks' response to a write of an invoice, and the search for an invoice whose response was lost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from django.utils import timezone

from integrations.errors import RecordMissing
from integrations.messages import Message
from integrations.messages.invoices_push import InvoicePushMessage
from integrations.models import (
    Action,
    ItemlessLines,
    Kind,
    QuickBooksConnection,
    RecordLink,
    RemoteWrite,
    SyncRun,
)
from integrations.models.snapshots import CoperniqInvoiceSnapshot
from integrations.quickbooks.bodies import money
from integrations.quickbooks.documents import (
    QuickBooksInvoice,
    QuickBooksInvoiceLine,
    parse_quickbooks_invoice,
)
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.correlation_tag import tagged_coperniq_id
from integrations.sync.engine.lost_writes import sent_not_before, unlinked_rows, unlinked_with_tag
from integrations.sync.engine.plan import AnsweredWrite, Change, RunResult, done
from integrations.sync.engine.responses import (
    WriteResponse,
    link_for_write,
)
from integrations.sync.invoices.concurrent_edits import (
    snapshot_as_written,
    was_edited_meanwhile,
)
from integrations.sync.invoices.mapping import SUBTOTAL, quickbooks_invoice_snapshot
from integrations.sync.invoices.pull_request import allocation_runs
from integrations.sync.invoices.push_void import end_state
from integrations.sync.invoices.sent_invoice import SentInvoice, read_sent_invoice
from integrations.sync.invoices.unapplied import (
    payments_with_unapplied_money,
    questions_about,
    runs_that_apply,
)
from integrations.sync.invoices.write_data import PushedInvoiceData

_DELETED_STATE = "Deleted"
_NAMES_SHOWN = 3


def read(record: Mapping[str, object]) -> QuickBooksInvoice | None:
    """None once it is deleted."""
    return None if record.get("status") == _DELETED_STATE else parse_quickbooks_invoice(record)


def on_response(ctx: SyncContext, write: RemoteWrite, sent: WriteResponse, body: str) -> RunResult:
    invoice = sent.record
    assert invoice is None or isinstance(invoice, QuickBooksInvoice)  # what read() above returned
    link = link_for_write(ctx, write)
    is_new = link.pk is None
    warnings: list[Message | str] = list(write.warnings)
    again = False
    repaired = link.invoice_state.needs_repair
    planned = PushedInvoiceData.from_json(write.response_data)
    if invoice is None:
        link.quickbooks_invoice = replace(link.quickbooks_invoice, deleted=True)
    else:
        before, written = link.quickbooks_invoice, read_sent_invoice(body)
        lines = _compare_lines(written, invoice)
        _update_link(ctx, link, invoice, lines, planned.line_order)
        if sent.looked_for and not lines.dropped and was_edited_meanwhile(write, written, invoice):
            warnings += snapshot_as_written(write, link, before, written, invoice)
        link.quickbooks_invoice = link.quickbooks_invoice.with_values_of(before, planned.kept_fields)
        warnings += lines.warnings
        again = _record_itemless(ctx, link, lines)
        warnings += (
            [InvoicePushMessage.AMOUNTS_DROPPED()]
            if again
            else _total_warnings(write, planned, link, invoice)
        )
        warnings += _memo_warnings(write, written, link)
        warnings += _freed_warnings(write, planned, invoice)
    again = again or planned.again
    is_again = write.operation == "create" and not is_new
    link.linked_at = timezone.now() if is_again else link.linked_at
    unapplied = [] if is_new else payments_with_unapplied_money(ctx, write, invoice)
    requests = _payment_requests(ctx, write, invoice) if is_new else []
    quickbooks_id = write.quickbooks_id if invoice is None else invoice.id
    return done(
        _message_of(write, link.display_number, repaired=repaired),
        warnings,
        changes=[Change(**change) for change in write.changes],
        quickbooks_id=quickbooks_id,
        record_name=link.coperniq_name,
        intuit_tid=sent.intuit_tid,
        link=link,
        answered=AnsweredWrite(write, quickbooks_id, link.quickbooks_version, sent.intuit_tid),
        other_links=unapplied,
        follow_ups=questions_about(ctx, write.coperniq_id, unapplied) if is_again else (),
        asks=[*requests, *runs_that_apply(ctx, unapplied)],
        again=again,
        choices=planned.choices,
    )


def _message_of(write: RemoteWrite, number: str, *, repaired: bool) -> Message:
    if repaired:
        return InvoicePushMessage.REPAIRED(number=number)
    if write.operation == "create":
        is_found = write.match_method == RecordLink.MatchMethod.ADOPTED
        created = InvoicePushMessage.CREATED_BEFORE if is_found else InvoicePushMessage.CREATED
        return created(number=number)
    if write.operation in ("void", "delete"):
        ended = InvoicePushMessage.VOIDED if write.operation == "void" else InvoicePushMessage.DELETED
        return ended(
            number=number, state=end_state(CoperniqInvoiceSnapshot.from_json(write.coperniq_snapshot))
        )
    if not write.changes:
        return InvoicePushMessage.UPDATED(number=number)
    fields = list_sentences([change["field"] for change in write.changes])
    return InvoicePushMessage.UPDATED_FIELDS(number=number, fields=fields)


def list_sentences(names: Sequence[str]) -> str:
    """The names for one line of the log; the timeline has all of them. A single name is never replaced by a count."""
    count = len(names) if len(names) <= _NAMES_SHOWN + 1 else _NAMES_SHOWN
    shown = ", ".join(names[:count]).lower()
    return shown if count == len(names) else f"{shown} and {len(names) - count} more"


def _update_link(
    ctx: SyncContext,
    link: RecordLink,
    invoice: QuickBooksInvoice,
    lines: _AnsweredLines,
    line_order: Sequence[str],
) -> None:
    link.quickbooks_id = invoice.id
    link.quickbooks_name = f"Invoice {invoice.number}" if invoice.number else "Invoice without a number"
    link.quickbooks_version, link.quickbooks_at = invoice.sync_token, invoice.updated_at
    link.quickbooks_invoice = quickbooks_invoice_snapshot(invoice, ctx.settings.memo_field)
    link.number = invoice.number
    if line_order:
        pairs = zip(line_order, lines.answered, strict=False)
        line_ids = {coperniq_id: line.id for coperniq_id, line in pairs if coperniq_id}
        link.invoice_state = replace(link.invoice_state, line_ids=line_ids)


@dataclass(frozen=True)
class _AnsweredLines:
    """What QuickBooks made of the lines that were sent.

    `had_itemless`: lines without an item were sent; `dropped`: QuickBooks dropped the amount of one of them.
    """

    answered: Sequence[QuickBooksInvoiceLine]
    had_itemless: bool
    dropped: bool
    warnings: Sequence[Message]


def _compare_lines(sent: SentInvoice, invoice: QuickBooksInvoice) -> _AnsweredLines:
    answered = [line for line in invoice.lines if line.kind != SUBTOTAL]
    rows = sent.lines or ()
    itemless = [(row, line) for row, line in zip(rows, answered, strict=False) if row.is_itemless]
    lost = len(answered) != len(rows) and any(row.is_itemless for row in rows)
    dropped = lost or any(row.amount != money(line.amount_cents) for row, line in itemless)
    items = sorted({line.item_name or line.item_id for _, line in itemless if line.item_id})
    warnings = [InvoicePushMessage.ITEM_ADDED(item=item) for item in items]
    return _AnsweredLines(answered, lost or bool(itemless), dropped, warnings)


def _record_itemless(ctx: SyncContext, link: RecordLink, lines: _AnsweredLines) -> bool:
    """Records whether QuickBooks keeps lines without an item. True if the invoice has to be repaired."""
    link.invoice_state = replace(link.invoice_state, needs_repair=lines.dropped)
    if lines.had_itemless:
        known = ItemlessLines.IGNORED if lines.dropped else ItemlessLines.KEPT
        QuickBooksConnection.objects.filter(pk=ctx.connection.pk).update(itemless_lines=known)
    return lines.dropped


def _total_warnings(
    write: RemoteWrite, planned: PushedInvoiceData, link: RecordLink, invoice: QuickBooksInvoice
) -> list[Message]:
    """A warning if QuickBooks' total is not Coperniq's."""
    wanted = None if "lines" in planned.kept_fields else link.amount_cents
    if wanted is None or write.operation not in ("create", "update") or invoice.total_cents == wanted:
        return []
    return [InvoicePushMessage.TOTAL_DIFFERS(quickbooks=money(invoice.total_cents), coperniq=money(wanted))]


def _freed_warnings(
    write: RemoteWrite, planned: PushedInvoiceData, invoice: QuickBooksInvoice
) -> list[Message]:
    """A warning if QuickBooks took money off an invoice that became smaller than what was paid on it."""
    freed = planned.paid_cents - (invoice.total_cents - invoice.balance_cents)
    if write.operation != "update" or invoice.total_cents >= planned.paid_cents or freed <= 0:
        return []
    return [InvoicePushMessage.PAYMENTS_FREED(freed=money(freed))]


def _has_payments(snapshot: CoperniqInvoiceSnapshot) -> bool:
    return bool(snapshot.paid) or snapshot.status in ("PAID", "PARTIALLY_PAID")


def _memo_warnings(write: RemoteWrite, sent: SentInvoice, link: RecordLink) -> list[Message]:
    """A warning if QuickBooks did not clear the message. How an update clears a text is not documented.

    See docs/vendors/quickbooks-online.md, 8.1.
    """
    if write.operation != "update" or sent.memo != "" or not link.quickbooks_invoice.memo:
        return []
    return [InvoicePushMessage.MESSAGE_KEPT()]


def _payment_requests(
    ctx: SyncContext, write: RemoteWrite, invoice: QuickBooksInvoice | None
) -> list[SyncRun]:
    """Runs for payments that were recorded on either side before the invoice was linked."""
    account_id = write.link_values.coperniq_account_id
    runs = allocation_runs(ctx, invoice.payment_ids if invoice else (), account_id)
    has_payments = _has_payments(CoperniqInvoiceSnapshot.from_json(write.coperniq_snapshot))
    return [*runs, _payments_run(ctx, write)] if has_payments else runs


def _payments_run(ctx: SyncContext, write: RemoteWrite) -> SyncRun:
    values = write.link_values
    return SyncRun.of(
        ctx.connection,
        Action.NOTICE_PAYMENTS,
        coperniq_id=write.coperniq_id,
        coperniq_account_id=values.coperniq_account_id,
        record_name=values.coperniq_name,
    )


def find_lost_write(ctx: SyncContext, write: RemoteWrite, body: str) -> WriteResponse | None:
    wanted = read_sent_invoice(body)
    if write.operation == "create":
        return _find_created(ctx, write, wanted)
    try:
        current = ctx.quickbooks.read_invoice(write.quickbooks_id)
    except RecordMissing:
        return WriteResponse(None, "") if write.operation == "delete" else None
    if write.operation == "void":
        return WriteResponse(current, "") if current.is_voided else None
    return (
        WriteResponse(current, "", True)
        if write.operation == "update" and _has_values(current, wanted)
        else None
    )


def _find_created(ctx: SyncContext, write: RemoteWrite, wanted: SentInvoice) -> WriteResponse | None:
    found = _find_created_invoice(ctx, write, wanted)
    if found is None:
        return None
    write.match_method = RecordLink.MatchMethod.ADOPTED
    return WriteResponse(found, "", True)


def _has_values(current: QuickBooksInvoice, wanted: SentInvoice) -> bool:
    due_on = current.due_on.isoformat() if current.due_on else ""
    return (
        wanted.due_date in (None, due_on)
        and wanted.note in (None, current.note)
        and wanted.memo in (None, current.memo)
        and (wanted.lines is None or wanted.are_lines_of(current))
    )


def _find_created_invoice(
    ctx: SyncContext, write: RemoteWrite, wanted: SentInvoice
) -> QuickBooksInvoice | None:
    """An invoice that a create with a lost response has made.

    It is found by its correlation tag, under another number too. Voiding removes the tag, and so may people: then it is
    found by number, customer, total and time of creation; without a number of its own by its lines.
    """
    numbered = ctx.quickbooks.find_invoices_numbered([wanted.number]) if wanted.number else []
    since = sent_not_before(write, ctx.quickbooks.clock_offset)
    free = unlinked_with_tag(ctx, write, numbered)
    if not free:
        changed = ctx.quickbooks.list_invoices_changed(since)
        free, numbered = (
            unlinked_with_tag(ctx, write, changed),
            numbered or ([] if wanted.number else changed),
        )
    if not free:
        recent = [row for row in numbered if row.created_at is not None and row.created_at >= since]
        free = unlinked_rows(ctx, write, [row for row in recent if _is_untagged_match(ctx, wanted, row)])
    return min(free, key=lambda row: int(row.id) if row.id.isdecimal() else 0, default=None)


def _is_untagged_match(ctx: SyncContext, wanted: SentInvoice, invoice: QuickBooksInvoice) -> bool:
    """`wanted` is what was to be created. A voided invoice keeps its number and customer, but not its total.

    One that QuickBooks numbered is recognized by its lines instead.
    """
    tagged_id = tagged_coperniq_id(ctx.connection.realm_id, Kind.INVOICE, invoice.note)
    if tagged_id or invoice.customer_id != wanted.customer_id:
        return False
    if not wanted.number:
        return wanted.are_texts_of(invoice) if invoice.is_voided else wanted.are_lines_of(invoice)
    is_same_total = invoice.is_voided or money(invoice.total_cents) == wanted.total
    return invoice.number == wanted.number and is_same_total
