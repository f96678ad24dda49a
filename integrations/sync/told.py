"""What QuickBooks tells, by notification or in its change data, and the run it comes to. No network."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta

from django.utils import timezone

from integrations.models import (
    Action,
    InboundEvent,
    Kind,
    QuickBooksConnection,
    RecordLink,
    SyncRun,
    SyncSettings,
)
from integrations.sync.echoes import has_ended, is_being_created, is_echo

Outcome = InboundEvent.Outcome
Decision = tuple[str, str, Sequence[SyncRun]]

SYNCING_OFF = "invoice syncing is off"
ITEMS_CHANGED = "the items are read anew when they are next needed"
LOOKED_AT_LATER = "the next look at what changed tells"
MONEY = {"invoice": Kind.INVOICE, "payment": Kind.PAYMENT}
ACTIONS = {Kind.INVOICE: Action.PULL_INVOICE, Kind.PAYMENT: Action.NOTICE_ALLOCATIONS}
CHANGED = ("created", "updated", "deleted", "voided")
PEOPLE = (Kind.CUSTOMER, Kind.JOB)
ENDS = ("deleted", "voided")
MOMENT = timedelta(seconds=2)


def decide_told(event: InboundEvent, connection: QuickBooksConnection) -> Decision:
    if not event.record_id or event.name == "unknown":
        return Outcome.KEPT, "the portal does not know this type of notification", ()
    if event.record_type in MONEY:
        return decide_money(event, connection, MONEY[event.record_type])
    if event.record_type == "customer":
        return decide_customer(event, connection)
    if event.record_type == "item":
        # A sale moves the quantity of an item of the stock: what of that matters, the next look at its content tells.
        return Outcome.IGNORED, LOOKED_AT_LATER if event.name == "updated" else ITEMS_CHANGED, ()
    return Outcome.KEPT, "nothing follows from changes of this kind of record", ()


def decide_money(event: InboundEvent, connection: QuickBooksConnection, kind: Kind) -> Decision:
    if not SyncSettings.objects.filter(connection=connection, invoice_sync=True).exists():
        return Outcome.IGNORED, SYNCING_OFF, ()
    if event.name == "emailed":
        return Outcome.IGNORED, "an e-mail changes nothing", ()
    if event.name not in CHANGED:
        return Outcome.KEPT, "nothing follows from what happened to this record", ()
    if is_known(event, connection, kind):
        return Outcome.IGNORED, "our own write, or seen already", ()
    links = list(
        RecordLink.objects.of(connection, kind).filter(quickbooks_id=event.record_id).order_by("id")[:2]
    )
    run = run_for(event, connection, kind, links)
    if not links and is_being_created(connection, kind):
        run.not_before = timezone.now() + MOMENT
    return Outcome.PLANNED, "", [run]


def is_known(event: InboundEvent, connection: QuickBooksConnection, kind: Kind) -> bool:
    """Change data were compared with what is known before they became an event."""
    if event.source != InboundEvent.Source.QUICKBOOKS_WEBHOOK:
        return False
    if event.name in ENDS:
        return has_ended(connection, kind, event.record_id, event.name)
    return is_echo(connection, kind, event.record_id, event.occurred_at)


def run_for(
    event: InboundEvent, connection: QuickBooksConnection, kind: Kind, links: Sequence[RecordLink]
) -> SyncRun:
    """One payment may stand for several of Coperniq's: then it bears the name of none."""
    run = SyncRun.of(
        connection,
        ACTIONS.get(kind, Action.NOTICE_CUSTOMER),
        kind=kind,
        quickbooks_id=event.record_id,
        event=event,
    )
    if links:
        run.coperniq_account_id = links[0].coperniq_account_id
        run.record_name = links[0].coperniq_name
    if len(links) == 1:
        run.coperniq_id = links[0].coperniq_id
    return run


def decide_customer(event: InboundEvent, connection: QuickBooksConnection) -> Decision:
    """Every change of a balance reports the customer: of those only the change data are looked at.

    See docs/vendors/quickbooks-online.md, 0.1.
    """
    merged = event.name == "merged"
    if event.source == InboundEvent.Source.QUICKBOOKS_WEBHOOK and not merged:
        return Outcome.IGNORED, LOOKED_AT_LATER, ()
    named = [event.detail.get("deleted_id", ""), event.record_id] if merged else [event.record_id]
    link = first_linked(connection, [each for each in named if each])
    if link is None:
        return Outcome.IGNORED, "a customer that is not linked", ()
    run = run_for(event, connection, Kind(link.kind), [link])
    run.quickbooks_id = link.quickbooks_id
    if link.kind == Kind.CUSTOMER:
        run.coperniq_account_id = link.coperniq_id
    return Outcome.PLANNED, "", [run]


def first_linked(connection: QuickBooksConnection, quickbooks_ids: Iterable[str]) -> RecordLink | None:
    """Customer or job; of several merged into one the one that has no part."""
    links = connection.links.filter(kind__in=PEOPLE)
    for each in quickbooks_ids:
        found = links.filter(quickbooks_id=each).order_by("quickbooks_part", "id").first()
        if found is not None:
            return found
    return None
