"""Convert the lines of a QuickBooks invoice to lines of Coperniq's catalog items."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal
from functools import cache, partial

from integrations.coperniq.money import CoperniqInvoiceLine
from integrations.models.snapshots import QuickBooksLineSnapshot
from integrations.quickbooks.documents import QuickBooksInvoice, QuickBooksInvoiceLine
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.lookups import LookupName, lookup_rows
from integrations.sync.invoices.line_folding import (
    FoldedLines,
    existing_line_ids,
    fold_lines,
    line_bodies,
    number_as_sent,
    same_lines,
)
from integrations.sync.invoices.write_data import PulledLines
from integrations.sync.items.generic import GENERIC_ITEM, generic_item
from integrations.sync.items.pull import catalog_id_for, describe_item, generic_item_id, required_costs

_CATALOG_PREFIX = "catalog:"
"""Replaces the item id of a line that is paired with a Coperniq line: its catalog item is known without matching."""
_REMOVED = "Removed in QuickBooks"

_LinePairs = Mapping[str, str]
"""Id of Coperniq's line → id of QuickBooks' line."""


@dataclass(frozen=True)
class CoperniqLines:
    """`bodies` are the lines of a request; in `named_bodies` an item that was found for a QuickBooks item is named by
    that, and by what the portal writes of it: such a line is the same before and after its catalog item is created.

    `pairs`, empty for folded lines: catalog item → id of QuickBooks' line. `are_equal`: Coperniq has these lines already.
    """

    folded: FoldedLines
    catalog_ids: Mapping[str, str]
    bodies: list[dict[str, object]]
    named_bodies: list[dict[str, object]]
    pairs: dict[str, str]
    are_equal: bool

    def as_sent(self, total_cents: int) -> PulledLines:
        return PulledLines(total_cents, self.pairs, tuple(self.catalog_ids.values()))


def coperniq_lines_for(
    ctx: SyncContext,
    invoice: QuickBooksInvoice,
    existing: Sequence[CoperniqInvoiceLine] = (),
    paired: _LinePairs | None = None,
    before: Sequence[QuickBooksLineSnapshot] = (),
    *,
    lines_stay: bool = False,
) -> CoperniqLines:
    """`existing` are Coperniq's lines, `before` those of QuickBooks' snapshot. `lines_stay`: see `_blank_line_body`."""
    known = _catalog_ids_of_paired(existing, paired or {}, before, invoice)
    invoice = replace(invoice, lines=tuple(_with_known_item(line, known) for line in invoice.lines))
    catalog_id_of = cache(partial(_catalog_id_of, ctx))
    folded = fold_lines(invoice, catalog_id_of, _generic_ids(ctx))
    folded = _without_added_texts(folded, existing)
    catalog_ids = {
        line.item: generic_item_id(ctx, line.generic) if line.generic else str(catalog_id_of(line.item))
        for line in folded.lines
    }
    ids = existing_line_ids(folded, catalog_ids, existing)
    costs = _unit_costs(ctx, catalog_ids, existing)
    bodies = line_bodies(folded, catalog_ids, costs, ids)
    named_bodies = line_bodies(folded, _item_names(ctx, folded), costs, ids)
    removed = [line for line in existing if line.catalog_item_id not in catalog_ids.values()]
    if lines_stay:
        blank = [_blank_line_body(line) for line in removed]
        bodies, named_bodies = bodies + blank, named_bodies + blank
    pairs = {} if folded.is_folded else {catalog_ids[line.item]: line.sources[0] for line in folded.lines}
    shown = [line for line in existing if line not in removed or not _is_blanked(line)]
    return CoperniqLines(
        folded, catalog_ids, bodies, named_bodies, pairs, same_lines(folded, catalog_ids, shown)
    )


def _generic_ids(ctx: SyncContext) -> set[str]:
    catalog = lookup_rows(ctx, LookupName.CATALOG)
    return {row["id"] for row in catalog if row["name"].startswith(GENERIC_ITEM)}


def _is_blanked(line: CoperniqInvoiceLine) -> bool:
    return not line.amount_cents and line.description == _REMOVED


def _catalog_ids_of_paired(
    existing: Sequence[CoperniqInvoiceLine],
    paired: _LinePairs,
    before: Sequence[QuickBooksLineSnapshot],
    invoice: QuickBooksInvoice,
) -> dict[str, str]:
    """Id of QuickBooks' line → catalog item, for paired lines whose QuickBooks item has not changed."""
    sold_before = {line.id: line.item for line in before}
    same = {line.id for line in invoice.lines if line.id and sold_before.get(line.id) == line.item_id}
    catalog = {line.id: line.catalog_item_id for line in existing if line.catalog_item_id}
    return {
        quickbooks_id: catalog[coperniq_id]
        for coperniq_id, quickbooks_id in paired.items()
        if quickbooks_id in same and coperniq_id in catalog
    }


def _with_known_item(line: QuickBooksInvoiceLine, known: Mapping[str, str]) -> QuickBooksInvoiceLine:
    return replace(line, item_id=f"{_CATALOG_PREFIX}{known[line.id]}") if line.id in known else line


def _catalog_id_of(ctx: SyncContext, item_id: str) -> str | None:
    if item_id.startswith(_CATALOG_PREFIX):
        return item_id.removeprefix(_CATALOG_PREFIX)
    return catalog_id_for(ctx, item_id)


def _without_added_texts(folded: FoldedLines, existing: Sequence[CoperniqInvoiceLine]) -> FoldedLines:
    """Remove the item names that the push wrote to QuickBooks as descriptions because Coperniq had none."""
    untitled = {line.item_name: line.catalog_item_id for line in existing if not line.description}
    added = {f"{_CATALOG_PREFIX}{catalog_id}": name for name, catalog_id in untitled.items()}
    lines = tuple(
        replace(line, description="") if added.get(line.item) == line.description else line
        for line in folded.lines
    )
    return replace(folded, lines=lines)


def _item_names(ctx: SyncContext, folded: FoldedLines) -> dict[str, str]:
    return {
        line.item: generic_item(line.generic) if line.generic else _item_name(ctx, line.item)
        for line in folded.lines
    }


def _item_name(ctx: SyncContext, item_id: str) -> str:
    return f"item {item_id}" if item_id.startswith(_CATALOG_PREFIX) else describe_item(ctx, item_id)


def _unit_costs(
    ctx: SyncContext, catalog_ids: Mapping[str, str], existing: Sequence[CoperniqInvoiceLine]
) -> dict[str, int]:
    """Cents by item: of Coperniq's line, else of its catalog."""
    known = {line.catalog_item_id: _cents_of(line.unit_cost) for line in existing}
    listed = {row["id"]: row["cost_cents"] or 0 for row in lookup_rows(ctx, LookupName.CATALOG)}
    listed |= required_costs(ctx)
    return {item: known.get(id_, listed.get(id_, 0)) for item, id_ in catalog_ids.items()}


def _cents_of(dollars: Decimal) -> int:
    return int((dollars * 100).to_integral_value(rounding=ROUND_HALF_UP))


def _blank_line_body(line: CoperniqInvoiceLine) -> dict[str, object]:
    """A line to remove, with an amount of zero: Coperniq may keep lines that an update leaves out.

    See docs/vendors/coperniq-api.md, A11.
    """
    return {
        "id": number_as_sent(line.id),
        "catalogItemId": number_as_sent(line.catalog_item_id),
        "quantity": 1,
        "unitCost": Decimal("0.00"),
        "unitPrice": Decimal("0.00"),
        "description": _REMOVED,
    }
