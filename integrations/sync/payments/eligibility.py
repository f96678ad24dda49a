"""Which of Coperniq's payments are money that goes to QuickBooks.

The rules are applied in this order. A person who answered a later one has passed the earlier ones.
"""

from __future__ import annotations

from integrations.coperniq.money import CoperniqInvoice, CoperniqPayment
from integrations.errors import Choice, NeedsDecision, Skipped
from integrations.models import Question, RecordLink, SyncRun, SyncSettings
from integrations.sync.engine.choices import DISCARD, RETRY
from integrations.sync.engine.context import SyncContext
from integrations.sync.invoices.eligibility import SEND_ANYWAY, is_before_cutoff
from integrations.sync.invoices.push_void import DECLINED

STATUS_CAUSE = "payment_status"
LEAVE_STATUS = Choice("leave_status", "Never record payments of this status", Question.PAYMENT_STATUS)
SEND_STATUS = Choice(SEND_ANYWAY.key, "Record payments of this status", Question.PAYMENT_STATUS)
ANSWERS = {SEND_STATUS.key: "send", LEAVE_STATUS.key: "leave"}
RECORDED_STATUSES = ("", "PAID")


def refuse_before_cutoff(
    ctx: SyncContext, run: SyncRun, payment: CoperniqPayment, invoice: RecordLink
) -> None:
    if run.decisions or invoice.written.get("sent_anyway"):
        return
    if is_before_cutoff(ctx, payment.created_at, -ctx.coperniq.clock_behind):
        raise Skipped(
            "before_cut_off",
            "This payment was made before invoice syncing was switched on. Send it anyway if it belongs into "
            "QuickBooks.",
            [SEND_ANYWAY],
        )


def refuse_unknown_status(ctx: SyncContext, run: SyncRun, payment: CoperniqPayment) -> None:
    """Coperniq documents no values (docs/vendors/coperniq-api.md, 3.8): what a person said of one is remembered."""
    settings = ctx.settings
    decided = run.answer_to(Question.PAYMENT_STATUS)
    if decided.key in ANSWERS:
        _store_answer(settings, payment.status, ANSWERS[decided.key])
    answer = status_answer(settings, payment.status)
    if answer == "leave":
        raise Skipped(
            STATUS_CAUSE, f"Payments with the status {payment.status} are left out, as you once decided."
        )
    if answer != "send":
        raise NeedsDecision(
            STATUS_CAUSE,
            f"This payment has the status {payment.status} in Coperniq, and nobody has said yet whether such payments "
            "are money received. Your answer is remembered for the others.",
            [SEND_STATUS, LEAVE_STATUS, RETRY, DISCARD],
        )


def status_answer(settings: SyncSettings, status: str) -> str:
    return "send" if status in RECORDED_STATUSES else settings.payment_statuses.get(status, "")


def _store_answer(settings: SyncSettings, status: str, answer: str) -> None:
    settings.payment_statuses = {**settings.payment_statuses, status: answer}
    settings.save(update_fields=["payment_statuses"])


def refuse_declined(invoice: CoperniqInvoice, number: str) -> None:
    """Of an invoice that is declined Coperniq takes no money."""
    if invoice.status == DECLINED:
        raise NeedsDecision(
            "invoice_declined",
            f"Invoice {number} is declined in Coperniq, but QuickBooks has money on it. Take it back into use in "
            "Coperniq, then try again, or leave the payment.",
            [RETRY, DISCARD],
        )


def refuse_amount(payment: CoperniqPayment) -> None:
    if payment.amount_cents <= 0:
        raise NeedsDecision(
            "payment_not_positive",
            "This payment is zero or negative, perhaps a refund. QuickBooks records refunds in another way: do it "
            "there by hand, then leave this one.",
            [RETRY, DISCARD],
        )
