"""A linked payment whose amount or date people changed in Coperniq, or that is gone from there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from integrations.coperniq.money import Payment
from integrations.errors import Choice, Deposited, Hold, RecordMissing
from integrations.models import RecordLink, SyncRun
from integrations.quickbooks.bodies import money
from integrations.quickbooks.documents import Payment as QuickBooksPayment
from integrations.sync.actions.closing import refuse_closed
from integrations.sync.actions.creating_payments import line_of
from integrations.sync.actions.names import DISCARD, RETRY
from integrations.sync.desk import Desk
from integrations.sync.mapping.payments import coperniq_image, quickbooks_image
from integrations.sync.plans import Change, Plan, PlannedWrite

FIELDS = ("amount", "on")
USE_COPERNIQ = Choice("use_coperniq", "Use what Coperniq has")
USE_QUICKBOOKS = Choice("use_quickbooks", "Leave what QuickBooks has")


def plan(desk: Desk, run: SyncRun, payment: Payment, link: RecordLink) -> Plan:
    run.record_name = link.coperniq_name
    image = coperniq_image(payment, ZoneInfo(desk.connection.company.time_zone))
    if all(image[name] == link.coperniq_image.get(name) for name in FIELDS):
        return unchanged(link, image, link.quickbooks_image, link.quickbooks_version)
    current = read_current(desk, link)
    theirs = quickbooks_image(current, link.quickbooks_part)
    if run.decision == USE_QUICKBOOKS.key or agrees(image, theirs):
        return unchanged(link, image, theirs, current.sync_token)
    refuse_conflict(run, link, image, theirs)
    if current.is_deposited:
        raise deposited(link, image)
    refuse_closed(desk, current.on)
    return update_plan(run, link, image, current)


def agrees(image: dict[str, Any], theirs: dict[str, Any]) -> bool:
    return bool(image["amount"] == theirs["amount"] and image["on"] == theirs["on"])


def unchanged(link: RecordLink, image: dict[str, Any], theirs: dict[str, Any], version: str) -> Plan:
    return Plan(
        record_name=link.coperniq_name,
        rule=link.rule,
        quickbooks_id=link.quickbooks_id,
        quickbooks_name=link.quickbooks_name,
        quickbooks_version=version,
        quickbooks_image=theirs,
        quickbooks_part=link.quickbooks_part,
        coperniq_image=image,
        number=link.number,
        amount_cents=image["amount"],
        written=link.written,
        sentence=f"The payment of {link.coperniq_name} is in step with Coperniq already.",
        ending={"silent": True},
    )


def read_current(desk: Desk, link: RecordLink) -> QuickBooksPayment:
    try:
        current = desk.quickbooks.read_payment(link.quickbooks_id)
    except RecordMissing:
        current = None
    if current is None or current.is_voided:
        raise Hold(
            "quickbooks_payment_missing",
            f"The payment of {link.coperniq_name} was changed in Coperniq, but is voided or deleted in QuickBooks. "
            "Decide in QuickBooks whether the money came in, then leave this one.",
            [RETRY, DISCARD],
        )
    return current


def refuse_conflict(run: SyncRun, link: RecordLink, image: dict[str, Any], theirs: dict[str, Any]) -> None:
    before = link.quickbooks_image
    touched = before and any(theirs[name] != before.get(name) for name in FIELDS)
    if touched and run.decision != USE_COPERNIQ.key:
        raise Hold(
            "conflict",
            f"The payment of {link.coperniq_name} was changed on both sides: Coperniq has {told(image)}, "
            f"QuickBooks {told(theirs)}. Choose which one counts.",
            [USE_COPERNIQ, USE_QUICKBOOKS, RETRY, DISCARD],
        )


def told(image: dict[str, Any]) -> str:
    return f"${money(image['amount']):,} on {image['on']}"


def deposited(link: RecordLink, image: dict[str, Any]) -> Hold:
    return Hold(
        Deposited.cause,
        f"The payment of {link.coperniq_name} is now {told(image)} in Coperniq, but QuickBooks has it in a bank deposit "
        "already. Take it out of the deposit there and try again, or leave it.",
        [RETRY, DISCARD],
    )


def update_plan(run: SyncRun, link: RecordLink, image: dict[str, Any], current: QuickBooksPayment) -> Plan:
    """Only this invoice's share changes; what the payment does elsewhere goes back as read."""
    others = [
        line for line in current.lines if (line.txn_type, line.txn_id) != ("Invoice", link.quickbooks_part)
    ]
    elsewhere = sum(line.amount_cents for line in others)
    share = max(image["amount"] - elsewhere, 0)
    lines = [stripped(line.raw) for line in others]
    values = {
        "TotalAmt": money(image["amount"]),
        "TxnDate": image["on"],
        "CustomerRef.value": current.customer_id,
        "Line": [line_of(link.quickbooks_part, share), *lines] if share else lines,
    }
    before = quickbooks_image(current, link.quickbooks_part)
    changes = [
        Change("TotalAmt", f"${money(before['amount']):,}", f"${money(image['amount']):,}"),
        Change("TxnDate", before["on"], image["on"]),
    ]
    return Plan(
        record_name=run.record_name,
        rule=link.rule,
        write=PlannedWrite(
            "update",
            "Payment",
            values,
            tuple(change for change in changes if change.before != change.after),
            current.id,
            current.sync_token,
        ),
        quickbooks_image=before,
        quickbooks_part=link.quickbooks_part,
        coperniq_image=image,
        number=link.number,
        amount_cents=image["amount"],
        written=link.written,
    )


def stripped(raw: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in raw.items() if name != "LineEx"}


def vanished(link: RecordLink) -> Hold:
    return Hold(
        "payment_vanished",
        f"The payment of {link.coperniq_name} is gone from Coperniq; QuickBooks still has it. If the money never came "
        "in, void it in QuickBooks by hand; then leave this one.",
        [RETRY, DISCARD],
    )
