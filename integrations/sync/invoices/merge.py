"""A linked invoice, read from both sides: what changed on one side goes to the other, field by field.

One plan is one write. QuickBooks is written first; what remains for Coperniq, or for a person, is planned after it.
Until then the link keeps the old snapshots: a side has changed as long as it differs from its own snapshot.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from integrations.coperniq.money import CoperniqInvoice
from integrations.errors import Skipped
from integrations.models import Kind, RecordLink, SyncRun, Vendor
from integrations.models.run_querysets import SyncRunQuerySet
from integrations.quickbooks.documents import QuickBooksInvoice
from integrations.sync.engine import responses as engine_responses
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.plan import Plan, PlannedWrite
from integrations.sync.invoices.closed_period import refuse_closed
from integrations.sync.invoices.compare import InvoiceComparison
from integrations.sync.invoices.conflicts import Resolution, combined_hold, resolve
from integrations.sync.invoices.edit_times import still_open
from integrations.sync.invoices.mapping import quickbooks_invoice_snapshot
from integrations.sync.items.push import has_unmatched

CONFLICT_CAUSES = ("conflict", "lines_folded", "lines_not_in_coperniq")
"""What a person is asked about an invoice, whichever direction it was noticed in."""
_REFUSAL_CAUSES = ("refused", "books_closed")
"""What either direction would run into again."""


def plan_merge(
    ctx: SyncContext,
    run: SyncRun,
    invoice: CoperniqInvoice,
    link: RecordLink,
    image: dict[str, Any],
    current: QuickBooksInvoice,
) -> Plan:
    fields = InvoiceComparison(ctx, run, invoice, link, image, current)
    resolved = resolve(ctx, run, link, fields)
    if open_questions(ctx, run, _REFUSAL_CAUSES).requeue():
        raise Skipped("asked_already", "What was refused is tried again in its own run.", silent=True)
    asked_already = open_questions(ctx, run).requeue() > 0
    if resolved.values:
        refuse_closed(ctx, current.on)
        return _plan_to_quickbooks(fields, resolved)
    if resolved.coperniq_values:
        return _plan_to_coperniq(fields, resolved)
    if resolved.held and asked_already:
        raise Skipped("asked_already", "A person has been asked about this already.", silent=True)
    if resolved.held:
        raise combined_hold(resolved.held.values())
    return _plan_agreed(fields, resolved)


def open_questions(
    ctx: SyncContext, run: SyncRun, causes: Sequence[str] = CONFLICT_CAUSES
) -> SyncRunQuerySet:
    """What the run of the other direction asks about the same invoice: it is looked at anew, and one card is enough."""
    runs = SyncRun.objects.held().filter(connection=ctx.connection, kind=Kind.INVOICE)
    return runs.filter(coperniq_id=run.coperniq_id, cause__in=causes).exclude(pk=run.pk)


def _plan_to_quickbooks(fields: InvoiceComparison, resolved: Resolution) -> Plan:
    current, link = fields.current, fields.link
    left = [*resolved.to_coperniq, *resolved.held, *resolved.put_back]
    write = PlannedWrite(
        "update", "Invoice", resolved.values, tuple(resolved.changes), current.id, current.sync_token
    )
    written = _link_state(fields, resolved, left)
    written["choices"] = [choice._asdict() for choice in resolved.choices]
    if "lines" in resolved.to_quickbooks:
        written["line_order"] = [sent.coperniq_id for sent in fields.sent]
    return _base_plan(
        fields,
        resolved,
        write=write,
        written=written,
        learns="lines" in resolved.to_quickbooks and has_unmatched(fields.lines),
        other_links=tuple(fields.matches),
        about={"kept": _kept_values(link.quickbooks_snapshot, left), "again": bool(left)},
    )


def _plan_to_coperniq(fields: InvoiceComparison, resolved: Resolution) -> Plan:
    """`fields` of `about` are those whose answer counts; what is restored is to differ, and goes to QuickBooks then."""
    lines = fields.brought if "lines" in resolved.to_coperniq else None
    theirs = {**fields.theirs, **_kept_values(fields.link.quickbooks_snapshot, resolved.held)}
    again = bool(resolved.held or resolved.restored)
    about = {
        "quickbooks": quickbooks_as_read(fields.current, theirs),
        "fields": [name for name in names_of(resolved.to_coperniq) if name in fields.image],
        "choices": [choice._asdict() for choice in resolved.choices],
        "again": again,
    }
    written = _link_state(fields, resolved, [*resolved.held, *resolved.restored])
    if lines is not None:
        about |= {
            "total": fields.current.total_cents,
            "pairs": lines.pairs,
            "sold": list(lines.catalog_ids.values()),
        }
        written |= {"folded": lines.folded.is_folded}
    return _base_plan(
        fields,
        resolved,
        write=PlannedWrite(
            "update",
            engine_responses.COPERNIQ_INVOICE,
            resolved.coperniq_values,
            tuple(resolved.coperniq_changes),
            vendor=Vendor.COPERNIQ,
            coperniq_id=fields.invoice.id,
        ),
        written=written,
        about=about,
        amount_cents=fields.current.total_cents if lines is not None else fields.image["total"],
    )


def _plan_agreed(fields: InvoiceComparison, resolved: Resolution) -> Plan:
    return _base_plan(
        fields,
        resolved,
        written=_link_state(fields, resolved, []),
        sentence=f"Invoice {fields.link.display_number} is in step on both sides already.",
        ending={"choices": resolved.choices},
    )


def _base_plan(fields: InvoiceComparison, resolved: Resolution, **values: Any) -> Plan:
    current, link = fields.current, fields.link
    return Plan.of(
        link,
        link.coperniq_name or fields.run.record_name,
        **{
            "quickbooks_version": current.sync_token,
            "quickbooks_snapshot": dict(fields.theirs),
            "quickbooks_at": current.updated_at,
            "coperniq_snapshot": {**fields.image, **_kept_values(link.coperniq_snapshot, resolved.held)},
            "number": current.number,
            "amount_cents": fields.image["total"],
            "warnings": tuple(resolved.warnings),
            **values,
        },
    )


def _kept_values(image: Mapping[str, Any], names: Sequence[str] | Mapping[str, Any]) -> dict[str, Any]:
    """Values of an image that stand until their field is settled."""
    return {name: image[name] for name in names_of(names) if name in image}


def names_of(names: Sequence[str] | Mapping[str, Any]) -> list[str]:
    """The total belongs to the lines, the number to the memo it is written in front of."""
    beside = {"lines": ["lines", "total"], "memo": ["memo", "number"]}
    return [each for name in names for each in beside.get(name, [name])]


def quickbooks_as_read(current: QuickBooksInvoice, image: Mapping[str, Any]) -> dict[str, Any]:
    """QuickBooks as it was read, for the link that the answer of Coperniq makes or brings up to date."""
    return {
        "name": f"Invoice {current.number}" if current.number else "Invoice without a number",
        "version": current.sync_token,
        "at": current.updated_at.isoformat() if current.updated_at else "",
        "image": dict(image),
    }


def _link_state(fields: InvoiceComparison, resolved: Resolution, unsettled: Sequence[str]) -> dict[str, Any]:
    """What the link keeps. Whoever looks next goes on with the `unsettled` fields, whichever side that begins on."""
    dropped = ("changed_at", "unsettled")
    written = {name: value for name, value in fields.link.written.items() if name not in dropped}
    noted = still_open(fields.link.written.get("changed_at", {}), list(resolved.held))
    more = {"changed_at": noted if any(noted.values()) else {}, "unsettled": list(unsettled)}
    kept_too = {name: value for name, value in more.items() if value}
    return {**written, **_line_pairs(fields), "losers": resolved.losers, **kept_too}


def _line_pairs(fields: InvoiceComparison) -> dict[str, Any]:
    """Which line is which, and whether that can be told at all: lines put together are QuickBooks' own."""
    if "brought" in vars(fields) and fields.brought.agree:
        pairs, standing = fields.brought.pairs, fields.invoice.lines
        line_ids = {
            line.id: pairs[line.catalog_item_id] for line in standing if line.catalog_item_id in pairs
        }
        return {"folded": fields.brought.folded.is_folded, "line_ids": line_ids}
    return {} if fields.lines_are_theirs else {"line_ids": fields.pairs}


def plan_refreshed(
    ctx: SyncContext, link: RecordLink, run: SyncRun, current: QuickBooksInvoice, put_off: Sequence[str] = ()
) -> Plan:
    """A payment, an e-mail, our own write, or a change that has nowhere to go: Coperniq need not be asked.

    Fields that are `put_off` go over once Coperniq's invoice is in use again.
    """
    image = quickbooks_invoice_snapshot(current, ctx.settings.memo_field)
    more = {"unsettled": list(put_off)} if put_off else {}
    return Plan.of(
        link,
        link.coperniq_name or run.record_name,
        quickbooks_version=current.sync_token,
        quickbooks_snapshot={**image, **_kept_values(link.quickbooks_snapshot, put_off)},
        quickbooks_at=current.updated_at,
        written={**link.written, **more},
        sentence=f"Nothing that is kept in step has changed on invoice {link.display_number} in QuickBooks.",
        ending={"silent": True},
    )
