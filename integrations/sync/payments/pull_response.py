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
from integrations.sync.engine.coperniq_texts import read_quickbooks_tag
from integrations.sync.engine.plan import AnsweredWrite, Change, RunResult, done
from integrations.sync.engine.responses import QuickBooksRead, WriteResponse, apply_plan, load_body
from integrations.sync.invoices.mapping import day_of
from integrations.sync.payments.mapping import coperniq_payment_snapshot


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
        answered=AnsweredWrite(write, write.quickbooks_id, link.quickbooks_version, ""),
        asks=[SyncRun.of(ctx.connection, Action.PUSH_PAYMENT, link)] if edited else (),
    )


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
    found = _find_tagged_payment(
        ctx, write.link_values.coperniq_parent_id, write.quickbooks_id, write.allocation_invoice_id
    )
    return WriteResponse(found, "", True) if found else None


def _find_tagged_payment(
    ctx: SyncContext, invoice_id: str, quickbooks_id: str, quickbooks_invoice_id: str
) -> CoperniqPayment | None:
    """The payment of this invoice in Coperniq that has the tag of the QuickBooks payment and is not linked."""
    try:
        payments = ctx.coperniq.list_payments(invoice_id)
    except RecordMissing:
        return None
    realm, links = ctx.connection.realm_id, RecordLink.objects.of(ctx.connection, Kind.PAYMENT)
    for payment in payments:
        tag = read_quickbooks_tag(realm, Kind.PAYMENT, payment.notes)
        same = tag == (quickbooks_id, quickbooks_invoice_id)
        if same and not links.filter(coperniq_id=payment.id).exists():
            return payment
    return None
