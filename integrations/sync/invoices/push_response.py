"""QuickBooks' answer to a write of an invoice."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from integrations.errors import Choice, RecordMissing
from integrations.models import (
    Action,
    ItemlessLines,
    Kind,
    QuickBooksConnection,
    RecordLink,
    RemoteWrite,
    SyncRun,
)
from integrations.quickbooks.bodies import money
from integrations.quickbooks.documents import (
    QuickBooksInvoice,
    QuickBooksInvoiceLine,
    parse_quickbooks_invoice,
)
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.correlation_tag import tagged_coperniq_id
from integrations.sync.engine.lost_writes import sent_not_before, unlinked_rows, unlinked_with_tag
from integrations.sync.engine.plan import AnsweredWrite, Change, RunResult, done
from integrations.sync.engine.responses import (
    WriteResponse,
    kept_snapshot,
    link_for_write,
    load_body,
    past_tense_of,
)
from integrations.sync.invoices.concurrent_edits import (
    has_written_values,
    snapshot_as_written,
    was_edited_meanwhile,
)
from integrations.sync.invoices.mapping import SALES, SUBTOTAL, quickbooks_invoice_snapshot
from integrations.sync.invoices.unapplied import payments_with_unapplied_money, run_for_payment

_DELETED_STATE = "Deleted"
NAMED = 3
DROPPED = (
    "QuickBooks dropped the amounts of lines that no QuickBooks item matches: the portal writes them again "
    "with the item chosen for that."
)


def read(record: Mapping[str, Any]) -> QuickBooksInvoice | None:
    """None once it is deleted."""
    return None if record.get("status") == _DELETED_STATE else parse_quickbooks_invoice(record)


def on_response(ctx: SyncContext, write: RemoteWrite, sent: WriteResponse, body: str) -> RunResult:
    invoice = sent.record
    assert invoice is None or isinstance(invoice, QuickBooksInvoice)  # what read() above made of the answer
    link = link_for_write(ctx, write)
    is_new = link.pk is None
    warnings = list(write.warnings)
    again = False
    choices = [Choice(**choice) for choice in link.written.pop("choices", ())]
    if invoice is None:
        link.quickbooks_snapshot = {**link.quickbooks_snapshot, "deleted": True}
    else:
        before, written = link.quickbooks_snapshot, load_body(body)
        learnt = _compare_totals(written, invoice)
        _update_link(ctx, link, invoice, learnt)
        if sent.looked_for and not learnt.dropped and was_edited_meanwhile(write, written, invoice):
            warnings += snapshot_as_written(write, link, before, written, invoice)
        link.quickbooks_snapshot |= kept_snapshot(write)
        warnings += learnt.warnings
        again = _settle_itemless(ctx, link, learnt)
        warnings += [DROPPED] if again else _variance_warning(write, link, invoice)
        warnings += _unchanged(write, written, link)
    again = again or bool(write.about.get("about", {}).get("again"))
    waiting = payments_with_unapplied_money(ctx, write, invoice)
    asks = money_on(ctx, write, invoice) if is_new else []
    number = link.display_number
    quickbooks_id = write.quickbooks_id if invoice is None else invoice.id
    return done(
        _message_of(write, number),
        warnings,
        changes=[Change(**change) for change in write.changes],
        quickbooks_id=quickbooks_id,
        record_name=link.coperniq_name,
        intuit_tid=sent.intuit_tid,
        link=link,
        answered=AnsweredWrite(write, quickbooks_id, link.quickbooks_version, sent.intuit_tid),
        other_links=waiting,
        asks=[*asks, *(run_for_payment(ctx, payment) for payment in waiting)],
        again=again,
        choices=choices,
    )


def _message_of(write: RemoteWrite, number: str) -> str:
    told = f"{past_tense_of(write)} invoice {number} in QuickBooks"
    if write.about.get("written", {}).get("repair"):
        return f"Repaired invoice {number} in QuickBooks: the lines without an item have their amount now."
    if write.operation == "create":
        return f"{told}, open and not e-mailed."
    if write.operation in ("void", "delete"):
        archived = (
            write.coperniq_snapshot.get("archived") and write.coperniq_snapshot.get("status") != "DECLINED"
        )
        return f"{told}, because it was {'archived' if archived else 'declined'} in Coperniq."
    return (
        f"{told}: {list_sentences([change['field'] for change in write.changes])}."
        if write.changes
        else f"{told}."
    )


def list_sentences(names: Sequence[str]) -> str:
    """As many as one likes to read in a line of the log; its timeline has them all. A last one is named, not counted."""
    count = len(names) if len(names) <= NAMED + 1 else NAMED
    shown = ", ".join(names[:count]).lower()
    return shown if count == len(names) else f"{shown} and {len(names) - count} more"


def _update_link(
    ctx: SyncContext, link: RecordLink, invoice: QuickBooksInvoice, learnt: _LearnedItemless
) -> None:
    link.quickbooks_id = invoice.id
    link.quickbooks_name = f"Invoice {invoice.number}" if invoice.number else "Invoice without a number"
    link.quickbooks_version, link.quickbooks_at = invoice.sync_token, invoice.updated_at
    link.quickbooks_snapshot = quickbooks_invoice_snapshot(invoice, ctx.settings.memo_field)
    link.number = invoice.number
    order: Sequence[str] = link.written.pop("line_order", ())
    if order:
        answered = zip(order, learnt.answered, strict=False)
        link.written["line_ids"] = {ours: line.id for ours, line in answered if ours}


@dataclass(frozen=True)
class _LearnedItemless:
    """What became of the lines that were sent: `dropped` cents of lines without an item, which `had_itemless` tells."""

    answered: Sequence[QuickBooksInvoiceLine]
    had_itemless: bool
    dropped: bool
    warnings: Sequence[str]


def _compare_totals(sent: Mapping[str, Any], invoice: QuickBooksInvoice) -> _LearnedItemless:
    answered = [line for line in invoice.lines if line.kind != SUBTOTAL]
    pairs = list(zip(sent.get("Line", ()), answered, strict=False))
    itemless = [(raw, line) for raw, line in pairs if is_itemless(raw)]
    lost = len(answered) != len(sent.get("Line", ())) and any(map(is_itemless, sent.get("Line", ())))
    dropped = lost or any(raw["Amount"] != money(line.amount_cents) for raw, line in itemless)
    given = sorted({line.item_name or line.item_id for _, line in itemless if line.item_id})
    warnings = [f"QuickBooks put its item “{name}” into lines that have none in Coperniq." for name in given]
    return _LearnedItemless(answered, lost or bool(itemless), dropped, warnings)


def is_itemless(raw: Mapping[str, Any]) -> bool:
    return raw.get("DetailType") == SALES and "ItemRef" not in raw[SALES] and bool(raw["Amount"])


def _settle_itemless(ctx: SyncContext, link: RecordLink, learnt: _LearnedItemless) -> bool:
    """True if the invoice has to be repaired: the amount of a line without an item was dropped."""
    link.written["repair"] = learnt.dropped
    if learnt.had_itemless:
        known = ItemlessLines.IGNORED if learnt.dropped else ItemlessLines.KEPT
        QuickBooksConnection.objects.filter(pk=ctx.connection.pk).update(itemless_lines=known)
    return learnt.dropped


def _variance_warning(write: RemoteWrite, link: RecordLink, invoice: QuickBooksInvoice) -> list[str]:
    """A total that is not Coperniq's is never a silent success."""
    wanted = None if "lines" in kept_snapshot(write) else link.amount_cents
    if wanted is None or write.operation not in ("create", "update") or invoice.total_cents == wanted:
        return []
    return [
        f"QuickBooks makes it ${money(invoice.total_cents):,} where Coperniq has ${money(wanted):,}: "
        "look for tax, discounts or lines of its own there."
    ]


