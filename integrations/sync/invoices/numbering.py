"""An invoice's number in QuickBooks: Coperniq's, unless another document has it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from integrations.coperniq.money import CoperniqInvoice
from integrations.errors import Choice, NeedsDecision, RecordMissing
from integrations.messages.choices import ChoiceLabel
from integrations.messages.invoices_push import InvoicePushMessage
from integrations.models import Kind, Question, RecordLink, SyncRun
from integrations.quickbooks.bodies import money
from integrations.quickbooks.documents import QuickBooksInvoice
from integrations.sync.customers.customer_family import CustomerFamily
from integrations.sync.engine.choices import DISCARD, RETRY
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.correlation_tag import tagged_coperniq_id
from integrations.sync.engine.follow_ups import requeue
from integrations.sync.engine.lookups import preferences
from integrations.sync.engine.refused_writes import refused_numbers
from integrations.sync.invoices.mapping import suffixed_number
from integrations.sync.invoices.same_bill import NEW_NUMBER, find_same_bills, pulls_asking_about
from integrations.sync.invoices.typed_again import is_gone_in_coperniq

_NUMBERS_PER_QUERY = 10


@dataclass(frozen=True)
class ExistingInvoice:
    """The QuickBooks invoice that this Coperniq invoice already is, and how that was found out.

    `replaces` is its link to an invoice that Coperniq does not have any more, if it has one.
    """

    invoice: QuickBooksInvoice
    match_method: RecordLink.MatchMethod
    replaces: RecordLink | None = None


class NewNumber(NamedTuple):
    """The number to create an invoice with, and if it was taken: what QuickBooks may propose next, and what to type."""

    number: str
    proposed: str = ""
    plain: str = ""


def choose_number(
    ctx: SyncContext, run: SyncRun, invoice: CoperniqInvoice, number: str, family: CustomerFamily
) -> NewNumber | ExistingInvoice:
    """The number to create the invoice with, or the QuickBooks invoice to link to instead.

    Where the company uses custom transaction numbers, QuickBooks refuses a number that is taken, so that no query is
    needed before the first refusal, except for a preview. Raises NeedsDecision if another invoice of this number, or one
    of the same total and time, is probably the same.
    """
    answer = run.answer_to(Question.INVOICE_NUMBER)
    if answer.verb == "link":
        chosen = _read_chosen(ctx, answer.target)
        if chosen is None:
            found, lost = find_same_bills(ctx, invoice, family)
            choices = [*map(link_choice_for, found), *map(_choice_of_lost, lost), NEW_NUMBER, RETRY, DISCARD]
            raise NeedsDecision(InvoicePushMessage.CHOICE_GONE(), choices)
        return chosen
    if not run.has_taken(NEW_NUMBER):
        _refuse_same_bill(ctx, run, *find_same_bills(ctx, invoice, family))
    wanted = suffixed_number(number, 1)
    refused = refused_numbers(run)
    if not wanted or (preferences(ctx).custom_txn_numbers and not refused and not ctx.is_preview):
        return NewNumber(wanted)
    holders = ctx.quickbooks.find_invoices_numbered([wanted])
    if not holders and wanted not in refused:
        return NewNumber(wanted)
    tagged = _find_same_invoice(ctx, run, holders, family.invoice_customer, invoice.total_cents)
    return tagged or _free_number(ctx, run, number)


def _refuse_same_bill(
    ctx: SyncContext, run: SyncRun, found: Sequence[QuickBooksInvoice], lost: Sequence[RecordLink] = ()
) -> None:
    """Raises NeedsDecision if there are any; pulls that ask about this invoice then wait for the answer.

    Those in `lost` are linked to invoices that Coperniq does not have any more.
    """
    if not (found or lost):
        return
    requeue(ctx.follow_ups, pulls_asking_about(ctx, run.coperniq_id))
    if found:
        message = InvoicePushMessage.PROBABLY_SAME(
            number=found[0].number or found[0].id, total=money(found[0].total_cents), on=found[0].on
        )
    else:
        message = InvoicePushMessage.TYPED_AGAIN(
            number=lost[0].display_number,
            total=money(lost[0].amount_cents or 0),
            on=date.fromisoformat(lost[0].quickbooks_invoice.on),
        )
    links = [*map(link_choice_for, found), *map(_choice_of_lost, lost)]
    raise NeedsDecision(message, [*links, NEW_NUMBER, RETRY, DISCARD])


def _find_same_invoice(
    ctx: SyncContext, run: SyncRun, holders: Sequence[QuickBooksInvoice], customer_id: str, total_cents: int
) -> ExistingInvoice | None:
    """The invoice with this record's tag. Raises NeedsDecision for one of the same customer and total, or of the same
    customer if its invoice in Coperniq was deleted."""
    unlinked = [holder for holder in holders if has_no_link(ctx, holder)]
    for holder in unlinked:
        if tagged_coperniq_id(ctx.connection.realm_id, Kind.INVOICE, holder.note) == run.coperniq_id:
            return ExistingInvoice(holder, RecordLink.MatchMethod.ADOPTED)
    same = [row for row in unlinked if (row.customer_id, row.total_cents) == (customer_id, total_cents)]
    if run.has_taken(NEW_NUMBER):
        return None
    _refuse_same_bill(ctx, run, same[:1])
    for row in holders:
        link = RecordLink.objects.pulled(ctx.connection, Kind.INVOICE, row.id)
        if link is not None and row.customer_id == customer_id and is_gone_in_coperniq(ctx, link):
            _refuse_same_bill(ctx, run, (), [link])
        is_same = (row.customer_id, row.total_cents) == (customer_id, total_cents)
        if is_same and link is not None and link.match_method == RecordLink.MatchMethod.PULLED:
            message = InvoicePushMessage.SAME_CAME_OVER(
                number=row.number, total=money(row.total_cents), on=row.on, name=link.coperniq_name
            )
            raise NeedsDecision(message, [NEW_NUMBER, RETRY, DISCARD])
    return None


def has_no_link(ctx: SyncContext, invoice: QuickBooksInvoice) -> bool:
    return not RecordLink.objects.of(ctx.connection, Kind.INVOICE).filter(quickbooks_id=invoice.id).exists()


def link_choice_for(invoice: QuickBooksInvoice) -> Choice:
    return _link_choice(invoice.id, invoice.number)


def _choice_of_lost(link: RecordLink) -> Choice:
    return _link_choice(link.quickbooks_id, link.display_number)


def _link_choice(invoice_id: str, number: str) -> Choice:
    return Choice(f"link:{invoice_id}", ChoiceLabel.LINK_INVOICE(number=number), Question.INVOICE_NUMBER)


def _read_chosen(ctx: SyncContext, invoice_id: str) -> ExistingInvoice | None:
    """None if it cannot be linked any more: it may have changed since the choice was shown."""
    try:
        invoice = ctx.quickbooks.read_invoice(invoice_id)
    except RecordMissing:
        return None
    link = RecordLink.objects.pulled(ctx.connection, Kind.INVOICE, invoice_id)
    if invoice.is_voided or (link is not None and not is_gone_in_coperniq(ctx, link)):
        return None
    return ExistingInvoice(invoice, RecordLink.MatchMethod.CHOSEN, link)


def _free_number(ctx: SyncContext, run: SyncRun, number: str, start: int = 2) -> NewNumber:
    """The first of `1042-2`, `1042-3` … that no invoice has and that was not refused for this run.

    QuickBooks may count on from it (docs/vendors/quickbooks-online.md, 3), whichever form a suffix has: the log names
    the number that people type instead.
    """
    wanted = [suffixed_number(number, count) for count in range(start, start + _NUMBERS_PER_QUERY)]
    plain = _numbers_after(number)
    found = ctx.quickbooks.find_invoices_numbered([*wanted, *plain])
    used = {invoice.number for invoice in found} | refused_numbers(run)
    free = next((at for at, each in enumerate(wanted) if each not in used), None)
    if free is None:
        return _free_number(ctx, run, number, start + _NUMBERS_PER_QUERY)
    proposed = suffixed_number(number, start + free + 1)
    return NewNumber(wanted[free], proposed, next((each for each in plain if each not in used), ""))


def _numbers_after(number: str) -> list[str]:
    """The numbers that follow it, with its leading zeros; none if it does not end in digits."""
    digits = re.search(r"[0-9]+\Z", number)
    if digits is None:
        return []
    following = (int(digits[0]) + count for count in range(1, _NUMBERS_PER_QUERY + 1))
    texts = (f"{number[: digits.start()]}{each:0{len(digits[0])}}" for each in following)
    return [each for each in texts if each == suffixed_number(each, 1)]
