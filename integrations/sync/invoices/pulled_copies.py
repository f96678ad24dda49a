"""Coperniq invoices that are not linked and look as if they were brought over: a link or a response was lost.

Their description begins with a QuickBooks number, or has a correlation tag. A tag is proof; a number may have been typed
by a person, so that it counts only together with the owner and the total, and a person is asked if these leave a doubt.
Both directions decide by `find_copy`, so that a push waits only for a pull that links its invoice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from integrations.causes import Cause
from integrations.coperniq.money import CoperniqInvoice
from integrations.errors import BlockedBy, Choice, NeedsDecision, RecordMissing, Skipped
from integrations.messages.choices import ChoiceLabel
from integrations.messages.invoices_pull import InvoicePullMessage
from integrations.messages.invoices_push import InvoicePushMessage
from integrations.models import (
    Action,
    Kind,
    Question,
    RecordLink,
    RemoteWrite,
    RunState,
    SyncRun,
    Vendor,
)
from integrations.models.writes import RemoteWriteQuerySet
from integrations.quickbooks.bodies import money
from integrations.quickbooks.documents import QuickBooksInvoice
from integrations.sync.engine.choices import DISCARD, RETRY
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.coperniq_texts import is_told_by_number, parts_of, read_quickbooks_tag
from integrations.sync.engine.correlation_tag import tagged_coperniq_id
from integrations.sync.engine.follow_ups import RequestedRun
from integrations.sync.engine.lost_writes import sent_not_before
from integrations.sync.invoices.eligibility import SEND_ANYWAY, is_wanted, refuse_tagged_copy, wait_for_pull
from integrations.sync.invoices.mapping import day_of, memo_in
from integrations.sync.invoices.numbering import has_no_link, link_choice_for
from integrations.sync.invoices.owners import coperniq_account_of, find_owner, owner_place
from integrations.sync.invoices.write_data import InvoiceOwner

_CREATE_ANOTHER = Choice("new_number", ChoiceLabel.CREATE_ANOTHER_INVOICE(), Question.INVOICE_NUMBER)
_CLOCK_MARGIN = timedelta(minutes=1)


class FoundCopy(NamedTuple):
    """The copy of a QuickBooks invoice; or those of which a person has to say whether one is it."""

    invoice: CoperniqInvoice | None
    doubtful: Sequence[CoperniqInvoice] = ()


_NO_COPY = FoundCopy(None)


def find_copy(ctx: SyncContext, listed: Iterable[object], current: QuickBooksInvoice) -> FoundCopy:
    """The unlinked invoice among those of its owner that was brought over from `current`, which is not linked.

    Of several with its number and total the one that agrees best counts. Without one, a single invoice that came from a
    number which QuickBooks does not have any more is it: `current` was given another number since.
    """
    rows = _unlinked_from_quickbooks(ctx, listed)
    tagged = [row for row in rows if _tagged_id(ctx, row) == current.id]
    if tagged:
        return FoundCopy(tagged[0])
    free = [row for row in rows if not _tagged_id(ctx, row) and not _was_left(ctx, row)]
    numbered = [row for row in free if is_told_by_number(current.number) and _number(row) == current.number]
    same = [row for row in numbered if row.total_cents == current.total_cents]
    if same:
        return FoundCopy(max(same, key=lambda row: _rank(ctx, row, current)))
    if numbered:
        known = _is_linked_number(ctx, current.number, numbered[0].account_id)
        return _NO_COPY if known else FoundCopy(None, [row for row in numbered if _is_active(row)])
    return _find_renumbered(ctx, free, current)


def _find_renumbered(
    ctx: SyncContext, rows: Sequence[CoperniqInvoice], current: QuickBooksInvoice
) -> FoundCopy:
    since = [row for row in rows if _was_changed_since(ctx, row, current)]
    if not since:
        return _NO_COPY
    numbers = {_number(row) for row in since}
    used = {row.number for row in ctx.quickbooks.find_invoices_numbered(sorted(numbers))}
    lost = [
        row
        for row in since
        if _number(row) not in used and not _is_linked_number(ctx, _number(row), row.account_id)
    ]
    if len(lost) == 1 and _agreement(ctx, lost[0], current):
        return FoundCopy(lost[0])
    return FoundCopy(None, [row for row in lost if _is_active(row)])


def _was_changed_since(ctx: SyncContext, row: CoperniqInvoice, current: QuickBooksInvoice) -> bool:
    """Whether `current` was there before the Coperniq invoice was created, and was changed after that."""
    if row.created_at is None or current.created_at is None or current.updated_at is None:
        return False
    made_at = row.created_at - ctx.coperniq.clock_offset + ctx.quickbooks.clock_offset
    return current.created_at - _CLOCK_MARGIN <= made_at <= current.updated_at + _CLOCK_MARGIN


def find_lost_copy(
    ctx: SyncContext, write: RemoteWrite, owner: InvoiceOwner, is_as_sent: Callable[[CoperniqInvoice], bool]
) -> CoperniqInvoice | None:
    """The invoice that a create with a lost response has made; a person may have moved it to another record since.

    While the create of another QuickBooks invoice of the same number is open, only one with the values that were sent.
    """
    twins = _open_creates(ctx, write.link_values.number).exclude(quickbooks_id=write.quickbooks_id).exists()
    found = _best_lost(ctx, write, list_invoices_of(ctx, owner), is_as_sent, only_as_sent=twins)
    if found is not None:
        return found
    since = sent_not_before(write, ctx.coperniq.clock_offset)
    return _best_lost(ctx, write, ctx.coperniq.list_invoices(since), is_as_sent, only_as_sent=twins)


def _best_lost(
    ctx: SyncContext,
    write: RemoteWrite,
    rows: Iterable[object],
    is_as_sent: Callable[[CoperniqInvoice], bool],
    *,
    only_as_sent: bool,
) -> CoperniqInvoice | None:
    unlinked = _unlinked_from_quickbooks(ctx, rows)
    tagged = [row for row in unlinked if _tagged_id(ctx, row) == write.quickbooks_id]
    if tagged:
        return tagged[0]
    number, since = write.link_values.number, sent_not_before(write, ctx.coperniq.clock_offset)
    found = [
        row
        for row in unlinked
        if is_told_by_number(number)
        and _number(row) == number
        and not _tagged_id(ctx, row)
        and not _was_left(ctx, row)
        and (row.created_at is None or row.created_at >= since)
        and (is_as_sent(row) or not only_as_sent)
    ]
    total = write.link_values.amount_cents
    best = sorted(found, key=lambda row: (not is_as_sent(row), row.total_cents != total, _age_key(row)))
    return best[0] if best else None


def refuse_pulled_copy(ctx: SyncContext, run: SyncRun, invoice: CoperniqInvoice) -> None:
    """Refuse to push an unlinked invoice that was brought over. A text that a person typed is no reason to.

    Raises BlockedBy if a pull is about to link it, Skipped if it is a copy of a linked one, NeedsDecision in doubt.
    """
    number = _number(invoice)
    answer = run.answer_to(Question.INVOICE_NUMBER)
    if answer.verb == "link" and number:
        wait_for_pull(ctx, run, Kind.INVOICE, answer.target)
    if not (number or _tagged_id(ctx, invoice)) or is_wanted(run, SEND_ANYWAY):
        return
    refuse_tagged_copy(ctx, run, Kind.INVOICE, invoice.description)
    if not number:
        return
    write = _open_creates(ctx, number).first()
    if write is not None:
        wait_for_pull(ctx, run, Kind.INVOICE, write.quickbooks_id)
    if _is_linked_number(ctx, number, invoice.account_id):
        raise Skipped(InvoicePushMessage.COPY_OF_LINKED(), [SEND_ANYWAY])
    _refuse_copy_of_unlinked(ctx, run, invoice, number)


def _refuse_copy_of_unlinked(ctx: SyncContext, run: SyncRun, invoice: CoperniqInvoice, number: str) -> None:
    numbered = ctx.quickbooks.find_invoices_numbered([number])
    since = invoice.created_at or invoice.updated_at
    candidates = numbered or ctx.quickbooks.list_invoices_changed(
        since - ctx.coperniq.clock_offset + ctx.quickbooks.clock_offset - _CLOCK_MARGIN
    )
    doubtful = []
    for current in candidates:
        owner = _owner_of_account(ctx, current, invoice.account_id)
        if owner is None:
            continue
        found = _NO_COPY if current.is_voided else find_copy(ctx, list_invoices_of(ctx, owner), current)
        if found.invoice is not None and found.invoice.id == invoice.id:
            wait_for_pull(ctx, run, Kind.INVOICE, current.id)
        if found.invoice is not None and numbered:
            raise Skipped(InvoicePushMessage.COPY_OF_LINKED(), [SEND_ANYWAY])
        if numbered or invoice.id in (row.id for row in found.doubtful):
            doubtful.append(current)
    if doubtful and _is_active(invoice):
        raise _doubt(invoice, number, doubtful)


def _owner_of_account(ctx: SyncContext, current: QuickBooksInvoice, account_id: str) -> InvoiceOwner | None:
    """The record that an unlinked QuickBooks invoice is brought over to, None if it is not of this account."""
    if tagged_coperniq_id(ctx.connection.realm_id, Kind.INVOICE, current.note) or not has_no_link(
        ctx, current
    ):
        return None
    owner = find_owner(ctx.connection, current.customer_id)
    return owner_place(owner) if owner is not None and coperniq_account_of(owner) == account_id else None


def _doubt(invoice: CoperniqInvoice, number: str, candidates: Sequence[QuickBooksInvoice]) -> NeedsDecision:
    first = candidates[0]
    message = InvoicePushMessage.PERHAPS_BROUGHT_OVER(
        total=money(invoice.total_cents),
        number=number,
        found=first.number or "without a number",
        found_total=money(first.total_cents),
        on=first.on,
    )
    links = [link_choice_for(row) for row in candidates if not row.is_voided]
    return NeedsDecision(message, [*links, _CREATE_ANOTHER, RETRY, DISCARD])


def find_chosen_copy(ctx: SyncContext, current: QuickBooksInvoice) -> CoperniqInvoice | None:
    """The Coperniq invoice that a person has chosen to link to `current`; its push waits for that."""
    waiting = SyncRun.objects.filter(
        connection=ctx.connection,
        action=Action.PUSH_INVOICE,
        state__in=(RunState.WAITING, RunState.QUEUED),
        cause=Cause.WAITS_FOR_LINK,
        has_decisions=True,
    )
    for run in waiting:
        answer = run.answer_to(Question.INVOICE_NUMBER)
        if (answer.verb, answer.target) == ("link", current.id) and _is_unlinked(ctx, run.coperniq_id):
            with suppress(RecordMissing):
                return ctx.coperniq.read_invoice(run.coperniq_id)
    return None


def wait_for_doubtful(ctx: SyncContext, doubtful: Sequence[CoperniqInvoice]) -> None:
    """Raises BlockedBy if there are any, after requesting the pushes, which ask about them."""
    for row in doubtful:
        push = SyncRun.of(ctx.connection, Action.PUSH_INVOICE, coperniq_id=row.id)
        ctx.follow_ups.append(RequestedRun(push))
    for row in doubtful:
        raise BlockedBy(InvoicePullMessage.WAITS_FOR_SAME_INVOICE(), kind=Kind.INVOICE, coperniq_id=row.id)


def _open_creates(ctx: SyncContext, number: str) -> RemoteWriteQuerySet:
    """Creates of an invoice with this number in Coperniq whose response is not stored."""
    creates = RemoteWrite.objects.open().filter(
        connection=ctx.connection, vendor=Vendor.COPERNIQ, kind=Kind.INVOICE, operation="create"
    )
    return creates.filter(link_data__number=number) if is_told_by_number(number) else creates.none()


def list_invoices_of(ctx: SyncContext, owner: InvoiceOwner) -> Sequence[object]:
    """Those that cannot be read among them."""
    return ctx.coperniq.list_invoices_of("projects" if owner.is_project else "accounts", owner.id)


def _unlinked_from_quickbooks(ctx: SyncContext, rows: Iterable[object]) -> list[CoperniqInvoice]:
    """Those without a link that have a number or a tag of QuickBooks, the oldest first."""
    found = [
        row for row in rows if isinstance(row, CoperniqInvoice) and (_number(row) or _tagged_id(ctx, row))
    ]
    links = RecordLink.objects.of(ctx.connection, Kind.INVOICE).filter(
        coperniq_id__in=[row.id for row in found]
    )
    linked = set(links.values_list("coperniq_id", flat=True)) if found else set()
    return sorted((row for row in found if row.id not in linked), key=_age_key)


def _is_unlinked(ctx: SyncContext, coperniq_id: str) -> bool:
    return RecordLink.objects.pushed(ctx.connection, Kind.INVOICE, coperniq_id) is None


def _is_linked_number(ctx: SyncContext, number: str, account_id: str) -> bool:
    """Whether an invoice of this number was brought over to the account and is linked."""
    links = RecordLink.objects.of(ctx.connection, Kind.INVOICE).filter(
        match_method=RecordLink.MatchMethod.PULLED, number=number, coperniq_account_id=account_id
    )
    return links.exists()


def _was_left(ctx: SyncContext, row: CoperniqInvoice) -> bool:
    """Whether a person has decided not to sync it."""
    runs = SyncRun.objects.filter(connection=ctx.connection, action=Action.PUSH_INVOICE, coperniq_id=row.id)
    latest = runs.order_by("-id").first()
    return latest is not None and latest.state == RunState.CANCELLED


def _is_active(row: CoperniqInvoice) -> bool:
    return row.status != "DECLINED" and not row.is_archived


def _number(row: CoperniqInvoice) -> str:
    return parts_of(row.description, numbered=True).number


def _tagged_id(ctx: SyncContext, row: CoperniqInvoice) -> str:
    return read_quickbooks_tag(ctx.connection.realm_id, Kind.INVOICE, row.description).quickbooks_id


def _agreement(ctx: SyncContext, row: CoperniqInvoice, current: QuickBooksInvoice) -> int:
    """How many of total, due date and memo are the same."""
    due_on = day_of(row.due_at, ZoneInfo(ctx.connection.company.time_zone))
    memo = parts_of(row.description, numbered=True).memo
    same_memo = bool(memo) and memo == memo_in(current, ctx.settings.memo_field)
    return (row.total_cents == current.total_cents) + (due_on == current.due_on) + same_memo


def _rank(ctx: SyncContext, row: CoperniqInvoice, current: QuickBooksInvoice) -> tuple[bool, int, int]:
    """Higher is better: as much is paid, more fields agree, and it is older: people copy what the portal made."""
    is_equally_paid = row.paid_cents == current.total_cents - current.balance_cents
    return is_equally_paid, _agreement(ctx, row, current), -_age_key(row)


def _age_key(row: CoperniqInvoice) -> int:
    return int(row.id) if row.id.isdecimal() else 0
