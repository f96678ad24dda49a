"""Plan and apply the pull of a QuickBooks invoice: create it in Coperniq once, then merge changes."""

from __future__ import annotations

from dataclasses import replace
from zoneinfo import ZoneInfo

from integrations.causes import Cause
from integrations.errors import BlockedBy, Choice, NeedsDecision, RecordMissing, Refused, Skipped, Unlistable
from integrations.messages.choices import ChoiceLabel
from integrations.messages.invoices_pull import InvoicePullMessage
from integrations.models import (
    Kind,
    OnEnded,
    Question,
    RecordLink,
    RemoteWrite,
    SyncRun,
    Vendor,
)
from integrations.quickbooks.documents import FIRST_VERSION, QuickBooksInvoice, is_later_version
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
from integrations.sync.invoices.itemless import execute_with_items
from integrations.sync.invoices.mapping import (
    INVOICE_FIELDS,
    coperniq_invoice_snapshot,
    is_numbered,
    quickbooks_invoice_snapshot,
)
from integrations.sync.invoices.merge import (
    CONFLICT_CAUSES,
    open_questions,
    plan_merge,
    plan_refreshed,
    refuse_below_payments,
)
from integrations.sync.invoices.one_way import plan_unless_kept
from integrations.sync.invoices.pull_create import plan_invoice_pull_create, request_push, was_logged
from integrations.sync.invoices.pull_request import request_changed_payments
from integrations.sync.invoices.pull_void import plan_deleted, plan_voided
from integrations.sync.invoices.push import end_of_invoice, read_invoice
from integrations.sync.invoices.push_update import GO_ON_IN_QUICKBOOKS, refuse_moved_in_coperniq
from integrations.sync.invoices.push_void import plan_missing_invoice
from integrations.sync.invoices.same_bill import pushes_asking_about
from integrations.sync.invoices.typed_again import ask_again

_PAID_CAUSES = (Cause.DECLINED_BUT_PAID, Cause.INVOICE_BELOW_PAYMENTS, Cause.INVOICE_MISSING)
"""Asked by a push that what is paid in QuickBooks keeps from its write."""
_GO_ON_IN_COPERNIQ = Choice(
    GO_ON_IN_QUICKBOOKS.key, ChoiceLabel.GO_ON_IN_COPERNIQ(), Question.MOVED_IN_QUICKBOOKS
)


def plan(ctx: SyncContext, run: SyncRun) -> Plan:
    return plan_unless_kept(ctx, run, _plan_record)


def _plan_record(ctx: SyncContext, run: SyncRun) -> Plan:
    link = RecordLink.objects.pulled(ctx.connection, Kind.INVOICE, run.quickbooks_id)
    if link is not None and _is_stale_event(run, link):
        raise Skipped(InvoicePullMessage.STALE_EVENT(), silent=True)
    try:
        current = ctx.quickbooks.read_invoice(run.quickbooks_id)
    except RecordMissing:
        requeue(ctx.follow_ups, pushes_asking_about(ctx, run.quickbooks_id))
        ask_again(ctx, run, link.coperniq_account_id if link else "")
        return plan_deleted(ctx, run, link)
    except Unlistable:
        if link is not None:
            raise
        # Most probably of a customer who is not linked. Once it is corrected, QuickBooks reports it as changed.
        raise Skipped(
            InvoicePullMessage.UNLISTABLE(),
            silent=was_logged(ctx, run.quickbooks_id, Cause.UNLISTABLE),
        ) from None
    run.read_version = current.sync_token
    run.amount_cents = current.total_cents
    if link is None:
        requeue(ctx.follow_ups, pushes_asking_about(ctx, run.quickbooks_id))
        _skip_if_made_by_portal(ctx, run, current)
        return plan_invoice_pull_create(ctx, run, current)
    run.record_name = link.coperniq_name
    request_changed_payments(ctx, link, current)
    return _plan_linked(ctx, run, link, current)


