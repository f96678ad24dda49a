"""Which linked invoices a QuickBooks payment pays."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Q
from django.utils import timezone

from integrations.causes import Cause
from integrations.errors import BlockedBy, RecordMissing, Skipped
from integrations.messages.payments import PaymentMessage
from integrations.models import (
    Action,
    ExternalPayment,
    Kind,
    Outcome,
    RecordLink,
    RemoteWrite,
    RunState,
    SyncLogEntry,
    SyncRun,
    Vendor,
)
from integrations.models.run_querysets import SyncRunQuerySet
from integrations.quickbooks.bodies import money
from integrations.quickbooks.documents import FIRST_VERSION, QuickBooksPayment, is_later_version
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.correlation_tag import tagged_coperniq_id
from integrations.sync.engine.follow_ups import requeue
from integrations.sync.engine.plan import Change, RunResult, nothing_to_do
from integrations.sync.invoices.eligibility import wait_while_off
from integrations.sync.payments.duplicates import refuse_second_of_number
from integrations.sync.payments.external import record_external_payments
from integrations.sync.payments.mapping import quickbooks_payment_name
from integrations.sync.payments.open_amounts import comparison_of


@dataclass(frozen=True)
class _LookedAt:
    """What a run knew when it looked at a payment. It looks again, or others do, if that was too early.

    `not_linked` are invoices that the payment pays, and `invoices` those that runs are asked for. An invoice or the
    payment itself may be about to be linked by another run: then that run goes on with what has changed meanwhile.
    Links, too, are stored in transactions of the company's owner, so one of the two sees the other.
    """

    run: SyncRun
    not_linked: frozenset[str]
    invoices: frozenset[str]

    def store(self) -> None:
        run, payment = self.run, Q(quickbooks_id=self.run.quickbooks_id)
        payment &= ~Q(allocation_invoice_id__in=self.invoices)
        invoices = Q(quickbooks_id__in=self.not_linked)
        late = Q(kind=Kind.PAYMENT) & payment | Q(kind=Kind.INVOICE) & invoices
        if RecordLink.objects.filter(late, connection=run.connection_id).exists():
            SyncRun.objects.request(run)
        linking = Q(action=Action.PULL_PAYMENT) & payment | Q(action=Action.PULL_INVOICE) & invoices
        SyncRun.objects.request_all(
            list(SyncRun.objects.unfinished().filter(linking, connection=run.connection_id))
        )


def detect(ctx: SyncContext, run: SyncRun) -> RunResult:
    """Asks for a run for each allocation to a linked invoice. They find the payment read here in the context's cache."""
    wait_while_off(ctx.settings)
    began_at = timezone.now()
    payment = read_payment_or_none(ctx, run.quickbooks_id)
    run.read_version = payment.sync_token if payment is not None else ""
    links = list(RecordLink.objects.of(ctx.connection, Kind.PAYMENT).filter(quickbooks_id=run.quickbooks_id))
    linked = _linked_invoices(ctx, payment)
    records = {invoice.quickbooks_id: invoice for invoice in linked}
    records |= {
        link.allocation_invoice_id: link for link in links if link.allocation_invoice_id not in records
    }
    not_linked = frozenset(_invoices_paid(payment)) - records.keys()
    again = SyncRun.of(
        ctx.connection,
        Action.NOTICE_ALLOCATIONS,
        quickbooks_id=run.quickbooks_id,
        coperniq_account_id=run.coperniq_account_id,
        event=run.event,
    )
    ctx.follow_ups.append(_LookedAt(again, not_linked, frozenset(records)))
    requeue(ctx.follow_ups, _questions_about(ctx, run.quickbooks_id))
    runs = [_pull_run(ctx, run, invoice_id, record) for invoice_id, record in records.items()]
    runs = [each for each in runs if not _was_pull_discarded(each, payment)]
    changed = {link.allocation_invoice_id for link in links if _is_other_amount(link, payment)}
    runs += [comparison_of(each, run.event) for each in _invoice_links(ctx, changed)]
    if payment is None:
        ExternalPayment.objects.filter(connection=ctx.connection, quickbooks_id=run.quickbooks_id).delete()
        return nothing_to_do(PaymentMessage.DELETED_IN_QUICKBOOKS(), silent=True, asks=runs)
    run.record_name = quickbooks_payment_name(payment)
    if not links:
        _refuse_own(ctx, payment)
    record_external_payments(ctx.connection, [payment], began_at)
    if not records and payment.unapplied_cents > 0:
        refuse_second_of_number(ctx, payment, {payment.unapplied_cents, payment.total_cents})
    if payment.total_cents == 0 and not payment.is_voided and not links:
        return _report_credits(ctx, run, payment)
    coperniq_id = _own_invoice_without_link(ctx, not_linked)
    if coperniq_id:
        message = PaymentMessage.WAITS_FOR_INVOICE_LINK()
        waits_for = (Kind.INVOICE, coperniq_id)
        return RunResult(
            RunState.WAITING, Outcome.WAITING, message.text, message.cause, asks=runs, waits_for=waits_for
        )
    return nothing_to_do(PaymentMessage.ALLOCATIONS_READ(), silent=True, asks=runs)


