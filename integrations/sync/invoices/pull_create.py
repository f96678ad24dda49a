"""Plan an invoice that Coperniq does not have yet."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from integrations.coperniq.money import CoperniqInvoice
from integrations.errors import BlockedBy, Choice, NeedsDecision, RecordMissing, Skipped
from integrations.models import Action, Kind, Question, RecordLink, SyncLogEntry, SyncRun, Vendor
from integrations.quickbooks.bodies import money
from integrations.quickbooks.documents import QuickBooksInvoice
from integrations.sync.customers.merge_detection import wait_for_survivor
from integrations.sync.engine import responses as engine_responses
from integrations.sync.engine.choices import DISCARD, RETRY
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.coperniq_texts import description_of, parts_of, quickbooks_tag, shown_number
from integrations.sync.engine.plan import Change, Plan, PlannedWrite
from integrations.sync.invoices.compare import folded_text, moment_of
from integrations.sync.invoices.eligibility import is_before_cutoff
from integrations.sync.invoices.line_folding import number_as_sent
from integrations.sync.invoices.mapping import (
    INVOICE_FIELDS,
    coperniq_invoice_snapshot,
    memo_in,
    quickbooks_invoice_snapshot,
)
from integrations.sync.invoices.merge import quickbooks_as_read
from integrations.sync.invoices.numbering import PROBABLY_SAME, link_choice_for
from integrations.sync.invoices.pull_lines import CoperniqLines, coperniq_lines_for
from integrations.sync.invoices.pull_response import find_tagged_invoice

BRING_OVER = Choice("bring_over", "Bring it over", Question.INELIGIBLE)
_JOB_ADDED_BY_HAND = "job_added_by_hand"


def plan_invoice_pull_create(ctx: SyncContext, run: SyncRun, current: QuickBooksInvoice) -> Plan:
    run.record_name = f"Invoice {_display_number(current)}"
    owner = _find_owner(ctx, current)
    run.coperniq_account_id = _account_of_owner(owner)
    refuse_unsupported(ctx, run, current)
    record = ("projects" if owner.kind == Kind.JOB else "accounts", owner.coperniq_id)
    found = find_tagged_invoice(ctx, record, current.id)
    if found is not None:
        return _plan_relink(ctx, run, current, found)
    _refuse_before_cutoff(ctx, run, current)
    _wait_if_asked(ctx, current)
    lines = coperniq_lines_for(ctx, run, current)
    values = _coperniq_values(ctx, current, lines) | {"recordId": number_as_sent(owner.coperniq_id)}
    image = quickbooks_invoice_snapshot(current, ctx.settings.memo_field)
    return Plan(
        record_name=run.record_name,
        match_method=RecordLink.MatchMethod.PULLED,
        write=PlannedWrite(
            "create",
            engine_responses.COPERNIQ_INVOICE,
            values,
            _pull_changes(current, lines),
            vendor=Vendor.COPERNIQ,
        ),
        quickbooks_id=current.id,
        number=current.number,
        amount_cents=current.total_cents,
        written={"folded": lines.folded.is_folded},
        warnings=variance_warnings(current),
        about={
            "quickbooks": quickbooks_as_read(current, image),
            "record": record,
            "place": owner.coperniq_name,
            "fields": [],
            "pairs": lines.pairs,
            "total": current.total_cents,
            "why": list(lines.folded.why),
        },
    )


def _display_number(current: QuickBooksInvoice) -> str:
    return current.number or f"with id {current.id}"


def _find_owner(ctx: SyncContext, current: QuickBooksInvoice) -> RecordLink:
    """The linked job or customer. Nothing else of QuickBooks' comes over."""
    for kind in (Kind.JOB, Kind.CUSTOMER):
        link = RecordLink.objects.pulled(ctx.connection, kind, current.customer_id)
        if link is not None:
            return link
    wait_for_survivor(ctx, current.customer_id)
    parent = find_parent(ctx, current.customer_id)
    if parent is None:
        raise Skipped(
            "not_of_portal", "Its customer is not one that the portal pushed or matched.", silent=True
        )
    raise Skipped(
        _JOB_ADDED_BY_HAND,
        f"It belongs to a job that was added by hand in QuickBooks under “{parent.quickbooks_name}”. Only jobs that a "
        "project of Coperniq is linked to are kept in step.",
        silent=_was_logged(ctx, current.id, _JOB_ADDED_BY_HAND),
    )


def find_parent(ctx: SyncContext, customer_id: str) -> RecordLink | None:
    try:
        parent_id = ctx.quickbooks.read_customer(customer_id).parent_id
    except RecordMissing:
        return None
    return RecordLink.objects.pulled(ctx.connection, Kind.CUSTOMER, parent_id) if parent_id else None


def _account_of_owner(owner: RecordLink) -> str:
    return owner.coperniq_id if owner.kind == Kind.CUSTOMER else owner.coperniq_account_id


def refuse_unsupported(ctx: SyncContext, run: SyncRun, current: QuickBooksInvoice) -> None:
    if current.is_voided:
        raise Skipped(
            "voided_before_pull", "It is voided in QuickBooks, and never was in Coperniq.", silent=True
        )
    if current.currency not in ("", "USD"):
        raise NeedsDecision(
            "wrong_currency",
            f"This invoice is in {current.currency}, and Coperniq has US dollars only. Record it there by hand.",
            [RETRY, DISCARD],
        )
    if current.total_cents < 0:
        raise NeedsDecision(
            "not_an_invoice",
            "This invoice comes to less than nothing: correct it in QuickBooks.",
            [RETRY, DISCARD],
        )


