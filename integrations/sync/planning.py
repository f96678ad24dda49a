"""Decides whether an event means work: InboundEvent → SyncRun. No network, one short transaction an event."""

from __future__ import annotations

from django.db import transaction

from integrations.models import Action, InboundEvent, Kind, QuickBooksConnection, SyncRun

AT_ONCE = 200

Source = InboundEvent.Source
Outcome = InboundEvent.Outcome


def plan_pending() -> int:
    events = InboundEvent.objects.unplanned().select_related("company").order_by("id")[:AT_ONCE]
    return sum(plan_event(event) for event in events)


def plan_event(event: InboundEvent) -> bool:
    """True if it was ours to plan: two workers may look at it, one of them settles it."""
    outcome, reason, run = decide(event)
    with transaction.atomic():
        if not InboundEvent.objects.unplanned().filter(pk=event.pk).settle(outcome, reason):
            return False
        if run is not None:
            ask(run)
    return True


def ask(run: SyncRun) -> None:
    """While a vendor will not let us in the run is held, not lost: connecting again releases it."""
    asked = SyncRun.objects.ask(run)
    if not QuickBooksConnection.objects.syncing().filter(pk=run.connection_id).exists():
        SyncRun.objects.filter(pk=asked.pk).hold_for_reconnect(
            "Waiting for the connection to be authorized again under Integrations."
        )


def decide(event: InboundEvent) -> tuple[str, str, SyncRun | None]:
    if event.source == Source.QUICKBOOKS_WEBHOOK:
        return Outcome.KEPT, "changes made in QuickBooks are not acted upon yet", None
    if event.name not in (InboundEvent.PHASE_STARTED, InboundEvent.PROJECT_SEEN) or not event.record_id:
        return Outcome.IGNORED, "says nothing about entering a phase", None
    connection = QuickBooksConnection.objects.of(event.company)
    if connection is None or not connection.is_live:
        return Outcome.IGNORED, InboundEvent.NOT_CONNECTED, None
    if not connection.in_dollars:
        return Outcome.IGNORED, "the QuickBooks company is not kept in US dollars", None
    template_id = event.detail.get("phase_template_id", "")
    if event.name == InboundEvent.PHASE_STARTED and template_id and not is_trigger(connection, template_id):
        return Outcome.IGNORED, "no trigger for this phase", None
    return Outcome.PLANNED, "", run_for(event, connection)


def is_trigger(connection: QuickBooksConnection, template_id: str) -> bool:
    return connection.triggers.filter(phase_template_id=template_id).exists()


def run_for(event: InboundEvent, connection: QuickBooksConnection) -> SyncRun:
    return SyncRun(
        company=event.company,
        connection=connection,
        kind=Kind.JOB,
        action=Action.NOTICE_ENTRY,
        coperniq_id=event.record_id,
        event=event,
    )