def _has_payments(image: Mapping[str, Any]) -> bool:
    return bool(image.get("paid")) or image.get("status") in ("PAID", "PARTIALLY_PAID")


def _unchanged(write: RemoteWrite, sent: Mapping[str, Any], link: RecordLink) -> list[str]:
    """Nobody has written down how a text is emptied in an update, so it is looked at afterwards.

    See docs/vendors/quickbooks-online.md, 8.1.
    """
    cleared = sent.get("CustomerMemo", {}).get("value") == ""
    if write.operation != "update" or not cleared or not link.quickbooks_snapshot["memo"]:
        return []
    return ["QuickBooks kept the message although it is empty in Coperniq: clear it there by hand."]


def money_on(ctx: SyncContext, write: RemoteWrite, invoice: QuickBooksInvoice | None) -> list[SyncRun]:
    """What came in on either side before the invoice was linked."""
    account_id = write.about["coperniq_account_id"]
    asks = allocation_runs(ctx, invoice.payment_ids if invoice else (), account_id)
    return [*asks, _payment_runs(ctx, write)] if _has_payments(write.coperniq_snapshot) else asks


def _payment_runs(ctx: SyncContext, write: RemoteWrite) -> SyncRun:
    return SyncRun.of(
        ctx.connection,
        Action.NOTICE_PAYMENTS,
        coperniq_id=write.coperniq_id,
        coperniq_account_id=write.about["coperniq_account_id"],
        record_name=write.about["coperniq_name"],
    )


