"""Route an event to the runs it leads to. No network."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import NamedTuple

from django.db import Error, transaction
from django.utils import timezone

from accounts.models import Company
from integrations.messages.ingest import EventReason, IngestMessage
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
from integrations.models.durability import recoverable
from integrations.sync.ingest.echo_detection import is_being_created, is_echo, is_known_end

_logger = logging.getLogger(__name__)

_EVENTS_AT_ONCE = 50
_CREATE_DELAY = timedelta(seconds=2)
"""How long a new document waits while a create is open, which may be the portal's own."""

_Source = InboundEvent.Source
_Outcome = InboundEvent.Outcome
_SYNCED_TYPES = {"invoice": Kind.INVOICE, "payment": Kind.PAYMENT}
_ACTIONS = {Kind.INVOICE: Action.PULL_INVOICE, Kind.PAYMENT: Action.NOTICE_ALLOCATIONS}
_ENDS = ("deleted", "voided")
_CHANGES = ("created", "updated", *_ENDS)
_CUSTOMER_KINDS = (Kind.CUSTOMER, Kind.JOB)
_ACTED_UPON = (InboundEvent.PHASE_STARTED, InboundEvent.PROJECT_SEEN, InboundEvent.INVOICE_SEEN)


class _Route(NamedTuple):
    outcome: InboundEvent.Outcome
    reason: EventReason
    runs: Sequence[SyncRun] = ()


def _ignored(reason: EventReason) -> _Route:
    return _Route(_Outcome.IGNORED, reason)


def _kept(reason: EventReason) -> _Route:
    return _Route(_Outcome.KEPT, reason)


def _planned(*runs: SyncRun) -> _Route:
    return _Route(_Outcome.PLANNED, EventReason.NONE, runs)


def route_pending_events() -> int:
    """A transaction for the events of each company that lead to runs, one statement for those that lead to nothing.

    A commit for each event would keep SQLite's only writer busy.
    """
    events = InboundEvent.objects.unplanned().select_related("company").order_by("id")[:_EVENTS_AT_ONCE]
    companies = _Companies()
    without_effect: dict[tuple[str, str], list[int]] = {}
    with_effect: dict[int, list[tuple[InboundEvent, _Route]]] = {}
    for event in events:
        route = _route_safely(event, companies)
        if route.runs or route.reason in (EventReason.SYNCING_OFF, EventReason.ITEMS_CHANGED):
            with_effect.setdefault(event.company_id, []).append((event, route))
        else:
            without_effect.setdefault((route.outcome, route.reason), []).append(event.pk)
    with recoverable():
        planned = sum(_settle(routed) for routed in with_effect.values())
        for (outcome, reason), pks in without_effect.items():
            planned += InboundEvent.objects.unplanned().filter(pk__in=pks).settle(outcome, reason)
    return planned


def route_event(event: InboundEvent) -> bool:
    return _settle([(event, _route(event, _Companies()))]) == 1


class _Companies:
    """What routing needs to know of the companies, read once for the events that are routed together."""

    def __init__(self) -> None:
        self._connections: dict[int, QuickBooksConnection | None] = {}
        self._invoice_sync: dict[int, bool] = {}

    def connection_of(self, company: Company) -> QuickBooksConnection | None:
        if company.pk not in self._connections:
            self._connections[company.pk] = QuickBooksConnection.objects.of(company)
        return self._connections[company.pk]

    def is_invoice_sync_on(self, connection: QuickBooksConnection) -> bool:
        if connection.pk not in self._invoice_sync:
            settings = SyncSettings.objects.filter(connection=connection, invoice_sync=True)
            self._invoice_sync[connection.pk] = settings.exists()
        return self._invoice_sync[connection.pk]