def apply(ctx: SyncContext, run: SyncRun, planned: Plan) -> RunResult:
    """After a refusal, refresh the catalog and plan again: an item may have been archived since it was read."""
    try:
        return execute_with_items(ctx, run, planned, plan, lambda each: execute_plan(ctx, run, each))
    except Refused as error:
        if error.vendor != Vendor.COPERNIQ:
            refuse_below_payments(planned, error)
            raise
        refresh_lookup(ctx, LookupName.CATALOG)
        replanned = make_plan(ctx, run, plan)
        if is_same_plan(replanned, planned):
            ctx.follow_ups += replanned.follow_ups
            raise
    return execute_plan(ctx, run, replanned)


def _is_stale_event(run: SyncRun, link: RecordLink) -> bool:
    """The event is older than what QuickBooks answered last, e.g. to the portal's own write.

    Change data name the version; a notification has only a time.
    """
    event = run.event
    if event is None or event.occurred_at is None:
        return False
    if run.read_version or link.invoice_state.unsettled:
        return False  # it goes on with what it has read, or with what remains after the portal's own write
    if event.name in ("deleted", "voided"):
        return False  # perhaps in the same second as the portal's own write, which was none of these
    version = event.detail.get("version", "")
    if version:
        is_old = bool(link.quickbooks_version) and not is_later_version(version, link.quickbooks_version)
    else:
        is_old = RemoteWrite.objects.is_answer_to_own(link, event.occurred_at)
    return is_old and not run.decisions and run.attempts <= 1 and run.requested_count == 1


def _skip_if_made_by_portal(ctx: SyncContext, run: SyncRun, current: QuickBooksInvoice) -> None:
    """Never pull an invoice with the portal's correlation tag: the push that created it links it.

    Raises BlockedBy if people have changed it since: the answer to the portal's write does not say so.
    """
    coperniq_id = tagged_coperniq_id(ctx.connection.realm_id, Kind.INVOICE, current.note)
    if not coperniq_id:
        return
    linked = RecordLink.objects.pushed(ctx.connection, Kind.INVOICE, coperniq_id)
    if linked is not None and linked.quickbooks_id != current.id:
        return  # a copy that a person made in QuickBooks, note included
    writes = RemoteWrite.objects.open().filter(connection=ctx.connection, vendor=Vendor.QUICKBOOKS)
    if not writes.filter(kind=Kind.INVOICE, coperniq_id=coperniq_id).exists():
        request_push(ctx, coperniq_id)
    elif current.sync_token != FIRST_VERSION:
        raise BlockedBy(InvoicePullMessage.WAITS_FOR_LINK(), kind=Kind.INVOICE, coperniq_id=coperniq_id)
    raise Skipped(InvoicePullMessage.MADE_BY_PORTAL(), silent=True)


def _plan_linked(ctx: SyncContext, run: SyncRun, link: RecordLink, current: QuickBooksInvoice) -> Plan:
    _refuse_moved_in_quickbooks(ctx, run, link, current)
    if run.decisions or run.cause or _differs_from_snapshot(ctx, link, current):
        ask_again(ctx, run, link.coperniq_account_id)
    if current.is_voided or link.quickbooks_invoice.voided:
        return plan_voided(ctx, run, link, current)
    is_open = run.decisions or run.cause in CONFLICT_CAUSES
    if link.invoice_state.ended or not (_differs_from_snapshot(ctx, link, current) or is_open):
        requeue(ctx.follow_ups, open_questions(ctx, run, (*CONFLICT_CAUSES, *_PAID_CAUSES)))
        return plan_refreshed(ctx, link, run, current)
    invoice = read_invoice(ctx, run, link)
    if invoice is None:
        run.coperniq_id = link.coperniq_id
        return plan_missing_invoice(ctx, run, link)
    ended = end_of_invoice(ctx.settings, invoice)
    if ended is not None:
        postponed = INVOICE_FIELDS if ended == OnEnded.LEAVE else ()
        return plan_refreshed(ctx, link, run, current, postponed)
    coperniq_now = refuse_moved_in_coperniq(
        run,
        link,
        coperniq_invoice_snapshot(
            invoice, ZoneInfo(ctx.connection.company.time_zone), numbered=is_numbered(link, invoice)
        ),
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
