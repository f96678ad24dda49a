"""Plan and apply the pull of a QuickBooks invoice: create it in Coperniq once, then merge changes."""

from __future__ import annotations

from dataclasses import replace
from zoneinfo import ZoneInfo

from integrations.errors import Choice, NeedsDecision, RecordMissing, Refused, Skipped
from integrations.messages.invoices_pull import InvoicePullMessage
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
from integrations.quickbooks.documents import QuickBooksInvoice
from integrations.sync.customers.merge_detection import wait_if_customer_merged
from integrations.sync.engine.choices import DISCARD, RETRY
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.correlation_tag import tagged_coperniq_id
from integrations.sync.engine.follow_ups import requeue
from integrations.sync.engine.lookups import LookupName, refresh_lookup
from integrations.sync.engine.outbox import execute_plan
from integrations.sync.engine.plan import Plan, RunResult
from integrations.sync.engine.planning import make_plan
from integrations.sync.engine.replan import is_same_plan
from integrations.sync.invoices.eligibility import refuse_while_off
from integrations.sync.invoices.mapping import (
    INVOICE_FIELDS,
    coperniq_invoice_snapshot,
    quickbooks_invoice_snapshot,
)
from integrations.sync.invoices.merge import CONFLICT_CAUSES, open_questions, plan_merge, plan_refreshed
from integrations.sync.invoices.pull_create import plan_invoice_pull_create, request_push
from integrations.sync.invoices.pull_void import plan_deleted, plan_voided
from integrations.sync.invoices.push import end_of_invoice, read_invoice
from integrations.sync.invoices.push_update import GO_ON_IN_QUICKBOOKS, refuse_moved_in_coperniq

_GO_ON_IN_COPERNIQ = Choice(
    GO_ON_IN_QUICKBOOKS.key, "Go on with it where it is in Coperniq", Question.MOVED_IN_QUICKBOOKS
)


def plan(ctx: SyncContext, run: SyncRun) -> Plan:
    refuse_while_off(ctx.settings)
    link = RecordLink.objects.pulled(ctx.connection, Kind.INVOICE, run.quickbooks_id)
    if link is not None and _is_stale_event(run, link):
        raise Skipped(InvoicePullMessage.STALE_EVENT(), silent=True)
    try:
        current = ctx.quickbooks.read_invoice(run.quickbooks_id)
    except RecordMissing:
        return plan_deleted(ctx, run, link)
    if link is None:
        _skip_if_made_by_portal(ctx, run, current)
        return plan_invoice_pull_create(ctx, run, current)
    run.record_name = link.coperniq_name
    return _plan_linked(ctx, run, link, current)


def apply(ctx: SyncContext, run: SyncRun, planned: Plan) -> RunResult:
    """After a refusal, refresh the catalog and plan again: an item may have been archived since it was read."""
    try:
        return execute_plan(ctx, run, planned)
    except Refused as error:
        if error.vendor != Vendor.COPERNIQ:
            raise
        refresh_lookup(ctx, LookupName.CATALOG)
        replanned = make_plan(ctx, run, plan)
        if is_same_plan(replanned, planned):
            ctx.follow_ups += replanned.follow_ups
            raise
    return execute_plan(ctx, run, replanned)


def _is_stale_event(run: SyncRun, link: RecordLink) -> bool:
    """The event is older than what QuickBooks answered last, e.g. to the portal's own write.

    Times are whole seconds. Change data capture compares versions, so that its event of the same second is a change.
    """
    event, known_at = run.event, link.quickbooks_at
    if event is None or event.occurred_at is None or known_at is None:
        return False
    by_version = event.source == InboundEvent.Source.QUICKBOOKS_CDC
    is_old = event.occurred_at < known_at or (event.occurred_at == known_at and not by_version)
    if (
        link.invoice_state.unsettled
    ):  # what remains after the portal's own write, which is newer than the event
        return False
    return is_old and not run.decisions and run.attempts <= 1 and run.requested_count == 1


def _skip_if_made_by_portal(ctx: SyncContext, run: SyncRun, current: QuickBooksInvoice) -> None:
    """Never pull an invoice with the portal's correlation tag: the push that created it links it."""
    coperniq_id = tagged_coperniq_id(ctx.connection.realm_id, Kind.INVOICE, current.note)
    if not coperniq_id:
        return
    linked = RecordLink.objects.pushed(ctx.connection, Kind.INVOICE, coperniq_id)
    if linked is not None and linked.quickbooks_id != current.id:
        return  # a copy that a person made in QuickBooks, note included
    writes = RemoteWrite.objects.open().filter(connection=ctx.connection, vendor=Vendor.QUICKBOOKS)
    if not writes.filter(kind=Kind.INVOICE, coperniq_id=coperniq_id).exists():
        request_push(ctx, coperniq_id)
    raise Skipped(InvoicePullMessage.MADE_BY_PORTAL(), silent=True)


def _plan_linked(ctx: SyncContext, run: SyncRun, link: RecordLink, current: QuickBooksInvoice) -> Plan:
    _refuse_moved_in_quickbooks(ctx, run, link, current)
    if current.is_voided or link.quickbooks_invoice.voided:
        return plan_voided(ctx, run, link, current)
    is_open = run.decisions or run.cause in CONFLICT_CAUSES
    if link.invoice_state.ended or not (_differs_from_snapshot(ctx, link, current) or is_open):
        requeue(ctx.follow_ups, open_questions(ctx, run))
        return plan_refreshed(ctx, link, run, current)
    invoice = read_invoice(ctx, run, link)
    ended = end_of_invoice(ctx.settings, invoice)
    if ended is not None:
        postponed = INVOICE_FIELDS if ended == OnEnded.LEAVE else ()
        return plan_refreshed(ctx, link, run, current, postponed)
    coperniq_now = refuse_moved_in_coperniq(
        run, link, coperniq_invoice_snapshot(invoice, ZoneInfo(ctx.connection.company.time_zone))
    )
    return plan_merge(ctx, run, invoice, link, coperniq_now, current)


def _differs_from_snapshot(ctx: SyncContext, link: RecordLink, current: QuickBooksInvoice) -> bool:
    now, before = quickbooks_invoice_snapshot(current, ctx.settings.memo_field), link.quickbooks_invoice
    names = [
        *INVOICE_FIELDS,
        "total",
        "memo_field",
        *(["number"] if link.match_method == RecordLink.MatchMethod.PULLED else []),
    ]
    return any(now.value_of(name) != before.value_of(name) for name in names)


def _refuse_moved_in_quickbooks(
    ctx: SyncContext, run: SyncRun, link: RecordLink, current: QuickBooksInvoice
) -> None:
    """Raises NeedsDecision if the invoice has another customer, BlockedBy if that one was merged with its own."""
    state = link.invoice_state
    link.invoice_state = replace(state, moved_from="")
    before = state.moved_from or link.quickbooks_invoice.customer or current.customer_id
    if current.customer_id == before or run.has_taken(_GO_ON_IN_COPERNIQ):
        return
    wait_if_customer_merged(ctx, before, current.customer_id)
    raise NeedsDecision(
        InvoicePullMessage.MOVED(invoice=link.display_number), [_GO_ON_IN_COPERNIQ, RETRY, DISCARD]
    )
