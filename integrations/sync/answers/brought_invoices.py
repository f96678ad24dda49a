"""What Coperniq answered to an invoice brought over from QuickBooks, or kept in step with it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, cast
from zoneinfo import ZoneInfo

from integrations.coperniq.money import Invoice, InvoiceLine
from integrations.errors import Choice, RecordMissing
from integrations.models import Kind, RecordLink, RemoteWrite, SyncRun
from integrations.parsing import Wild
from integrations.quickbooks.bodies import money
from integrations.sync.answers.finding import sent_about
from integrations.sync.answers.invoices import allocations_of, listed, load
from integrations.sync.answers.sent import Sent, take_note
from integrations.sync.desk import Desk
from integrations.sync.endings import Answered, Ending, done
from integrations.sync.mapping.coperniq_texts import quickbooks_marked
from integrations.sync.mapping.invoices import coperniq_image, day_of
from integrations.sync.plans import Change


def ending_of(desk: Desk, write: RemoteWrite, sent: Sent, body: str) -> Ending:
    invoice = cast("Invoice", sent.record)
    about = write.about["about"]
    link, before = link_to(desk, write, invoice)
    is_new = link.pk is None
    remember(desk, link, write, invoice)
    if about.get("found"):
        link.coperniq_image |= edited_since(desk, invoice, load(body)) | moved_since(about["record"], invoice)
    if is_new:
        link.coperniq_name = name_of(link.number, invoice.number)
    again = left_standing(link, about, invoice)
    link.written["lines_stay"] = again or bool(link.written.get("lines_stay"))
    if again:  # the lines have not been taken over yet
        link.quickbooks_image = {**link.quickbooks_image, "lines": before.get("lines")}
    choices = [Choice(**choice) for choice in about.get("choices", ())]
    return done(
        sentence_of(write, link),
        [*write.warnings, *([] if again else variance(about, invoice))],
        changes=[Change(**change) for change in write.changes],
        quickbooks_id=write.quickbooks_id,
        record_name=link.coperniq_name,
        link=link,
        answered=Answered(write, write.quickbooks_id, link.quickbooks_version, ""),
        asks=payments_of(desk, link, found=bool(about.get("found"))) if is_new else (),
        choices=choices,
        again=again or bool(about.get("again")),
    )


def link_to(desk: Desk, write: RemoteWrite, invoice: Invoice) -> tuple[RecordLink, dict[str, Any]]:
    """With QuickBooks as it was read for this write, and what stood there before."""
    links = RecordLink.objects.of(desk.connection, Kind.INVOICE)
    link = links.filter(quickbooks_id=write.quickbooks_id).first() or RecordLink(
        connection=desk.connection,
        kind=Kind.INVOICE,
        coperniq_id=invoice.id,
        quickbooks_id=write.quickbooks_id,
        rule=write.rule,
    )
    take_note(link, write.about)
    before = link.quickbooks_image
    theirs = write.about["about"]["quickbooks"]
    link.quickbooks_name, link.quickbooks_version = theirs["name"], theirs["version"]
    link.quickbooks_image = theirs["image"]
    link.quickbooks_at = datetime.fromisoformat(theirs["at"]) if theirs["at"] else link.quickbooks_at
    return link, before


def remember(desk: Desk, link: RecordLink, write: RemoteWrite, invoice: Invoice) -> None:
    """Only what was written counts as answered: a person may have changed the rest since it was read."""
    answered = coperniq_image(invoice, ZoneInfo(desk.connection.company.time_zone))
    about = write.about["about"]
    written = {name: answered[name] for name in about["fields"]}
    link.coperniq_image = {**write.coperniq_image, **written} if write.coperniq_id else answered
    pairs = about.get("pairs")
    if pairs is not None:
        sold = {line.catalog_item_id: line.id for line in invoice.lines}
        link.written["line_ids"] = {sold[item]: theirs for item, theirs in pairs.items() if item in sold}


def name_of(number: str, own_number: str) -> str:
    """Each side numbers by itself, so that both numbers are told."""
    if not number or number == own_number:
        return f"Invoice {own_number}"
    return f"Invoice {number} ({own_number} in Coperniq)"


def left_standing(link: RecordLink, about: Mapping[str, Any], invoice: Invoice) -> bool:
    """True if Coperniq keeps lines an update leaves out, which is not documented: then they are emptied.

    See docs/vendors/coperniq-api.md, A11.
    """
    sent = about.get("sold")
    if sent is None or link.written.get("lines_stay"):
        return False
    return any(line.catalog_item_id not in sent and line.amount_cents for line in invoice.lines)


def variance(about: Mapping[str, Any], invoice: Invoice) -> list[str]:
    """A total that is not QuickBooks' is never a silent success."""
    wanted = about.get("total")
    if wanted is None or invoice.total_cents == wanted:
        return []
    return [
        f"Coperniq makes it ${money(invoice.total_cents):,} where QuickBooks has ${money(wanted):,}: compare the lines, "
        "and correct them in QuickBooks."
    ]


