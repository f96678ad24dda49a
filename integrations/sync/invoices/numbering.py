"""An invoice's number in QuickBooks: Coperniq's, unless another document has it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from integrations.errors import Choice, NeedsDecision, RecordMissing
from integrations.messages.invoices_push import InvoicePushMessage
from integrations.models import Kind, Question, RecordLink, SyncRun
from integrations.quickbooks.bodies import money
from integrations.quickbooks.documents import QuickBooksInvoice
from integrations.sync.engine.choices import DISCARD, RETRY
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.correlation_tag import tagged_coperniq_id
from integrations.sync.engine.lookups import preferences
from integrations.sync.engine.refused_writes import refused_numbers
from integrations.sync.invoices.mapping import suffixed_number

_NEW_NUMBER = Choice("new_number", "Create it with another number", Question.INVOICE_NUMBER)
_NUMBERS_PER_QUERY = 10


@dataclass(frozen=True)
class ExistingInvoice:
    """The QuickBooks invoice that this Coperniq invoice already is, and how that was found out."""

    invoice: QuickBooksInvoice
    match_method: RecordLink.MatchMethod


def choose_number(
    ctx: SyncContext, run: SyncRun, number: str, customer_id: str, total_cents: int
) -> str | ExistingInvoice:
    """The number to create the invoice with, or the QuickBooks invoice to link to instead.

    Where the company uses custom transaction numbers, QuickBooks refuses a number that is taken, so that no query is
    needed before the first refusal, except for a preview. Raises NeedsDecision if another invoice of this number is
    probably the same.
    """
    answer = run.answer_to(Question.INVOICE_NUMBER)
    if answer.verb == "link":
        return ExistingInvoice(_read_chosen(ctx, answer.target), RecordLink.MatchMethod.CHOSEN)
    wanted = suffixed_number(number, 1)
    refused = refused_numbers(run)
    if not wanted or (preferences(ctx).custom_txn_numbers and not refused and not ctx.is_preview):
        return wanted
    holders = ctx.quickbooks.find_invoices_numbered([wanted])
    if not holders and wanted not in refused:
        return wanted
    tagged = _find_same_invoice(ctx, run, holders, customer_id, total_cents)
    return tagged or _free_number(ctx, run, number)


def _find_same_invoice(
    ctx: SyncContext, run: SyncRun, holders: Sequence[QuickBooksInvoice], customer_id: str, total_cents: int
) -> ExistingInvoice | None:
    """The invoice with this record's tag. Raises NeedsDecision for one of the same customer and total."""
    unlinked = [holder for holder in holders if _has_no_link(ctx, holder)]
    for holder in unlinked:
        if tagged_coperniq_id(ctx.connection.realm_id, Kind.INVOICE, holder.note) == run.coperniq_id:
            return ExistingInvoice(holder, RecordLink.MatchMethod.ADOPTED)
    same = [row for row in unlinked if (row.customer_id, row.total_cents) == (customer_id, total_cents)]
    if same and not run.has_taken(_NEW_NUMBER):
        found = same[0]
        raise NeedsDecision(
            InvoicePushMessage.PROBABLY_SAME(
                number=found.number, total=money(found.total_cents), on=found.on
            ),
            [link_choice_for(found), _NEW_NUMBER, RETRY, DISCARD],
        )
    return None


def _has_no_link(ctx: SyncContext, invoice: QuickBooksInvoice) -> bool:
    return not RecordLink.objects.of(ctx.connection, Kind.INVOICE).filter(quickbooks_id=invoice.id).exists()


def link_choice_for(invoice: QuickBooksInvoice) -> Choice:
    return Choice(f"link:{invoice.id}", f"Link to invoice {invoice.number}", Question.INVOICE_NUMBER)


def _read_chosen(ctx: SyncContext, invoice_id: str) -> QuickBooksInvoice:
    """Checked again, because the invoice may have changed since the choice was shown."""
    try:
        invoice = ctx.quickbooks.read_invoice(invoice_id)
    except RecordMissing:
        invoice = None
    if invoice is None or not _has_no_link(ctx, invoice) or invoice.is_voided:
        raise NeedsDecision(InvoicePushMessage.CHOICE_GONE(), [_NEW_NUMBER, DISCARD])
    return invoice


def _free_number(ctx: SyncContext, run: SyncRun, number: str, start: int = 2) -> str:
    """The first of `1042-2`, `1042-3` … that no invoice has and that was not refused for this run."""
    wanted = [suffixed_number(number, count) for count in range(start, start + _NUMBERS_PER_QUERY)]
    found = ctx.quickbooks.find_invoices_numbered(wanted)
    used = {invoice.number for invoice in found} | refused_numbers(run)
    free = next((each for each in wanted if each not in used), "")
    return free or _free_number(ctx, run, number, start + _NUMBERS_PER_QUERY)
