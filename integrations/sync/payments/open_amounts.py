"""Compare what is open of an invoice in QuickBooks and in Coperniq, and say once what a difference is made of.

What is open on either side is known from the answers that runs have in hand anyway. Only if the two differ from what was
said last, both invoices are read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cached_property

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from integrations.coperniq.money import CoperniqInvoice
from integrations.errors import RecordMissing
from integrations.messages import Message
from integrations.messages.payments import OpenMessage
from integrations.models import Action, InboundEvent, Kind, Outcome, RecordLink, RunState, SyncRun
from integrations.quickbooks.bodies import money
from integrations.quickbooks.documents import QuickBooksInvoice, QuickBooksPayment
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.follow_ups import RequestedRun
from integrations.sync.engine.plan import Change, RunResult, nothing_to_do
from integrations.sync.invoices.eligibility import wait_while_off
from integrations.sync.invoices.mapping import with_balance_of
from integrations.sync.invoices.pull_request import allocation_runs
from integrations.sync.invoices.push_void import DECLINED
from integrations.sync.payments.mapping import cash_on

_POSTPONEMENTS = 4


def comparisons_due(run: SyncRun, result: RunResult) -> list[SyncRun]:
    """Comparisons that follow from the result of a run: of its invoices whose known difference is not the one last said.

    While other runs about an invoice are unfinished none is due: the last of them asks for it. A payment that was not
    brought over is on QuickBooks' invoice all the same.
    """
    if run.action == Action.COMPARE_OPEN or result.state == RunState.QUEUED:
        return []
    found = [link for link in (result.link, *result.other_links) if link is not None]
    invoices = [link for link in found if link.kind == Kind.INVOICE]
    invoice_id = run.coperniq_id if run.action == Action.NOTICE_PAYMENTS else run.coperniq_parent_id
    if not invoices and invoice_id:
        link = RecordLink.objects.pushed(run.connection, Kind.INVOICE, invoice_id)
        invoices = [link] if link is not None else []
    is_only_there = run.action == Action.PULL_PAYMENT and not found and run.cause != result.cause
    return [
        comparison_of(link, run.event if is_only_there else None)
        for link in invoices
        if (is_only_there or _known_difference(link) != link.open_difference_cents)
        and not _is_busy(run, link)
    ]


def comparison_of(invoice: RecordLink, event: InboundEvent | None) -> SyncRun:
    """A comparison because of a payment in QuickBooks that the stored balance does not know of."""
    return SyncRun.of(invoice.connection, Action.COMPARE_OPEN, invoice, event=event)


def _known_difference(link: RecordLink) -> int:
    """Open in Coperniq less open in QuickBooks, in cents, by what is stored of both."""
    coperniq, quickbooks = link.coperniq_invoice, link.quickbooks_invoice
    if coperniq.total is None:
        return link.open_difference_cents
    is_over = link.invoice_state.ended or quickbooks.voided or quickbooks.deleted
    if is_over or coperniq.status == DECLINED or coperniq.archived:
        return 0
    return coperniq.total - coperniq.paid - quickbooks.balance


def _is_busy(run: SyncRun, link: RecordLink) -> bool:
    of_invoice = Q(kind=Kind.INVOICE) & (
        Q(coperniq_id=link.coperniq_id) | Q(quickbooks_id=link.quickbooks_id)
    )
    of_payment = Q(coperniq_parent_id=link.coperniq_id) | Q(allocation_invoice_id=link.quickbooks_id)
    looks = Q(action=Action.NOTICE_ALLOCATIONS, quickbooks_id__in=link.quickbooks_invoice.payments)
    others = SyncRun.objects.unfinished().filter(connection=run.connection_id).exclude(pk=run.pk)
    return others.filter(of_invoice | Q(kind=Kind.PAYMENT) & of_payment | looks).exists()


def detect(ctx: SyncContext, run: SyncRun) -> RunResult:
    """Says what is open where, if that differs from what was said last."""
    wait_while_off(ctx.settings)
    link = RecordLink.objects.pulled(ctx.connection, Kind.INVOICE, run.quickbooks_id)
    if link is None or not _is_doubtful(run, link):
        return nothing_to_do(OpenMessage.KNOWN(), silent=True)
    run.record_name, run.coperniq_id = link.coperniq_name, link.coperniq_id
    may_wait = run.attempts <= min(_POSTPONEMENTS, len(settings.RETRY_PAUSES))
    if may_wait and _has_unread_payments(run, link):
        return _postponed(run)
    try:
        current = ctx.quickbooks.read_invoice(link.quickbooks_id)
        invoice = ctx.coperniq.read_invoice(link.coperniq_id)
    except RecordMissing:
        return nothing_to_do(OpenMessage.KNOWN(), silent=True)  # the invoice's own runs ask about its end
    unseen = _unseen_payments(link, current) if may_wait else []
    if unseen:
        looks = allocation_runs(ctx, unseen, link.coperniq_account_id)
        ctx.follow_ups += [RequestedRun(look) for look in looks]
        return _postponed(run)
    if invoice.total_cents != current.total_cents and _is_asked_about(link):
        return nothing_to_do(OpenMessage.KNOWN(), silent=True)  # its card shows both totals
    before = link.open_difference_cents
    amounts = _OpenAmounts(ctx, link, current, invoice)
    _store(link, amounts)
    if amounts.difference == before:
        return nothing_to_do(OpenMessage.KNOWN(), silent=True, link=link)
    return _told(link, amounts)


def _is_asked_about(link: RecordLink) -> bool:
    held = SyncRun.objects.held().filter(connection=link.connection_id, kind=Kind.INVOICE)
    return held.filter(Q(coperniq_id=link.coperniq_id) | Q(quickbooks_id=link.quickbooks_id)).exists()


def _is_doubtful(run: SyncRun, link: RecordLink) -> bool:
    """Whether what is stored is not what was said last, or is not what QuickBooks has reported."""
    if _known_difference(link) != link.open_difference_cents:
        return True
    if run.event is None or run.event.record_type == Kind.PAYMENT:
        return run.event is not None
    return run.event.detail.get("balance") not in (None, link.quickbooks_invoice.balance)


def _has_unread_payments(run: SyncRun, link: RecordLink) -> bool:
    looks = SyncRun.objects.unfinished().filter(
        connection=run.connection_id, action=Action.NOTICE_ALLOCATIONS
    )
    return looks.exists() or _is_busy(run, link)


def _unseen_payments(link: RecordLink, current: QuickBooksInvoice) -> list[str]:
    """Payments on QuickBooks' invoice that nothing has reported yet; the portal itself has met them there."""
    of_connection: dict[str, object] = {
        "connection": link.connection_id,
        "quickbooks_id__in": current.payment_ids,
    }
    known = RecordLink.objects.filter(kind=Kind.PAYMENT, **of_connection).values_list(
        "quickbooks_id", flat=True
    )
    looked_at = SyncRun.objects.filter(kind=Kind.PAYMENT, **of_connection).values_list(
        "quickbooks_id", flat=True
    )
    return sorted(set(current.payment_ids).difference(known, looked_at)) if current.payment_ids else []


