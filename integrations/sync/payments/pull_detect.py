"""Which linked invoices a QuickBooks payment pays."""

from __future__ import annotations

from collections.abc import Iterable

from integrations.errors import RecordMissing, Skipped
from integrations.models import (
    Action,
    ExternalPayment,
    InboundEvent,
    Kind,
    RecordLink,
    RunState,
    SyncLogEntry,
    SyncRun,
)
from integrations.quickbooks.bodies import money
from integrations.quickbooks.documents import QuickBooksPayment
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.correlation_tag import tagged_coperniq_id
from integrations.sync.engine.plan import RunResult, nothing_to_do
from integrations.sync.invoices.eligibility import refuse_while_off
from integrations.sync.payments.external import record_external_payments

CREDIT = "credit_applied"


def detect(ctx: SyncContext, run: SyncRun) -> RunResult:
    """Reads the payment once; the allocations' own runs take it from memory."""
    refuse_while_off(ctx.settings)
    links = list(links_of(ctx, run.quickbooks_id))
    payment = read_payment_or_none(ctx, run.quickbooks_id)
    if payment is None:
        ExternalPayment.objects.filter(connection=ctx.connection, quickbooks_id=run.quickbooks_id).delete()
        asks = [pull_run(ctx, run.event, run.quickbooks_id, link.quickbooks_part, link) for link in links]
        asks = [asked for asked in asks if not was_pull_discarded(asked, None)]
        return nothing_to_do("It is not in QuickBooks any more.", silent=True, asks=asks)
    run.record_name = f"Payment of ${money(payment.total_cents):,}"
    skip_portals_own(ctx, payment, links)
    record_external_payments(ctx.connection, [payment])
    if is_credit_only(payment) and not links:
        return credits_applied(ctx, run, payment)
    asks = [
        pull_run(ctx, run.event, payment.id, invoice.quickbooks_id, invoice)
        for invoice in invoices_of(ctx, payment)
    ]
    known = {asked.quickbooks_part for asked in asks}
    asks += [
        pull_run(ctx, run.event, payment.id, link.quickbooks_part, link)
        for link in links
        if link.quickbooks_part not in known
    ]
    asks = [asked for asked in asks if not was_pull_discarded(asked, payment)]
    return nothing_to_do("It was looked at what this payment pays.", silent=True, asks=asks)


def was_pull_discarded(asked: SyncRun, payment: QuickBooksPayment | None) -> bool:
    """A person has left this very version alone; None is no version at all."""
    runs = SyncRun.objects.filter(connection=asked.connection, action=asked.action)
    same = runs.filter(quickbooks_id=asked.quickbooks_id, quickbooks_part=asked.quickbooks_part)
    latest = same.select_related("event").order_by("-id").first()
    if latest is None or latest.state != RunState.CANCELLED:
        return False
    seen_at = latest.event.occurred_at if latest.event is not None else None
    if payment is None or payment.updated_at is None or seen_at is None:
        return payment is None
    return payment.updated_at <= seen_at


def links_of(ctx: SyncContext, payment_id: str) -> Iterable[RecordLink]:
    return RecordLink.objects.of(ctx.connection, Kind.PAYMENT).filter(quickbooks_id=payment_id)


def read_payment_or_none(ctx: SyncContext, payment_id: str) -> QuickBooksPayment | None:
    try:
        payment = ctx.quickbooks.read_payment(payment_id)
    except RecordMissing:
        payment = None
    ctx.cache_set(("QuickBooks payment", payment_id), (payment,))
    return payment


def cached_payment(ctx: SyncContext, payment_id: str) -> QuickBooksPayment | None:
    """As it was noticed a moment ago, else as it is now."""
    known = ctx.cache_get(("QuickBooks payment", payment_id))
    if isinstance(known, tuple) and known:
        found = known[0]
        return found if isinstance(found, QuickBooksPayment) else None
    return read_payment_or_none(ctx, payment_id)


def skip_portals_own(ctx: SyncContext, payment: QuickBooksPayment, links: list[RecordLink]) -> None:
    """One that bears our mark was made by the portal; not linked yet, its own run will link it."""
    if not links and tagged_coperniq_id(ctx.connection.realm_id, Kind.PAYMENT, payment.note):
        raise Skipped("made_by_portal", "The portal made it itself, and links it.", silent=True)


def invoices_of(ctx: SyncContext, payment: QuickBooksPayment) -> list[RecordLink]:
    """The linked invoices it pays, whoever the payer is: a parent pays for its jobs."""
    paid = [line.txn_id for line in payment.lines if line.txn_type == "Invoice"]
    links = RecordLink.objects.of(ctx.connection, Kind.INVOICE).filter(quickbooks_id__in=paid)
    found = {link.quickbooks_id: link for link in links}
    return [found[id_] for id_ in dict.fromkeys(paid) if id_ in found]


def is_credit_only(payment: QuickBooksPayment) -> bool:
    return payment.total_cents == 0 and not payment.is_voided


def credits_applied(ctx: SyncContext, run: SyncRun, payment: QuickBooksPayment) -> RunResult:
    """No money came in, so none is booked; people are told why the balance is lower."""
    applied = [(link, payment.applied_to(link.quickbooks_id)) for link in invoices_of(ctx, payment)]
    if not applied:
        return nothing_to_do("It pays no invoice that is linked.", silent=True)
    told = ", ".join(f"${money(cents):,} on invoice {link.display_number}" for link, cents in applied)
    sentence = (
        f"A credit was put on in QuickBooks: {told}. No money came in, so Coperniq gets no payment; there the balance "
        "stays higher by it."
    )
    entries = SyncLogEntry.objects.filter(company=ctx.connection.company_id, quickbooks_id=payment.id)
    said = entries.filter(connection=ctx.connection, cause=CREDIT, sentence=sentence).exists()
    return nothing_to_do(sentence, cause=CREDIT, record_name=run.record_name, silent=said)


def pull_run(
    ctx: SyncContext, event: InboundEvent | None, payment_id: str, part: str, of: RecordLink
) -> SyncRun:
    """`of`: the invoice that is paid, or the link of the payment."""
    return SyncRun.of(
        ctx.connection,
        Action.PULL_PAYMENT,
        quickbooks_id=payment_id,
        quickbooks_part=part,
        coperniq_parent_id=of.coperniq_id if of.kind == Kind.INVOICE else of.coperniq_parent_id,
        coperniq_account_id=of.coperniq_account_id,
        event=event,
    )
