"""A linked payment that was changed in Coperniq, or is gone from there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from integrations.coperniq.money import CoperniqPayment
from integrations.errors import Choice, Deposited, NeedsDecision, RecordMissing
from integrations.models import Question, RecordLink, SyncRun
from integrations.quickbooks.bodies import money
from integrations.quickbooks.documents import FIRST_VERSION, QuickBooksPayment
from integrations.sync.engine.choices import DISCARD, RETRY
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.plan import Change, Plan, PlannedWrite
from integrations.sync.invoices.closed_period import refuse_closed
from integrations.sync.payments.eligibility import STATUS_CAUSE, refuse_amount, status_answer
from integrations.sync.payments.external import balance_of, refresh_invoice, was_taken_off
from integrations.sync.payments.mapping import (
    coperniq_payment_snapshot,
    payment_name,
    quickbooks_payment_snapshot,
)
from integrations.sync.payments.push_create import payment_line, unapplied_warning

_PAYMENT_FIELDS = ("amount", "on")
_USE_COPERNIQ_PAYMENT = Choice("use_coperniq", "Use what Coperniq has", Question.SIDE)
_LEAVE_QUICKBOOKS_PAYMENT = Choice("use_quickbooks", "Leave what QuickBooks has", Question.SIDE)


def plan_payment_update(
    ctx: SyncContext, run: SyncRun, payment: CoperniqPayment, link: RecordLink, invoice: RecordLink
) -> Plan:
    run.record_name = link.coperniq_name or payment_name(payment, invoice.display_number)
    image = coperniq_payment_snapshot(payment, ZoneInfo(ctx.connection.company.time_zone))
    _refuse_status_change(ctx, run, link, image)
    same = all(image[name] == link.coperniq_snapshot.get(name) for name in _PAYMENT_FIELDS)
    if same and not link.written.get("misplaced"):
        return _plan_unchanged(run, link, image)
    current = _read_quickbooks_payment(ctx, link)
    if is_shared_out(ctx, link, current):
        link.written = {**link.written, "share": True}
    theirs = quickbooks_payment_snapshot(current, link.quickbooks_part, share=is_share(link))
    if run.has_taken(_LEAVE_QUICKBOOKS_PAYMENT) or (
        _is_equal(image, theirs) and not link.written.get("misplaced")
    ):
        return replace(_plan_unchanged(run, link, image), **_as_read(theirs, current))
    refuse_conflict(run, link, image, theirs, current)
    refuse_amount(payment)
    if current.is_deposited:
        raise deposited(link, image)
    for day in (current.on, date.fromisoformat(image["on"])):
        refuse_closed(ctx, day)
    return _plan_changed_payment(ctx, run, link, image, theirs, current, invoice)


def is_share(link: RecordLink) -> bool:
    """People's payment pays others too: only what is on this invoice is Coperniq's."""
    return bool(link.written.get("share"))


def is_shared_out(ctx: SyncContext, link: RecordLink, current: QuickBooksPayment) -> bool:
    """Since it was last answered, e.g. put right by hand as a person was asked to: then it is no edit of the whole.
    What never found room on the invoice is Coperniq's all the same, wherever people have put it."""
    return not link.written.get("misplaced") and was_taken_off(ctx, link, current)


def _refuse_status_change(ctx: SyncContext, run: SyncRun, link: RecordLink, image: dict[str, Any]) -> None:
    """A cheque that bounced: what QuickBooks has by now is for a person to take back."""
    before = link.coperniq_snapshot.get("status", image["status"])
    if image["status"] == before or status_answer(ctx.settings, image["status"]) == "send":
        return
    if run.has_taken(_LEAVE_QUICKBOOKS_PAYMENT):
        return
    raise NeedsDecision(
        STATUS_CAUSE,
        f"The payment of {run.record_name} now has the status {image['status']} in Coperniq; QuickBooks still has it. If "
        "the money never came in, void it in QuickBooks by hand; then leave this one.",
        [_LEAVE_QUICKBOOKS_PAYMENT, RETRY, DISCARD],
    )


def _is_equal(image: dict[str, Any], theirs: dict[str, Any]) -> bool:
    return bool(image["amount"] == theirs["amount"] and image["on"] == theirs["on"])


def _plan_unchanged(run: SyncRun, link: RecordLink, image: dict[str, Any]) -> Plan:
    return Plan.of(
        link,
        run.record_name,
        coperniq_snapshot=image,
        amount_cents=image["amount"],
        sentence=f"The payment of {run.record_name} is in step with Coperniq already.",
        ending={"silent": True},
    )


def _as_read(theirs: dict[str, Any], current: QuickBooksPayment) -> dict[str, Any]:
    return {
        "quickbooks_version": current.sync_token,
        "quickbooks_at": current.updated_at,
        "quickbooks_snapshot": theirs,
    }


def _read_quickbooks_payment(ctx: SyncContext, link: RecordLink) -> QuickBooksPayment:
    try:
        current = ctx.quickbooks.read_payment(link.quickbooks_id)
    except RecordMissing:
        current = None
    if current is None or current.is_voided:
        raise NeedsDecision(
            "quickbooks_payment_missing",
            f"The payment of {link.coperniq_name} was changed in Coperniq, but is voided or deleted in QuickBooks. "
            "Decide in QuickBooks whether the money came in, then leave this one.",
            [RETRY, DISCARD],
        )
    return current