def _postponed(run: SyncRun) -> RunResult:
    """What is being done to its payments may be what makes the difference."""
    message = OpenMessage.POSTPONED()
    pause = timedelta(seconds=settings.RETRY_PAUSES[run.attempts - 1])
    return RunResult(
        RunState.QUEUED,
        Outcome.RETRYING,
        message.text,
        message.cause,
        silent=True,
        not_before=timezone.now() + pause,
    )


def _store(link: RecordLink, amounts: _OpenAmounts) -> None:
    link.quickbooks_invoice = with_balance_of(link.quickbooks_invoice, amounts.current)
    link.coperniq_invoice = replace(link.coperniq_invoice, paid=amounts.invoice.paid_cents)
    link.open_difference_cents = amounts.difference


def _told(link: RecordLink, amounts: _OpenAmounts) -> RunResult:
    open_in_coperniq, open_in_quickbooks = amounts.in_coperniq, amounts.current.balance_cents
    texts = {
        "invoice": link.display_number,
        "coperniq": _dollars(open_in_coperniq),
        "quickbooks": _dollars(open_in_quickbooks),
    }
    changes = [
        Change("Open in Coperniq", "", texts["coperniq"]),
        Change("Open in QuickBooks", "", texts["quickbooks"]),
    ]
    if not amounts.difference:
        message = OpenMessage.EQUAL_AGAIN(**texts)
        return _result(Outcome.DONE, message, link, changes)
    parts = amounts.parts()
    message = OpenMessage.DIFFERS(**texts, parts="; ".join(part.text for part in parts))
    changes += [Change(part.name, "", f"${money(abs(part.cents)):,}") for part in parts]
    return _result(Outcome.DONE_WITH_WARNING, message, link, changes)


def _dollars(cents: int) -> str:
    """More is paid than was asked for where this is negative."""
    return f"{'-' if cents < 0 else ''}${money(abs(cents)):,}"


def _result(outcome: Outcome, message: Message, link: RecordLink, changes: Sequence[Change]) -> RunResult:
    return RunResult(
        RunState.DONE,
        outcome,
        message.text,
        message.cause,
        parameters=message.parameters,
        changes=changes,
        link=link,
        record_name=link.coperniq_name,
    )


@dataclass(frozen=True)
class _Part:
    """A part of the difference: `cents` more are open in Coperniq because of it, or less if they are negative."""

    name: str
    cents: int
    text: str


_CREDITS: Mapping[str, OpenMessage] = {
    "CreditMemo": OpenMessage.CREDIT_MEMO,
    "JournalEntry": OpenMessage.JOURNAL_ENTRY,
}


