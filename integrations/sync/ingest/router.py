"""Which run, if any, an event leads to. No network."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from integrations.models import (
    Action,
    InboundEvent,
    Kind,
    LookupList,
    PolledInvoice,
    QuickBooksConnection,
    RecordLink,
    SyncRun,
    SyncSettings,
)
from integrations.sync.ingest.echo_detection import is_being_created, is_echo, is_known_end

_EVENTS_AT_ONCE = 50

_Source = InboundEvent.Source
_Outcome = InboundEvent.Outcome


def route_pending_events() -> int:
    """Those nothing follows from are settled together: a commit for each would keep SQLite's only writer busy."""
    events = InboundEvent.objects.unplanned().select_related("company").order_by("id")[:_EVENTS_AT_ONCE]
    nothing_follows: dict[tuple[str, str], list[int]] = {}
    planned = 0
    for event in events:
        outcome, reason, runs = _decide(event)
        if runs or reason in (SYNCING_OFF, ITEMS_CHANGED):
            planned += settle(event, outcome, reason, runs)
        else:
            nothing_follows.setdefault((outcome, reason), []).append(event.pk)
    for (outcome, reason), pks in nothing_follows.items():
        planned += InboundEvent.objects.unplanned().filter(pk__in=pks).settle(outcome, reason)
    return planned


def route_event(event: InboundEvent) -> bool:
    return settle(event, *_decide(event))


def settle(event: InboundEvent, outcome: str, reason: str, runs: Sequence[SyncRun]) -> bool:
    """True if it was ours to settle: two workers may look at it, one of them settles it."""
    with transaction.atomic():
        if not InboundEvent.objects.unplanned().filter(pk=event.pk).settle(outcome, reason):
            return False
        if reason == SYNCING_OFF and event.name == InboundEvent.INVOICE_SEEN:
            PolledInvoice.forget(event.company_id, event.record_id)
        if reason == ITEMS_CHANGED:
            LookupList.forget_items(event.company_id, event.received_at)
        for run in runs:
            _request_runs(run)
    return True


def _request_runs(run: SyncRun) -> None:
    """While a vendor will not let us in the run is held, not lost: connecting again releases it."""
    asked = SyncRun.objects.request(run)
    if not QuickBooksConnection.objects.syncing().filter(pk=run.connection_id).exists():
        SyncRun.objects.filter(pk=asked.pk).hold_for_reconnect(
            "Waiting for the connection to be authorized again under Integrations."
        )


ACTED_UPON = (InboundEvent.PHASE_STARTED, InboundEvent.PROJECT_SEEN, InboundEvent.INVOICE_SEEN)


def _decide(event: InboundEvent) -> _Decision:
    told = event.source in (_Source.QUICKBOOKS_WEBHOOK, _Source.QUICKBOOKS_CDC)
    if not told and (event.name not in ACTED_UPON or not event.record_id):
        return _Outcome.IGNORED, "says nothing about entering a phase", ()
    connection = QuickBooksConnection.objects.of(event.company)
    if connection is None or not connection.is_live:
        return _Outcome.IGNORED, InboundEvent.NOT_CONNECTED, ()
    if not connection.in_dollars:
        return _Outcome.IGNORED, "the QuickBooks company is not kept in US dollars", ()
    if told:
        return _decide_quickbooks(event, connection)
    if event.name == InboundEvent.INVOICE_SEEN:
        return _decide_coperniq_invoice(event, connection)
    template_id = event.detail.get("phase_template_id", "")
    if event.name == InboundEvent.PHASE_STARTED and template_id and not _is_trigger(connection, template_id):
        return _Outcome.IGNORED, "no trigger for this phase", ()
    return _Outcome.PLANNED, "", [_run_for_entry(event, connection)]


def _decide_coperniq_invoice(event: InboundEvent, connection: QuickBooksConnection) -> _Decision:
    settings = SyncSettings.objects.filter(connection=connection).first()
    if settings is None or not settings.invoice_sync:
        return _Outcome.IGNORED, SYNCING_OFF, ()
    actions = [] if event.detail.get("only_payments") else [Action.PUSH_INVOICE]
    actions += [Action.NOTICE_PAYMENTS] if event.detail.get("money") else []
    return _Outcome.PLANNED, "", [_invoice_run(event, connection, action) for action in actions]


def _invoice_run(event: InboundEvent, connection: QuickBooksConnection, action: Action) -> SyncRun:
    return SyncRun.of(
        connection,
        action,
        coperniq_id=event.record_id,
        coperniq_account_id=event.detail.get("account_id", ""),
        event=event,
    )


def _is_trigger(connection: QuickBooksConnection, template_id: str) -> bool:
    return connection.triggers.filter(phase_template_id=template_id).exists()


def _run_for_entry(event: InboundEvent, connection: QuickBooksConnection) -> SyncRun:
    return SyncRun.of(connection, Action.NOTICE_ENTRY, coperniq_id=event.record_id, event=event)