def refuse_conflict(
    run: SyncRun,
    link: RecordLink,
    image: dict[str, Any],
    theirs: dict[str, Any],
    current: QuickBooksPayment,
) -> None:
    if _changed_in_quickbooks(link, theirs, current) and not run.has_taken(_USE_COPERNIQ_PAYMENT):
        raise NeedsDecision(
            "conflict",
            f"The payment of {run.record_name} was changed on both sides: Coperniq has {_payment_text(image)}, "
            f"QuickBooks {_payment_text(theirs)}. Choose which one counts.",
            [_USE_COPERNIQ_PAYMENT, _LEAVE_QUICKBOOKS_PAYMENT, RETRY, DISCARD],
        )


def _changed_in_quickbooks(link: RecordLink, theirs: dict[str, Any], current: QuickBooksPayment) -> bool:
    """Of one found by its mark nobody knows which edits it has seen, unless there were none at all."""
    if not link.coperniq_snapshot:
        return current.sync_token != FIRST_VERSION
    return any(theirs[name] != link.quickbooks_snapshot.get(name) for name in _PAYMENT_FIELDS)


def _payment_text(image: dict[str, Any]) -> str:
    return f"${money(image['amount']):,} on {image['on']}"


def deposited(link: RecordLink, image: dict[str, Any]) -> NeedsDecision:
    return NeedsDecision(
        Deposited.cause,
        f"The payment of {link.coperniq_name} is now {_payment_text(image)} in Coperniq, but QuickBooks has it in a bank "
        "deposit already. Take it out of the deposit there and try again, or leave it.",
        [RETRY, DISCARD],
    )


def _plan_changed_payment(
    ctx: SyncContext,
    run: SyncRun,
    link: RecordLink,
    image: dict[str, Any],
    theirs: dict[str, Any],
    current: QuickBooksPayment,
    invoice: RecordLink,
) -> Plan:
    """Only this invoice's share changes; what the payment does elsewhere goes back as read."""
    part = link.quickbooks_part or invoice.quickbooks_id
    others = [line for line in current.lines if (line.txn_type, line.txn_id) != ("Invoice", part)]
    more = image["amount"] - theirs["amount"]
    total = current.total_cents + more
    all_but_others = max(total - sum(line.amount_cents for line in others), 0)
    wanted = theirs["applied"] + more if is_share(link) else all_but_others
    share = min(wanted, room_for(ctx, link, invoice, wanted, current.applied_to(part)))
    lines = [stripped(line.raw) for line in others]
    values = {
        "TotalAmt": money(total),
        "TxnDate": image["on"],
        "CustomerRef.value": customer_of_payment(link, current, invoice),
        "Line": [payment_line(part, share), *lines] if share else lines,
    }
    changes = _payment_changes(theirs, image, share)
    if not changes:
        settled = replace(_plan_unchanged(run, link, image), **_as_read(theirs, current))
        return replace(settled, written={**link.written, "misplaced": False})
    return Plan(
        record_name=run.record_name,
        match_method=link.match_method,
        write=PlannedWrite("update", "Payment", values, changes, current.id, current.sync_token),
        quickbooks_snapshot=theirs,
        quickbooks_part=part,
        coperniq_snapshot=image,
        number=link.number,
        amount_cents=image["amount"],
        warnings=unapplied_warning(invoice, wanted, share),
        written={**link.written, "part": part, "misplaced": False},
    )


def room_for(ctx: SyncContext, link: RecordLink, invoice: RecordLink, wanted: int, applied: int) -> int:
    """What the invoice can take of it; looked at anew before any money is left unapplied."""
    if link.written.get("misplaced") or wanted > applied + balance_of(invoice):
        refresh_invoice(ctx, invoice)
    return applied + balance_of(invoice)


def customer_of_payment(link: RecordLink, current: QuickBooksPayment, invoice: RecordLink) -> str:
    """One that did not get onto its invoice goes to the invoice's customer, as QuickBooks has it now."""
    if link.written.get("misplaced"):
        return str(invoice.quickbooks_snapshot["customer"])
    return current.customer_id


def _payment_changes(theirs: dict[str, Any], image: dict[str, Any], share: int) -> tuple[Change, ...]:
    changes = (
        Change("TotalAmt", f"${money(theirs['amount']):,}", f"${money(image['amount']):,}"),
        Change("TxnDate", theirs["on"], image["on"]),
        Change("Applied to invoice", f"${money(theirs['applied']):,}", f"${money(share):,}"),
    )
    return tuple(change for change in changes if change.before != change.after)


def stripped(raw: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in raw.items() if name != "LineEx"}


def hold_vanished(link: RecordLink) -> NeedsDecision:
    return NeedsDecision(
        "payment_vanished",
        f"The payment of {link.coperniq_name} is gone from Coperniq; QuickBooks still has it. If the money never came "
        "in, void it in QuickBooks by hand; then leave this one.",
        [RETRY, DISCARD],
    )
