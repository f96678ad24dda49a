"""While the direction is to QuickBooks only, what people do there is not brought over until somebody chooses to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from integrations.causes import Cause
from integrations.errors import BlockedBy, Choice, NeedsDecision, Skipped
from integrations.messages.choices import ChoiceLabel
from integrations.messages.invoices_pull import InvoicePullMessage
from integrations.models import Action, Direction, Kind, Question, RecordLink, RunState, SyncRun, Vendor
from integrations.quickbooks.bodies import money
from integrations.quickbooks.documents import QuickBooksInvoice
from integrations.sync.engine.choices import DISCARD
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.follow_ups import RequestedRun, UpdatedLink, requeue
from integrations.sync.engine.plan import Plan
from integrations.sync.invoices.eligibility import wait_while_off
from integrations.sync.invoices.mapping import with_balance_of

BRING_OVER_NOW = Choice("bring_over", ChoiceLabel.BRING_OVER(), Question.KEPT_IN_QUICKBOOKS)
_ASKED_ANYWAY = (Cause.PROBABLY_SAME_PAYMENT, Cause.PROBABLY_SAME_INVOICE)
"""Questions whether something is in QuickBooks twice, which is to be settled there too."""


def plan_unless_kept(ctx: SyncContext, run: SyncRun, planner: Callable[[SyncContext, SyncRun], Plan]) -> Plan:
    """The plan of a pull. Raises BlockedBy for one that brings something over while the direction is one way.

    Raises NeedsDecision for one that would bring over, now that both ways are on, what was done in that time.
    """
    wait_while_off(ctx.settings)
    try:
        planned = planner(ctx, run)
    except NeedsDecision as error:
        if ctx.settings.is_one_way and not run.is_wanted and error.cause not in _ASKED_ANYWAY:
            raise kept_in_quickbooks(ctx, run) from error
        raise
    write = planned.write
    if write is None or write.vendor != Vendor.COPERNIQ:
        return planned
    _skip_if_left(ctx, run)
    if not _is_kept(ctx, run):
        return planned
    compared = [
        {"field": each.field, "before": "", "coperniq": each.before, "quickbooks": each.after}
        for each in write.changes
    ]
    new_cents = planned.amount_cents if write.operation == "create" else None
    raise kept_in_quickbooks(ctx, run, compared, new_cents)


def _skip_if_left(ctx: SyncContext, run: SyncRun) -> None:
    """Raises Skipped if a person has left this version in QuickBooks: notifications may come twice."""
    if ctx.settings.one_way_since is None or run.is_wanted:
        return
    before = SyncRun.objects.of_record(run).exclude(pk=run.pk).order_by("-id").first()
    if before is None or before.state != RunState.CANCELLED or not before.is_kept:
        return
    if before.read_version == run.read_version:
        raise Skipped(InvoicePullMessage.ASKED_ALREADY(), silent=True)


def _is_kept(ctx: SyncContext, run: SyncRun) -> bool:
    settings = ctx.settings
    if run.is_wanted:
        return False
    if settings.is_one_way or run.is_kept:
        return True
    if settings.one_way_until is None or run.event is None or run.event.occurred_at is None:
        return False
    return settings.was_one_way_at(run.event.occurred_at - ctx.quickbooks.clock_offset)


def keeps_quickbooks_values(ctx: SyncContext, run: SyncRun, link: RecordLink) -> bool:
    """Whether values that only QuickBooks' invoice has changed stay there, whichever direction finds them."""
    if run.direction == Direction.PULL:
        return _is_kept(ctx, run)
    if Question.SIDE in run.decisions or ctx.settings.one_way_since is None:
        return False
    pulls = SyncRun.objects.open().filter(connection=ctx.connection, action=Action.PULL_INVOICE)
    return ctx.settings.is_one_way or pulls.filter(quickbooks_id=link.quickbooks_id, is_kept=True).exists()


def kept_in_quickbooks(
    ctx: SyncContext,
    run: SyncRun,
    compared: Sequence[Mapping[str, str]] = (),
    new_cents: int | None = None,
) -> BlockedBy | NeedsDecision:
    """To be raised. The run remembers it until its end, so that nothing but a choice brings it over.

    `new_cents` is the amount of a record that Coperniq does not have yet.
    """
    run.is_kept = True
    record, what = run.title, "changed" if new_cents is None else "entered"
    if new_cents is not None and run.kind == Kind.INVOICE:
        record = f"{record} of ${money(new_cents):,}"
    if ctx.settings.is_one_way:
        return BlockedBy(InvoicePullMessage.ONE_WAY(record=record, what=what), [BRING_OVER_NOW])
    message = InvoicePullMessage.KEPT_WHILE_ONE_WAY(record=record, what=what)
    return NeedsDecision(message, [BRING_OVER_NOW, DISCARD], compared=compared)


def look_at_kept(ctx: SyncContext, action: Action, quickbooks_id: str) -> None:
    """Have the pull that leaves a record in QuickBooks planned again: the record is about to be linked."""
    if ctx.settings.one_way_since is not None:
        pulls = SyncRun.objects.open().filter(connection=ctx.connection, action=action, is_kept=True)
        requeue(ctx.follow_ups, pulls.filter(quickbooks_id=quickbooks_id))


def compare_what_is_open(ctx: SyncContext, link: RecordLink, current: QuickBooksInvoice) -> None:
    """Store the balance of an invoice that stays as it is in Coperniq, and have what is open compared."""
    if current.balance_cents != link.quickbooks_invoice.balance:
        link.quickbooks_invoice = with_balance_of(link.quickbooks_invoice, current)
        ctx.follow_ups.append(UpdatedLink.of(link, "quickbooks_snapshot"))
        ctx.follow_ups.append(RequestedRun(SyncRun.of(ctx.connection, Action.COMPARE_OPEN, link)))