def allocation_runs(ctx: SyncContext, payment_ids: Iterable[str], coperniq_account_id: str) -> list[SyncRun]:
    """Looks at payments in QuickBooks. Whoever heard of one while its invoice was not linked has passed it over."""
    return [
        SyncRun.of(
            ctx.connection,
            Action.NOTICE_ALLOCATIONS,
            quickbooks_id=payment_id,
            coperniq_account_id=coperniq_account_id,
        )
        for payment_id in payment_ids
    ]


def find_lost_write(ctx: SyncContext, write: RemoteWrite, body: str) -> WriteResponse | None:
    wanted = load_body(body)
    if write.operation == "create":
        return _find_created(ctx, write, wanted)
    try:
        current = ctx.quickbooks.read_invoice(write.quickbooks_id)
    except RecordMissing:
        return WriteResponse(None, "") if write.operation == "delete" else None
    if write.operation == "void":
        return WriteResponse(current, "") if current.is_voided else None
    return (
        WriteResponse(current, "", True)
        if write.operation == "update" and _has_values(current, wanted)
        else None
    )


def _find_created(ctx: SyncContext, write: RemoteWrite, wanted: Mapping[str, Any]) -> WriteResponse | None:
    found = find_created_invoice(ctx, write, wanted)
    if found is None:
        return None
    write.match_method = RecordLink.MatchMethod.ADOPTED
    return WriteResponse(found, "", True)


def _has_values(current: QuickBooksInvoice, wanted: Mapping[str, Any]) -> bool:
    due_on = current.due_on.isoformat() if current.due_on else ""
    rows = wanted.get("Line")
    return (
        wanted.get("DueDate", due_on) == due_on
        and wanted.get("PrivateNote", current.note) == current.note
        and wanted.get("CustomerMemo", {}).get("value", current.memo) == current.memo
        and (rows is None or has_written_values(current, rows))
    )


def find_created_invoice(
    ctx: SyncContext, write: RemoteWrite, wanted: Mapping[str, Any]
) -> QuickBooksInvoice | None:
    """By its mark, under another number too; by all it was made with, where people took the mark: voiding does."""
    named = ctx.quickbooks.find_invoices_numbered([wanted["DocNumber"]])
    since = sent_not_before(write, ctx.quickbooks.clock_offset)
    free = unlinked_with_tag(ctx, write, named) or unlinked_with_tag(
        ctx, write, ctx.quickbooks.list_invoices_changed(since)
    )
    if not free:
        young = [row for row in named if row.created_at is not None and row.created_at >= since]
        free = unlinked_rows(ctx, write, [row for row in young if _is_untagged_match(ctx, wanted, row)])
    return min(free, key=lambda row: int(row.id) if row.id.isdecimal() else 0, default=None)


def _is_untagged_match(ctx: SyncContext, wanted: Mapping[str, Any], invoice: QuickBooksInvoice) -> bool:
    """`wanted`: the body of a create. A voided one keeps number and customer."""
    marked = tagged_coperniq_id(ctx.connection.realm_id, Kind.INVOICE, invoice.note)
    same = (invoice.number, invoice.customer_id) == (wanted["DocNumber"], wanted["CustomerRef"]["value"])
    total = sum(line["Amount"] for line in wanted["Line"])
    return not marked and same and (invoice.is_voided or money(invoice.total_cents) == total)
