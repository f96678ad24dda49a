"""A payment that people removed in Coperniq and entered again, on the same invoice or on another one.

Coperniq's payments cannot be moved, so this is how its people correct them.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import date

from integrations.coperniq.money import CoperniqPayment
from integrations.errors import Choice, NeedsDecision, RecordMissing
from integrations.messages.choices import ChoiceLabel
from integrations.messages.payments import PaymentMessage
from integrations.models import Action, Kind, Question, RecordLink, SyncRun
from integrations.models.run_querysets import SyncRunQuerySet
from integrations.quickbooks.bodies import money
from integrations.sync.engine.choices import DISCARD
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.follow_ups import UpdatedLink, requeue
from integrations.sync.engine.plan import Plan
from integrations.sync.payments.candidates import is_same_money
from integrations.sync.payments.duplicates import RECORD_BOTH
from integrations.sync.payments.external import read_payments_again
from integrations.sync.payments.moved_money import number_of_invoice
from integrations.sync.payments.push_detect import cached_coperniq_payments, read_coperniq_payments
from integrations.sync.payments.push_update import plan_payment_update, read_standing_payment


def find_removed(
    ctx: SyncContext, payment: CoperniqPayment, invoice: RecordLink, on: date
) -> RecordLink | None:
    """The link of the payment that was removed in Coperniq and is entered again as this one.

    It has the same amount, and the number or about the date of this one, and people have not ended it in QuickBooks. Of
    other invoices it is known only while a run looks at what is missing there, or asks about it.
    """
    links = RecordLink.objects.of(ctx.connection, Kind.PAYMENT).filter(
        coperniq_account_id=invoice.coperniq_account_id, amount_cents=payment.amount_cents
    )
    alike = [
        link
        for link in links.exclude(coperniq_id=payment.id).order_by("pk")
        if not link.payment_state.ended and is_same_money(link, on, payment.reference)
    ]
    if not alike:
        return None
    pushes = SyncRun.objects.open().filter(connection=ctx.connection, action=Action.PUSH_PAYMENT)
    looked_at = set(
        pushes.filter(coperniq_id__in=[link.coperniq_id for link in alike]).values_list(
            "coperniq_id", flat=True
        )
    )
    for link in alike:
        if _is_removed(ctx, link, invoice, looked_at) and read_standing_payment(ctx, link) is not None:
            return link
    return None


def _is_removed(ctx: SyncContext, link: RecordLink, invoice: RecordLink, looked_at: Collection[str]) -> bool:
    """`looked_at` are the ids of payments whose push is open."""
    if link.coperniq_parent_id == invoice.coperniq_id:
        listed = cached_coperniq_payments(ctx, invoice.coperniq_id)
    elif link.coperniq_id in looked_at:
        try:
            listed = read_coperniq_payments(ctx, link.coperniq_parent_id)
        except RecordMissing:
            return False
    else:
        return False
    return all(row.id != link.coperniq_id for row in listed)


def _pushes_of(ctx: SyncContext, link: RecordLink) -> SyncRunQuerySet:
    runs = SyncRun.objects.filter(connection=ctx.connection, action=Action.PUSH_PAYMENT)
    return runs.filter(coperniq_id=link.coperniq_id)


def plan_entered_again(
    ctx: SyncContext, run: SyncRun, payment: CoperniqPayment, removed: RecordLink, invoice: RecordLink
) -> Plan:
    """The link goes on with the payment that was entered on the same invoice."""
    requeue(ctx.follow_ups, _pushes_of(ctx, removed).held())
    removed.coperniq_id = payment.id
    ctx.follow_ups.append(UpdatedLink.of(removed, "coperniq_id"))
    planned = plan_payment_update(ctx, run, payment, removed, invoice)
    if planned.write is not None:
        return planned
    message = PaymentMessage.ENTERED_AGAIN(payment=run.record_name)
    return replace(planned, sentence=message, silent=False)


def refuse_entered_elsewhere(ctx: SyncContext, invoice: RecordLink, removed: RecordLink) -> None:
    """Raises NeedsDecision while QuickBooks has the removed payment on its former invoice."""
    former = removed.allocation_invoice_id
    current = next(iter(read_payments_again(ctx, [removed.quickbooks_id])), None)
    if current is None or not current.applied_to(former):
        return
    requeue(ctx.follow_ups, _pushes_of(ctx, removed).held())  # its question is this one
    message = PaymentMessage.PROBABLY_SAME_REMOVED(
        amount=money(removed.coperniq_payment.amount),
        date=f"{current.on:%B %-d, %Y}",
        former=number_of_invoice(ctx, former),
        invoice=invoice.display_number,
    )
    move = [] if current.is_deposited else [_move_choice(removed, invoice)]
    raise NeedsDecision(message, [*move, RECORD_BOTH, DISCARD])


def _move_choice(removed: RecordLink, invoice: RecordLink) -> Choice:
    label = ChoiceLabel.MOVE_PAYMENT(invoice=invoice.display_number)
    return Choice(f"move:{removed.quickbooks_id}", label, Question.SAME_PAYMENT)