_OutcomeOfEvent = InboundEvent.Outcome
_Decision = tuple[str, str, Sequence[SyncRun]]

SYNCING_OFF = "invoice syncing is off"
ITEMS_CHANGED = "the items are read anew when they are next needed"
LOOKED_AT_LATER = "the next look at what changed tells"
_MONEY = {"invoice": Kind.INVOICE, "payment": Kind.PAYMENT}
_ACTIONS = {Kind.INVOICE: Action.PULL_INVOICE, Kind.PAYMENT: Action.NOTICE_ALLOCATIONS}
_CHANGES = ("created", "updated", "deleted", "voided")
_CUSTOMER_KINDS = (Kind.CUSTOMER, Kind.JOB)
ENDS = ("deleted", "voided")
MOMENT = timedelta(seconds=2)


def _decide_quickbooks(event: InboundEvent, connection: QuickBooksConnection) -> _Decision:
    if not event.record_id or event.name == "unknown":
        return _OutcomeOfEvent.KEPT, "the portal does not know this type of notification", ()
    if event.record_type in _MONEY:
        return _decide_money(event, connection, _MONEY[event.record_type])
    if event.record_type == "customer":
        return _decide_customer(event, connection)
    if event.record_type == "item":
        # A sale moves the quantity of an item of the stock: what of that matters, the next look at its content tells.
        return _OutcomeOfEvent.IGNORED, LOOKED_AT_LATER if event.name == "updated" else ITEMS_CHANGED, ()
    return _OutcomeOfEvent.KEPT, "nothing follows from changes of this kind of record", ()


def _decide_money(event: InboundEvent, connection: QuickBooksConnection, kind: Kind) -> _Decision:
    if not SyncSettings.objects.filter(connection=connection, invoice_sync=True).exists():
        return _OutcomeOfEvent.IGNORED, SYNCING_OFF, ()
    if event.name == "emailed":
        return _OutcomeOfEvent.IGNORED, "an e-mail changes nothing", ()
    if event.name not in _CHANGES:
        return _OutcomeOfEvent.KEPT, "nothing follows from what happened to this record", ()
    if _is_known(event, connection, kind):
        return _OutcomeOfEvent.IGNORED, "our own write, or seen already", ()
    links = list(
        RecordLink.objects.of(connection, kind).filter(quickbooks_id=event.record_id).order_by("id")[:2]
    )
    run = _run_for_record(event, connection, kind, links)
    if not links and is_being_created(connection, kind):
        run.not_before = timezone.now() + MOMENT
    return _OutcomeOfEvent.PLANNED, "", [run]


def _is_known(event: InboundEvent, connection: QuickBooksConnection, kind: Kind) -> bool:
    """Change data were compared with what is known before they became an event."""
    if event.source != InboundEvent.Source.QUICKBOOKS_WEBHOOK:
        return False
    if event.name in ENDS:
        return is_known_end(connection, kind, event.record_id, event.name)
    return is_echo(connection, kind, event.record_id, event.occurred_at)


def _run_for_record(
    event: InboundEvent, connection: QuickBooksConnection, kind: Kind, links: Sequence[RecordLink]
) -> SyncRun:
    """One payment may stand for several of Coperniq's: then it bears the name of none."""
    run = SyncRun.of(
        connection,
        _ACTIONS.get(kind, Action.NOTICE_CUSTOMER),
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


def _decide_customer(event: InboundEvent, connection: QuickBooksConnection) -> _Decision:
    """Every change of a balance reports the customer: of those only the change data are looked at.

    See docs/vendors/quickbooks-online.md, 0.1.
    """
    merged = event.name == "merged"
    if event.source == InboundEvent.Source.QUICKBOOKS_WEBHOOK and not merged:
        return _OutcomeOfEvent.IGNORED, LOOKED_AT_LATER, ()
    named = [event.detail.get("deleted_id", ""), event.record_id] if merged else [event.record_id]
    link = first_linked(connection, [each for each in named if each])
    if link is None:
        return _OutcomeOfEvent.IGNORED, "a customer that is not linked", ()
    run = _run_for_record(event, connection, Kind(link.kind), [link])
    run.quickbooks_id = link.quickbooks_id
    if link.kind == Kind.CUSTOMER:
        run.coperniq_account_id = link.coperniq_id
    return _OutcomeOfEvent.PLANNED, "", [run]


def first_linked(connection: QuickBooksConnection, quickbooks_ids: Iterable[str]) -> RecordLink | None:
    """Customer or job; of several merged into one the one that has no part."""
    links = connection.links.filter(kind__in=_CUSTOMER_KINDS)
    for each in quickbooks_ids:
        found = links.filter(quickbooks_id=each).order_by("quickbooks_part", "id").first()
        if found is not None:
            return found
    return None