def _is_other_amount(link: RecordLink, payment: QuickBooksPayment | None) -> bool:
    """Whether it pays more or less of its invoice than when it was read last."""
    applied = payment.applied_to(link.allocation_invoice_id) if payment is not None else 0
    return applied != link.quickbooks_payment.applied


def _refuse_own(ctx: SyncContext, payment: QuickBooksPayment) -> None:
    """Raises Skipped for a payment that the portal made: its own run links it.

    Raises BlockedBy if people have changed it already, which the answer to the portal's write does not say.
    """
    coperniq_id = tagged_coperniq_id(ctx.connection.realm_id, Kind.PAYMENT, payment.note)
    if not coperniq_id:
        return
    if payment.sync_token != FIRST_VERSION and coperniq_id in _being_created(ctx, Kind.PAYMENT):
        raise BlockedBy(PaymentMessage.WAITS_FOR_OWN_LINK(), kind=Kind.PAYMENT, coperniq_id=coperniq_id)
    raise Skipped(PaymentMessage.MADE_BY_PORTAL(), silent=True)


def _being_created(ctx: SyncContext, kind: Kind) -> set[str]:
    """Coperniq ids of the records that the portal is creating in QuickBooks: the answer is not stored yet."""
    writes = RemoteWrite.objects.open().filter(connection=ctx.connection, vendor=Vendor.QUICKBOOKS, kind=kind)
    return set(writes.filter(operation="create", shared_entry_name="").values_list("coperniq_id", flat=True))


def _own_invoice_without_link(ctx: SyncContext, invoice_ids: Iterable[str]) -> str:
    """Coperniq's id of one of these invoices that the portal is creating, else "". Mostly it is creating none."""
    created = _being_created(ctx, Kind.INVOICE) if invoice_ids else set()
    if not created:
        return ""
    for invoice_id in sorted(invoice_ids):
        try:
            note = ctx.quickbooks.read_invoice(invoice_id).note
        except RecordMissing:
            continue
        coperniq_id = tagged_coperniq_id(ctx.connection.realm_id, Kind.INVOICE, note)
        if coperniq_id in created:
            return coperniq_id
    return ""


def _questions_about(ctx: SyncContext, payment_id: str) -> SyncRunQuerySet:
    """Those whether this payment is the same as another: where its money is may have changed."""
    held = SyncRun.objects.held().filter(connection=ctx.connection, cause=Cause.PROBABLY_SAME_PAYMENT)
    keys = {f"{verb}:{payment_id}" for verb in ("link", "apply", "move")}
    pushes = held.filter(action=Action.PUSH_PAYMENT)
    asking = [run.pk for run in pushes if keys & {choice["key"] for choice in run.choices}]
    return held.filter(Q(pk__in=asking) | Q(action=Action.PULL_PAYMENT, quickbooks_id=payment_id))


