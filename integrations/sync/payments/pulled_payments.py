"""Coperniq payments that are not linked and look as if they were brought over: a link or a response was lost.

Their reference ends with the id of the QuickBooks payment, or their notes have a correlation tag. A tag is proof; a
reference may have been typed by a person, so that it counts only on an invoice that the payment pays.
"""

from __future__ import annotations

from collections.abc import Iterable

from integrations.coperniq.money import CoperniqPayment
from integrations.errors import RecordMissing, Skipped
from integrations.messages.invoices_push import InvoicePushMessage
from integrations.models import Kind, RecordLink, RemoteWrite, SyncRun, Vendor
from integrations.quickbooks.documents import QuickBooksPayment
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.coperniq_texts import payment_id_in, read_quickbooks_tag
from integrations.sync.engine.correlation_tag import tagged_coperniq_id
from integrations.sync.invoices.eligibility import (
    SEND_ANYWAY,
    is_wanted,
    refuse_tagged_copy,
    wait_for_pull,
    was_made_while_off,
)
from integrations.sync.payments.mapping import cash_on
from integrations.sync.payments.push_detect import cached_coperniq_payments


def origin_of(ctx: SyncContext, row: CoperniqPayment) -> str:
    """The id of the QuickBooks payment that it says it came from, "" if it says nothing."""
    tag = read_quickbooks_tag(ctx.connection.realm_id, Kind.PAYMENT, row.notes)
    return tag.quickbooks_id or payment_id_in(row.reference)


def has_tag(ctx: SyncContext, row: CoperniqPayment) -> bool:
    return bool(read_quickbooks_tag(ctx.connection.realm_id, Kind.PAYMENT, row.notes).quickbooks_id)


def is_tagged_with(ctx: SyncContext, row: CoperniqPayment, payment_id: str, invoice_id: str) -> bool:
    tag = read_quickbooks_tag(ctx.connection.realm_id, Kind.PAYMENT, row.notes)
    return tag == (payment_id, invoice_id)


def find_pulled(
    ctx: SyncContext, unlinked: Iterable[CoperniqPayment], payment_id: str, invoice_id: str, cents: int
) -> CoperniqPayment | None:
    """Of the payments on one invoice the one with the tag, else the first with the reference and this amount."""
    rows = list(unlinked)
    for row in rows:
        if is_tagged_with(ctx, row, payment_id, invoice_id):
            return row
    named = (row for row in rows if origin_of(ctx, row) == payment_id and row.amount_cents == cents)
    return next(named, None)


def refuse_pulled_payment(
    ctx: SyncContext, run: SyncRun, payment: CoperniqPayment, invoice: RecordLink
) -> QuickBooksPayment | None:
    """Refuse to push an unlinked payment that was brought over. A reference that a person typed is no reason to.

    Raises BlockedBy if a pull is about to link it, Skipped if it is a copy of a linked one. Returns the QuickBooks
    payment if a person has to say whether it is the same.
    """
    payment_id = payment_id_in(payment.reference)
    is_tagged = bool(read_quickbooks_tag(ctx.connection.realm_id, Kind.PAYMENT, payment.notes).quickbooks_id)
    if not (payment_id or is_tagged) or is_wanted(run, SEND_ANYWAY):
        return None
    refuse_tagged_copy(ctx, run, Kind.PAYMENT, payment.notes)
    if not payment_id:
        return None
    if _open_creates(ctx, payment_id, invoice.quickbooks_id):
        wait_for_pull(ctx, run, Kind.PAYMENT, payment_id)
    rows = cached_coperniq_payments(ctx, invoice.coperniq_id)
    link = RecordLink.objects.pulled(ctx.connection, Kind.PAYMENT, payment_id, invoice.quickbooks_id)
    if link is not None and any(row.id == link.coperniq_id for row in rows):
        raise Skipped(InvoicePushMessage.COPY_OF_LINKED(), [SEND_ANYWAY])
    source = _read_source(ctx, payment_id, invoice) if link is None else None
    if source is not None and _is_pulled_by_itself(ctx, source, invoice):
        unlinked, cents = unlinked_on(ctx, invoice.coperniq_id, rows), cash_on(source, invoice.quickbooks_id)
        found = find_pulled(ctx, unlinked, payment_id, invoice.quickbooks_id, cents)
        if found is not None and found.id == payment.id:
            wait_for_pull(ctx, run, Kind.PAYMENT, payment_id)
        if found is not None:
            raise Skipped(InvoicePushMessage.COPY_OF_LINKED(), [SEND_ANYWAY])
    return source


def _read_source(ctx: SyncContext, payment_id: str, invoice: RecordLink) -> QuickBooksPayment | None:
    """The payment that people recorded in QuickBooks on this invoice."""
    try:
        source = ctx.quickbooks.read_payment(payment_id)
    except RecordMissing:
        return None
    if not cash_on(source, invoice.quickbooks_id):
        return None
    return None if tagged_coperniq_id(ctx.connection.realm_id, Kind.PAYMENT, source.note) else source


def unlinked_on(
    ctx: SyncContext, coperniq_invoice_id: str, rows: Iterable[CoperniqPayment]
) -> list[CoperniqPayment]:
    links = RecordLink.objects.of(ctx.connection, Kind.PAYMENT).filter(coperniq_parent_id=coperniq_invoice_id)
    linked = set(links.values_list("coperniq_id", flat=True))
    return [row for row in rows if row.id not in linked]


def _is_pulled_by_itself(ctx: SyncContext, source: QuickBooksPayment, invoice: RecordLink) -> bool:
    """An older payment is pulled only with its invoice."""
    made_while_off = was_made_while_off(ctx, source.created_at, ctx.quickbooks.clock_offset)
    return invoice.match_method == RecordLink.MatchMethod.PULLED or not made_while_off


def _open_creates(ctx: SyncContext, payment_id: str, invoice_id: str) -> bool:
    """Whether the response to a create of it in Coperniq is not stored."""
    creates = RemoteWrite.objects.open().filter(
        connection=ctx.connection, vendor=Vendor.COPERNIQ, kind=Kind.PAYMENT, operation="create"
    )
    return creates.filter(quickbooks_id=payment_id, allocation_invoice_id=invoice_id).exists()