def _settle(routed: Sequence[tuple[InboundEvent, _Route]]) -> int:
    """Settle events of one company with what they lead to; how many they are.

    0 if another worker has settled one of them meanwhile: then the rest are routed at the next look.
    """
    outcomes: dict[tuple[str, str], list[int]] = {}
    for event, route in routed:
        outcomes.setdefault((route.outcome, route.reason), []).append(event.pk)
    with transaction.atomic():
        for (outcome, reason), pks in outcomes.items():
            if InboundEvent.objects.unplanned().filter(pk__in=pks).settle(outcome, reason) < len(pks):
                transaction.set_rollback(True)
                return 0
        for event, route in routed:
            if route.reason == EventReason.SYNCING_OFF and event.name == InboundEvent.INVOICE_SEEN:
                PolledInvoice.forget(event.company_id, event.record_id)
            if route.reason == EventReason.ITEMS_CHANGED:
                LookupList.forget_items(event.company_id, event.received_at)
        _request_runs([run for _, route in routed for run in route.runs])
    return len(routed)


def _request_runs(runs: Sequence[SyncRun]) -> None:
    """They wait for the next sync unless changes are synced at once: what else asks for runs never does.

    While a vendor refuses access the runs are held; connecting again releases them.
    """
    connections = {run.connection_id for run in runs}
    if not runs:
        return
    waiting = SyncSettings.objects.scheduling().filter(connection__in=connections)
    scheduled = set(waiting.values_list("connection_id", flat=True))
    for run in runs:
        run.is_scheduled = run.connection_id in scheduled
    requested = SyncRun.objects.request_all(runs)
    syncing = QuickBooksConnection.objects.syncing().filter(pk__in=connections)
    refused = connections.difference(syncing.values_list("pk", flat=True))
    if refused:
        held = [run.pk for run in requested if run.connection_id in refused]
        SyncRun.objects.filter(pk__in=held).hold_for_reconnect(IngestMessage.RECONNECT().text)


def _route_safely(event: InboundEvent, companies: _Companies) -> _Route:
    """An event that cannot be routed is kept for support, and does not stop those of everybody after it.

    What it reports is found by the next full scan or read of change data.
    """
    try:
        return _route(event, companies)
    except Error:
        raise
    except Exception:
        _logger.exception("event %s cannot be routed", event.pk)
        return _kept(EventReason.UNROUTABLE)


def _route(event: InboundEvent, companies: _Companies) -> _Route:
    from_quickbooks = event.source in (_Source.QUICKBOOKS_WEBHOOK, _Source.QUICKBOOKS_CDC)
    if not from_quickbooks and (event.name not in _ACTED_UPON or not event.record_id):
        return _ignored(EventReason.NOT_A_PHASE)
    connection = companies.connection_of(event.company)
    if connection is None or not connection.is_live:
        return _ignored(EventReason.NOT_CONNECTED)
    if not connection.in_dollars:
        return _ignored(EventReason.NOT_IN_DOLLARS)
    if from_quickbooks:
        return _route_quickbooks_event(event, connection, companies)
    if event.name == InboundEvent.INVOICE_SEEN:
        return _route_coperniq_invoice(event, connection, companies)
    template_id = event.detail.get("phase_template_id", "")
    if event.name == InboundEvent.PHASE_STARTED and template_id and not _is_trigger(connection, template_id):
        return _ignored(EventReason.NO_TRIGGER)
    return _planned(SyncRun.of(connection, Action.NOTICE_ENTRY, coperniq_id=event.record_id, event=event))


def _is_trigger(connection: QuickBooksConnection, template_id: str) -> bool:
    return connection.triggers.filter(phase_template_id=template_id).exists()


def _route_coperniq_invoice(
    event: InboundEvent, connection: QuickBooksConnection, companies: _Companies
) -> _Route:
    if not companies.is_invoice_sync_on(connection):
        return _ignored(EventReason.SYNCING_OFF)
    actions = [] if event.detail.get("only_payments") else [Action.PUSH_INVOICE]
    actions += [Action.NOTICE_PAYMENTS] if event.detail.get("money") else []
    account_id = event.detail.get("account_id", "")
    return _planned(
        *(
            SyncRun.of(
                connection,
                action,
                coperniq_id=event.record_id,
                coperniq_account_id=account_id,
                event=event,
            )
            for action in actions
        )
    )


