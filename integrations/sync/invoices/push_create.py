"""Plan an invoice that QuickBooks does not have yet."""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from integrations.coperniq.money import CoperniqInvoice
from integrations.messages import Message
from integrations.messages.invoices_push import InvoicePushMessage
from integrations.models import Action, Kind, MemoField, RecordLink, SyncRun
from integrations.models.snapshots import CoperniqInvoiceSnapshot
from integrations.models.sync_state import InvoiceState
from integrations.sync.customers.billing import Billing, billing_of
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.correlation_tag import coperniq_tag, with_tag
from integrations.sync.engine.plan import Change, Plan, PlannedWrite
from integrations.sync.engine.refused_writes import was_email_refused
from integrations.sync.invoices.closed_period import open_day
from integrations.sync.invoices.eligibility import is_chosen
from integrations.sync.invoices.invoice_customer import customer_of_invoice
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
from integrations.sync.invoices.numbering import ExistingInvoice, NewNumber, choose_number
from integrations.sync.invoices.one_way import look_at_kept
from integrations.sync.invoices.pull_request import allocation_runs
from integrations.sync.invoices.push_lines import fit_text, line_text, wanted_lines
from integrations.sync.invoices.typed_again import with_payments_in_coperniq, with_payments_in_quickbooks
from integrations.sync.invoices.write_data import PushedInvoiceData
from integrations.sync.items.lines import InvoiceLine
from integrations.sync.items.push import has_unmatched


def plan_invoice_create(
    ctx: SyncContext, run: SyncRun, invoice: CoperniqInvoice, snapshot: CoperniqInvoiceSnapshot, wanted: str
) -> Plan:
    """Create the invoice, or link it to the QuickBooks invoice that it already is.

    `snapshot` is Coperniq's, `wanted` the number that it gets if no other document has it, "" if QuickBooks numbers.
    """
    family = customer_of_invoice(ctx, run, invoice)
    lines, matches = wanted_lines(ctx, run, invoice)
    chosen = choose_number(ctx, run, invoice, wanted, family)
    if isinstance(chosen, ExistingInvoice):
        return plan_invoice_link(ctx, run, invoice, snapshot, chosen)
    number = chosen.number
    values, warnings = _invoice_values(ctx, run, invoice, snapshot.memo or "", lines)
    warnings += _number_warnings(wanted, chosen)
    values |= {"CustomerRef.value": family.invoice_customer} | ({"DocNumber": number} if number else {})
    billed, billing_warnings = _billing_values(run, billing_of(ctx.connection, family, invoice.account_id))
    values |= billed
    warnings += billing_warnings
    return Plan(
        record_name=run.record_name,
        match_method="created",
        write=PlannedWrite("create", "Invoice", values, _create_changes(values, lines)),
        coperniq_snapshot=snapshot.as_json(),
        number=number,
        amount_cents=invoice.total_cents,
        warnings=warnings,
        state=InvoiceState(was_chosen=is_chosen(run)),
        response_data=PushedInvoiceData(line_order=tuple(line.id for line in lines)),
        learns=has_unmatched(lines),
        other_links=tuple(matches),
    )


def _invoice_values(
    ctx: SyncContext, run: SyncRun, invoice: CoperniqInvoice, memo: str, lines: Sequence[InvoiceLine]
) -> tuple[dict[str, object], tuple[Message, ...]]:
    """Payload by dotted path, and warnings. EmailStatus is NotSet: the portal never e-mails, people may."""
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
        **memo_values(ctx, memo, coperniq_tag(ctx.connection.realm_id, Kind.INVOICE, run.coperniq_id), run),
    }
    return values | ({"DueDate": due_on.isoformat()} if due_on else {}), warnings


def _billing_values(run: SyncRun, billing: Billing) -> tuple[dict[str, str], tuple[Message, ...]]:
    """For people who send the invoice from QuickBooks: an address that it refuses does not hold the invoice."""
    address = {f"BillAddr.{part}": value for part, value in billing.address.items()}
    if billing.email and was_email_refused(run):
        return address, (InvoicePushMessage.BILL_EMAIL_REFUSED(email=billing.email),)
    return address | ({"BillEmail.Address": billing.email} if billing.email else {}), ()


