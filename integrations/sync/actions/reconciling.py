"""A linked invoice, read from both sides: what changed on one goes to the other, field by field.

One plan is one write. QuickBooks is written first; what remains for Coperniq, or for a person, is planned after it,
and until then keeps its images: a side has changed as long as it differs from its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from integrations.coperniq.money import Invoice
from integrations.errors import Skip
from integrations.models import Kind, RecordLink, SyncRun, Vendor
from integrations.models.run_sets import SyncRunQuerySet
from integrations.quickbooks.documents import Invoice as QuickBooksInvoice
from integrations.sync import answers
from integrations.sync.actions import items
from integrations.sync.actions.both_sides import Fields
from integrations.sync.actions.closing import refuse_closed
from integrations.sync.actions.conflicts import Resolved, resolve, together
from integrations.sync.actions.edit_times import still_open
from integrations.sync.desk import Desk
from integrations.sync.mapping.invoices import quickbooks_image
from integrations.sync.plans import Plan, PlannedWrite

CAUSES = ("conflict", "lines_folded", "lines_not_in_coperniq")
"""What a person is asked about an invoice, whichever direction it was noticed in."""
REFUSALS = ("refused", "books_closed")
"""What either direction would run into again."""


def plan(
    desk: Desk,
    run: SyncRun,
    invoice: Invoice,
    link: RecordLink,
    image: dict[str, Any],
    current: QuickBooksInvoice,
) -> Plan:
    fields = Fields(desk, run, invoice, link, image, current)
    resolved = resolve(desk, run, link, fields)
    if open_cards(desk, run, REFUSALS).requeue():
        raise Skip("asked_already", "What was refused is tried again in its own run.", silent=True)
    asked_already = open_cards(desk, run).requeue() > 0
    if resolved.values:
        refuse_closed(desk, current.on)
        return to_quickbooks(fields, resolved)
    if resolved.coperniq_values:
        return to_coperniq(fields, resolved)
    if resolved.held and asked_already:
        raise Skip("asked_already", "A person has been asked about this already.", silent=True)
    if resolved.held:
        raise together(resolved.held.values())
    return in_step(fields, resolved)


def open_cards(desk: Desk, run: SyncRun, causes: Sequence[str] = CAUSES) -> SyncRunQuerySet:
    """What the run of the other direction asks about the same invoice: it is looked at anew, and one card is enough."""
    runs = SyncRun.objects.held().filter(connection=desk.connection, kind=Kind.INVOICE)
    return runs.filter(coperniq_id=run.coperniq_id, cause__in=causes).exclude(pk=run.pk)


def to_quickbooks(fields: Fields, resolved: Resolved) -> Plan:
    current, link = fields.current, fields.link
    left = [*resolved.to_coperniq, *resolved.held, *resolved.put_back]
    write = PlannedWrite(
        "update", "Invoice", resolved.values, tuple(resolved.changes), current.id, current.sync_token
    )
    written = written_by(fields, resolved, left)
    written["choices"] = [choice._asdict() for choice in resolved.choices]
    if "lines" in resolved.to_quickbooks:
        written["line_order"] = [sent.ours for sent in fields.sent]
    return base(
        fields,
        resolved,
        write=write,
        written=written,
        learns="lines" in resolved.to_quickbooks and items.has_unmatched(fields.lines),
        other_links=tuple(fields.matches),
        about={"kept": kept(link.quickbooks_image, left), "again": bool(left)},
    )


def to_coperniq(fields: Fields, resolved: Resolved) -> Plan:
    """`fields` of `about` are those whose answer counts; what is restored is to differ, and goes to QuickBooks then."""
    lines = fields.brought if "lines" in resolved.to_coperniq else None
    theirs = {**fields.theirs, **kept(fields.link.quickbooks_image, resolved.held)}
    again = bool(resolved.held or resolved.restored)
    about = {
        "quickbooks": told_of(fields.current, theirs),
        "fields": [name for name in names_of(resolved.to_coperniq) if name in fields.image],
        "choices": [choice._asdict() for choice in resolved.choices],
        "again": again,
    }
    written = written_by(fields, resolved, [*resolved.held, *resolved.restored])
    if lines is not None:
        about |= {
            "total": fields.current.total_cents,
            "pairs": lines.pairs,
            "sold": list(lines.catalog_ids.values()),
        }
        written |= {"folded": lines.folded.is_folded}
    return base(
        fields,
        resolved,
        write=PlannedWrite(
            "update",
            answers.COPERNIQ_INVOICE,
            resolved.coperniq_values,
            tuple(resolved.coperniq_changes),
            vendor=Vendor.COPERNIQ,
            coperniq_id=fields.invoice.id,
        ),
        written=written,
        about=about,
        amount_cents=fields.current.total_cents if lines is not None else fields.image["total"],
    )


def in_step(fields: Fields, resolved: Resolved) -> Plan:
    return base(
        fields,
        resolved,
        written=written_by(fields, resolved, []),
        sentence=f"Invoice {fields.link.told_number} is in step on both sides already.",
        ending={"choices": resolved.choices},
    )


def base(fields: Fields, resolved: Resolved, **values: Any) -> Plan:
    current, link = fields.current, fields.link
    return Plan.of(
        link,
        link.coperniq_name or fields.run.record_name,
        **{
            "quickbooks_version": current.sync_token,
            "quickbooks_image": dict(fields.theirs),
            "quickbooks_at": current.updated_at,
            "coperniq_image": {**fields.image, **kept(link.coperniq_image, resolved.held)},
            "number": current.number,
            "amount_cents": fields.image["total"],
            "warnings": tuple(resolved.warnings),
            **values,
        },
    )


def kept(image: Mapping[str, Any], names: Sequence[str] | Mapping[str, Any]) -> dict[str, Any]:
    """Values of an image that stand until their field is settled."""
    return {name: image[name] for name in names_of(names) if name in image}


def names_of(names: Sequence[str] | Mapping[str, Any]) -> list[str]:
    """The total belongs to the lines, the number to the memo it is written in front of."""
    beside = {"lines": ["lines", "total"], "memo": ["memo", "number"]}
    return [each for name in names for each in beside.get(name, [name])]


def told_of(current: QuickBooksInvoice, image: Mapping[str, Any]) -> dict[str, Any]:
    """QuickBooks as it was read, for the link that the answer of Coperniq makes or brings up to date."""
    return {
        "name": f"Invoice {current.number}" if current.number else "Invoice without a number",
        "version": current.sync_token,
        "at": current.updated_at.isoformat() if current.updated_at else "",
        "image": dict(image),
    }


def written_by(fields: Fields, resolved: Resolved, unsettled: Sequence[str]) -> dict[str, Any]:
    """What the link keeps. Whoever looks next goes on with the `unsettled` fields, whichever side that begins on."""
    dropped = ("changed_at", "unsettled")
    written = {name: value for name, value in fields.link.written.items() if name not in dropped}
    noted = still_open(fields.link.written.get("changed_at", {}), list(resolved.held))
    more = {"changed_at": noted if any(noted.values()) else {}, "unsettled": list(unsettled)}
    kept_too = {name: value for name, value in more.items() if value}
    return {**written, **paired(fields), "losers": resolved.losers, **kept_too}


def paired(fields: Fields) -> dict[str, Any]:
    """Which line is which, and whether that can be told at all: lines put together are QuickBooks' own."""
    if "brought" in vars(fields) and fields.brought.agree:
        pairs, standing = fields.brought.pairs, fields.invoice.lines
        line_ids = {
            line.id: pairs[line.catalog_item_id] for line in standing if line.catalog_item_id in pairs
        }
        return {"folded": fields.brought.folded.is_folded, "line_ids": line_ids}
    return {} if fields.lines_are_theirs else {"line_ids": fields.pairs}


def refreshed(
    desk: Desk, link: RecordLink, run: SyncRun, current: QuickBooksInvoice, put_off: Sequence[str] = ()
) -> Plan:
    """A payment, an e-mail, our own write, or a change that has nowhere to go: Coperniq need not be asked.

    Fields that are `put_off` go over once Coperniq's invoice is in use again.
    """
    image = quickbooks_image(current, desk.settings.memo_field)
    more = {"unsettled": list(put_off)} if put_off else {}
    return Plan.of(
        link,
        link.coperniq_name or run.record_name,
        quickbooks_version=current.sync_token,
        quickbooks_image={**image, **kept(link.quickbooks_image, put_off)},
        quickbooks_at=current.updated_at,
        written={**link.written, **more},
        sentence=f"Nothing that is kept in step has changed on invoice {link.told_number} in QuickBooks.",
        ending={"silent": True},
    )
