"""The same payment recorded on both sides: the two are linked, or a person is asked, instead of creating a third."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from zoneinfo import ZoneInfo

from django.db.models import Q

from integrations.causes import Cause
from integrations.coperniq.money import CoperniqInvoice, CoperniqPayment
from integrations.errors import BlockedBy, Choice, NeedsDecision, Skipped
from integrations.messages.choices import ChoiceLabel
from integrations.messages.payments import PaymentMessage
from integrations.models import (
    Action,
    Kind,
    Question,
    RecordLink,
    RunDecision,
    RunState,
    SyncLogEntry,
    SyncRun,
)
from integrations.models.sync_state import PaymentState
from integrations.quickbooks.bodies import money
from integrations.quickbooks.documents import QuickBooksPayment
from integrations.sync.engine.choices import DISCARD, RETRY
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.follow_ups import requeue
from integrations.sync.engine.plan import Plan
from integrations.sync.invoices.one_way import look_at_kept
from integrations.sync.payments.candidates import (
    DUPLICATE_WINDOW,
    NUMBER_WINDOW,
    PaymentCandidate,
    Place,
    find_quickbooks_duplicates,
    find_recorded_by_portal,
)
from integrations.sync.payments.external import (
    BothMeant,
    balance_of,
    linked_payment_ids,
    read_payments_again,
    was_unapplied,
)
from integrations.sync.payments.mapping import (
    coperniq_payment_snapshot,
    likely_number,
    paid_on,
    pays_more,
    quickbooks_payment_name,
    quickbooks_payment_snapshot,
    reference_number,
)
from integrations.sync.payments.moved_money import has_moved_on_both_sides, wait_for_moved_money
from integrations.sync.payments.pulled_payments import find_pulled, has_tag, origin_of, unlinked_on

RECORD_BOTH = Choice("record_both", ChoiceLabel.RECORD_BOTH(), Question.SAME_PAYMENT)


def plan_duplicate(
    ctx: SyncContext, run: SyncRun, payment: CoperniqPayment, invoice: RecordLink, on: date
) -> Plan | None:
    """Links to the duplicate if the invoice has no room for both payments, or if people moved it here on both sides.

    None if there is no duplicate.

    Raises NeedsDecision if both may be meant, BlockedBy while a person is asked where the duplicate was taken from. The
    invoice and the duplicates must have been refreshed.
    """
    found = find_quickbooks_duplicates(ctx, payment, invoice, on)
    if not found:
        return None
    on_invoice = [each for each in found if each.place == Place.ON_INVOICE]
    _wait_for_moves(ctx, run, invoice, on_invoice)
    first = on_invoice[0] if len(on_invoice) == 1 else None
    if first is not None and first.amount_cents == payment.amount_cents and not first.only_likely:
        has_no_room = balance_of(invoice) < payment.amount_cents
        if has_no_room or has_moved_on_both_sides(ctx, run, first.id, invoice.quickbooks_id):
            same = RecordLink.MatchMethod.SAME_PAYMENT
            return plan_link(ctx, run, payment, invoice, on, first.id, same)
    _requeue_pull_questions(ctx, invoice, found)
    raise _hold_quickbooks_duplicates(invoice, found)


def _wait_for_moves(
    ctx: SyncContext, run: SyncRun, invoice: RecordLink, found: Sequence[PaymentCandidate]
) -> None:
    ids = [each.id for each in found]
    linked = RecordLink.objects.of(ctx.connection, Kind.PAYMENT).filter(quickbooks_id__in=ids)
    for payment_id in sorted(set(linked.values_list("quickbooks_id", flat=True)) if ids else ()):
        for current in read_payments_again(ctx, [payment_id]):
            wait_for_moved_money(ctx, run, current, invoice.quickbooks_id)


def remember_both(ctx: SyncContext, payment: CoperniqPayment, invoice: RecordLink, on: date) -> None:
    """Remember that a person has said of these candidates that they are other money."""
    number = likely_number(payment.reference)
    for each in find_quickbooks_duplicates(ctx, payment, invoice, on):
        of_number = bool(number) and likely_number(each.reference) == number
        ctx.follow_ups.append(BothMeant(ctx.connection.pk, each.id, each.unapplied_cents, of_number))


def refuse_same_payment(ctx: SyncContext, invoice: RecordLink, source: QuickBooksPayment) -> None:
    """Raises NeedsDecision: the reference of the payment to push names `source`, which pays this invoice, too."""
    applied = source.applied_to(invoice.quickbooks_id)
    candidate = PaymentCandidate(
        source.id, source.on, source.reference, source.total_cents, amount_cents=applied
    )
    _requeue_pull_questions(ctx, invoice, [candidate])
    raise _hold_duplicates("QuickBooks", [candidate])


def _requeue_pull_questions(ctx: SyncContext, invoice: RecordLink, found: Sequence[PaymentCandidate]) -> None:
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
    found = read_unlinked_payment(ctx, invoice, payment_id)
    if found is None:
        raise choice_gone(ctx, payment, invoice, on)
    look_at_kept(ctx, Action.PULL_PAYMENT, payment_id)
    applied = found.applied_to(invoice.quickbooks_id)
    share = found.total_cents != payment.amount_cents or (
        bool(applied) and pays_more(found, invoice.quickbooks_id)
    )
    amount = money(found.total_cents)
    message = PaymentMessage.LINKED(amount=amount, vendor="QuickBooks")
    if not applied:
        message = PaymentMessage.LINKED_UNAPPLIED(
            amount=amount, date=f"{found.on:%B %-d, %Y}", invoice=invoice.display_number
        )
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
        sentence=message,
    )


def read_unlinked_payment(ctx: SyncContext, invoice: RecordLink, payment_id: str) -> QuickBooksPayment | None:
    """The payment as it is now, if it stands and is not linked on this invoice; else None.

    Then it is no candidate any more.
    """
    current = read_payments_again(ctx, [payment_id])
    if payment_id in linked_payment_ids(ctx, invoice):
        return None
    return next((each for each in current if each.total_cents), None)


def choice_gone(ctx: SyncContext, payment: CoperniqPayment, invoice: RecordLink, on: date) -> NeedsDecision:
    choices = _quickbooks_choices(find_quickbooks_duplicates(ctx, payment, invoice, on), invoice)
    return NeedsDecision(PaymentMessage.CHOICE_GONE(vendor="QuickBooks"), choices)


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

    That is the one the portal recorded in an earlier attempt; the one a person chose; or the only duplicate, if the
    invoice has no room for both or people moved the money here on both sides. Raises NeedsDecision if both may be
    meant, BlockedBy if the push has asked already.
    """
    unlinked = unlinked_on(ctx, invoice.coperniq_id, listed)
    pulled = find_pulled(ctx, unlinked, payment.id, invoice.quickbooks_id, cents)
    if pulled is not None:
        return pulled
    by_id = {row.id: row for row in unlinked}
    found = _coperniq_duplicates(ctx, payment, cents, invoice, unlinked)
    decided = run.answer_to(Question.SAME_PAYMENT)
    if decided.verb == "link":
        if decided.target in by_id:
            return by_id[decided.target]
        raise NeedsDecision(PaymentMessage.CHOICE_GONE(vendor="Coperniq"), _link_choices(found))
    if not found or decided.key == RECORD_BOTH.key:
        return None
    only = by_id[found[0].id]
    is_certain = len(found) == 1 and only.amount_cents == cents and not origin_of(ctx, only)
    if is_certain and has_moved_on_both_sides(ctx, run, payment.id, invoice.quickbooks_id):
        asked = SyncRun.objects.held().filter(connection=ctx.connection, action=Action.PUSH_PAYMENT)
        requeue(ctx.follow_ups, asked.filter(coperniq_id=only.id))
        return only
    _wait_for_push_decision(ctx, run, found)
    if is_certain and not found[0].only_likely and current.total_cents - current.paid_cents < cents:
        return only
    raise _hold_duplicates("Coperniq", found)


