"""Payments of which an amount is not applied, once their invoice has an open balance again, or exists again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from django.db.models import Q

from integrations.models import Action, Kind, RecordLink, RemoteWrite, SyncRun
from integrations.quickbooks.documents import QuickBooksInvoice
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.follow_ups import RequeuedRuns


def payments_with_unapplied_money(
    ctx: SyncContext, write: RemoteWrite, invoice: QuickBooksInvoice | None
) -> list[RecordLink]:
    """Payments of this invoice that QuickBooks could not fully apply, or whose invoice was deleted there.

    Their links are marked, and name the invoice that was created again.
    """
    if write.operation not in ("create", "update") or invoice is None or invoice.balance_cents <= 0:
        return []
    links = RecordLink.objects.of(ctx.connection, Kind.PAYMENT).filter(coperniq_parent_id=write.coperniq_id)
    if write.operation == "create":
        return relinked_payments(ctx, write.coperniq_id, invoice)
    unapplied = [link for link in links if _is_partly_unapplied(link)]
    for link in unapplied:
        link.payment_state = replace(link.payment_state, needs_applying=True)
    return unapplied


def relinked_payments(ctx: SyncContext, coperniq_id: str, invoice: QuickBooksInvoice) -> list[RecordLink]:
    """Payments of an invoice that is another one in QuickBooks now. Money that a person has left unapplied stays so.

    Without those that have ended in QuickBooks as well: there is nothing to apply, and people are asked about them.
    """
    links = RecordLink.objects.of(ctx.connection, Kind.PAYMENT).filter(coperniq_parent_id=coperniq_id)
    held = SyncRun.objects.held().filter(connection=ctx.connection, action=Action.PULL_PAYMENT)
    ended = held.filter(message_parameters__now__in=("deleted", "voided")).values("quickbooks_id")
    payments = list(links.exclude(quickbooks_id__in=ended).order_by("pk"))
    for link in payments:
        link.allocation_invoice_id = invoice.id
        if not link.payment_state.ended:
            link.payment_state = replace(link.payment_state, needs_applying=True)
    return payments


def _is_partly_unapplied(link: RecordLink) -> bool:
    snapshot = link.quickbooks_payment
    is_final = snapshot.voided or snapshot.deposited or link.payment_state.is_share
    return not is_final and snapshot.applied < snapshot.amount


def questions_about(
    ctx: SyncContext, coperniq_id: str, payments: Iterable[RecordLink]
) -> tuple[RequeuedRuns, ...]:
    """Held runs of payments that could not be applied, or were not applied any more, while their invoice was gone.

    `coperniq_id` is the invoice's, `payments` are its linked ones.
    """
    held = SyncRun.objects.held().filter(connection=ctx.connection)
    pulls = Q(action=Action.PULL_PAYMENT, quickbooks_id__in=[link.quickbooks_id for link in payments])
    pushes = Q(action=Action.PUSH_PAYMENT, coperniq_parent_id=coperniq_id)
    ids = tuple(held.filter(pulls | pushes).values_list("pk", flat=True))
    return (RequeuedRuns(ids),) if ids else ()


def runs_that_apply(ctx: SyncContext, payments: Iterable[RecordLink]) -> list[SyncRun]:
    active = (link for link in payments if link.payment_state.needs_applying)
    return [SyncRun.of(ctx.connection, Action.PUSH_PAYMENT, link) for link in active]