def _was_pull_discarded(run: SyncRun, payment: QuickBooksPayment | None) -> bool:
    """Whether a person has left this version of the payment as it is. `payment` is None if it was deleted."""
    runs = SyncRun.objects.filter(connection=run.connection, action=run.action)
    same = runs.filter(quickbooks_id=run.quickbooks_id, allocation_invoice_id=run.allocation_invoice_id)
    latest = same.order_by("-id").first()
    if latest is None or latest.state != RunState.CANCELLED:
        return False
    if payment is None or not latest.read_version:
        return payment is None and not latest.read_version
    return not is_later_version(payment.sync_token, latest.read_version)


def read_payment_or_none(ctx: SyncContext, payment_id: str) -> QuickBooksPayment | None:
    try:
        payment = ctx.quickbooks.read_payment(payment_id)
    except RecordMissing:
        payment = None
    ctx.cache_set(("QuickBooks payment", payment_id), (payment,))
    return payment


def cached_payment(ctx: SyncContext, payment_id: str) -> QuickBooksPayment | None:
    """As detection read it a moment ago, else as it is now."""
    known = ctx.cache_get(("QuickBooks payment", payment_id))
    if isinstance(known, tuple) and known:
        found = known[0]
        return found if isinstance(found, QuickBooksPayment) else None
    return read_payment_or_none(ctx, payment_id)


def _invoices_paid(payment: QuickBooksPayment | None) -> list[str]:
    lines = payment.lines if payment is not None else ()
    return [line.txn_id for line in lines if line.txn_type == "Invoice"]


def _linked_invoices(ctx: SyncContext, payment: QuickBooksPayment | None) -> list[RecordLink]:
    """The linked invoices it pays, of any customer: a parent customer pays for its jobs."""
    paid = _invoices_paid(payment)
    found = {link.quickbooks_id: link for link in _invoice_links(ctx, paid)}
    return [found[id_] for id_ in dict.fromkeys(paid) if id_ in found]


def _invoice_links(ctx: SyncContext, quickbooks_ids: Iterable[str]) -> list[RecordLink]:
    links = RecordLink.objects.of(ctx.connection, Kind.INVOICE).select_related("connection")
    return list(links.filter(quickbooks_id__in=quickbooks_ids))


def _report_credits(ctx: SyncContext, run: SyncRun, payment: QuickBooksPayment) -> RunResult:
    """Logs once, for each set of applied amounts, why the balance is lower in QuickBooks. Nothing is pulled."""
    applied = [
        (link.display_number, f"${money(payment.applied_to(link.quickbooks_id)):,}")
        for link in _linked_invoices(ctx, payment)
    ]
    if not applied:
        return nothing_to_do(PaymentMessage.NO_LINKED_INVOICE(), silent=True)
    message = PaymentMessage.CREDIT_APPLIED(
        credits=", ".join(f"{amount} on invoice {number}" for number, amount in applied)
    )
    changes = [Change(f"Credit on invoice {number}", "", amount) for number, amount in applied]
    logged = SyncLogEntry.objects.filter(
        company=ctx.connection.company_id,
        connection=ctx.connection,
        cause=message.cause,
        quickbooks_id=payment.id,
        changes=[change.as_dict() for change in changes],
    )
    is_known = logged.exists()
    asks = [] if is_known else [comparison_of(link, run.event) for link in _linked_invoices(ctx, payment)]
    return nothing_to_do(message, changes=changes, record_name=run.record_name, silent=is_known, asks=asks)


def _pull_run(ctx: SyncContext, run: SyncRun, invoice_id: str, record: RecordLink) -> SyncRun:
    """`record` is the link of the invoice that is paid, or of the payment."""
    return SyncRun.of(
        ctx.connection,
        Action.PULL_PAYMENT,
        quickbooks_id=run.quickbooks_id,
        allocation_invoice_id=invoice_id,
        coperniq_parent_id=record.coperniq_id if record.kind == Kind.INVOICE else record.coperniq_parent_id,
        coperniq_account_id=record.coperniq_account_id,
        event=run.event,
    )
