"""The outbox: every write to a vendor is stored before it is sent, and its response is recorded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from django.db import transaction
from django.utils import timezone

from integrations.coperniq.client import CoperniqClient
from integrations.errors import OutcomeUnknown, VendorError
from integrations.messages.engine import EngineMessage
from integrations.models import RecordLink, RemoteWrite, SyncRun, Vendor
from integrations.models.encryption import keyed_digest
from integrations.models.writes import LinkValues
from integrations.quickbooks.bodies import dump
from integrations.quickbooks.records import nest
from integrations.sync.engine import responses as engine_responses
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.follow_ups import FollowUp, RelinkedRecords, store_follow_ups
from integrations.sync.engine.handlers import installed, response_handler
from integrations.sync.engine.plan import Plan, PlannedWrite, RunResult, done, nothing_to_do
from integrations.sync.engine.preview import preview_result
from integrations.sync.engine.responses import WriteResponse
from integrations.sync.engine.write_history import count_writes


def execute_plan(ctx: SyncContext, run: SyncRun, plan: Plan) -> RunResult:
    """Execute a plan, or hold it for preview; returns the result to be stored. Raises VendorError."""
    shown = preview_result(ctx, run, plan)
    if shown is not None:
        return shown
    if plan.write is None:
        if plan.follow_ups:
            with transaction.atomic():
                ctx.lease.assert_owned()
                store_follow_ups(plan.follow_ups)
        return _link_without_write(ctx, run, plan)
    write = _store_planned_write(ctx, run, plan, plan.write)
    body = write.body
    result = response_handler(write.entity).on_response(ctx, write, send_write(ctx, write), body)
    return replace(result, other_links=(*result.other_links, *plan.other_links))


def _store_planned_write(ctx: SyncContext, run: SyncRun, plan: Plan, planned: PlannedWrite) -> RemoteWrite:
    to_coperniq = planned.vendor == Vendor.COPERNIQ
    write = RemoteWrite(
        connection=ctx.connection,
        run=run,
        vendor=planned.vendor,
        kind=run.kind,
        coperniq_id=planned.coperniq_id if to_coperniq else run.coperniq_id,
        entity=planned.entity,
        operation=planned.operation,
        quickbooks_id=plan.quickbooks_id if to_coperniq else planned.quickbooks_id,
        allocation_invoice_id=plan.allocation_invoice_id,
        match_method=plan.match_method,
        changes=[change.as_dict() for change in planned.changes],
        coperniq_snapshot=dict(plan.coperniq_snapshot),
        link_data=_link_values(run, plan).as_json(),
        sync_state=plan.state.as_json() if plan.state is not None else None,
        response_data=plan.response_data.as_json() if plan.response_data is not None else {},
        warnings=[str(warning) for warning in plan.warnings],
    )
    store_as_sent(ctx, write, body_of(planned), plan.follow_ups)
    return write


def _link_values(run: SyncRun, plan: Plan) -> LinkValues:
    return LinkValues(
        plan.record_name, run.coperniq_account_id, run.coperniq_parent_id, plan.number, plan.amount_cents
    )


def store_as_sent(
    ctx: SyncContext, write: RemoteWrite, body: str, follow_ups: Sequence[FollowUp] = ()
) -> None:
    """Store a write as sent, in the commit before its request leaves; the lease then outlives the call.

    If the process ends between the two, the write counts as one whose response was lost.
    """
    write.body = body
    write.request_id = _request_id_of(write, body)
    write.count_send()
    with transaction.atomic():
        ctx.ensure_lease_outlives_call()
        write.save(force_insert=True)
        store_follow_ups(follow_ups)
    if write.run is not None:
        write.run.write_counts = None


def _request_id_of(write: RemoteWrite, body: str) -> str:
    """The same id for the same body of the same record, so that after a restored backup QuickBooks replays its response.

    See docs/vendors/quickbooks-online.md, 2.
    """
    name = write.coperniq_id
    if write.shared_entry_name:
        name = f"{write.entity}: {write.shared_entry_name}"
    if write.vendor == Vendor.COPERNIQ:
        name = f"to Coperniq:{write.quickbooks_id}:{write.allocation_invoice_id}:{write.coperniq_id}"
    return keyed_digest(f"{write.connection_id}:{write.kind}:{name}:{_earlier_writes(write)}:{body}")[:36]


def _earlier_writes(write: RemoteWrite) -> int:
    """How many writes of this record, or of this entry of a shared list, there are."""
    record = {"kind": write.kind, "coperniq_id": write.coperniq_id}
    if write.shared_entry_name:
        record |= {"entity": write.entity, "shared_entry_name": write.shared_entry_name}
    elif write.vendor == Vendor.COPERNIQ:
        record |= {"quickbooks_id": write.quickbooks_id, "allocation_invoice_id": write.allocation_invoice_id}
    elif write.run is not None and write.operation == "create":
        counts = count_writes(write.run)
        if (write.run.kind, counts.coperniq_id) == (write.kind, write.coperniq_id):
            return counts.of_record
    return RemoteWrite.objects.filter(connection_id=write.connection_id, **record).count()


def body_of(planned: PlannedWrite) -> str:
    if planned.vendor == Vendor.COPERNIQ:
        return dump(planned.values)
    payload = nest(planned.values)
    if planned.operation != "create":
        payload = {"Id": planned.quickbooks_id, "SyncToken": planned.version, **payload}
    if planned.operation == "update" or (planned.operation == "void" and planned.entity == "Payment"):
        payload.setdefault("sparse", True)
    return dump(payload)


def send_write(ctx: SyncContext, write: RemoteWrite) -> WriteResponse:
    """Send a write that was just stored. Any error but OutcomeUnknown means that it was not executed, and closes it."""
    try:
        return _transmit(ctx, write)
    except OutcomeUnknown:
        raise
    except VendorError as error:
        record_refusal(ctx, write, error)
        raise


def resend_write(ctx: SyncContext, write: RemoteWrite) -> WriteResponse:
    """Send the stored body of an open write again."""
    write.count_send()
    with transaction.atomic():
        ctx.ensure_lease_outlives_call()
        write.save(update_fields=["state", "sends", "sent_at"])
    return _transmit(ctx, write)


def _transmit(ctx: SyncContext, write: RemoteWrite) -> WriteResponse:
    if write.vendor == Vendor.COPERNIQ:
        return WriteResponse(_send_to_coperniq(ctx.coperniq, write), "")
    answer = ctx.quickbooks.write(write.entity, write.body, write.request_id, write.operation)
    return WriteResponse(installed().readers[write.entity](answer.record), answer.intuit_tid)


def _send_to_coperniq(client: CoperniqClient, write: RemoteWrite) -> object:
    body, target = write.body, write.coperniq_id
    if write.entity == engine_responses.COPERNIQ_INVOICE:
        return client.update_invoice(target, body) if target else client.create_invoice(body)
    if write.entity == engine_responses.COPERNIQ_PAYMENT:
        return client.create_payment(write.link_values.coperniq_parent_id, body)
    return client.update_catalog_item(target, body) if target else client.create_catalog_item(body)


def record_refusal(ctx: SyncContext, write: RemoteWrite, error: VendorError) -> None:
    with transaction.atomic():
        ctx.lease.assert_owned()
        write.close(
            RemoteWrite.State.REFUSED,
            error_code=error.code,
            error_text=error.detail,
            intuit_tid=error.intuit_tid,
        )


def _link_without_write(ctx: SyncContext, run: SyncRun, plan: Plan) -> RunResult:
    """The result of a plan without a write: a new link is logged, one that exists already is not."""
    link = RecordLink.objects.pushed(ctx.connection, run.kind, run.coperniq_id)
    known = link is not None and link.quickbooks_id == plan.quickbooks_id
    link = link or plan.replaces or RecordLink(connection=ctx.connection, kind=run.kind)
    follow_ups = plan.with_link
    if not known:
        before = (link.coperniq_id, link.quickbooks_id)
        link.coperniq_id, link.quickbooks_id = run.coperniq_id, plan.quickbooks_id
        link.match_method, link.linked_at = plan.match_method, timezone.now()
        follow_ups += (RelinkedRecords.of(link, *before),) if link.pk else ()
    _link_values(run, plan).apply_to(link)
    if plan.state is not None:
        link.sync_state = plan.state.as_json()
    link.coperniq_snapshot = dict(plan.coperniq_snapshot)
    link.quickbooks_name, link.quickbooks_version = plan.quickbooks_name, plan.quickbooks_version
    link.quickbooks_at = plan.quickbooks_at or (link.quickbooks_at if known else None)
    link.quickbooks_snapshot, link.allocation_invoice_id = (
        dict(plan.quickbooks_snapshot),
        plan.allocation_invoice_id,
    )
    values: dict[str, object] = {
        "quickbooks_id": plan.quickbooks_id,
        "record_name": plan.record_name,
        "link": link,
        "silent": plan.silent,
        "again": plan.again,
        "asks": plan.asks,
        "choices": plan.choices,
        "other_links": plan.other_links,
        "follow_ups": follow_ups,
    }
    if known:
        message = plan.sentence or EngineMessage.IN_STEP(name=plan.quickbooks_name)
        return done(message, plan.warnings, **values) if plan.warnings else nothing_to_do(message, **values)
    message = plan.sentence or EngineMessage.LINKED_TO_EXISTING(
        kind=run.kind,
        name=plan.quickbooks_name,
        match_method=RecordLink.MatchMethod(plan.match_method).label.lower(),
    )
    return done(message, plan.warnings, **values)
