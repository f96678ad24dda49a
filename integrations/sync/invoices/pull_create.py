"""Plan the creation of a QuickBooks invoice in Coperniq."""

from __future__ import annotations

from dataclasses import replace
from zoneinfo import ZoneInfo

from integrations.causes import Cause
from integrations.coperniq.money import CoperniqInvoice
from integrations.errors import BlockedBy, Choice, NeedsDecision, RecordMissing, Skipped
from integrations.messages import Message
from integrations.messages.choices import ChoiceLabel
from integrations.messages.invoices_pull import InvoicePullMessage
from integrations.models import Action, Kind, Question, RecordLink, SyncLogEntry, SyncRun, Vendor
from integrations.models.sync_state import InvoiceState
from integrations.quickbooks.bodies import money
from integrations.quickbooks.documents import QuickBooksInvoice
from integrations.sync.customers.merge_detection import wait_for_survivor
from integrations.sync.engine import responses as engine_responses
from integrations.sync.engine.choices import DISCARD, RETRY
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.coperniq_texts import (
    description_of,
    parts_of,
    quickbooks_tag,
    shown_number,
    tag_to_write,
)
from integrations.sync.engine.follow_ups import RequestedRun
from integrations.sync.engine.plan import Change, Plan, PlannedWrite
from integrations.sync.invoices.compare import folded_text, moment_of
from integrations.sync.invoices.eligibility import is_wanted, was_made_while_off
from integrations.sync.invoices.line_folding import number_as_sent
from integrations.sync.invoices.mapping import (
    INVOICE_FIELDS,
    coperniq_invoice_snapshot,
    is_numbered,
    memo_in,
    quickbooks_invoice_snapshot,
)
from integrations.sync.invoices.merge import quickbooks_as_read
from integrations.sync.invoices.numbering import ExistingInvoice, link_choice_for
from integrations.sync.invoices.owners import coperniq_account_of, find_owner, owner_place
from integrations.sync.invoices.pull_lines import CoperniqLines, coperniq_lines_for
from integrations.sync.invoices.pulled_copies import (
    find_chosen_copy,
    find_copy,
    list_invoices_of,
    wait_for_doubtful,
)
from integrations.sync.invoices.push_create import plan_invoice_link
from integrations.sync.invoices.same_bill import settle_same_bill
from integrations.sync.invoices.typed_again import with_payments_in_coperniq
from integrations.sync.invoices.write_data import PulledInvoiceData

BRING_OVER = Choice("bring_over", ChoiceLabel.BRING_OVER(), Question.INELIGIBLE)


def plan_invoice_pull_create(ctx: SyncContext, run: SyncRun, current: QuickBooksInvoice) -> Plan:
    run.record_name = f"Invoice {_display_number(current)}"
    owner = _find_owner(ctx, current)
    run.coperniq_account_id = coperniq_account_of(owner)
    refuse_unsupported(ctx, run, current)
    place = owner_place(owner)
    rows = list_invoices_of(ctx, place)
    found = find_copy(ctx, rows, current)
    copy = found.invoice or find_chosen_copy(ctx, current)
    if copy is not None:
        return _plan_relink(ctx, run, current, copy)
    _refuse_before_cutoff(ctx, run, current)
    _wait_for_same_invoice(ctx, current)
    wait_for_doubtful(ctx, found.doubtful)
    chosen = settle_same_bill(ctx, run, current, rows)
    if chosen is not None:
        return _plan_chosen(ctx, run, current, chosen)
    lines = coperniq_lines_for(ctx, current)
    values = _coperniq_values(ctx, current, lines) | {"recordId": number_as_sent(owner.coperniq_id)}
    snapshot = quickbooks_invoice_snapshot(current, ctx.settings.memo_field)
    return Plan(
        record_name=run.record_name,
        match_method=RecordLink.MatchMethod.PULLED,
        write=PlannedWrite(
            "create",
            engine_responses.COPERNIQ_INVOICE,
            values,
            _pull_changes(current, lines),
            stands_for={"lineItems": lines.named_bodies},
            vendor=Vendor.COPERNIQ,
        ),
        quickbooks_id=current.id,
        number=current.number,
        amount_cents=current.total_cents,
        state=InvoiceState(has_folded_lines=lines.folded.is_folded),
        warnings=deposit_warnings(current),
        response_data=PulledInvoiceData(
            quickbooks_as_read(current, snapshot),
            owner=place,
            lines=lines.as_sent(current.total_cents),
            fold_reasons=lines.folded.reasons,
        ),
    )