def _route_quickbooks_event(
    event: InboundEvent, connection: QuickBooksConnection, companies: _Companies
) -> _Route:
    if not event.record_id or event.name == "unknown":
        return _kept(EventReason.UNKNOWN_TYPE)
    if event.record_type in _SYNCED_TYPES:
        if not companies.is_invoice_sync_on(connection):
            return _ignored(EventReason.SYNCING_OFF)
        return _route_document(event, connection, _SYNCED_TYPES[event.record_type])
    if event.record_type == "customer":
        return _route_customer(event, connection)
    if event.record_type == "item":
        # A sale updates the quantity of a stock item. Change data are compared with what is stored, so they tell more.
        is_update = event.name == "updated"
        return _ignored(EventReason.LEFT_TO_CHANGE_DATA if is_update else EventReason.ITEMS_CHANGED)
    return _kept(EventReason.OTHER_RECORD)


def _route_document(event: InboundEvent, connection: QuickBooksConnection, kind: Kind) -> _Route:
    if event.name == "emailed":
        return _ignored(EventReason.EMAILED)
    if event.name not in (*_CHANGES, InboundEvent.BALANCE_CHANGED):
        return _kept(EventReason.OTHER_CHANGE)
    if _is_known(event, connection, kind):
        return _ignored(EventReason.KNOWN)
    links = list(
        RecordLink.objects.of(connection, kind).filter(quickbooks_id=event.record_id).order_by("id")[:2]
    )
    run = _run_for_record(event, connection, kind, links)
    if event.name == InboundEvent.BALANCE_CHANGED:
        run.action = Action.COMPARE_OPEN
    if not links and is_being_created(connection, kind):
        run.not_before = timezone.now() + _CREATE_DELAY
    return _planned(run)


def _is_known(event: InboundEvent, connection: QuickBooksConnection, kind: Kind) -> bool:
    """Change data are compared with what is stored before they become an event."""
    if event.source != _Source.QUICKBOOKS_WEBHOOK:
        return False
    if event.name in _ENDS:
        return is_known_end(connection, kind, event.record_id, event.name)
    return is_echo(connection, kind, event.record_id, event.occurred_at)


def _run_for_record(
    event: InboundEvent, connection: QuickBooksConnection, kind: Kind, links: Sequence[RecordLink]
) -> SyncRun:
    """A payment linked to several of Coperniq's names none of them."""
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


def _route_customer(event: InboundEvent, connection: QuickBooksConnection) -> _Route:
    """Every change of a balance is reported as a change of the customer, so webhooks count only for merges.

    See docs/vendors/quickbooks-online.md, 0.1.
    """
    merged = event.name == "merged"
    if event.source == _Source.QUICKBOOKS_WEBHOOK and not merged:
        return _ignored(EventReason.LEFT_TO_CHANGE_DATA)
    named = [event.detail.get("deleted_id", ""), event.record_id] if merged else [event.record_id]
    link = _first_linked(connection, [each for each in named if each])
    asking = [run for each in named if each for run in _pushes_asking_about(connection, each, event)]
    if link is None:
        return _planned(*asking) if asking else _ignored(EventReason.CUSTOMER_NOT_LINKED)
    run = _run_for_record(event, connection, Kind(link.kind), [link])
    run.quickbooks_id = link.quickbooks_id
    if link.kind == Kind.CUSTOMER:
        run.coperniq_account_id = link.coperniq_id
    return _planned(run, *asking)


def _pushes_asking_about(
    connection: QuickBooksConnection, quickbooks_id: str, event: InboundEvent
) -> list[SyncRun]:
    """Pushes of customers that ask whether it is this one, which may not be what it was when they asked."""
    held = SyncRun.objects.held().filter(connection=connection)
    return [
        SyncRun.of(
            connection,
            Action(run.action),
            coperniq_id=run.coperniq_id,
            coperniq_account_id=run.coperniq_account_id,
            record_name=run.record_name,
            preview=run.preview,
            event=event,
        )
        for run in held.asking_about_customer(quickbooks_id)
    ]


def _first_linked(connection: QuickBooksConnection, quickbooks_ids: Iterable[str]) -> RecordLink | None:
    """A customer or job; of several links to one, the first."""
    links = connection.links.filter(kind__in=_CUSTOMER_KINDS)
    for each in quickbooks_ids:
        found = links.filter(quickbooks_id=each).order_by("is_additional", "id").first()
        if found is not None:
            return found
    return None
