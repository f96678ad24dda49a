"""Decides whether an event means work: InboundEvent → SyncRun. No network, one short transaction an event."""

from __future__ import annotations

from django.db import transaction

from integrations.models import (
    Action,
    InboundEvent,
    QuickBooksConnection,
    ReferenceList,
    SeenInvoice,
    SyncRun,
    SyncSettings,
)
from integrations.sync.told import ITEMS_CHANGED, SYNCING_OFF, Decision, decide_told

AT_ONCE = 50

Source = InboundEvent.Source
Outcome = InboundEvent.Outcome


def plan_pending() -> int:
    events = InboundEvent.objects.unplanned().select_related("company").order_by("id")[:AT_ONCE]
    return sum(plan_event(event) for event in events)


def plan_event(event: InboundEvent) -> bool:
    """True if it was ours to plan: two workers may look at it, one of them settles it."""
    outcome, reason, runs = decide(event)
    with transaction.atomic():
        if not InboundEvent.objects.unplanned().filter(pk=event.pk).settle(outcome, reason):
            return False
        if reason == SYNCING_OFF and event.name == InboundEvent.INVOICE_SEEN:
            SeenInvoice.forget(event.company_id, event.record_id)
        if reason == ITEMS_CHANGED:
            ReferenceList.forget_items(event.company_id, event.received_at)
        for run in runs:
            ask(run)
    return True


def ask(run: SyncRun) -> None:
    """While a vendor will not let us in the run is held, not lost: connecting again releases it."""
    asked = SyncRun.objects.ask(run)
    if not QuickBooksConnection.objects.syncing().filter(pk=run.connection_id).exists():
        SyncRun.objects.filter(pk=asked.pk).hold_for_reconnect(
            "Waiting for the connection to be authorized again under Integrations."
        )


ACTED_UPON = (InboundEvent.PHASE_STARTED, InboundEvent.PROJECT_SEEN, InboundEvent.INVOICE_SEEN)


def decide(event: InboundEvent) -> Decision:
    told = event.source in (Source.QUICKBOOKS_WEBHOOK, Source.QUICKBOOKS_CDC)
    if not told and (event.name not in ACTED_UPON or not event.record_id):
        return Outcome.IGNORED, "says nothing about entering a phase", ()
    connection = QuickBooksConnection.objects.of(event.company)
    if connection is None or not connection.is_live:
        return Outcome.IGNORED, InboundEvent.NOT_CONNECTED, ()
    if not connection.in_dollars:
        return Outcome.IGNORED, "the QuickBooks company is not kept in US dollars", ()
    if told:
        return decide_told(event, connection)
    if event.name == InboundEvent.INVOICE_SEEN:
        return decide_invoice(event, connection)
    template_id = event.detail.get("phase_template_id", "")
    if event.name == InboundEvent.PHASE_STARTED and template_id and not is_trigger(connection, template_id):
        return Outcome.IGNORED, "no trigger for this phase", ()
    return Outcome.PLANNED, "", [run_for(event, connection)]


def decide_invoice(event: InboundEvent, connection: QuickBooksConnection) -> Decision:
    settings = SyncSettings.objects.filter(connection=connection).first()
    if settings is None or not settings.invoice_sync:
        return Outcome.IGNORED, SYNCING_OFF, ()
    actions = [] if event.detail.get("only_payments") else [Action.PUSH_INVOICE]
    actions += [Action.NOTICE_PAYMENTS] if event.detail.get("money") else []
    return Outcome.PLANNED, "", [invoice_run(event, connection, action) for action in actions]


def invoice_run(event: InboundEvent, connection: QuickBooksConnection, action: Action) -> SyncRun:
    return SyncRun.of(
        connection,
        action,
        coperniq_id=event.record_id,
        coperniq_account_id=event.detail.get("account_id", ""),
        event=event,
    )


def is_trigger(connection: QuickBooksConnection, template_id: str) -> bool:
    return connection.triggers.filter(phase_template_id=template_id).exists()


def run_for(event: InboundEvent, connection: QuickBooksConnection) -> SyncRun:
    return SyncRun.of(connection, Action.NOTICE_ENTRY, coperniq_id=event.record_id, event=event)