@dataclass(frozen=True)
class _OpenAmounts:
    """Both invoices as they were just read."""

    ctx: SyncContext
    link: RecordLink
    current: QuickBooksInvoice
    invoice: CoperniqInvoice

    @property
    def is_over(self) -> bool:
        ended = self.link.invoice_state.ended or self.current.is_voided
        return bool(ended) or self.invoice.status == DECLINED or self.invoice.is_archived

    @property
    def in_coperniq(self) -> int:
        return self.invoice.total_cents - self.invoice.paid_cents

    @property
    def difference(self) -> int:
        """Open in Coperniq less open in QuickBooks, in cents; 0 for an invoice that is over on one side."""
        return 0 if self.is_over else self.in_coperniq - self.current.balance_cents

    @cached_property
    def links(self) -> Mapping[str, RecordLink]:
        """Of the payments that are or were on it, by their QuickBooks id."""
        links = RecordLink.objects.of(self.ctx.connection, Kind.PAYMENT)
        on_it = links.filter(allocation_invoice_id=self.link.quickbooks_id).order_by("pk")
        return {each.quickbooks_id: each for each in on_it}

    @cached_property
    def payments(self) -> Mapping[str, QuickBooksPayment]:
        """Those that do not simply pay the same on both sides."""
        ids = {*self.current.payment_ids, *self.links}
        read = (self._read(id_) for id_ in sorted(ids) if not self._is_plain(id_))
        return {each.id: each for each in read if each is not None}

    def _is_plain(self, payment_id: str) -> bool:
        link = self.links.get(payment_id)
        if link is None or payment_id not in self.current.payment_ids:
            return False
        paid = link.quickbooks_payment
        return paid.applied == (paid.cash or 0) == self._amount_in_coperniq(link)

    def _read(self, payment_id: str) -> QuickBooksPayment | None:
        try:
            return self.ctx.quickbooks.read_payment(payment_id)
        except RecordMissing:
            return None

    def parts(self) -> list[_Part]:
        """What the difference is made of; they add up to it."""
        found = [*self._of_totals(), *self._of_credits(), *self._of_payments()]
        rest = self.difference - sum(part.cents for part in found)
        if rest:
            found.append(_part("Other", rest, OpenMessage.OTHER))
        return found

    def _of_totals(self) -> Iterable[_Part]:
        more = self.invoice.total_cents - self.current.total_cents
        if more and more == -self.current.tax_cents:
            yield _part("Tax", more, OpenMessage.TAX)
        elif more:
            yield _part("Total", more, OpenMessage.TOTALS)
        if self.current.deposit_cents:
            yield _part("Deposit", self.current.deposit_cents, OpenMessage.DEPOSIT)

    def _of_credits(self) -> Iterable[_Part]:
        invoice_id = self.current.id
        for payment in self.payments.values():
            left = payment.applied_to(invoice_id) - cash_on(payment, invoice_id)
            for line in payment.lines:
                cents = min(left, line.amount_cents) if line.txn_type != "Invoice" else 0
                if cents > 0:
                    yield _part("Credit", cents, _CREDITS.get(line.txn_type, OpenMessage.CREDIT))
                    left -= cents

    def _of_payments(self) -> Iterable[_Part]:
        """Money that only one side has on the invoice."""
        linked = 0
        for payment in self.payments.values():
            cash = cash_on(payment, self.current.id)
            link = self.links.get(payment.id)
            amount = self._amount_in_coperniq(link) if link is not None else 0
            linked += amount
            if cash > amount:
                above = cash > max(self.in_coperniq, 0)
                only = OpenMessage.ABOVE_BALANCE if above else OpenMessage.ONLY_IN_QUICKBOOKS
                yield _part("Payment", cash - amount, only)
            elif amount > cash:
                is_unapplied = payment.unapplied_cents >= amount - cash
                only = OpenMessage.UNAPPLIED if is_unapplied else OpenMessage.NOT_ON_INVOICE
                yield _part("Payment", cash - amount, only)
        plain = sum(self._amount_in_coperniq(link) for id_, link in self.links.items() if self._is_plain(id_))
        linked_ids = {link.coperniq_id for link in self.links.values()}
        paid_back = -sum(min(cents, 0) for id_, cents in self._in_coperniq.items() if id_ not in linked_ids)
        others = self.invoice.paid_cents - linked - plain + paid_back
        if paid_back:
            yield _part("Payment", paid_back, OpenMessage.PAID_BACK)
        if others > 0:
            yield _part("Payment", -others, OpenMessage.ONLY_IN_COPERNIQ)

    @cached_property
    def _in_coperniq(self) -> Mapping[str, int]:
        """Cents of Coperniq's payments by their id, as they are now."""
        try:
            return {each.id: each.amount_cents for each in self.ctx.coperniq.list_payments(self.invoice.id)}
        except RecordMissing:
            return {}

    def _amount_in_coperniq(self, link: RecordLink) -> int:
        return self._in_coperniq.get(link.coperniq_id, 0)


def _part(name: str, cents: int, message: OpenMessage) -> _Part:
    return _Part(name, cents, str(message(amount=f"${money(abs(cents)):,}")))
