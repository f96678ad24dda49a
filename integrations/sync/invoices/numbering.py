"""An invoice's number in QuickBooks: Coperniq's, unless another document has it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from integrations.errors import Choice, NeedsDecision, RecordMissing
from integrations.models import Kind, Question, RecordLink, SyncRun
from integrations.quickbooks.bodies import money
from integrations.quickbooks.documents import QuickBooksInvoice
from integrations.sync.engine.choices import DISCARD, RETRY
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.correlation_tag import tagged_coperniq_id
from integrations.sync.engine.lookups import preferences
from integrations.sync.engine.refused_writes import refused_numbers
from integrations.sync.invoices.mapping import suffixed_number

NEW_NUMBER = Choice("new_number", "Create it with another number", Question.INVOICE_NUMBER)
NUMBERS_AT_ONCE = 10
PROBABLY_SAME = "probably_same_invoice"


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
    needed before the first refusal. Raises NeedsDecision if another invoice of this number is probably the same.
    """
    decided = run.answer_to(Question.INVOICE_NUMBER)
    if decided.verb == "link":
        return ExistingInvoice(_read_chosen(ctx, decided.target), RecordLink.MatchMethod.CHOSEN)
    wanted = suffixed_number(number, 1)
    taken = refused_numbers(run)
    if not wanted or (preferences(ctx).custom_txn_numbers and not taken):
        return wanted
    holders = ctx.quickbooks.find_invoices_numbered([wanted])
    if not holders and wanted not in taken:
        return wanted
    tagged = _find_same_invoice(ctx, run, holders, customer_id, total_cents)
    return tagged or free_number(ctx, run, number)


def _find_same_invoice(
    ctx: SyncContext, run: SyncRun, holders: Sequence[QuickBooksInvoice], customer_id: str, total_cents: int
) -> ExistingInvoice | None:
    """The invoice with this record's tag. Raises NeedsDecision for one of the same customer and total."""
    unlinked = [holder for holder in holders if is_unlinked(ctx, holder)]
    for holder in unlinked:
        if tagged_coperniq_id(ctx.connection.realm_id, Kind.INVOICE, holder.note) == run.coperniq_id:
            return ExistingInvoice(holder, RecordLink.MatchMethod.ADOPTED)
    same = [row for row in unlinked if (row.customer_id, row.total_cents) == (customer_id, total_cents)]
    if same and not run.has_taken(NEW_NUMBER):
        raise _hold_probably_same(same[0])
    return None


def is_unlinked(ctx: SyncContext, invoice: QuickBooksInvoice) -> bool:
    return not RecordLink.objects.of(ctx.connection, Kind.INVOICE).filter(quickbooks_id=invoice.id).exists()


def _hold_probably_same(invoice: QuickBooksInvoice) -> NeedsDecision:
    return NeedsDecision(
        PROBABLY_SAME,
        f"QuickBooks already has an invoice {invoice.number} of ${money(invoice.total_cents):,} for this customer, "
        f"dated {invoice.on:%B %-d, %Y}. It is probably the same: link to it, or create another.",
        [link_choice_for(invoice), NEW_NUMBER, RETRY, DISCARD],
    )


def link_choice_for(invoice: QuickBooksInvoice) -> Choice:
    return Choice(f"link:{invoice.id}", f"Link to invoice {invoice.number}", Question.INVOICE_NUMBER)


def _read_chosen(ctx: SyncContext, invoice_id: str) -> QuickBooksInvoice:
    """What a person chose is still looked at: the world may have changed since the page was shown."""
    try:
        invoice = ctx.quickbooks.read_invoice(invoice_id)
    except RecordMissing:
        invoice = None
    if invoice is None or not is_unlinked(ctx, invoice) or invoice.is_voided:
        raise NeedsDecision(
            "choice_gone",
            "The chosen QuickBooks invoice is not there any more, or belongs to another one. Please choose again.",
            [NEW_NUMBER, DISCARD],
        )
    return invoice


def free_number(ctx: SyncContext, run: SyncRun, number: str, start: int = 2) -> str:
    """`1042-2`, `1042-3` … : the first nobody has, as far as we know. One query for ten of them."""
    wanted = [suffixed_number(number, count) for count in range(start, start + NUMBERS_AT_ONCE)]
    used = {invoice.number for invoice in ctx.quickbooks.find_invoices_numbered(wanted)} | refused_numbers(
        run
    )
    free = next((each for each in wanted if each not in used), "")
    return free or free_number(ctx, run, number, start + NUMBERS_AT_ONCE)
