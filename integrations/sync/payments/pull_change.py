"""A linked payment that was changed in QuickBooks. Coperniq cannot edit payments, so a person decides.

See docs/vendors/coperniq-api.md, 3.8.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction

from integrations.coperniq.money import CoperniqPayment
from integrations.errors import Choice, NeedsDecision, RecordMissing
from integrations.models import Action, Kind, Question, RecordLink, SyncRun
from integrations.quickbooks.bodies import money
from integrations.quickbooks.documents import QuickBooksPayment
from integrations.sync.engine.choices import DISCARD, RETRY
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.plan import Plan
from integrations.sync.payments.duplicates import DUPLICATE_WINDOW
from integrations.sync.payments.external import was_taken_off
from integrations.sync.payments.mapping import (
    coperniq_payment_snapshot,
    paid_on,
    pays_others,
    quickbooks_payment_snapshot,
)
from integrations.sync.payments.pull_detect import read_payment_or_none
from integrations.sync.payments.push_detect import cached_coperniq_payments, read_coperniq_payments

PAYMENT_CHANGED_CAUSE = "quickbooks_payment_changed"
LEAVE_COPERNIQ = Choice("leave_coperniq", "Leave Coperniq as it is", Question.PAYMENT_CHANGED)
_RETRY_CORRECTED = Choice(RETRY.key, "It is put right in Coperniq: look again")
_ENDED_TEXT = "voided, deleted or taken off"
_ENDED_IN_QUICKBOOKS = "gone"
"""What has ended, of a link: QuickBooks' payment pays nothing any more, and a person knows."""
_LEFT = "left"
"""Likewise: QuickBooks has it, Coperniq has none, and a person leaves it so."""
_NO_PAYMENT_SNAPSHOT = {"amount": 0, "applied": 0, "cash": 0, "voided": True}


def plan_payment_pull_change(
    ctx: SyncContext, run: SyncRun, link: RecordLink, payment: QuickBooksPayment | None
) -> Plan:
    written = shared(ctx, link, payment)
    theirs = _snapshot_now(link, payment, share=bool(written.get("share")))
    version = payment.sync_token if payment else link.quickbooks_version
    if not difference(link, theirs):
        return _plan_settled(link, run, theirs, version, payment, written)
    before = link.coperniq_id
    ours = find_in_coperniq(ctx, run, link, theirs)
    is_new = link.coperniq_id != before
    agrees = ours is None if _is_gone(theirs) else ours is not None and _is_equal(ctx, ours, theirs)
    if agrees or is_new or run.has_taken(LEAVE_COPERNIQ):
        ended = (
            {"ended": _ENDED_IN_QUICKBOOKS if _is_gone(theirs) else _LEFT}
            if ours is None or _is_gone(theirs)
            else {}
        )
        kept = {name: value for name, value in written.items() if name != "ended"}
        return _plan_settled(link, run, theirs, version, payment, kept | ended)
    raise _hold_changed(link, theirs)


def shared(ctx: SyncContext, link: RecordLink, payment: QuickBooksPayment | None) -> dict[str, Any]:
    """What the link keeps, with whether only what is on this invoice is Coperniq's payment by now, whatever it was
    before: others get their own, and what was taken off waits with the customer."""
    written: dict[str, Any] = link.written
    if payment is None:
        return written
    is_share = pays_others(payment, link.quickbooks_part) or was_taken_off(ctx, link, payment)
    return {**written, "share": True} if is_share else written


def _is_gone(theirs: Mapping[str, Any]) -> bool:
    """Nothing of it is money on this invoice: voided, deleted, taken off, or a credit by now."""
    return not (theirs.get("applied") and theirs.get("amount"))


def _snapshot_now(link: RecordLink, payment: QuickBooksPayment | None, *, share: bool) -> dict[str, Any]:
    """Voided, deleted, or taken off this invoice: it pays nothing on it."""
    if payment is None:
        return {**link.quickbooks_snapshot, **_NO_PAYMENT_SNAPSHOT}
    return quickbooks_payment_snapshot(payment, link.quickbooks_part, share=share)


def difference(link: RecordLink, now: dict[str, Any]) -> list[str]:
    """What Coperniq's payment says as well. Money put on the invoice later, and deposits, are no change of it,
    unless Coperniq has none since it was taken off."""
    before = link.quickbooks_snapshot
    if link.written.get("ended") == _ENDED_IN_QUICKBOOKS:
        return [] if _is_gone(now) else ["applied"]
    names = [name for name in ("amount", "on") if now[name] != before.get(name, now[name])]
    lost = now["applied"] < before.get("applied", 0) or now["cash"] < before.get("cash", now["cash"])
    return [*names, *(["applied"] if lost and "amount" not in names else [])]


