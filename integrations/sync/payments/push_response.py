"""Response handler for payments created or updated in QuickBooks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from integrations.errors import RecordMissing
from integrations.messages import Message
from integrations.messages.payments import PaymentMessage
from integrations.models import Action, Kind, RecordLink, RemoteWrite, SyncRun
from integrations.models.snapshots import QuickBooksPaymentSnapshot
from integrations.models.sync_state import PaymentState
from integrations.quickbooks.bodies import money
from integrations.quickbooks.documents import QuickBooksPayment, parse_quickbooks_payment
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.lost_writes import sent_not_before, unlinked_with_tag
from integrations.sync.engine.plan import AnsweredWrite, Change, RunResult, done
from integrations.sync.engine.responses import WriteResponse, link_for_write, load_body
from integrations.sync.invoices.concurrent_edits import written_version
from integrations.sync.payments.external import with_payment_applied
from integrations.sync.payments.mapping import quickbooks_payment_name, quickbooks_payment_snapshot

_DONE_MESSAGES = {
    "create": PaymentMessage.RECORDED_IN_QUICKBOOKS,
    "update": PaymentMessage.CORRECTED_IN_QUICKBOOKS,
    RecordLink.MatchMethod.ADOPTED: PaymentMessage.FOUND_IN_QUICKBOOKS,
}


@dataclass(frozen=True)
class _SentPayment:
    """The body that was sent. `applied_cents` is by id of the QuickBooks invoice; `version` is "" of a create."""

    version: str
    total_cents: int
    on: str
    customer_id: str
    applied_cents: Mapping[str, int]


def _read_sent(body: str) -> _SentPayment:
    sent = load_body(body)
    applied: dict[str, int] = {}
    for line in sent.get("Line", ()):
        invoice_id = line["LinkedTxn"][0]["TxnId"]
        applied[invoice_id] = applied.get(invoice_id, 0) + int(line["Amount"] * 100)
    return _SentPayment(
        version=str(sent.get("SyncToken", "")),
        total_cents=int(sent["TotalAmt"] * 100),
        on=sent["TxnDate"],
        customer_id=sent["CustomerRef"]["value"],
        applied_cents=applied,
    )


def read(record: Mapping[str, object]) -> QuickBooksPayment:
    return parse_quickbooks_payment(record)


def on_response(ctx: SyncContext, write: RemoteWrite, sent: WriteResponse, body: str) -> RunResult:
    payment = sent.record
    assert isinstance(payment, QuickBooksPayment)  # what read() above returns
    link = link_for_write(ctx, write)
    is_new = link.pk is None
    if write.operation == "create" and not is_new:  # in place of one that was voided or deleted
        link.quickbooks_payment, link.match_method = QuickBooksPaymentSnapshot(), write.match_method
        link.allocation_invoice_id = write.allocation_invoice_id
    before = link.quickbooks_payment.applied
    _update_payment_link(link, write, payment)
    if write.operation == "void":
        return _voided(ctx, write, link, payment, sent, before)
    applied = link.quickbooks_payment.applied
    body_sent = _read_sent(body)
    edited = _was_edited(write, link, sent, body_sent)
    if edited:
        _reset_to_sent(write, link, body_sent)
    wanted = body_sent.applied_cents.get(link.allocation_invoice_id, 0)
    missing = wanted - link.quickbooks_payment.applied
    again = (
        missing > 0 and write.operation == "create" and write.match_method != RecordLink.MatchMethod.ADOPTED
    )
    link.payment_state = replace(link.payment_state, needs_applying=again)
    template = _DONE_MESSAGES.get(write.match_method, _DONE_MESSAGES[write.operation])
    message = template(payment=link.coperniq_name)
    if is_new and write.operation == "update":
        message = PaymentMessage.APPLIED(payment=link.coperniq_name, date=f"{payment.on:%B %-d, %Y}")
    return done(
        message,
        [*write.warnings, *(() if again else _not_applied_warning(missing))],
        changes=[Change(**change) for change in write.changes],
        quickbooks_id=payment.id,
        record_name=link.coperniq_name,
        intuit_tid=sent.intuit_tid,
        link=link,
        other_links=_update_balance(ctx, link, applied - before),
        answered=AnsweredWrite(write, payment.id, payment.sync_token, sent.intuit_tid),
        again=again,
        asks=[SyncRun.of(ctx.connection, Action.PULL_PAYMENT, link)] if edited else (),
    )


def _voided(
    ctx: SyncContext,
    write: RemoteWrite,
    link: RecordLink,
    payment: QuickBooksPayment,
    sent: WriteResponse,
    applied_before: int,
) -> RunResult:
    return done(
        PaymentMessage.VOIDED_IN_QUICKBOOKS(payment=link.coperniq_name),
        changes=[Change(**change) for change in write.changes],
        quickbooks_id=payment.id,
        record_name=link.coperniq_name,
        intuit_tid=sent.intuit_tid,
        link=link,
        other_links=_update_balance(ctx, link, -applied_before),
        answered=AnsweredWrite(write, payment.id, payment.sync_token, sent.intuit_tid),
    )


def _was_edited(write: RemoteWrite, link: RecordLink, sent: WriteResponse, body: _SentPayment) -> bool:
    """Whether the payment was recovered after a lost response, in a later version than the portal wrote.

    Never of a share: the body that was sent does not state how much of the payment is on this invoice.
    """
    later = link.quickbooks_version != written_version(write, body.version)
    return sent.looked_for and later and not link.payment_state.is_share


def _reset_to_sent(write: RemoteWrite, link: RecordLink, sent: _SentPayment) -> None:
    """Sets the snapshot to what was sent, so that edits made since are detected."""
    applied = sent.applied_cents.get(link.allocation_invoice_id, 0)
    link.quickbooks_payment = replace(
        link.quickbooks_payment,
        amount=sent.total_cents,
        on=sent.on,
        applied=applied,
        cash=applied,
        voided=False,
    )
    link.quickbooks_version, link.quickbooks_at = written_version(write, sent.version), None


def _update_payment_link(link: RecordLink, write: RemoteWrite, payment: QuickBooksPayment) -> None:
    link.quickbooks_id = payment.id
    link.quickbooks_name = quickbooks_payment_name(payment)
    link.quickbooks_version, link.quickbooks_at = payment.sync_token, payment.updated_at
    link.allocation_invoice_id = link.allocation_invoice_id or write.allocation_invoice_id
    share = link.payment_state.is_share
    link.quickbooks_payment = quickbooks_payment_snapshot(payment, link.allocation_invoice_id, share=share)


def _not_applied_warning(missing_cents: int) -> tuple[Message, ...]:
    """QuickBooks does not document what it does with a line it cannot use: it may leave the line out.

    See docs/vendors/quickbooks-online.md, 6.
    """
    return (PaymentMessage.NOT_APPLIED(amount=money(missing_cents)),) if missing_cents > 0 else ()


def _update_balance(ctx: SyncContext, link: RecordLink, applied_cents: int) -> list[RecordLink]:
    """The paid invoice's link with its new balance, so that the next payment need not read the invoice."""
    links = RecordLink.objects.of(ctx.connection, Kind.INVOICE)
    invoices = list(links.filter(coperniq_id=link.coperniq_parent_id))
    for invoice in invoices:
        with_payment_applied(invoice, link.quickbooks_id, applied_cents)
        invoice.quickbooks_invoice = replace(invoice.quickbooks_invoice, paid_since=True)
    return invoices


