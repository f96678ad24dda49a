from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from integrations.errors import Choice, RecordMissing
from integrations.models import (
    Action,
    ItemlessLines,
    QuickBooksConnection,
    RecordLink,
    RemoteWrite,
    SyncRun,
)
from integrations.parsing import load_json
from integrations.quickbooks.bodies import money
from integrations.quickbooks.documents import Invoice, InvoiceLine, read_invoice_record
from integrations.sync.answers.edited_meanwhile import is_edited, remember_as_written, says_the_same
from integrations.sync.answers.finding import created_invoice
from integrations.sync.answers.sent import Sent, kept, link_of, verb_of
from integrations.sync.answers.unapplied import payments_with_room, run_for
from integrations.sync.desk import Desk
from integrations.sync.endings import Answered, Ending, done
from integrations.sync.mapping.invoices import SALES, SUBTOTAL, quickbooks_image
from integrations.sync.plans import Change

DELETED = "Deleted"
NAMED = 3
DROPPED = (
    "QuickBooks dropped the amounts of lines that no QuickBooks item matches: the portal writes them again "
    "with the item chosen for that."
)


def read(record: Mapping[str, Any]) -> Invoice | None:
    """None once it is deleted."""
    return None if record.get("status") == DELETED else read_invoice_record(record)


def ending_of(desk: Desk, write: RemoteWrite, sent: Sent, body: str) -> Ending:
    invoice = sent.record
    assert invoice is None or isinstance(invoice, Invoice)  # what read() above made of the answer
    link = link_of(desk, write)
    is_new = link.pk is None
    warnings = list(write.warnings)
    again = False
    choices = [Choice(**choice) for choice in link.written.pop("choices", ())]
    if invoice is None:
        link.quickbooks_image = {**link.quickbooks_image, "deleted": True}
    else:
        before, written = link.quickbooks_image, load(body)
        learnt = compare(written, invoice)
        remember(desk, link, invoice, learnt)
        if sent.looked_for and not learnt.dropped and is_edited(write, written, invoice):
            warnings += remember_as_written(write, link, before, written, invoice)
        link.quickbooks_image |= kept(write)
        warnings += learnt.warnings
        again = settle_itemless(desk, link, learnt)
        warnings += [DROPPED] if again else variance(write, link, invoice)
        warnings += unchanged(write, written, link)
    again = again or bool(write.about.get("about", {}).get("again"))
    waiting = payments_with_room(desk, write, invoice)
    asks = money_on(desk, write, invoice) if is_new else []
    number = link.told_number
    quickbooks_id = write.quickbooks_id if invoice is None else invoice.id
    return done(
        sentence_of(write, number),
        warnings,
        changes=[Change(**change) for change in write.changes],
        quickbooks_id=quickbooks_id,
        record_name=link.coperniq_name,
        intuit_tid=sent.intuit_tid,
        link=link,
        answered=Answered(write, quickbooks_id, link.quickbooks_version, sent.intuit_tid),
        other_links=waiting,
        asks=[*asks, *(run_for(desk, payment) for payment in waiting)],
        again=again,
        choices=choices,
    )


def load(body: str) -> dict[str, Any]:
    found = load_json(body)
    assert isinstance(found, dict)  # what the portal itself dumped
    return found


def sentence_of(write: RemoteWrite, number: str) -> str:
    told = f"{verb_of(write)} invoice {number} in QuickBooks"
    if write.about.get("written", {}).get("repair"):
        return f"Repaired invoice {number} in QuickBooks: the lines without an item have their amount now."
    if write.operation == "create":
        return f"{told}, open and not e-mailed."
    if write.operation in ("void", "delete"):
        archived = write.coperniq_image.get("archived") and write.coperniq_image.get("status") != "DECLINED"
        return f"{told}, because it was {'archived' if archived else 'declined'} in Coperniq."
    return (
        f"{told}: {listed([change['field'] for change in write.changes])}." if write.changes else f"{told}."
    )


def listed(names: Sequence[str]) -> str:
    """As many as one likes to read in a line of the log; its timeline has them all. A last one is named, not counted."""
    count = len(names) if len(names) <= NAMED + 1 else NAMED
    shown = ", ".join(names[:count]).lower()
    return shown if count == len(names) else f"{shown} and {len(names) - count} more"


def remember(desk: Desk, link: RecordLink, invoice: Invoice, learnt: Learnt) -> None:
    link.quickbooks_id = invoice.id
    link.quickbooks_name = f"Invoice {invoice.number}" if invoice.number else "Invoice without a number"
    link.quickbooks_version, link.quickbooks_at = invoice.sync_token, invoice.updated_at
    link.quickbooks_image = quickbooks_image(invoice, desk.settings.memo_field)
    link.number = invoice.number
    order: Sequence[str] = link.written.pop("line_order", ())
    if order:
        answered = zip(order, learnt.answered, strict=False)
        link.written["line_ids"] = {ours: line.id for ours, line in answered if ours}


@dataclass(frozen=True)
class Learnt:
    """What became of the lines that were sent: `dropped` cents of lines without an item, which `had_itemless` tells."""

    answered: Sequence[InvoiceLine]
    had_itemless: bool
    dropped: bool
    warnings: Sequence[str]


