"""Plan an invoice that QuickBooks does not have yet."""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from integrations.coperniq.money import CoperniqInvoice
from integrations.errors import BlockedBy, NeedsDecision, RecordMissing
from integrations.messages import Message
from integrations.messages.invoices_push import InvoicePushMessage
from integrations.models import Kind, MemoField, RecordLink, SyncRun
from integrations.models.snapshots import CoperniqInvoiceSnapshot
from integrations.models.sync_state import InvoiceState
from integrations.sync.engine.choices import DISCARD, RETRY
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.coperniq_texts import memo_of
from integrations.sync.engine.correlation_tag import coperniq_tag, with_tag
from integrations.sync.engine.plan import Change, Plan, PlannedWrite
from integrations.sync.invoices.closed_period import open_day
from integrations.sync.invoices.mapping import (
    INVOICE_FIELDS,
    MEMO_LIMIT,
    NOTE_LIMIT,
    SUBTOTAL,
    day_of,
    invoice_lines_of,
    line_payload,
    quickbooks_invoice_snapshot,
    suffixed_number,
)
from integrations.sync.invoices.numbering import ExistingInvoice, choose_number
from integrations.sync.invoices.push_lines import fit_text, line_text, wanted_lines
from integrations.sync.invoices.push_response import allocation_runs
from integrations.sync.invoices.write_data import PushedInvoiceData
from integrations.sync.items.lines import InvoiceLine
from integrations.sync.items.push import has_unmatched


def plan_invoice_create(
    ctx: SyncContext, run: SyncRun, invoice: CoperniqInvoice, snapshot: CoperniqInvoiceSnapshot
) -> Plan:
    """Create the invoice, or link it to the QuickBooks invoice that it already is. `snapshot` is Coperniq's."""
    customer_id = _customer_id_of(ctx, invoice)
    lines, matches = wanted_lines(ctx, run, invoice)
    wanted = invoice.number or invoice.id
    number = choose_number(ctx, run, wanted, customer_id, invoice.total_cents)
    if isinstance(number, ExistingInvoice):
        return _plan_link(ctx, run, invoice, snapshot, number)
    values, warnings = _invoice_values(ctx, run, invoice, lines)
    warnings += _number_warnings(wanted, number)
    values |= {"CustomerRef.value": customer_id, "DocNumber": number}
    return Plan(
        record_name=run.record_name,
        match_method="created",
        write=PlannedWrite("create", "Invoice", values, _create_changes(values, lines)),
        coperniq_snapshot=snapshot.as_json(),
        number=number,
        amount_cents=invoice.total_cents,
        warnings=warnings,
        state=InvoiceState(was_chosen=run.is_wanted),
        response_data=PushedInvoiceData(line_order=tuple(line.id for line in lines)),
        learns=has_unmatched(lines),
        other_links=tuple(matches),
    )


def _invoice_values(
    ctx: SyncContext, run: SyncRun, invoice: CoperniqInvoice, lines: Sequence[InvoiceLine]
) -> tuple[dict[str, object], tuple[Message, ...]]:
    """Payload by dotted path, and warnings. EmailStatus is NotSet, because Coperniq e-mails the invoice itself."""
    zone = ZoneInfo(ctx.connection.company.time_zone)
    issued_on = day_of(invoice.issued_at or invoice.created_at or invoice.updated_at, zone)
    assert issued_on is not None  # updated_at is always there
    on, warnings = open_day(ctx, run, issued_on)
    due_on = day_of(invoice.due_at, zone)
    values: dict[str, object] = {
        "TxnDate": on.isoformat(),
        "EmailStatus": "NotSet",
        "CurrencyRef.value": "USD",
        "Line": [line_payload(line) for line in lines],
        **memo_values(ctx, run, memo_of(invoice.description)),
    }
    return values | ({"DueDate": due_on.isoformat()} if due_on else {}), warnings


def memo_values(ctx: SyncContext, run: SyncRun, memo: str) -> dict[str, str]:
    """The correlation tag is the note's last line, whichever field the memo goes to."""
    tag = coperniq_tag(ctx.connection.realm_id, Kind.INVOICE, run.coperniq_id)
    if ctx.settings.memo_field == MemoField.CUSTOMER_MEMO:
        memo = fit_text(run, "description", memo, MEMO_LIMIT)
        return {"PrivateNote": tag} | ({"CustomerMemo.value": memo} if memo else {})
    return {"PrivateNote": with_tag(fit_text(run, "description", memo, NOTE_LIMIT - len(tag) - 1), tag)}


def _create_changes(values: dict[str, object], lines: Sequence[InvoiceLine]) -> tuple[Change, ...]:
    shown = ("DocNumber", "TxnDate", "DueDate", "CustomerMemo.value")
    named = [Change(name, "", str(values[name])) for name in shown if values.get(name)]
    return (*named, *(Change(f"Line {n}", "", line_text(line)) for n, line in enumerate(lines, 1)))