def _refuse_before_cutoff(ctx: SyncContext, run: SyncRun, current: QuickBooksInvoice) -> None:
    """Made before syncing was last switched on: it comes over when it is changed, unless something is paid on it."""
    offset = ctx.quickbooks.clock_offset
    if run.has_taken(BRING_OVER) or not is_before_cutoff(ctx, current.created_at, offset):
        return
    if is_before_cutoff(ctx, current.updated_at, offset):
        raise Skipped(
            "older_unchanged", "It is older than the switch-on, and nobody touched it since.", silent=True
        )
    if current.balance_cents != current.total_cents:
        raise Skipped(
            "older_and_paid",
            f"{run.record_name} was made before invoice syncing was switched on, and something is paid on it already. "
            "Bring it over if it belongs into Coperniq.",
            [BRING_OVER],
            silent=_was_logged(ctx, current.id, "older_and_paid"),
        )


def _wait_if_asked(ctx: SyncContext, current: QuickBooksInvoice) -> None:
    """A person is asked whether Coperniq has it already: brought over meanwhile it would be there twice."""
    asked = SyncRun.objects.open().filter(
        connection=ctx.connection, action=Action.PUSH_INVOICE, cause=PROBABLY_SAME
    )
    key = link_choice_for(current).key
    for card in asked:
        if any(choice["key"] == key for choice in card.choices):
            raise BlockedBy(
                "waits_for_same_invoice",
                "Waiting for your decision about the same invoice in Coperniq.",
                kind=Kind.INVOICE,
                coperniq_id=card.coperniq_id,
            )


def _was_logged(ctx: SyncContext, quickbooks_id: str, cause: str) -> bool:
    told = SyncLogEntry.objects.filter(
        company=ctx.connection.company_id,
        connection=ctx.connection,
        quickbooks_id=quickbooks_id,
        cause=cause,
    )
    return told.exists()


def _coperniq_values(ctx: SyncContext, current: QuickBooksInvoice, lines: CoperniqLines) -> dict[str, Any]:
    mark = quickbooks_tag(ctx.connection.realm_id, Kind.INVOICE, current.id)
    memo = memo_in(current, ctx.settings.memo_field)
    due = {"dueDate": moment_of(current.due_on)} if current.due_on else {}
    return {
        "calculationMethod": "LINE_ITEMS",
        "status": "SENT",
        "issueDate": moment_of(current.on),
        "description": description_of(current.number, memo, mark),
        "lineItems": lines.bodies,
        **due,
    }


def _pull_changes(current: QuickBooksInvoice, lines: CoperniqLines) -> tuple[Change, ...]:
    dates = {
        "Issue date": current.on.isoformat(),
        "Due date": current.due_on.isoformat() if current.due_on else "",
    }
    texts = [folded_text(line) for line in lines.folded.lines]
    named = {"Number": current.number, **dates, **{f"Line {n}": text for n, text in enumerate(texts, 1)}}
    return tuple(Change(name, "", value) for name, value in named.items() if value)


def variance_warnings(current: QuickBooksInvoice) -> tuple[str, ...]:
    """What makes it less to pay in QuickBooks, and cannot be said in Coperniq."""
    if not current.deposit_cents:
        return ()
    return (
        f"QuickBooks has a deposit of ${money(current.deposit_cents):,} on it, which Coperniq cannot show.",
    )


def _plan_relink(ctx: SyncContext, run: SyncRun, current: QuickBooksInvoice, found: CoperniqInvoice) -> Plan:
    """It is in Coperniq already, with our mark: a database that forgot it came from a backup."""
    run.coperniq_id = found.id
    return Plan(
        record_name=run.record_name,
        match_method=RecordLink.MatchMethod.PULLED,
        quickbooks_id=current.id,
        quickbooks_name=f"Invoice {current.number}",
        quickbooks_version=current.sync_token,
        quickbooks_at=current.updated_at,
        quickbooks_snapshot={
            **quickbooks_invoice_snapshot(current, ctx.settings.memo_field),
            **dict.fromkeys(INVOICE_FIELDS),
            "number": number_in(found, current),
        },
        coperniq_snapshot=coperniq_invoice_snapshot(found, ZoneInfo(ctx.connection.company.time_zone)),
        number=current.number,
        amount_cents=current.total_cents,
        sentence=f"Found invoice {_display_number(current)} in Coperniq, brought over earlier, and linked it again.",
        ending={"again": True},
    )


def number_in(found: CoperniqInvoice, current: QuickBooksInvoice) -> str:
    """The number Coperniq shows, spelled as QuickBooks does where it is still the same."""
    shown = parts_of(found.description).number
    return current.number if shown == shown_number(current.number) else shown


def request_push(ctx: SyncContext, coperniq_id: str) -> None:
    """A database that forgot its link came from a backup: the push finds what bears our mark."""
    SyncRun.objects.request(SyncRun.of(ctx.connection, Action.PUSH_INVOICE, coperniq_id=coperniq_id))
