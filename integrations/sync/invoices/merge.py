"""Merge a linked invoice field by field: a value that changed on one side is written to the other.

One plan is one write. QuickBooks is written first; fields that go to Coperniq, or wait for a person, are planned after
it. Until then the link keeps their old values in its snapshots, so that they still count as changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from integrations.causes import Cause
from integrations.coperniq.money import CoperniqInvoice
from integrations.errors import BusinessRule, NeedsDecision, Refused, Skipped
from integrations.messages.invoices_pull import InvoicePullMessage
from integrations.messages.invoices_push import InvoicePushMessage
from integrations.models import Direction, Kind, Question, RecordLink, SyncRun, Vendor
from integrations.models.run_querysets import SyncRunQuerySet
from integrations.models.snapshots import CoperniqInvoiceSnapshot, QuickBooksInvoiceSnapshot
from integrations.models.sync_state import InvoiceState
from integrations.quickbooks.bodies import money
from integrations.quickbooks.documents import QuickBooksInvoice
from integrations.sync.engine import responses as engine_responses
from integrations.sync.engine.choices import DISCARD, RETRY
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.follow_ups import requeue
from integrations.sync.engine.plan import Plan, PlannedWrite
from integrations.sync.engine.preview import PREVIEW_CAUSES
from integrations.sync.engine.responses import QuickBooksRead
from integrations.sync.invoices.closed_period import refuse_closed
from integrations.sync.invoices.compare import InvoiceComparison
from integrations.sync.invoices.conflicts import Resolution, combined_decision, resolve
from integrations.sync.invoices.mapping import quickbooks_invoice_snapshot
from integrations.sync.invoices.one_way import (
    compare_what_is_open,
    keeps_quickbooks_values,
    kept_in_quickbooks,
)
from integrations.sync.invoices.pull_request import request_pull
from integrations.sync.invoices.write_data import PulledInvoiceData, PushedInvoiceData
from integrations.sync.items.push import has_unmatched

CONFLICT_CAUSES = (Cause.CONFLICT, Cause.LINES_FOLDED, Cause.LINES_NOT_IN_COPERNIQ)
"""Questions about a linked invoice that runs of either direction ask."""
_REFUSAL_CAUSES = (Cause.REFUSED, Cause.BOOKS_CLOSED)
"""Refusals that a run of the other direction would get as well."""


def plan_merge(
    ctx: SyncContext,
    run: SyncRun,
    invoice: CoperniqInvoice,
    link: RecordLink,
    coperniq_now: CoperniqInvoiceSnapshot,
    current: QuickBooksInvoice,
) -> Plan:
    """`coperniq_now` is the snapshot of `invoice`. Raises NeedsDecision if only questions to a person remain."""
    comparison = InvoiceComparison(ctx, run, invoice, link, coperniq_now, current)
    keeps = keeps_quickbooks_values(ctx, run, link)
    resolved = resolve(ctx, run, link, comparison, keeps_quickbooks_values=keeps)
    if resolved.kept and run.direction == Direction.PUSH and not resolved.held:
        request_pull(ctx, link)  # while a question is open, the pull would only have it asked anew
    if _is_shown_already(ctx, run):
        raise Skipped(InvoicePullMessage.ASKED_ALREADY(), silent=True)
    if requeue(ctx.follow_ups, open_questions(ctx, run, _REFUSAL_CAUSES)):
        raise Skipped(InvoicePullMessage.REFUSED_ALREADY(), silent=True)
    asked_already = requeue(ctx.follow_ups, open_questions(ctx, run))
    if resolved.quickbooks_values:
        refuse_closed(ctx, current.on)
        return _plan_to_quickbooks(comparison, resolved)
    if resolved.coperniq_values:
        return _plan_to_coperniq(comparison, resolved)
    if resolved.kept and run.direction == Direction.PULL:  # first: a question beside it may be discarded
        compare_what_is_open(ctx, link, current)
        raise kept_in_quickbooks(ctx, run, [comparison.compared(name) for name in resolved.kept])
    if resolved.held and asked_already:
        raise Skipped(InvoicePullMessage.ASKED_ALREADY(), silent=True)
    if resolved.held:
        raise combined_decision(resolved.held.values())
    return _plan_nothing_to_write(comparison, resolved)


def _is_shown_already(ctx: SyncContext, run: SyncRun) -> bool:
    """Whether the run of the other direction has shown a preview of this invoice; it then shows both changes."""
    may_show = ctx.is_preview and Question.PREVIEW not in run.decisions
    return may_show and requeue(ctx.follow_ups, open_questions(ctx, run, PREVIEW_CAUSES))


def open_questions(
    ctx: SyncContext, run: SyncRun, causes: Sequence[str] = CONFLICT_CAUSES
) -> SyncRunQuerySet:
    """Other held runs of the same invoice. Callers requeue them, so that a person is asked once."""
    runs = SyncRun.objects.held().filter(connection=ctx.connection, kind=Kind.INVOICE)
    return runs.filter(coperniq_id=run.coperniq_id, cause__in=causes).exclude(pk=run.pk)


def _plan_to_quickbooks(comparison: InvoiceComparison, resolved: Resolution) -> Plan:
    current = comparison.current
    remaining = [*resolved.to_coperniq, *resolved.held, *resolved.restored_in_quickbooks]
    write = PlannedWrite(
        "update",
        "Invoice",
        resolved.quickbooks_values,
        tuple(resolved.quickbooks_changes),
        current.id,
        current.sync_token,
    )
    sent = comparison.sent if "lines" in resolved.to_quickbooks else []
    return _base_plan(
        comparison,
        resolved,
        write=write,
        state=_state_after(comparison, resolved, remaining),
        learns="lines" in resolved.to_quickbooks and has_unmatched(comparison.lines),
        other_links=tuple(comparison.matches),
        response_data=PushedInvoiceData(
            kept_fields=tuple(_with_dependent_names([*remaining, *resolved.kept])),
            line_order=tuple(line.coperniq_id for line in sent),
            again=bool(remaining or (resolved.kept and comparison.run.direction == Direction.PULL)),
            choices=tuple(resolved.choices),
            paid_cents=current.total_cents - current.balance_cents,
        ),
    )


def refuse_below_payments(planned: Plan, error: Refused) -> None:
    """Raises NeedsDecision if QuickBooks refused a total below what is paid, which it does not document.

    See docs/vendors/quickbooks-online.md, 5.
    """
    data, total = planned.response_data, planned.amount_cents
    if not isinstance(error, BusinessRule) or not isinstance(data, PushedInvoiceData):
        return
    if total is None or total >= data.paid_cents:
        return
    message = InvoicePushMessage.BELOW_PAYMENTS(
        number=planned.number,
        total=money(total),
        paid=money(data.paid_cents),
        freed=money(data.paid_cents - total),
    )
    raise NeedsDecision(message, [RETRY, DISCARD]) from error


def _plan_to_coperniq(comparison: InvoiceComparison, resolved: Resolution) -> Plan:
    lines = comparison.pulled_lines if "lines" in resolved.to_coperniq else None
    held = _with_dependent_names(resolved.held)
    snapshot = comparison.quickbooks_now.with_values_of(comparison.quickbooks_before, held)
    data = PulledInvoiceData(
        quickbooks_as_read(comparison.current, snapshot),
        fields=tuple(_with_dependent_names(resolved.to_coperniq)),
        again=bool(resolved.held or resolved.restored_in_coperniq),
        choices=tuple(resolved.choices),
    )
    state = _state_after(comparison, resolved, [*resolved.held, *resolved.restored_in_coperniq])
    if lines is not None:
        data = replace(data, lines=lines.as_sent(comparison.current.total_cents))
        state = replace(state, has_folded_lines=lines.folded.is_folded)
    return _base_plan(
        comparison,
        resolved,
        write=PlannedWrite(
            "update",
            engine_responses.COPERNIQ_INVOICE,
            resolved.coperniq_values,
            tuple(resolved.coperniq_changes),
            stands_for={"lineItems": lines.named_bodies} if lines is not None else {},
            vendor=Vendor.COPERNIQ,
            coperniq_id=comparison.invoice.id,
        ),
        state=state,
        response_data=data,
        amount_cents=comparison.current.total_cents if lines is not None else comparison.coperniq_now.total,
    )


def _plan_nothing_to_write(comparison: InvoiceComparison, resolved: Resolution) -> Plan:
    return _base_plan(
        comparison,
        resolved,
        state=_state_after(comparison, resolved, []),
        sentence=InvoicePullMessage.IN_STEP(invoice=comparison.link.display_number),
        choices=tuple(resolved.choices),
    )


def _base_plan(comparison: InvoiceComparison, resolved: Resolution, **values: Any) -> Plan:
    current, link = comparison.current, comparison.link
    held = _with_dependent_names(resolved.held)
    kept = _with_dependent_names(resolved.kept)
    quickbooks = comparison.quickbooks_now.with_values_of(comparison.quickbooks_before, kept)
    coperniq = comparison.coperniq_now.with_values_of(comparison.coperniq_before, held)
    return Plan.of(
        link,
        link.coperniq_name or comparison.run.record_name,
        **{
            "quickbooks_version": current.sync_token,
            "quickbooks_snapshot": quickbooks.as_json(),
            "quickbooks_at": current.updated_at,
            "coperniq_snapshot": coperniq.as_json(),
            "number": current.number,
            "amount_cents": comparison.coperniq_now.total,
            "warnings": tuple(resolved.warnings),
            **values,
        },
    )


def _with_dependent_names(names: Iterable[str]) -> list[str]:
    """The total depends on the lines; the number is written before the memo."""
    dependent = {"lines": ["lines", "total"], "memo": ["memo", "number"]}
    return [each for name in names for each in dependent.get(name, [name])]


def quickbooks_as_read(current: QuickBooksInvoice, snapshot: QuickBooksInvoiceSnapshot) -> QuickBooksRead:
    name = f"Invoice {current.number}" if current.number else "Invoice without a number"
    return QuickBooksRead(name, current.sync_token, snapshot.as_json(), current.updated_at)


def _state_after(
    comparison: InvoiceComparison, resolved: Resolution, unsettled: Sequence[str]
) -> InvoiceState:
    """The link's state after this plan. The next run of either direction goes on with the `unsettled` fields."""
    state = comparison.state
    return replace(
        _with_line_pairs(state, comparison),
        edit_times=state.edit_times.of(tuple(resolved.held)),
        unsettled=tuple(unsettled),
        overridden=resolved.overridden,
    )