def compare(sent: Mapping[str, Any], invoice: Invoice) -> Learnt:
    answered = [line for line in invoice.lines if line.kind != SUBTOTAL]
    pairs = list(zip(sent.get("Line", ()), answered, strict=False))
    itemless = [(raw, line) for raw, line in pairs if is_itemless(raw)]
    lost = len(answered) != len(sent.get("Line", ())) and any(map(is_itemless, sent.get("Line", ())))
    dropped = lost or any(raw["Amount"] != money(line.amount_cents) for raw, line in itemless)
    given = sorted({line.item_name or line.item_id for _, line in itemless if line.item_id})
    warnings = [f"QuickBooks put its item “{name}” into lines that have none in Coperniq." for name in given]
    return Learnt(answered, lost or bool(itemless), dropped, warnings)


def is_itemless(raw: Mapping[str, Any]) -> bool:
    return raw.get("DetailType") == SALES and "ItemRef" not in raw[SALES] and bool(raw["Amount"])


def settle_itemless(desk: Desk, link: RecordLink, learnt: Learnt) -> bool:
    """True if the invoice has to be repaired: the amount of a line without an item was dropped."""
    link.written["repair"] = learnt.dropped
    if learnt.had_itemless:
        known = ItemlessLines.IGNORED if learnt.dropped else ItemlessLines.KEPT
        QuickBooksConnection.objects.filter(pk=desk.connection.pk).update(itemless_lines=known)
    return learnt.dropped


def variance(write: RemoteWrite, link: RecordLink, invoice: Invoice) -> list[str]:
    """A total that is not Coperniq's is never a silent success."""
    wanted = None if "lines" in kept(write) else link.amount_cents
    if wanted is None or write.operation not in ("create", "update") or invoice.total_cents == wanted:
        return []
    return [
        f"QuickBooks makes it ${money(invoice.total_cents):,} where Coperniq has ${money(wanted):,}: "
        "look for tax, discounts or lines of its own there."
    ]


def has_payments(image: Mapping[str, Any]) -> bool:
    return bool(image.get("paid")) or image.get("status") in ("PAID", "PARTIALLY_PAID")


def unchanged(write: RemoteWrite, sent: Mapping[str, Any], link: RecordLink) -> list[str]:
    """Nobody has written down how a text is emptied in an update, so it is looked at afterwards.

    See docs/vendors/quickbooks-online.md, 8.1.
    """
    cleared = sent.get("CustomerMemo", {}).get("value") == ""
    if write.operation != "update" or not cleared or not link.quickbooks_image["memo"]:
        return []
    return ["QuickBooks kept the message although it is empty in Coperniq: clear it there by hand."]


def money_on(desk: Desk, write: RemoteWrite, invoice: Invoice | None) -> list[SyncRun]:
    """What came in on either side before the invoice was linked."""
    account_id = write.about["coperniq_account_id"]
    asks = allocations_of(desk, invoice.payment_ids if invoice else (), account_id)
    return [*asks, payments_of(desk, write)] if has_payments(write.coperniq_image) else asks


def payments_of(desk: Desk, write: RemoteWrite) -> SyncRun:
    return SyncRun.of(
        desk.connection,
        Action.NOTICE_PAYMENTS,
        coperniq_id=write.coperniq_id,
        coperniq_account_id=write.about["coperniq_account_id"],
        record_name=write.about["coperniq_name"],
    )


def allocations_of(desk: Desk, payment_ids: Iterable[str], coperniq_account_id: str) -> list[SyncRun]:
    """Looks at payments in QuickBooks. Whoever heard of one while its invoice was not linked has passed it over."""
    return [
        SyncRun.of(
            desk.connection,
            Action.NOTICE_ALLOCATIONS,
            quickbooks_id=payment_id,
            coperniq_account_id=coperniq_account_id,
        )
        for payment_id in payment_ids
    ]


def look_for(desk: Desk, write: RemoteWrite, body: str) -> Sent | None:
    wanted = load(body)
    if write.operation == "create":
        return look_for_created(desk, write, wanted)
    try:
        current = desk.quickbooks.read_invoice(write.quickbooks_id)
    except RecordMissing:
        return Sent(None, "") if write.operation == "delete" else None
    if write.operation == "void":
        return Sent(current, "") if current.is_voided else None
    return Sent(current, "", True) if write.operation == "update" and holds(current, wanted) else None


def look_for_created(desk: Desk, write: RemoteWrite, wanted: Mapping[str, Any]) -> Sent | None:
    found = created_invoice(desk, write, wanted)
    if found is None:
        return None
    write.rule = RecordLink.Rule.ADOPTED
    return Sent(found, "", True)


def holds(current: Invoice, wanted: Mapping[str, Any]) -> bool:
    due_on = current.due_on.isoformat() if current.due_on else ""
    rows = wanted.get("Line")
    return (
        wanted.get("DueDate", due_on) == due_on
        and wanted.get("PrivateNote", current.note) == current.note
        and wanted.get("CustomerMemo", {}).get("value", current.memo) == current.memo
        and (rows is None or says_the_same(current, rows))
    )
