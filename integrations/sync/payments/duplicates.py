"""The same payment on both sides: what was recorded in QuickBooks already is linked, not created again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from integrations.coperniq.money import CoperniqPayment
from integrations.errors import Choice, NeedsDecision, RecordMissing
from integrations.models import Action, ExternalPayment, Kind, Question, RecordLink, SyncRun
from integrations.quickbooks.bodies import money
from integrations.quickbooks.documents import QuickBooksPayment
from integrations.sync.engine.choices import DISCARD
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.plan import Plan
from integrations.sync.payments.external import balance_of
from integrations.sync.payments.mapping import (
    coperniq_payment_snapshot,
    pays_more,
    quickbooks_payment_snapshot,
)

RECORD_BOTH = Choice("record_both", "Record both", Question.SAME_PAYMENT)
DUPLICATE_WINDOW = timedelta(days=7)


def find_duplicates(
    ctx: SyncContext, payment: CoperniqPayment, invoice: RecordLink, on: date
) -> list[ExternalPayment]:
    """Of the same amount on this invoice, within a week, and linked to no other payment."""
    near = ExternalPayment.objects.on_invoice(ctx.connection, invoice.quickbooks_id).filter(
        amount_cents=payment.amount_cents, on__range=(on - DUPLICATE_WINDOW, on + DUPLICATE_WINDOW)
    )
    return list(near.exclude(quickbooks_id__in=_linked_payment_ids(ctx, invoice)).order_by("pk"))


def _linked_payment_ids(ctx: SyncContext, invoice: RecordLink) -> set[str]:
    """A payment may pay several invoices, and is linked once for each."""
    links = RecordLink.objects.of(ctx.connection, Kind.PAYMENT)
    return set(links.filter(quickbooks_part=invoice.quickbooks_id).values_list("quickbooks_id", flat=True))


def plan_duplicate(
    ctx: SyncContext, run: SyncRun, payment: CoperniqPayment, invoice: RecordLink, on: date
) -> Plan | None:
    """The invoice is as QuickBooks has it now. Linked if both cannot be meant, else a person is asked."""
    rows = find_duplicates(ctx, payment, invoice, on)
    if not rows:
        return None
    if len(rows) > 1 or balance_of(invoice) >= payment.amount_cents:
        _requeue_pull_questions(ctx, invoice, rows)
        raise _hold_probably_same(rows)
    return plan_link(
        ctx, run, payment, invoice, on, rows[0].quickbooks_id, RecordLink.MatchMethod.SAME_PAYMENT
    )


def _requeue_pull_questions(ctx: SyncContext, invoice: RecordLink, rows: Sequence[ExternalPayment]) -> None:
    """The card of the other direction about the same pair: looked at anew, that run waits for the answer to this one."""
    asked = SyncRun.objects.held().filter(
        connection=ctx.connection, action=Action.PULL_PAYMENT, cause="probably_same_payment"
    )
    same = asked.filter(quickbooks_part=invoice.quickbooks_id)
    same.filter(quickbooks_id__in=[row.quickbooks_id for row in rows]).requeue()


def _hold_probably_same(rows: Sequence[ExternalPayment]) -> NeedsDecision:
    one = rows[0]
    others = f" (and {len(rows) - 1} more like it)" if len(rows) > 1 else ""
    return NeedsDecision(
        "probably_same_payment",
        f"QuickBooks already has a payment of ${money(one.amount_cents):,} on this invoice, dated "
        f"{one.on:%B %-d, %Y}{others}. It is probably the same payment: link to it, or record both.",
        _link_choices(rows),
    )


def _link_choices(rows: Sequence[ExternalPayment]) -> list[Choice]:
    return [
        *(Choice(f"link:{row.quickbooks_id}", _link_label(row), Question.SAME_PAYMENT) for row in rows),
        RECORD_BOTH,
        DISCARD,
    ]


def _link_label(row: ExternalPayment) -> str:
    told = f", reference {row.reference}" if row.reference else ""
    return f"Link to the payment of {row.on:%B %-d, %Y}{told}"


def plan_link(
    ctx: SyncContext,
    run: SyncRun,
    payment: CoperniqPayment,
    invoice: RecordLink,
    on: date,
    payment_id: str,
    rule: RecordLink.MatchMethod,
) -> Plan:
    """What was chosen is still looked at: the world may have changed since the page was shown."""
    found = read_on(ctx, invoice, payment_id)
    if found is None:
        raise NeedsDecision(
            "choice_gone",
            "The chosen QuickBooks payment is not on this invoice any more, or belongs to another one. Please choose "
            "again.",
            _link_choices(find_duplicates(ctx, payment, invoice, on)),
        )
    return _plan_link(ctx, run, payment, invoice, found, rule)


def read_on(ctx: SyncContext, invoice: RecordLink, payment_id: str) -> QuickBooksPayment | None:
    """The payment if it is on this invoice and nobody else's; one that is not is forgotten."""
    try:
        found = (
            None
            if payment_id in _linked_payment_ids(ctx, invoice)
            else ctx.quickbooks.read_payment(payment_id)
        )
    except RecordMissing:
        found = None
    if found is not None and found.applied_to(invoice.quickbooks_id):
        return found
    known = ExternalPayment.objects.on_invoice(ctx.connection, invoice.quickbooks_id)
    known.filter(quickbooks_id=payment_id).delete()
    return None


def _plan_link(
    ctx: SyncContext,
    run: SyncRun,
    payment: CoperniqPayment,
    invoice: RecordLink,
    found: QuickBooksPayment,
    rule: RecordLink.MatchMethod,
) -> Plan:
    part = invoice.quickbooks_id
    share = pays_more(found, part)
    return Plan(
        record_name=run.record_name,
        match_method=rule,
        quickbooks_id=found.id,
        quickbooks_name=f"Payment of ${money(found.total_cents):,}",
        quickbooks_version=found.sync_token,
        quickbooks_at=found.updated_at,
        quickbooks_snapshot=quickbooks_payment_snapshot(found, part, share=share),
        quickbooks_part=part,
        coperniq_snapshot=coperniq_payment_snapshot(payment, ZoneInfo(ctx.connection.company.time_zone)),
        number=payment.reference[:40],
        amount_cents=payment.amount_cents,
        written={"share": share},
        sentence=f"Linked to the payment of ${money(found.total_cents):,} that QuickBooks already had on this invoice.",
    )