def _coperniq_duplicates(
    ctx: SyncContext, payment: QuickBooksPayment, cents: int, invoice: RecordLink, rows: list[CoperniqPayment]
) -> list[PaymentCandidate]:
    """Those of the same amount within a week, or of the same number; and one whose reference names this payment.

    There is no limit of time for an advance that people have applied: it may be older than the invoice.
    What came from another payment on the invoice is left out.
    """
    zone = ZoneInfo(ctx.connection.company.time_zone)
    others = {*invoice.quickbooks_invoice.payments, *linked_payment_ids(ctx, invoice)} - {payment.id}
    number = likely_number(payment.reference)
    is_advance = was_unapplied(ctx, payment.id)
    found = []
    for row in rows:
        on, origin = paid_on(row, zone), origin_of(ctx, row)
        if on is None or origin in others or has_tag(ctx, row):
            continue
        same_number = bool(number) and likely_number(row.reference) == number
        is_exact = reference_number(row.reference) == reference_number(payment.reference)
        near = abs(on - payment.on) <= (NUMBER_WINDOW if same_number else DUPLICATE_WINDOW)
        same = same_number or row.amount_cents == cents
        likely = not (is_exact or is_advance or abs(on - payment.on) <= DUPLICATE_WINDOW)
        if (same and (near or is_advance)) or origin == payment.id:
            cents_there = row.amount_cents
            found.append(
                PaymentCandidate(row.id, on, row.reference, amount_cents=cents_there, only_likely=likely)
            )
    return found