def _with_line_pairs(state: InvoiceState, comparison: InvoiceComparison) -> InvoiceState:
    if "pulled_lines" in vars(comparison) and comparison.pulled_lines.are_equal:
        pairs, lines = comparison.pulled_lines.pairs, comparison.invoice.lines
        line_ids = {line.id: pairs[line.catalog_item_id] for line in lines if line.catalog_item_id in pairs}
        return replace(state, has_folded_lines=comparison.pulled_lines.folded.is_folded, line_ids=line_ids)
    return state if comparison.has_folded_lines else replace(state, line_ids=comparison.pairs)


def plan_refreshed(
    ctx: SyncContext,
    link: RecordLink,
    run: SyncRun,
    current: QuickBooksInvoice,
    postponed: Sequence[str] = (),
) -> Plan:
    """Store QuickBooks' new version without reading Coperniq: nothing to write there, or not now.

    Changes of `postponed` fields are written once Coperniq's invoice is active again.
    """
    snapshot = quickbooks_invoice_snapshot(current, ctx.settings.memo_field)
    snapshot = snapshot.with_values_of(link.quickbooks_invoice, _with_dependent_names(postponed))
    state = link.invoice_state
    return Plan.of(
        link,
        link.coperniq_name or run.record_name,
        quickbooks_version=current.sync_token,
        quickbooks_snapshot=snapshot.as_json(),
        quickbooks_at=current.updated_at,
        state=replace(state, unsettled=tuple(postponed) or state.unsettled),
        sentence=InvoicePullMessage.UNCHANGED(invoice=link.display_number),
        silent=True,
    )
