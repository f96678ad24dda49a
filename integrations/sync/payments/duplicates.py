"""The same payment recorded on both sides: the two are linked, or a person is asked, instead of creating a third."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import date, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.utils import timezone

from integrations.causes import Cause
from integrations.coperniq.money import CoperniqInvoice, CoperniqPayment
from integrations.errors import BlockedBy, Choice, NeedsDecision, RecordMissing
from integrations.messages.payments import PaymentMessage
from integrations.models import Action, Kind, Question, RecordLink, SyncRun
from integrations.models.sync_state import PaymentState
from integrations.quickbooks.bodies import money
from integrations.quickbooks.documents import QuickBooksPayment
from integrations.sync.engine.choices import DISCARD
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.coperniq_texts import read_quickbooks_tag
from integrations.sync.engine.follow_ups import requeue
from integrations.sync.engine.plan import Plan
from integrations.sync.payments.external import (
    RemovedPayments,
    balance_of,
    external_payments_on,
    linked_payment_ids,
)
from integrations.sync.payments.mapping import (
    coperniq_payment_snapshot,
    paid_on,
    pays_more,
    quickbooks_payment_name,
    quickbooks_payment_snapshot,
)

RECORD_BOTH = Choice("record_both", "Record both", Question.SAME_PAYMENT)
DUPLICATE_WINDOW = timedelta(days=7)


class _Candidate(NamedTuple):
    """A payment of the other side that is probably the same."""

    id: str
    on: date
    reference: str


def find_quickbooks_duplicates(
    ctx: SyncContext, payment: CoperniqPayment, invoice: RecordLink, on: date
) -> list[_Candidate]:
    """External payments of the same amount on this invoice, within a week of `on`, that are not linked."""
    same = [
        row
        for row in external_payments_on(ctx, invoice)
        if row.amount_cents == payment.amount_cents and abs(row.on - on) <= DUPLICATE_WINDOW
    ]
    linked = linked_payment_ids(ctx, invoice) if same else set()
    return [
        _Candidate(row.quickbooks_id, row.on, row.reference)
        for row in same
        if row.quickbooks_id not in linked
    ]


def plan_duplicate(
    ctx: SyncContext, run: SyncRun, payment: CoperniqPayment, invoice: RecordLink, on: date
) -> Plan | None:
    """Links to the duplicate if the invoice has no room for both payments; None if there is no duplicate.

    Raises NeedsDecision if both may be meant. The invoice must have been refreshed.
    """
    found = find_quickbooks_duplicates(ctx, payment, invoice, on)
    if not found:
        return None
    if len(found) > 1 or balance_of(invoice) >= payment.amount_cents:
        _requeue_pull_questions(ctx, invoice, found)
        raise _hold_duplicates("QuickBooks", payment.amount_cents, found)
    same = RecordLink.MatchMethod.SAME_PAYMENT
    return plan_link(ctx, run, payment, invoice, on, found[0].id, same)


def _requeue_pull_questions(ctx: SyncContext, invoice: RecordLink, found: Sequence[_Candidate]) -> None:
    """A pull held with the same question is planned again: it then waits for the answer to this one."""
    asked = SyncRun.objects.held().filter(
        connection=ctx.connection,
        action=Action.PULL_PAYMENT,
        cause=Cause.PROBABLY_SAME_PAYMENT,
        allocation_invoice_id=invoice.quickbooks_id,
        quickbooks_id__in=[candidate.id for candidate in found],
    )
    requeue(ctx.follow_ups, asked)


def plan_link(
    ctx: SyncContext,
    run: SyncRun,
    payment: CoperniqPayment,
    invoice: RecordLink,
    on: date,
    payment_id: str,
    match_method: RecordLink.MatchMethod,
) -> Plan:
    """Raises NeedsDecision if the payment is not on the invoice any more, or has been linked since it was offered."""
    found = _read_unlinked_payment(ctx, invoice, payment_id)
    if found is None:
        choices = _link_choices(find_quickbooks_duplicates(ctx, payment, invoice, on))
        raise NeedsDecision(PaymentMessage.CHOICE_GONE(vendor="QuickBooks"), choices)
    share = pays_more(found, invoice.quickbooks_id)
    return Plan(
        record_name=run.record_name,
        match_method=match_method,
        quickbooks_id=found.id,
        quickbooks_name=quickbooks_payment_name(found),
        quickbooks_version=found.sync_token,
        quickbooks_at=found.updated_at,
        quickbooks_snapshot=quickbooks_payment_snapshot(found, invoice.quickbooks_id, share=share).as_json(),
        allocation_invoice_id=invoice.quickbooks_id,
        coperniq_snapshot=coperniq_payment_snapshot(
            payment, ZoneInfo(ctx.connection.company.time_zone)
        ).as_json(),
        number=payment.reference[:40],
        amount_cents=payment.amount_cents,
        state=PaymentState(is_share=share),
        sentence=PaymentMessage.LINKED(amount=money(found.total_cents), vendor="QuickBooks"),
    )


def _read_unlinked_payment(
    ctx: SyncContext, invoice: RecordLink, payment_id: str
) -> QuickBooksPayment | None:
    """The payment if it pays this invoice and is not linked on it; else None, and it is no candidate any more."""
    found, began_at = None, timezone.now()
    if payment_id not in linked_payment_ids(ctx, invoice):
        with suppress(RecordMissing):
            found = ctx.quickbooks.read_payment(payment_id)
    if found is not None and found.applied_to(invoice.quickbooks_id):
        return found
    ctx.follow_ups.append(RemovedPayments(ctx.connection.pk, began_at, invoice.quickbooks_id, (payment_id,)))
    return None


def find_coperniq_counterpart(
    ctx: SyncContext,
    run: SyncRun,
    payment: QuickBooksPayment,
    cents: int,
    invoice: RecordLink,
    listed: list[CoperniqPayment],
    current: CoperniqInvoice,
) -> CoperniqPayment | None:
    """The Coperniq payment to link `cents` of the QuickBooks payment to, None if one is to be created.

    That is one with the portal's tag, from an earlier attempt; the one a person chose; or the only duplicate, if the
    invoice has no room for both. Raises NeedsDecision if both may be meant, BlockedBy if the push has asked already.
    """
    links = RecordLink.objects.of(ctx.connection, Kind.PAYMENT)
    linked = set(links.filter(coperniq_parent_id=invoice.coperniq_id).values_list("coperniq_id", flat=True))
    unlinked = [row for row in listed if row.id not in linked]
    for row in unlinked:
        tag = read_quickbooks_tag(ctx.connection.realm_id, Kind.PAYMENT, row.notes)
        if tag == (payment.id, invoice.quickbooks_id):
            return row
    by_id = {row.id: row for row in unlinked}
    found = _coperniq_duplicates(ctx, payment, cents, unlinked)
    decided = run.answer_to(Question.SAME_PAYMENT)
    if decided.verb == "link":
        if decided.target in by_id:
            return by_id[decided.target]
        raise NeedsDecision(PaymentMessage.CHOICE_GONE(vendor="Coperniq"), _link_choices(found))
    if not found or decided.key == RECORD_BOTH.key:
        return None
    _wait_for_push_decision(ctx, found)
    if len(found) == 1 and current.total_cents - current.paid_cents < cents:
        return by_id[found[0].id]
    raise _hold_duplicates("Coperniq", cents, found)


def _coperniq_duplicates(
    ctx: SyncContext, payment: QuickBooksPayment, cents: int, rows: list[CoperniqPayment]
) -> list[_Candidate]:
    """Those of the same amount, within a week, that people entered (no tag of the portal)."""
    realm, zone = ctx.connection.realm_id, ZoneInfo(ctx.connection.company.time_zone)
    found = []
    for row in rows:
        on = paid_on(row, zone)
        tagged = read_quickbooks_tag(realm, Kind.PAYMENT, row.notes).quickbooks_id
        same = row.amount_cents == cents and not tagged
        if same and on is not None and abs(on - payment.on) <= DUPLICATE_WINDOW:
            found.append(_Candidate(row.id, on, row.reference))
    return found


def _wait_for_push_decision(ctx: SyncContext, found: Sequence[_Candidate]) -> None:
    """The push of such a payment has asked a person about the same two payments, or is about to ask again."""
    asked = SyncRun.objects.open().filter(
        connection=ctx.connection, action=Action.PUSH_PAYMENT, cause=Cause.PROBABLY_SAME_PAYMENT
    )
    for candidate in found:
        if asked.filter(coperniq_id=candidate.id).exists():
            raise BlockedBy(
                PaymentMessage.WAITS_FOR_SAME_PAYMENT(), kind=Kind.PAYMENT, coperniq_id=candidate.id
            )


def _hold_duplicates(vendor: str, cents: int, found: Sequence[_Candidate]) -> NeedsDecision:
    others = f" (and {len(found) - 1} more like it)" if len(found) > 1 else ""
    message = PaymentMessage.PROBABLY_SAME(
        vendor=vendor, amount=money(cents), date=f"{found[0].on:%B %-d, %Y}", others=others
    )
    return NeedsDecision(message, _link_choices(found))


def _link_choices(found: Sequence[_Candidate]) -> list[Choice]:
    links = []
    for candidate in found:
        reference = f", reference {candidate.reference}" if candidate.reference else ""
        label = f"Link to the payment of {candidate.on:%B %-d, %Y}{reference}"
        links.append(Choice(f"link:{candidate.id}", label, Question.SAME_PAYMENT))
    return [*links, RECORD_BOTH, DISCARD]