def _wait_for_push_decision(ctx: SyncContext, run: SyncRun, found: Sequence[PaymentCandidate]) -> None:
    """The push of such a payment has asked a person about the same two payments, or is about to ask again."""
    asked = SyncRun.objects.open().filter(
        connection=ctx.connection, action=Action.PUSH_PAYMENT, cause=Cause.PROBABLY_SAME_PAYMENT
    )
    for candidate in found:
        if asked.filter(coperniq_id=candidate.id).exists():
            raise BlockedBy(
                PaymentMessage.WAITS_FOR_SAME_PAYMENT(), kind=Kind.PAYMENT, coperniq_id=candidate.id
            )
        _skip_if_left_open(ctx, run, candidate)


def _skip_if_left_open(ctx: SyncContext, run: SyncRun, candidate: PaymentCandidate) -> None:
    """Raises Skipped if a person has left the question of the push: it is not asked again from the other side."""
    pushes = SyncRun.objects.filter(connection=ctx.connection, action=Action.PUSH_PAYMENT)
    latest = pushes.filter(coperniq_id=candidate.id).order_by("-id").first()
    if latest is None or latest.state != RunState.CANCELLED or latest.cause != Cause.PROBABLY_SAME_PAYMENT:
        return
    message = PaymentMessage.LEFT_SAME_PAYMENT(
        amount=money(candidate.amount_cents), date=f"{candidate.on:%B %-d, %Y}"
    )
    logged = SyncLogEntry.objects.filter(
        company=run.company_id,
        quickbooks_id=run.quickbooks_id,
        cause=message.cause,
        run__allocation_invoice_id=run.allocation_invoice_id,
    )
    raise Skipped(message, [RECORD_BOTH], silent=logged.exists())


def _hold_duplicates(vendor: str, found: Sequence[PaymentCandidate]) -> NeedsDecision:
    amount = money(found[0].amount_cents)
    message = PaymentMessage.PROBABLY_SAME(
        vendor=vendor, amount=amount, date=f"{found[0].on:%B %-d, %Y}", others=_others(found)
    )
    return NeedsDecision(message, _link_choices(found))


