"""A linked payment that people changed in QuickBooks: Coperniq cannot edit payments, so a person is asked.

See docs/vendors/coperniq-api.md, 3.8.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction

from integrations.coperniq.money import Payment as CoperniqPayment
from integrations.errors import Choice, Hold, RecordMissing
from integrations.models import Action, Kind, Question, RecordLink, SyncRun
from integrations.quickbooks.bodies import money
from integrations.quickbooks.documents import Payment
from integrations.sync.actions.allocations import read_payment
from integrations.sync.actions.names import DISCARD, RETRY
from integrations.sync.actions.noticing_payments import read_payments, recent_payments
from integrations.sync.actions.same_cheques import SAME_CHEQUE
from integrations.sync.actions.strangers import was_taken_off
from integrations.sync.desk import Desk
from integrations.sync.mapping.payments import coperniq_image, paid_on, pays_others, quickbooks_image
from integrations.sync.plans import Plan

CHANGED = "quickbooks_payment_changed"
LEAVE = Choice("leave_coperniq", "Leave Coperniq as it is", Question.PAYMENT_CHANGED)
AGAIN = Choice(RETRY.key, "It is put right in Coperniq: look again")
OFF = "voided, deleted or taken off"
GONE_THERE = "gone"
"""What has ended, of a link: QuickBooks' payment pays nothing any more, and a person knows."""
LEFT = "left"
"""Likewise: QuickBooks has it, Coperniq has none, and a person leaves it so."""
GONE = {"amount": 0, "applied": 0, "cash": 0, "voided": True}


def plan(desk: Desk, run: SyncRun, link: RecordLink, payment: Payment | None) -> Plan:
    written = shared(desk, link, payment)
    theirs = image_now(link, payment, share=bool(written.get("share")))
    version = payment.sync_token if payment else link.quickbooks_version
    if not difference(link, theirs):
        return settled(link, run, theirs, version, payment, written)
    before = link.coperniq_id
    ours = in_coperniq(desk, run, link, theirs)
    is_new = link.coperniq_id != before
    agrees = ours is None if is_gone(theirs) else ours is not None and says_the_same(desk, ours, theirs)
    if agrees or is_new or run.has_taken(LEAVE):
        ended = {"ended": GONE_THERE if is_gone(theirs) else LEFT} if ours is None or is_gone(theirs) else {}
        kept = {name: value for name, value in written.items() if name != "ended"}
        return settled(link, run, theirs, version, payment, kept | ended)
    raise changed(link, theirs)


def shared(desk: Desk, link: RecordLink, payment: Payment | None) -> dict[str, Any]:
    """What the link keeps, with whether only what is on this invoice is Coperniq's payment by now, whatever it was
    before: others get their own, and what was taken off waits with the customer."""
    written: dict[str, Any] = link.written
    if payment is None:
        return written
    is_share = pays_others(payment, link.quickbooks_part) or was_taken_off(desk, link, payment)
    return {**written, "share": True} if is_share else written


def is_gone(theirs: Mapping[str, Any]) -> bool:
    """Nothing of it is money on this invoice: voided, deleted, taken off, or a credit by now."""
    return not (theirs.get("applied") and theirs.get("amount"))


def image_now(link: RecordLink, payment: Payment | None, *, share: bool) -> dict[str, Any]:
    """Voided, deleted, or taken off this invoice: it pays nothing on it."""
    if payment is None:
        return {**link.quickbooks_image, **GONE}
    return quickbooks_image(payment, link.quickbooks_part, share=share)


def difference(link: RecordLink, now: dict[str, Any]) -> list[str]:
    """What Coperniq's payment says as well. Money put on the invoice later, and deposits, are no change of it,
    unless Coperniq has none since it was taken off."""
    before = link.quickbooks_image
    if link.written.get("ended") == GONE_THERE:
        return [] if is_gone(now) else ["applied"]
    names = [name for name in ("amount", "on") if now[name] != before.get(name, now[name])]
    lost = now["applied"] < before.get("applied", 0) or now["cash"] < before.get("cash", now["cash"])
    return [*names, *(["applied"] if lost and "amount" not in names else [])]