def _display_number(current: QuickBooksInvoice) -> str:
    return current.number or f"with id {current.id}"


def _find_owner(ctx: SyncContext, current: QuickBooksInvoice) -> RecordLink:
    """The link of its job or customer. Raises Skipped if neither is linked."""
    owner = find_owner(ctx.connection, current.customer_id)
    if owner is not None:
        return owner
    wait_for_survivor(ctx, current.customer_id)
    parent = _find_parent(ctx, current.customer_id)
    if parent is None:
        raise Skipped(InvoicePullMessage.NOT_OF_PORTAL(), silent=True)
    raise Skipped(
        InvoicePullMessage.JOB_ADDED_BY_HAND(customer=parent.quickbooks_name),
        silent=was_logged(ctx, current.id, Cause.JOB_ADDED_BY_HAND),
    )


def _find_parent(ctx: SyncContext, customer_id: str) -> RecordLink | None:
    try:
        parent_id = ctx.quickbooks.read_customer(customer_id).parent_id
    except RecordMissing:
        return None
    return RecordLink.objects.pulled(ctx.connection, Kind.CUSTOMER, parent_id) if parent_id else None


def refuse_unsupported(ctx: SyncContext, run: SyncRun, current: QuickBooksInvoice) -> None:
    if current.is_voided:
        raise Skipped(InvoicePullMessage.VOIDED_BEFORE_PULL(), silent=True)
    if current.currency not in ("", "USD"):
        raise NeedsDecision(InvoicePullMessage.WRONG_CURRENCY(currency=current.currency), [RETRY, DISCARD])
    if current.total_cents < 0:
        raise NeedsDecision(InvoicePullMessage.NOT_AN_INVOICE(), [RETRY, DISCARD])


def _refuse_before_cutoff(ctx: SyncContext, run: SyncRun, current: QuickBooksInvoice) -> None:
    """An invoice from before the switch-on is pulled once it is changed, unless something is paid on it."""
    offset = ctx.quickbooks.clock_offset
    if not was_made_while_off(ctx, current.created_at, offset) or is_wanted(run, BRING_OVER):
        return
    if was_made_while_off(ctx, current.updated_at, offset):
        raise Skipped(InvoicePullMessage.OLDER_UNCHANGED(), silent=True)
    if current.balance_cents != current.total_cents:
        raise Skipped(
            InvoicePullMessage.OLDER_AND_PAID(record=run.record_name),
            [BRING_OVER],
            silent=was_logged(ctx, current.id, Cause.OLDER_AND_PAID),
        )


def _wait_for_same_invoice(ctx: SyncContext, current: QuickBooksInvoice) -> None:
    """Raises BlockedBy while a person is asked whether it is the same as one in Coperniq: it would be there twice."""
    held = SyncRun.objects.open().filter(
        connection=ctx.connection, action=Action.PUSH_INVOICE, cause=Cause.PROBABLY_SAME_INVOICE
    )
    key = link_choice_for(current).key
    for question in held:
        if any(choice["key"] == key for choice in question.choices):
            raise BlockedBy(
                InvoicePullMessage.WAITS_FOR_SAME_INVOICE(),
                kind=Kind.INVOICE,
                coperniq_id=question.coperniq_id,
            )


def was_logged(ctx: SyncContext, quickbooks_id: str, cause: Cause) -> bool:
    entries = SyncLogEntry.objects.filter(
        company=ctx.connection.company_id,
        connection=ctx.connection,
        quickbooks_id=quickbooks_id,
        cause=cause,
    )
    return entries.exists()


