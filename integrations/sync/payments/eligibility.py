"""Which of Coperniq's payments are money that goes to QuickBooks.

The rules are applied in this order. A person who answered a later one has passed the earlier ones.
"""

from __future__ import annotations

from integrations.coperniq.money import CoperniqInvoice, CoperniqPayment
from integrations.errors import Choice, NeedsDecision, Skipped
from integrations.messages.choices import ChoiceLabel
from integrations.messages.payments import PaymentMessage
from integrations.models import Question, RecordLink, SyncRun, SyncSettings
from integrations.sync.engine.choices import DISCARD, RETRY
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.follow_ups import DecidedPaymentStatus
from integrations.sync.invoices.eligibility import SEND_ANYWAY, is_wanted, was_made_while_off
from integrations.sync.invoices.push_void import DECLINED

_LEAVE_STATUS = Choice("leave_status", ChoiceLabel.LEAVE_STATUS(), Question.PAYMENT_STATUS)
_SEND_STATUS = Choice(SEND_ANYWAY.key, ChoiceLabel.SEND_STATUS(), Question.PAYMENT_STATUS)
_STATUS_DECISIONS = {_SEND_STATUS.key: "send", _LEAVE_STATUS.key: "leave"}
_RECORDED_STATUSES = ("", "PAID")


def refuse_before_cutoff(
    ctx: SyncContext, run: SyncRun, payment: CoperniqPayment, invoice: RecordLink
) -> None:
    if invoice.invoice_state.was_chosen:
        return
    made_while_off = was_made_while_off(ctx, payment.created_at, -ctx.coperniq.clock_behind)
    if made_while_off and not is_wanted(run, SEND_ANYWAY):
        raise Skipped(PaymentMessage.BEFORE_CUTOFF_IN_COPERNIQ(), [SEND_ANYWAY])


def refuse_unknown_status(ctx: SyncContext, run: SyncRun, payment: CoperniqPayment) -> None:
    """Coperniq documents no values (docs/vendors/coperniq-api.md, 3.8): a person decides about each, once."""
    decision = status_decision(ctx.settings, payment.status)
    answered = _STATUS_DECISIONS.get(run.answer_to(Question.PAYMENT_STATUS).key)
    if answered is not None and payment.status not in _RECORDED_STATUSES:
        decision = answered
        ctx.follow_ups.append(DecidedPaymentStatus(ctx.connection.pk, payment.status, answered))
    if decision == "leave":
        raise Skipped(PaymentMessage.STATUS_NOT_SENT(status=payment.status))
    if decision != "send":
        raise NeedsDecision(
            PaymentMessage.STATUS_UNKNOWN(status=payment.status),
            [_SEND_STATUS, _LEAVE_STATUS, RETRY, DISCARD],
        )


def status_decision(settings: SyncSettings, status: str) -> str:
    """ "send", "leave", or "" where nobody has decided about the status yet."""
    return "send" if status in _RECORDED_STATUSES else settings.payment_statuses.get(status, "")


def refuse_declined(invoice: CoperniqInvoice, number: str) -> None:
    """Coperniq accepts no payment on a declined invoice."""
    if invoice.status == DECLINED:
        raise NeedsDecision(PaymentMessage.INVOICE_DECLINED(invoice=number), [RETRY, DISCARD])


def refuse_amount(payment: CoperniqPayment) -> None:
    if payment.amount_cents <= 0:
        raise NeedsDecision(PaymentMessage.NOT_POSITIVE(), [RETRY, DISCARD])