def in_coperniq(desk: Desk, run: SyncRun, link: RecordLink, theirs: dict[str, Any]) -> CoperniqPayment | None:
    """As it is now: whoever looks again has just put it right, perhaps by entering it anew."""
    try:
        payments = read_payments(desk, link.coperniq_parent_id)
    except RecordMissing:
        payments = []
    found = next((row for row in payments if row.id == link.coperniq_id), None)
    if found is None and not is_gone(theirs):
        found = next((row for row in payments if is_free(desk, row) and takes_place(desk, row, theirs)), None)
        if found is not None:
            take_over(desk, run, link, found)
    return found


def is_free(desk: Desk, row: CoperniqPayment) -> bool:
    return RecordLink.objects.pushed(desk.connection, Kind.PAYMENT, row.id) is None


def takes_place(desk: Desk, row: CoperniqPayment, theirs: dict[str, Any]) -> bool:
    """Of the amount QuickBooks has by now, within a week: what was removed and entered anew."""
    on = paid_on(row, ZoneInfo(desk.connection.company.time_zone))
    near = on is not None and abs(on - date.fromisoformat(theirs["on"])) <= SAME_CHEQUE
    return near and row.amount_cents == theirs["amount"]


def take_over(desk: Desk, run: SyncRun, link: RecordLink, row: CoperniqPayment) -> None:
    run.coperniq_id = link.coperniq_id = row.id
    link.coperniq_image = coperniq_image(row, ZoneInfo(desk.connection.company.time_zone))
    with transaction.atomic():
        desk.lane.hold_fast()
        link.save(update_fields=["coperniq_id", "coperniq_image"])


def is_replaced_by(desk: Desk, row: CoperniqPayment, invoice: RecordLink) -> bool:
    """A person was asked to correct a payment on this invoice in Coperniq, has removed it, and this is the new one."""
    cards = SyncRun.objects.held().filter(
        connection=desk.connection,
        action=Action.PULL_PAYMENT,
        cause=CHANGED,
        quickbooks_part=invoice.quickbooks_id,
    )
    listed = {each.id for each in recent_payments(desk, invoice.coperniq_id)}
    for card in cards:
        link = RecordLink.objects.pulled(
            desk.connection, Kind.PAYMENT, card.quickbooks_id, card.quickbooks_part
        )
        if link is None or link.coperniq_id in listed:
            continue
        payment = read_payment(desk, card.quickbooks_id)
        share = bool(shared(desk, link, payment).get("share"))
        if payment is not None and takes_place(desk, row, image_now(link, payment, share=share)):
            cards.filter(pk=card.pk).requeue()
            return True
    return False


def says_the_same(desk: Desk, ours: CoperniqPayment, theirs: dict[str, Any]) -> bool:
    image = coperniq_image(ours, ZoneInfo(desk.connection.company.time_zone))
    return bool(image["amount"] == theirs["amount"] and image["on"] == theirs["on"])


def settled(
    link: RecordLink,
    run: SyncRun,
    theirs: dict[str, Any],
    version: str,
    payment: Payment | None,
    written: dict[str, Any],
) -> Plan:
    return Plan.of(
        link,
        run.record_name,
        quickbooks_version=version,
        quickbooks_image=theirs,
        quickbooks_at=payment.updated_at if payment else None,
        written=written,
        sentence=f"The payment of {run.record_name} says the same on both sides.",
        ending={"silent": theirs == link.quickbooks_image},
    )


def in_dollars(image: Mapping[str, Any]) -> str:
    return f"${money(int(image.get('amount', 0))):,} of {image.get('on')}"


def changed(link: RecordLink, theirs: dict[str, Any]) -> Hold:
    before = link.quickbooks_image
    was = OFF if link.written.get("ended") == GONE_THERE else in_dollars(before)
    now = in_dollars(theirs) if not is_gone(theirs) else "a credit" if theirs["applied"] else OFF
    return Hold(
        CHANGED,
        f"The payment of {link.coperniq_name} was changed in QuickBooks: it was {was}, and is {now}. Coperniq's payments "
        "cannot be changed from outside. Correct it in Coperniq by hand and look again, or leave it there as it is.",
        [AGAIN, LEAVE, DISCARD],
        compared=[{"field": "Payment", "before": was, "coperniq": was, "quickbooks": now}],
    )