def _coperniq_values(ctx: SyncContext, current: QuickBooksInvoice, lines: CoperniqLines) -> dict[str, object]:
    own = quickbooks_tag(ctx.connection.realm_id, Kind.INVOICE, current.id)
    memo = memo_in(current, ctx.settings.memo_field)
    tag = tag_to_write(current.number, memo, own, None, always=ctx.settings.coperniq_tag)
    due = {"dueDate": moment_of(current.due_on)} if current.due_on else {}
    return {
        "calculationMethod": "LINE_ITEMS",
        "status": "SENT",
        "issueDate": moment_of(current.on),
        "description": description_of(current.number, memo, tag),
        "lineItems": lines.bodies,
        **due,
    }


def _pull_changes(current: QuickBooksInvoice, lines: CoperniqLines) -> tuple[Change, ...]:
    dates = {
        "Issue date": current.on.isoformat(),
        "Due date": current.due_on.isoformat() if current.due_on else "",
    }
    texts = [folded_text(line) for line in lines.folded.lines]
    values = {"Number": current.number, **dates, **{f"Line {n}": text for n, text in enumerate(texts, 1)}}
    return tuple(Change(name, "", value) for name, value in values.items() if value)


def deposit_warnings(current: QuickBooksInvoice) -> tuple[Message, ...]:
    """A deposit reduces what is owed in QuickBooks; Coperniq has no field for it."""
    if not current.deposit_cents:
        return ()
    return (InvoicePullMessage.DEPOSIT(deposit=money(current.deposit_cents)),)


def _plan_chosen(ctx: SyncContext, run: SyncRun, current: QuickBooksInvoice, chosen: CoperniqInvoice) -> Plan:
    link = RecordLink.objects.pushed(ctx.connection, Kind.INVOICE, chosen.id)
    if link is not None and link.match_method == RecordLink.MatchMethod.PULLED:
        planned = replace(_plan_relink(ctx, run, current, chosen), sentence=None)
        return with_payments_in_coperniq(ctx, planned, chosen.id, current)
    run.coperniq_id = chosen.id
    snapshot = coperniq_invoice_snapshot(
        chosen, ZoneInfo(ctx.connection.company.time_zone), numbered=is_numbered(link, chosen)
    )
    existing = ExistingInvoice(current, RecordLink.MatchMethod.CHOSEN)
    planned = plan_invoice_link(ctx, run, chosen, snapshot, existing)
    if chosen.total_cents == current.total_cents:
        return planned
    before = quickbooks_invoice_snapshot(current, ctx.settings.memo_field).without(INVOICE_FIELDS)
    return replace(
        planned, quickbooks_snapshot=before.as_json(), again=True
    )  # then Coperniq gets what is new


def _plan_relink(ctx: SyncContext, run: SyncRun, current: QuickBooksInvoice, found: CoperniqInvoice) -> Plan:
    """Coperniq has it already: the database was restored from a backup without its link. Or a person says so."""
    run.coperniq_id = found.id
    snapshot = quickbooks_invoice_snapshot(current, ctx.settings.memo_field).without(INVOICE_FIELDS)
    return Plan(
        record_name=run.record_name,
        match_method=RecordLink.MatchMethod.PULLED,
        quickbooks_id=current.id,
        quickbooks_name=f"Invoice {current.number}",
        quickbooks_version=current.sync_token,
        quickbooks_at=current.updated_at,
        quickbooks_snapshot=replace(snapshot, number=_number_in_coperniq(found, current)).as_json(),
        coperniq_snapshot=coperniq_invoice_snapshot(
            found, ZoneInfo(ctx.connection.company.time_zone), numbered=True
        ).as_json(),
        number=current.number,
        amount_cents=current.total_cents,
        state=InvoiceState(),
        sentence=InvoicePullMessage.RELINKED(invoice=_display_number(current)),
        again=True,
    )


def _number_in_coperniq(found: CoperniqInvoice, current: QuickBooksInvoice) -> str:
    """The number in Coperniq's description, spelled as in QuickBooks if it is still the same."""
    shown = parts_of(found.description, numbered=True).number
    return current.number if shown == shown_number(current.number) else shown


def request_push(ctx: SyncContext, coperniq_id: str) -> None:
    """Request the push, which finds the tagged invoice: a database restored from a backup may lack its link."""
    push = SyncRun.of(ctx.connection, Action.PUSH_INVOICE, coperniq_id=coperniq_id)
    ctx.follow_ups.append(RequestedRun(push))
