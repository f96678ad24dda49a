"""Linked invoices whose record on one side is gone: a person may have typed the same bill there again.

Whether it is gone is read from the vendor, and only if something says that it may be.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from django.db.models import Q

from integrations.causes import Cause
from integrations.coperniq.money import CoperniqInvoice
from integrations.errors import RecordMissing, UnexpectedShape
from integrations.models import Action, InboundEvent, Kind, RecordLink, SyncRun
from integrations.models.enums import OPEN
from integrations.quickbooks.documents import QuickBooksInvoice
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.follow_ups import requeue
from integrations.sync.engine.plan import Plan
from integrations.sync.invoices.unapplied import questions_about, relinked_payments, runs_that_apply

_GONE_CAUSES = (
    Cause.QUICKBOOKS_INVOICE_DELETED,
    Cause.QUICKBOOKS_INVOICE_MISSING,
    Cause.QUICKBOOKS_INVOICE_VOIDED,
    Cause.ENDED_BUT_PAID,
)
_QUESTIONS = (Cause.PROBABLY_SAME_INVOICE, Cause.CHOICE_GONE)
_CANDIDATES_READ = 5


@dataclass(frozen=True)
class ForgottenLinks:
    """Links of payments that are gone in Coperniq with their invoice: those in QuickBooks are brought over anew."""

    ids: tuple[int, ...]

    def store(self) -> None:
        RecordLink.objects.filter(pk__in=self.ids).delete()


def gone_in_quickbooks(ctx: SyncContext, links: Sequence[RecordLink], number: str) -> list[RecordLink]:
    """Those of `links` whose QuickBooks invoice was deleted or voided. One with this `number` would be taken twice."""
    doubtful = [link for link in links if _may_be_gone_in_quickbooks(ctx, link, number)]
    return [link for link in doubtful[:_CANDIDATES_READ] if not _stands_in_quickbooks(ctx, link)]


def _may_be_gone_in_quickbooks(ctx: SyncContext, link: RecordLink, number: str) -> bool:
    before, state = link.quickbooks_invoice, link.invoice_state
    if before.voided or before.deleted or state.ended or state.create_again:
        return True
    if number and number == link.number:
        return True
    runs = SyncRun.objects.filter(connection=ctx.connection, kind=Kind.INVOICE)
    pulls = Q(action=Action.PULL_INVOICE, quickbooks_id=link.quickbooks_id)
    asked = runs.filter(pulls | Q(action=Action.PUSH_INVOICE, coperniq_id=link.coperniq_id))
    if asked.filter(Q(cause__in=_GONE_CAUSES) | Q(pulls, state__in=OPEN)).exists():
        return True
    events = InboundEvent.objects.unplanned().filter(company=ctx.connection.company_id, record_type="invoice")
    return events.filter(record_id=link.quickbooks_id).exists()


def _stands_in_quickbooks(ctx: SyncContext, link: RecordLink) -> bool:
    try:
        return not ctx.quickbooks.read_invoice(link.quickbooks_id).is_voided
    except RecordMissing:
        return False


def gone_in_coperniq(
    ctx: SyncContext, invoice: CoperniqInvoice, on: date, window: timedelta, customer_ids: set[str]
) -> list[RecordLink]:
    """Links of the same account and total, dated within the window, whose Coperniq invoice is not there any more."""
    links = RecordLink.objects.of(ctx.connection, Kind.INVOICE).exclude(coperniq_id=invoice.id)
    same = links.filter(coperniq_account_id=invoice.account_id, amount_cents=invoice.total_cents)
    near = [link for link in same.order_by("pk") if _is_near(link, on, window, customer_ids)]
    absent = [link for link in near if link.coperniq_id not in _listed_ids(ctx, link, invoice.id)]
    return [link for link in absent[:_CANDIDATES_READ] if is_gone_in_coperniq(ctx, link)]


def _is_near(link: RecordLink, on: date, window: timedelta, customer_ids: set[str]) -> bool:
    """Also whether it stands in QuickBooks as far as is known."""
    before = link.quickbooks_invoice
    if link.invoice_state.ended or before.voided or before.deleted or before.customer not in customer_ids:
        return False
    return bool(before.on) and abs(date.fromisoformat(before.on) - on) <= window


def _listed_ids(ctx: SyncContext, link: RecordLink, newest_id: str) -> set[str]:
    """Ids of the invoices of its project or account. A list that has the newest one is kept for the next runs."""
    before = link.coperniq_invoice
    record_id, account_id = before.record_id or link.coperniq_account_id, link.coperniq_account_id
    key = ("invoices", record_id)
    known = ctx.cache_get(key)
    if isinstance(known, set) and newest_id in known:
        return known
    try:
        listed = ctx.coperniq.list_invoices_of(
            "accounts" if record_id == account_id else "projects", record_id
        )
    except RecordMissing:
        listed = []
    found = {row.id for row in listed}
    ctx.cache_set(key, found)
    return found


def is_gone_in_coperniq(ctx: SyncContext, link: RecordLink) -> bool:
    try:
        ctx.coperniq.read_invoice(link.coperniq_id)
    except RecordMissing:
        return True
    except UnexpectedShape:
        pass
    return False


def with_payments_in_quickbooks(ctx: SyncContext, planned: Plan, coperniq_id: str) -> Plan:
    """The plan that links an invoice typed again in Coperniq, with the payments of the one it replaces.

    Each goes on as the one of its amount that was typed again with the invoice; without one it is brought over.
    """
    assert planned.replaces is not None
    links = RecordLink.objects.of(ctx.connection, Kind.PAYMENT).order_by("pk")
    before = list(links.filter(coperniq_parent_id=planned.replaces.coperniq_id))
    typed = list(ctx.coperniq.list_payments(coperniq_id)) if before else []
    kept, forgotten = [], []
    for link in before:
        same = next((row for row in typed if row.amount_cents == link.coperniq_payment.amount), None)
        if same is None:
            forgotten.append(link)
        else:
            typed.remove(same)
            link.coperniq_id, link.coperniq_parent_id = same.id, coperniq_id
            kept.append(link)
    pulls = [
        SyncRun.of(
            ctx.connection,
            Action.PULL_PAYMENT,
            quickbooks_id=link.quickbooks_id,
            allocation_invoice_id=planned.quickbooks_id,
            coperniq_parent_id=coperniq_id,
            coperniq_account_id=link.coperniq_account_id,
        )
        for link in forgotten
    ]
    return replace(
        planned,
        other_links=tuple(kept),
        with_link=(ForgottenLinks(tuple(link.pk for link in forgotten)),),
        asks=(*planned.asks, *pulls),
    )


def with_payments_in_coperniq(
    ctx: SyncContext, planned: Plan, coperniq_id: str, current: QuickBooksInvoice
) -> Plan:
    """The plan that links an invoice to `current`, with its payments, if another one was linked to it before."""
    if RecordLink.objects.pushed(ctx.connection, Kind.INVOICE, coperniq_id) is None:
        return planned
    payments = relinked_payments(ctx, coperniq_id, current)
    ctx.follow_ups += questions_about(ctx, coperniq_id, payments)
    return replace(
        planned, other_links=tuple(payments), asks=(*planned.asks, *runs_that_apply(ctx, payments))
    )


def ask_again(ctx: SyncContext, run: SyncRun, account_id: str) -> None:
    """Plan the account's questions about the same bill again, because what they ask about has changed."""
    held = SyncRun.objects.held().filter(connection=ctx.connection, kind=Kind.INVOICE, cause__in=_QUESTIONS)
    if account_id:
        requeue(ctx.follow_ups, held.filter(coperniq_account_id=account_id).exclude(pk=run.pk))