def _number_warnings(wanted: str, number: str) -> tuple[Message, ...]:
    if number == wanted:
        return ()
    is_shortened = number == suffixed_number(wanted, 1)
    message = InvoicePushMessage.NUMBER_SHORTENED if is_shortened else InvoicePushMessage.NUMBER_TAKEN
    return (message(wanted=wanted, number=number),)


def _plan_link(
    ctx: SyncContext,
    run: SyncRun,
    invoice: CoperniqInvoice,
    snapshot: CoperniqInvoiceSnapshot,
    existing: ExistingInvoice,
) -> Plan:
    """Link to the QuickBooks invoice. Its lines are paired by their order, so that later edits find them.

    An invoice that was found by its correlation tag is then compared field by field, because either side may have been
    edited since it was written.
    """
    found = existing.invoice
    is_tagged = existing.match_method == RecordLink.MatchMethod.ADOPTED
    quickbooks_ids = [line.id for line in found.lines if line.kind != SUBTOTAL]
    coperniq_ids = [line.id for line in invoice_lines_of(invoice)]
    return Plan(
        record_name=run.record_name,
        match_method=existing.match_method,
        quickbooks_id=found.id,
        quickbooks_name=f"Invoice {found.number}",
        quickbooks_version=found.sync_token,
        quickbooks_at=found.updated_at,
        quickbooks_snapshot=quickbooks_invoice_snapshot(found, ctx.settings.memo_field).as_json(),
        coperniq_snapshot=(snapshot.without(INVOICE_FIELDS) if is_tagged else snapshot).as_json(),
        number=found.number,
        amount_cents=invoice.total_cents,
        state=InvoiceState(line_ids=dict(zip(coperniq_ids, quickbooks_ids, strict=False))),
        again=is_tagged,
        asks=tuple(allocation_runs(ctx, found.payment_ids, run.coperniq_account_id)),
    )


def _customer_id_of(ctx: SyncContext, invoice: CoperniqInvoice) -> str:
    """The QuickBooks id of the customer, or of the job if the invoice belongs to a project.

    `record` has no type in Coperniq: it is the account if it has the account's id, else a project of the account.
    Raises BlockedBy while there is no such customer or job.
    """
    if invoice.record_id in ("", invoice.account_id):
        return _customer_of_account(ctx, invoice)
    link = RecordLink.objects.pushed(ctx.connection, Kind.JOB, invoice.record_id)
    if link is not None and link.coperniq_account_id == invoice.account_id:
        return str(link.quickbooks_id)
    phase = _trigger_phase_of(ctx, invoice)
    if link is not None:
        return str(link.quickbooks_id)
    project = invoice.record_title or invoice.record_id
    message = (
        InvoicePushMessage.WAITS_FOR_JOB(project=project, phase=phase)
        if phase
        else InvoicePushMessage.WAITS_FOR_TRIGGER_PHASE(project=project)
    )
    raise BlockedBy(message, kind=Kind.JOB, coperniq_id=invoice.record_id)


def _customer_of_account(ctx: SyncContext, invoice: CoperniqInvoice) -> str:
    if not invoice.account_id:
        raise NeedsDecision(InvoicePushMessage.WITHOUT_ACCOUNT(), [RETRY, DISCARD])
    link = RecordLink.objects.pushed(ctx.connection, Kind.CUSTOMER, invoice.account_id)
    if link is not None:
        return str(link.quickbooks_id)
    message = InvoicePushMessage.WAITS_FOR_CUSTOMER(account=invoice.account_title or invoice.account_id)
    raise BlockedBy(message, kind=Kind.CUSTOMER, coperniq_id=invoice.account_id)


def _trigger_phase_of(ctx: SyncContext, invoice: CoperniqInvoice) -> str:
    """The phase in which the project gets its job, "" if its workflow has none yet.

    Raises NeedsDecision if the project is missing in Coperniq or belongs to another account than the invoice.
    """
    try:
        project = ctx.coperniq.read_project(invoice.record_id)
    except RecordMissing as error:
        message = InvoicePushMessage.PROJECT_MISSING(project=invoice.record_title or invoice.record_id)
        raise NeedsDecision(message, [RETRY, DISCARD]) from error
    if project.account_id and invoice.account_id and project.account_id != invoice.account_id:
        message = InvoicePushMessage.ACCOUNT_MISMATCH(account=invoice.account_title, project=project.title)
        raise NeedsDecision(message, [RETRY, DISCARD])
    trigger = ctx.connection.triggers.filter(workflow_id=project.workflow_id).first()
    return trigger.phase_name if trigger else ""