def find_in_coperniq(
    ctx: SyncContext, run: SyncRun, link: RecordLink, theirs: dict[str, Any]
) -> CoperniqPayment | None:
    """As it is now: whoever looks again has just put it right, perhaps by entering it anew."""
    try:
        payments = read_coperniq_payments(ctx, link.coperniq_parent_id)
    except RecordMissing:
        payments = []
    found = next((row for row in payments if row.id == link.coperniq_id), None)
    if found is None and not _is_gone(theirs):
        found = next(
            (row for row in payments if _is_unlinked(ctx, row) and takes_place(ctx, row, theirs)), None
        )
        if found is not None:
            _take_over(ctx, run, link, found)
    return found


def _is_unlinked(ctx: SyncContext, row: CoperniqPayment) -> bool:
    return RecordLink.objects.pushed(ctx.connection, Kind.PAYMENT, row.id) is None


def takes_place(ctx: SyncContext, row: CoperniqPayment, theirs: dict[str, Any]) -> bool:
    """Of the amount QuickBooks has by now, within a week: what was removed and entered anew."""
    on = paid_on(row, ZoneInfo(ctx.connection.company.time_zone))
    near = on is not None and abs(on - date.fromisoformat(theirs["on"])) <= DUPLICATE_WINDOW
    return near and row.amount_cents == theirs["amount"]


def _take_over(ctx: SyncContext, run: SyncRun, link: RecordLink, row: CoperniqPayment) -> None:
    run.coperniq_id = link.coperniq_id = row.id
    link.coperniq_snapshot = coperniq_payment_snapshot(row, ZoneInfo(ctx.connection.company.time_zone))
    with transaction.atomic():
        ctx.lease.assert_owned()
        link.save(update_fields=["coperniq_id", "coperniq_snapshot"])


def is_replaced_by(ctx: SyncContext, row: CoperniqPayment, invoice: RecordLink) -> bool:
    """A person was asked to correct a payment on this invoice in Coperniq, has removed it, and this is the new one."""
    cards = SyncRun.objects.held().filter(
        connection=ctx.connection,
        action=Action.PULL_PAYMENT,
        cause=PAYMENT_CHANGED_CAUSE,
        quickbooks_part=invoice.quickbooks_id,
    )
    listed = {each.id for each in cached_coperniq_payments(ctx, invoice.coperniq_id)}
    for card in cards:
        link = RecordLink.objects.pulled(
            ctx.connection, Kind.PAYMENT, card.quickbooks_id, card.quickbooks_part
        )
        if link is None or link.coperniq_id in listed:
            continue
        payment = read_payment_or_none(ctx, card.quickbooks_id)
        share = bool(shared(ctx, link, payment).get("share"))
        if payment is not None and takes_place(ctx, row, _snapshot_now(link, payment, share=share)):
            cards.filter(pk=card.pk).requeue()
            return True
    return False


def _is_equal(ctx: SyncContext, ours: CoperniqPayment, theirs: dict[str, Any]) -> bool:
    image = coperniq_payment_snapshot(ours, ZoneInfo(ctx.connection.company.time_zone))
    return bool(image["amount"] == theirs["amount"] and image["on"] == theirs["on"])


def _plan_settled(
    link: RecordLink,
    run: SyncRun,
    theirs: dict[str, Any],
    version: str,
    payment: QuickBooksPayment | None,
    written: dict[str, Any],
) -> Plan:
    return Plan.of(
        link,
        run.record_name,
        quickbooks_version=version,
        quickbooks_snapshot=theirs,
        quickbooks_at=payment.updated_at if payment else None,
        written=written,
        sentence=f"The payment of {run.record_name} says the same on both sides.",
        ending={"silent": theirs == link.quickbooks_snapshot},
    )


def _amount_text(image: Mapping[str, Any]) -> str:
    return f"${money(int(image.get('amount', 0))):,} of {image.get('on')}"


def _hold_changed(link: RecordLink, theirs: dict[str, Any]) -> NeedsDecision:
    before = link.quickbooks_snapshot
    was = _ENDED_TEXT if link.written.get("ended") == _ENDED_IN_QUICKBOOKS else _amount_text(before)
    now = _amount_text(theirs) if not _is_gone(theirs) else "a credit" if theirs["applied"] else _ENDED_TEXT
    return NeedsDecision(
        PAYMENT_CHANGED_CAUSE,
        f"The payment of {link.coperniq_name} was changed in QuickBooks: it was {was}, and is {now}. Coperniq's payments "
        "cannot be changed from outside. Correct it in Coperniq by hand and look again, or leave it there as it is.",
        [_RETRY_CORRECTED, LEAVE_COPERNIQ, DISCARD],
        compared=[{"field": "Payment", "before": was, "coperniq": was, "quickbooks": now}],
    )
