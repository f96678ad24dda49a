"""What Coperniq answered to a payment brought over from QuickBooks."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast
from zoneinfo import ZoneInfo

from integrations.coperniq.money import Payment
from integrations.errors import RecordMissing
from integrations.models import Action, Kind, RecordLink, RemoteWrite, SyncRun
from integrations.parsing import Wild
from integrations.quickbooks.bodies import money
from integrations.sync.answers.invoices import load
from integrations.sync.answers.sent import Sent, take_note
from integrations.sync.desk import Desk
from integrations.sync.endings import Answered, Ending, done
from integrations.sync.mapping.coperniq_texts import quickbooks_marked
from integrations.sync.mapping.invoices import day_of
from integrations.sync.mapping.payments import coperniq_image
from integrations.sync.plans import Change


def ending_of(desk: Desk, write: RemoteWrite, sent: Sent, body: str) -> Ending:
    payment = cast("Payment", sent.record)
    theirs = write.about["about"]["quickbooks"]
    link = RecordLink(
        connection=desk.connection,
        kind=Kind.PAYMENT,
        coperniq_id=payment.id,
        quickbooks_id=write.quickbooks_id,
        quickbooks_part=write.quickbooks_part,
        rule=write.rule,
        quickbooks_name=theirs["name"],
        quickbooks_version=theirs["version"],
        quickbooks_image=theirs["image"],
        quickbooks_at=datetime.fromisoformat(theirs["at"]) if theirs["at"] else None,
        coperniq_image=coperniq_image(payment, ZoneInfo(desk.connection.company.time_zone)),
    )
    take_note(link, write.about)
    edited = sent.looked_for and remember_as_written(desk, link, load(body))
    return done(
        f"Recorded the payment of {link.coperniq_name} in Coperniq.",
        [*write.warnings, *([] if edited else variance(write, payment))],
        changes=[Change(**change) for change in write.changes],
        quickbooks_id=write.quickbooks_id,
        record_name=link.coperniq_name,
        link=link,
        answered=Answered(write, write.quickbooks_id, link.quickbooks_version, ""),
        asks=[SyncRun.of(desk.connection, Action.PUSH_PAYMENT, link)] if edited else (),
    )


def remember_as_written(desk: Desk, link: RecordLink, sent: Mapping[str, Any]) -> bool:
    """So that what people changed before it was found after a lost answer shows as their edit. True if they have."""
    zone = ZoneInfo(desk.connection.company.time_zone)
    on = day_of(Wild(dict(sent)).moment("paymentDate"), zone)
    written = {"amount": int(sent["amount"] * 100), "on": on.isoformat() if on else ""}
    found = link.coperniq_image
    link.coperniq_image = {**found, **written}
    return bool(link.coperniq_image != found)


def variance(write: RemoteWrite, payment: Payment) -> list[str]:
    wanted = write.about["amount_cents"]
    if payment.amount_cents == wanted:
        return []
    return [
        f"Coperniq made it ${money(payment.amount_cents):,} where QuickBooks has ${money(wanted):,}: "
        "correct it in Coperniq."
    ]


def look_for(desk: Desk, write: RemoteWrite, body: str) -> Sent | None:
    found = find_marked(desk, write.about["coperniq_parent_id"], write.quickbooks_id, write.quickbooks_part)
    return Sent(found, "", True) if found else None


def find_marked(desk: Desk, invoice_id: str, quickbooks_id: str, part: str) -> Payment | None:
    """The payment of this invoice in Coperniq that bears the mark of the one in QuickBooks."""
    try:
        payments = desk.coperniq.list_payments(invoice_id)
    except RecordMissing:
        return None
    realm, links = desk.connection.realm_id, RecordLink.objects.of(desk.connection, Kind.PAYMENT)
    for payment in payments:
        mark = quickbooks_marked(realm, Kind.PAYMENT, payment.notes)
        ours = mark.quickbooks_id == quickbooks_id and mark.part == part
        if ours and not links.filter(coperniq_id=payment.id).exists():
            return payment
    return None
