"""QuickBooks invoice → Coperniq invoice: brought over once, then kept up with what changes in QuickBooks."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from integrations.errors import Choice, Hold, RecordMissing, Refused, Skip
from integrations.models import (
    InboundEvent,
    Kind,
    OnEnded,
    Question,
    RecordLink,
    RemoteWrite,
    SyncRun,
    Vendor,
)
from integrations.quickbooks.documents import Invoice
from integrations.sync import reference
from integrations.sync.actions import bringing_invoices, changed_customers, ended_in_quickbooks, reconciling
from integrations.sync.actions.insisting import is_same
from integrations.sync.actions.invoices import read_invoice, refuse_while_off, what_becomes
from integrations.sync.actions.names import DISCARD, RETRY
from integrations.sync.actions.strangers import MOVED_FROM
from integrations.sync.actions.updating_invoices import STAY, refuse_moved
from integrations.sync.desk import Desk
from integrations.sync.endings import Ending
from integrations.sync.mapping.invoices import FIELDS, coperniq_image, quickbooks_image
from integrations.sync.mapping.marks import marked_id
from integrations.sync.plans import Plan
from integrations.sync.writing import carry_out

STAY_HERE = Choice(STAY.key, "Go on with it where it is in Coperniq", Question.MOVED_IN_QUICKBOOKS)


def plan(desk: Desk, run: SyncRun) -> Plan:
    refuse_while_off(desk.settings)
    link = RecordLink.objects.pulled(desk.connection, Kind.INVOICE, run.quickbooks_id)
    if link is not None and is_old_news(run, link):
        raise Skip("seen_already", "What QuickBooks told is known already.", silent=True)
    try:
        current = desk.quickbooks.read_invoice(run.quickbooks_id)
    except RecordMissing:
        return ended_in_quickbooks.deleted(desk, run, link)
    if link is None:
        refuse_ours(desk, run, current)
        return bringing_invoices.plan(desk, run, current)
    run.record_name = link.coperniq_name
    return changed_plan(desk, run, link, current)


def apply(desk: Desk, run: SyncRun, planned: Plan) -> Ending:
    """What Coperniq refuses may be a catalog item that was archived since the catalog was read."""
    try:
        return carry_out(desk, run, planned)
    except Refused as error:
        if error.vendor != Vendor.COPERNIQ:
            raise
        reference.refreshed(desk, reference.Name.CATALOG)
        again = plan(desk, run)
        if is_same(again, planned):
            raise
    return carry_out(desk, run, again)


def is_old_news(run: SyncRun, link: RecordLink) -> bool:
    """Told of a moment that QuickBooks has answered for since, e.g. the portal's own write.

    Stamps are whole seconds; change data tells versions apart, so that what it tells of the same one is news.
    """
    event, known_at = run.event, link.quickbooks_at
    if event is None or event.occurred_at is None or known_at is None:
        return False
    by_version = event.source == InboundEvent.Source.QUICKBOOKS_CDC
    is_old = event.occurred_at < known_at or (event.occurred_at == known_at and not by_version)
    return is_old and not run.decisions and run.attempts <= 1 and run.asked == 1


def refuse_ours(desk: Desk, run: SyncRun, current: Invoice) -> None:
    """A record with our mark was made by the portal, and is never copied back: its own run links it."""
    coperniq_id = marked_id(desk.connection.realm_id, Kind.INVOICE, current.note)
    if not coperniq_id:
        return
    linked = RecordLink.objects.pushed(desk.connection, Kind.INVOICE, coperniq_id)
    if linked is not None and linked.quickbooks_id != current.id:
        return  # a copy, made in QuickBooks with its note and all
    writes = RemoteWrite.objects.open().filter(connection=desk.connection, vendor=Vendor.QUICKBOOKS)
    if not writes.filter(kind=Kind.INVOICE, coperniq_id=coperniq_id).exists():
        bringing_invoices.ask_for_push(desk, coperniq_id)
    raise Skip("made_by_portal", "The portal made it itself, and links it.", silent=True)


def changed_plan(desk: Desk, run: SyncRun, link: RecordLink, current: Invoice) -> Plan:
    refuse_moved_there(desk, run, link, current)
    if current.is_voided or link.quickbooks_image.get("voided"):
        return ended_in_quickbooks.voided(desk, run, link, current)
    is_open = run.decisions or run.cause in reconciling.CAUSES
    if link.written.get("ended") or not (has_changed(desk, link, current) or is_open):
        reconciling.open_cards(desk, run).requeue()
        return reconciling.refreshed(desk, link, run, current)
    invoice = read_invoice(desk, run, link)
    ended = what_becomes(desk.settings, invoice)
    if ended is not None:
        put_off = FIELDS if ended == OnEnded.LEAVE else ()
        return reconciling.refreshed(desk, link, run, current, put_off)
    image = refuse_moved(run, link, coperniq_image(invoice, ZoneInfo(desk.connection.company.time_zone)))
    return reconciling.plan(desk, run, invoice, link, image, current)


def has_changed(desk: Desk, link: RecordLink, current: Invoice) -> bool:
    now, before = quickbooks_image(current, desk.settings.memo_field), link.quickbooks_image
    names = [*FIELDS, "total", "memo_field", *(["number"] if link.rule == RecordLink.Rule.PULLED else [])]
    return any(now[name] != before.get(name) for name in names)


def refuse_moved_there(desk: Desk, run: SyncRun, link: RecordLink, current: Invoice) -> None:
    """Another customer: merged with its own, which moves all links at once, or truly moved."""
    moved_from = link.written.get(MOVED_FROM, "")
    link.written = {name: value for name, value in link.written.items() if name != MOVED_FROM}
    before = moved_from or link.quickbooks_image.get("customer", current.customer_id)
    if current.customer_id == before or run.has_taken(STAY_HERE):
        return
    changed_customers.explain(desk, run, link, before, current.customer_id)
    raise Hold(
        "quickbooks_invoice_moved",
        f"Invoice {link.told_number} was moved to another customer in QuickBooks. In Coperniq an invoice cannot be "
        "moved: move it back in QuickBooks, or let the portal go on with it where it is in Coperniq.",
        [STAY_HERE, RETRY, DISCARD],
    )
