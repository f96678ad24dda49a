"""The lines of a QuickBooks invoice as Coperniq can hold them, with their catalog items."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from integrations.coperniq.money import CoperniqInvoiceLine
from integrations.models import SyncRun
from integrations.quickbooks.documents import QuickBooksInvoice, QuickBooksInvoiceLine
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.lookups import LookupName, lookup_rows
from integrations.sync.invoices.line_folding import (
    FoldedLines,
    fold_lines,
    line_bodies,
    number_as_sent,
    same_lines,
    standing_ids,
)
from integrations.sync.items.generic import GENERIC_ITEM
from integrations.sync.items.pull import catalog_id_for, generic_item_id

PAIRED = "catalog:"
"""Before a catalog item's id: what a line is in Coperniq already, whatever item QuickBooks has for it."""
REMOVED = "Removed in QuickBooks"

_Pairs = Mapping[str, str]


@dataclass(frozen=True)
class CoperniqLines:
    """`bodies` are the lines of a request; `pairs`, of lines that are one to one: catalog item → QuickBooks' line."""

    folded: FoldedLines
    catalog_ids: Mapping[str, str]
    bodies: list[dict[str, Any]]
    pairs: dict[str, str]
    agree: bool


def coperniq_lines_for(
    ctx: SyncContext,
    run: SyncRun,
    invoice: QuickBooksInvoice,
    standing: Sequence[CoperniqInvoiceLine] = (),
    paired: _Pairs | None = None,
    before: Sequence[Mapping[str, Any]] = (),
    *,
    lines_stay: bool = False,
) -> CoperniqLines:
    """`standing` are Coperniq's lines now, `paired` theirs → QuickBooks', `before` QuickBooks' as last answered."""
    known = catalog_of_paired(standing, paired or {}, before, invoice)
    named = replace(invoice, lines=tuple(_as_known(line, known) for line in invoice.lines))
    folded = fold_lines(named, lambda item: catalog_of(ctx, run, item), generic_ids(ctx))
    folded = with_kept_texts(folded, standing)
    catalog_ids = catalog_ids_of(ctx, run, folded)
    ids = standing_ids(folded, catalog_ids, standing)
    bodies = line_bodies(folded, catalog_ids, unit_costs(ctx, catalog_ids, standing), ids)
    gone = [line for line in standing if line.catalog_item_id not in catalog_ids.values()]
    if lines_stay:
        bodies += [emptied(line) for line in gone]
    pairs = {} if folded.is_folded else {catalog_ids[line.item]: line.sources[0] for line in folded.lines}
    shown = [line for line in standing if line not in gone or not is_emptied(line)]
    return CoperniqLines(folded, catalog_ids, bodies, pairs, same_lines(folded, catalog_ids, shown))


def generic_ids(ctx: SyncContext) -> set[str]:
    catalog = lookup_rows(ctx, LookupName.CATALOG)
    return {row["id"] for row in catalog if row["name"].startswith(GENERIC_ITEM)}


def is_emptied(line: CoperniqInvoiceLine) -> bool:
    return not line.amount_cents and line.description == REMOVED


def catalog_of_paired(
    standing: Sequence[CoperniqInvoiceLine],
    paired: _Pairs,
    before: Sequence[Mapping[str, Any]],
    invoice: QuickBooksInvoice,
) -> dict[str, str]:
    """QuickBooks' line → catalog item, of lines that were paired and are sold as the same item as before."""
    sold_before = {line["id"]: line["item"] for line in before}
    same = {line.id for line in invoice.lines if line.id and sold_before.get(line.id) == line.item_id}
    catalog = {line.id: line.catalog_item_id for line in standing if line.catalog_item_id}
    return {theirs: catalog[ours] for ours, theirs in paired.items() if theirs in same and ours in catalog}


def _as_known(line: QuickBooksInvoiceLine, known: Mapping[str, str]) -> QuickBooksInvoiceLine:
    return replace(line, item_id=f"{PAIRED}{known[line.id]}") if line.id in known else line


def catalog_of(ctx: SyncContext, run: SyncRun, item_id: str) -> str | None:
    if item_id.startswith(PAIRED):
        return item_id.removeprefix(PAIRED)
    return catalog_id_for(ctx, run, item_id)


def with_kept_texts(folded: FoldedLines, standing: Sequence[CoperniqInvoiceLine]) -> FoldedLines:
    """QuickBooks was given the item's name where Coperniq has no text; it does not come back as one."""
    unsaid = {line.item_name: line.catalog_item_id for line in standing if not line.description}
    kept = {f"{PAIRED}{catalog_id}": name for name, catalog_id in unsaid.items()}
    lines = tuple(
        replace(line, description="") if kept.get(line.item) == line.description else line
        for line in folded.lines
    )
    return replace(folded, lines=lines)


def catalog_ids_of(ctx: SyncContext, run: SyncRun, folded: FoldedLines) -> dict[str, str]:
    return {
        line.item: generic_item_id(ctx, run, line.generic)
        if line.generic
        else str(catalog_of(ctx, run, line.item))
        for line in folded.lines
    }


def unit_costs(
    ctx: SyncContext, catalog_ids: Mapping[str, str], standing: Sequence[CoperniqInvoiceLine]
) -> dict[str, int]:
    """Cents by item: as they stand in Coperniq's line, else in its catalog."""
    known = {line.catalog_item_id: cents_of(line.unit_cost) for line in standing}
    listed = {row["id"]: row["cost_cents"] or 0 for row in lookup_rows(ctx, LookupName.CATALOG)}
    return {item: known.get(id_, listed.get(id_, 0)) for item, id_ in catalog_ids.items()}


def cents_of(dollars: Decimal) -> int:
    return int((dollars * 100).to_integral_value(rounding=ROUND_HALF_UP))


def emptied(line: CoperniqInvoiceLine) -> dict[str, Any]:
    """Where Coperniq keeps what an update leaves out, this is as far as a line can be taken off.

    See docs/vendors/coperniq-api.md, A11.
    """
    return {
        "id": number_as_sent(line.id),
        "catalogItemId": number_as_sent(line.catalog_item_id),
        "quantity": 1,
        "unitCost": Decimal("0.00"),
        "unitPrice": Decimal("0.00"),
        "description": REMOVED,
    }