def _link_choices(found: Sequence[PaymentCandidate]) -> list[Choice]:
    return [*map(link_choice, found), RECORD_BOTH, DISCARD]


def link_choice(candidate: PaymentCandidate) -> Choice:
    on_invoice = candidate.place == Place.ON_INVOICE
    label = ChoiceLabel.LINK_PAYMENT if on_invoice else ChoiceLabel.LINK_PAYMENT_AS_IT_IS
    return Choice(f"link:{candidate.id}", label(payment=_described(candidate)), Question.SAME_PAYMENT)


def _described(candidate: PaymentCandidate) -> str:
    label = ChoiceLabel.PAYMENT_WITH_REFERENCE if candidate.reference else ChoiceLabel.PAYMENT
    return label(on=candidate.on, reference=candidate.reference)


def _quickbooks_choices(found: Sequence[PaymentCandidate], invoice: RecordLink) -> list[Choice]:
    choices: list[Choice] = []
    for candidate in found:
        if candidate.place == Place.UNAPPLIED:
            label = ChoiceLabel.APPLY_PAYMENT(payment=_described(candidate), invoice=invoice.display_number)
            choices.append(Choice(f"apply:{candidate.id}", label, Question.SAME_PAYMENT))
        if candidate.can_link:
            choices.append(link_choice(candidate))
    return [*choices, RECORD_BOTH, DISCARD]


def _hold_quickbooks_duplicates(invoice: RecordLink, found: Sequence[PaymentCandidate]) -> NeedsDecision:
    """The question names the first of them, which is the likeliest."""
    first = found[0]
    if first.place == Place.ON_INVOICE:
        held = _hold_duplicates("QuickBooks", found)
        return NeedsDecision(held.message, _quickbooks_choices(found, invoice))
    template = PaymentMessage.PROBABLY_SAME_UNAPPLIED
    if first.place == Place.ELSEWHERE:
        template = (
            PaymentMessage.PROBABLY_SAME_ELSEWHERE if first.can_link else PaymentMessage.PROBABLY_SAME_LINKED
        )
    message = template(
        total=money(first.total_cents),
        number=f", number {first.reference}" if first.reference else "",
        date=f"{first.on:%B %-d, %Y}",
        where=first.where,
        unapplied=money(first.unapplied_cents),
        invoice=invoice.display_number,
        others=_others(found),
    )
    return NeedsDecision(message, _quickbooks_choices(found, invoice))


def _others(found: Sequence[PaymentCandidate]) -> str:
    return f" (and {len(found) - 1} more like it)" if len(found) > 1 else ""


def refuse_second_of_number(ctx: SyncContext, payment: QuickBooksPayment, amounts: set[int]) -> None:
    """Raises NeedsDecision if the portal recorded a payment of this number and amount before it heard of this one."""
    recorded = find_recorded_by_portal(ctx.connection, payment, amounts)
    if recorded is None or _are_both_meant(ctx, payment.id, recorded.coperniq_id):
        return
    message = PaymentMessage.SECOND_OF_NUMBER(
        number=payment.reference,
        amount=money(payment.total_cents),
        date=f"{payment.on:%B %-d, %Y}",
        payment=recorded.coperniq_name,
        recorded=f"{date.fromisoformat(recorded.quickbooks_payment.on):%B %-d, %Y}",
    )
    raise NeedsDecision(message, [RECORD_BOTH, RETRY, DISCARD])


def _are_both_meant(ctx: SyncContext, quickbooks_id: str, coperniq_id: str) -> bool:
    """A person has answered that these payments are two, whichever of their runs asked."""
    answers = RunDecision.objects.filter(run__connection=ctx.connection, answer=RECORD_BOTH.key)
    of_record = Q(run__quickbooks_id=quickbooks_id) | Q(run__coperniq_id=coperniq_id)
    return answers.filter(of_record, run__kind=Kind.PAYMENT).exists()