def find_lost_write(ctx: SyncContext, write: RemoteWrite, body: str) -> WriteResponse | None:
    if write.operation == "create":
        return _find_created_payment(ctx, write, _read_sent(body))
    try:
        current = ctx.quickbooks.read_payment(write.quickbooks_id)
    except RecordMissing:
        return None
    if write.operation == "void":
        return WriteResponse(current, "") if current.is_voided else None
    wanted = _read_sent(body)
    same = (current.total_cents, current.on.isoformat()) == (wanted.total_cents, wanted.on)
    link = RecordLink.objects.pushed(ctx.connection, write.kind, write.coperniq_id)
    if link is None:
        same = all(current.applied_to(id_) >= cents for id_, cents in wanted.applied_cents.items())
    elif write.sync_state is not None and PaymentState.from_json(write.sync_state).is_share:
        ours = link.allocation_invoice_id
        same = same and current.applied_to(ours) == wanted.applied_cents.get(ours, 0)
    return WriteResponse(current, "", True) if same else None


def _find_created_payment(ctx: SyncContext, write: RemoteWrite, wanted: _SentPayment) -> WriteResponse | None:
    """Searches by customer and amount, then, if people have changed these since, by the time of the write."""
    as_sent = ctx.quickbooks.find_payments(wanted.customer_id, wanted.total_cents)
    found = unlinked_with_tag(ctx, write, as_sent)
    if not found:
        since = sent_not_before(write, ctx.quickbooks.clock_offset)
        found = unlinked_with_tag(ctx, write, ctx.quickbooks.list_payments_changed(since))
    if not found:
        return None
    write.match_method = RecordLink.MatchMethod.ADOPTED
    return WriteResponse(found[0], "", True)
