"""Response handler for payments created in Coperniq."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, cast
from zoneinfo import ZoneInfo

from integrations.coperniq.money import CoperniqPayment
from integrations.errors import RecordMissing
from integrations.json_reader import JsonReader
from integrations.messages import Message
from integrations.messages.payments import PaymentMessage
from integrations.models import Action, Kind, RecordLink, RemoteWrite, SyncRun
from integrations.models.typed_json import StoredData
from integrations.quickbooks.bodies import money
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.lost_writes import sent_not_before
from integrations.sync.engine.plan import AnsweredWrite, Change, RunResult, done
from integrations.sync.engine.responses import QuickBooksRead, WriteResponse, apply_plan, load_body
from integrations.sync.invoices.eligibility import waiting_pushes
from integrations.sync.invoices.mapping import day_of
from integrations.sync.payments.external import with_payment_applied
from integrations.sync.payments.mapping import coperniq_payment_snapshot
from integrations.sync.payments.pulled_payments import find_pulled, origin_of, unlinked_on


@dataclass(frozen=True)
class PulledPaymentData(StoredData):
    """The payment that is recorded in Coperniq."""

    quickbooks: QuickBooksRead


def on_response(ctx: SyncContext, write: RemoteWrite, sent: WriteResponse, body: str) -> RunResult:
    payment = cast("CoperniqPayment", sent.record)
    link = RecordLink(
        connection=ctx.connection,
        kind=Kind.PAYMENT,
        coperniq_id=payment.id,
        quickbooks_id=write.quickbooks_id,
        allocation_invoice_id=write.allocation_invoice_id,
        match_method=write.match_method,
    )
    link.coperniq_payment = coperniq_payment_snapshot(payment, ZoneInfo(ctx.connection.company.time_zone))
    PulledPaymentData.from_json(write.response_data).quickbooks.apply_to(link)
    apply_plan(link, write)
    edited = sent.looked_for and _reset_to_written(ctx, link, load_body(body))
    return done(
        PaymentMessage.RECORDED_IN_COPERNIQ(payment=link.coperniq_name),
        [*write.warnings, *([] if edited else payment_variance(write, payment))],
        changes=[Change(**change) for change in write.changes],
        quickbooks_id=write.quickbooks_id,
        record_name=link.coperniq_name,
        link=link,
        other_links=_paid_invoices(ctx, link, payment.amount_cents),
        answered=AnsweredWrite(write, write.quickbooks_id, link.quickbooks_version, ""),
        asks=[
            *waiting_pushes(link),
            *([SyncRun.of(ctx.connection, Action.PUSH_PAYMENT, link)] if edited else []),
        ],
    )


def _paid_invoices(ctx: SyncContext, link: RecordLink, cents: int) -> tuple[RecordLink, ...]:
    """The link of the invoice that a new payment link is for, with what is open on both sides now.

    `cents` are what Coperniq has more by it. The balance has the payments that were on the invoice when it was read.
    """
    invoice = RecordLink.objects.pulled(ctx.connection, Kind.INVOICE, link.allocation_invoice_id)
    if invoice is None:
        return ()
    if link.quickbooks_id not in invoice.quickbooks_invoice.payments:
        with_payment_applied(invoice, link.quickbooks_id, link.quickbooks_payment.applied)
    coperniq = invoice.coperniq_invoice
    invoice.coperniq_invoice = replace(coperniq, paid=coperniq.paid + cents)
    return (invoice,)


def _reset_to_written(ctx: SyncContext, link: RecordLink, sent: Mapping[str, Any]) -> bool:
    """Sets the snapshot to what was sent, so that edits made before the response was recovered are detected.

    Returns whether there are any.
    """
    zone = ZoneInfo(ctx.connection.company.time_zone)
    on = day_of(JsonReader(dict(sent)).moment("paymentDate"), zone)
    found = link.coperniq_payment
    written = replace(found, amount=int(sent["amount"] * 100), on=on.isoformat() if on else "")
    link.coperniq_payment = written
    return written != found


def payment_variance(write: RemoteWrite, payment: CoperniqPayment) -> list[Message]:
    wanted = write.link_values.amount_cents
    if wanted is None or payment.amount_cents == wanted:
        return []
    return [PaymentMessage.AMOUNT_DIFFERS(coperniq=money(payment.amount_cents), quickbooks=money(wanted))]


def find_lost_write(ctx: SyncContext, write: RemoteWrite, body: str) -> WriteResponse | None:
    """The unlinked payment on this invoice that was created; a person may have changed its amount since."""
    invoice_id = write.link_values.coperniq_parent_id
    try:
        rows = ctx.coperniq.list_payments(invoice_id)
    except RecordMissing:
        return None
    unlinked = unlinked_on(ctx, invoice_id, rows)
    cents = write.link_values.amount_cents or 0
    since = sent_not_before(write, ctx.coperniq.clock_offset)
    found = find_pulled(ctx, unlinked, write.quickbooks_id, write.allocation_invoice_id, cents) or next(
        (
            row
            for row in unlinked
            if origin_of(ctx, row) == write.quickbooks_id
            and row.created_at is not None
            and row.created_at >= since
        ),
        None,
    )
    return WriteResponse(found, "", True) if found else None