def memo_values(ctx: SyncContext, memo: str, tag: str, run: SyncRun) -> dict[str, str]:
    """The correlation tag is the private note's last line, whichever field the memo goes to.

    The private note does not stand on the invoice that the customer gets; the customer memo does. `tag` may be "".
    """
    if ctx.settings.memo_field == MemoField.CUSTOMER_MEMO:
        memo = fit_text(run, "description", memo, MEMO_LIMIT)
        return {"PrivateNote": tag} | ({"CustomerMemo.value": memo} if memo else {})
    return {"PrivateNote": with_tag(fit_text(run, "description", memo, NOTE_LIMIT - len(tag) - 1), tag)}


def _create_changes(values: dict[str, object], lines: Sequence[InvoiceLine]) -> tuple[Change, ...]:
    shown = ("DocNumber", "TxnDate", "DueDate", "CustomerMemo.value", "BillEmail.Address")
    named = [Change(name, "", str(values[name])) for name in shown if values.get(name)]
    address = ", ".join(str(value) for name, value in values.items() if name.startswith("BillAddr."))
    named += [Change("BillAddr", "", address)] if address else []
    return (*named, *(Change(f"Line {n}", "", line_text(line)) for n, line in enumerate(lines, 1)))


def _number_warnings(wanted: str, chosen: NewNumber) -> tuple[Message, ...]:
    number = chosen.number
    if number == wanted:
        return ()
    is_shortened = number == suffixed_number(wanted, 1)
    template = InvoicePushMessage.NUMBER_SHORTENED if is_shortened else InvoicePushMessage.NUMBER_TAKEN
    message = template(wanted=wanted, number=number)
    if not chosen.plain:
        return (message,)
    return message, InvoicePushMessage.NUMBER_TO_TYPE(proposed=chosen.proposed, plain=chosen.plain)


def plan_invoice_link(
    ctx: SyncContext,
    run: SyncRun,
    invoice: CoperniqInvoice,
    snapshot: CoperniqInvoiceSnapshot,
    existing: ExistingInvoice,
) -> Plan:
    """Link to the QuickBooks invoice. Its lines are paired by their order, so that later edits find them.

    An invoice that was found by its correlation tag is then compared field by field, because either side may have
    been edited since it was written, and so is one that was typed again in Coperniq with another total. If Coperniq's
    invoice was linked to one that is gone, its payments come along.
    """
    found = existing.invoice
    look_at_kept(ctx, Action.PULL_INVOICE, found.id)
    is_corrected = existing.replaces is not None and found.total_cents != invoice.total_cents
    is_compared = existing.match_method == RecordLink.MatchMethod.ADOPTED or is_corrected
    quickbooks_ids = [line.id for line in found.lines if line.kind != SUBTOTAL]
    coperniq_ids = [line.id for line in invoice_lines_of(invoice)]
    planned = Plan(
        record_name=run.record_name,
        match_method=existing.match_method,
        replaces=existing.replaces,
        quickbooks_id=found.id,
        quickbooks_name=f"Invoice {found.number}",
        quickbooks_version=found.sync_token,
        quickbooks_at=found.updated_at,
        quickbooks_snapshot=quickbooks_invoice_snapshot(found, ctx.settings.memo_field).as_json(),
        coperniq_snapshot=(snapshot.without(INVOICE_FIELDS) if is_compared else snapshot).as_json(),
        number=found.number,
        amount_cents=invoice.total_cents,
        state=InvoiceState(line_ids=dict(zip(coperniq_ids, quickbooks_ids, strict=False))),
        again=is_compared,
        asks=tuple(allocation_runs(ctx, found.payment_ids, run.coperniq_account_id)),
    )
    if existing.replaces is not None:
        return with_payments_in_quickbooks(ctx, planned, invoice.id)
    return with_payments_in_coperniq(ctx, planned, invoice.id, found)