def sentence_of(write: RemoteWrite, link: RecordLink) -> str:
    about = write.about["about"]
    name = f"invoice {link.told_number}"
    if not write.coperniq_id:
        folded = f" Put together for Coperniq: {', '.join(about['why'])}." if about.get("why") else ""
        place = f" on “{about['place']}”" if about.get("place") else ""
        return f"Brought {name} over to Coperniq{place}: ${money(link.amount_cents or 0):,}.{folded}"
    if "status" in about["fields"]:
        return f"Declined {name} in Coperniq, because it was {about['because']} in QuickBooks."
    return f"Updated {name} in Coperniq: {listed([change['field'] for change in write.changes])}."


def payments_of(desk: Desk, link: RecordLink, *, found: bool) -> list[SyncRun]:
    """Money that came in before the invoice was in Coperniq; after a lost answer that may be since it was read."""
    payment_ids = link.quickbooks_image.get("payments", ())
    if found:
        try:
            payment_ids = desk.quickbooks.read_invoice(link.quickbooks_id).payment_ids
        except RecordMissing:
            payment_ids = ()
    return allocations_of(desk, payment_ids, link.coperniq_account_id)


def look_for(desk: Desk, write: RemoteWrite, body: str) -> Sent | None:
    if not write.coperniq_id:
        found = find_marked(desk, write.about["about"]["record"], write.quickbooks_id) or find_moved(
            desk, write
        )
        write.about["about"]["found"] = found is not None
        return Sent(found, "") if found else None
    try:
        current = desk.coperniq.read_invoice(write.coperniq_id)
    except RecordMissing:
        return None
    zone = ZoneInfo(desk.connection.company.time_zone)
    return Sent(current, "") if holds(current, load(body), zone) else None


def edited_since(desk: Desk, current: Invoice, wanted: Mapping[str, Any]) -> dict[str, None]:
    """Fields that are not as they were sent, in an invoice found after a lost answer: an edit that nobody has seen."""
    zone = ZoneInfo(desk.connection.company.time_zone)
    parts = {"due_date": "dueDate", "memo": "description", "lines": "lineItems"}
    sent = {name: {part: wanted[part]} for name, part in parts.items() if part in wanted}
    return {name: None for name, values in sent.items() if not holds(current, values, zone)}


def moved_since(record: Sequence[str], current: Invoice) -> dict[str, str]:
    """Where it was brought to, if it is elsewhere by now: a person is asked about that."""
    return {"record_id": record[1]} if current.record_id not in ("", record[1]) else {}


def find_marked(desk: Desk, record: Sequence[str], quickbooks_id: str) -> Invoice | None:
    """The invoice of this record, ("projects" or "accounts", id), that bears the mark of QuickBooks' one."""
    kind, id_ = record
    rows = desk.coperniq.list_invoices_of("projects" if kind == "projects" else "accounts", id_)
    return marked_among(desk, rows, quickbooks_id)


def find_moved(desk: Desk, write: RemoteWrite) -> Invoice | None:
    """People may have moved it to another record, or taken its own away, before the portal had its answer."""
    rows = desk.coperniq.list_invoices(sent_about(write, desk.coperniq.clock_offset))
    return marked_among(desk, rows, write.quickbooks_id)


def marked_among(desk: Desk, rows: Iterable[object], quickbooks_id: str) -> Invoice | None:
    for row in rows:
        if not isinstance(row, Invoice):
            continue
        mark = quickbooks_marked(desk.connection.realm_id, Kind.INVOICE, row.description)
        if mark.quickbooks_id == quickbooks_id and is_free(desk, row.id):
            return row
    return None


def is_free(desk: Desk, coperniq_id: str) -> bool:
    return RecordLink.objects.pushed(desk.connection, Kind.INVOICE, coperniq_id) is None


def holds(current: Invoice, wanted: Mapping[str, Any], zone: ZoneInfo) -> bool:
    due = Wild(dict(wanted)).moment("dueDate", None)
    rows = wanted.get("lineItems")
    return (
        ("dueDate" not in wanted or day_of(current.due_at, zone) == day_of(due, zone))
        and wanted.get("description", current.description).strip() == current.description.strip()
        and wanted.get("status", current.status) == current.status
        and (rows is None or sorted(map(wanted_line, rows)) == sorted(map(standing_line, current.lines)))
    )


SoldLine = tuple[str, Decimal, Decimal, str]


def wanted_line(row: Mapping[str, Any]) -> SoldLine:
    texts = str(row["catalogItemId"]), row.get("description") or ""
    return texts[0], Decimal(row["quantity"]), Decimal(row["unitPrice"]), texts[1].strip()


def standing_line(line: InvoiceLine) -> SoldLine:
    return line.catalog_item_id, line.quantity, line.unit_price, line.description.strip()
