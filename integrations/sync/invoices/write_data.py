"""What the plan of a write leaves for the handler of its response, stored with the write."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from integrations.errors import Choice
from integrations.models.sync_state import InvoiceEnd
from integrations.models.typed_json import StoredData
from integrations.sync.engine.responses import QuickBooksRead


@dataclass(frozen=True)
class PushedInvoiceData(StoredData):
    """`kept_fields` of QuickBooks' snapshot stay as they are, since another write follows for them.

    `line_order`: ids of Coperniq's lines in the order sent, "" for QuickBooks' own lines; empty if no lines were sent.
    `again`: the record is planned again after this write. `choices` are offered beside the result. `paid_cents` was
    applied to the invoice when the plan read it.
    """

    kept_fields: tuple[str, ...] = ()
    line_order: tuple[str, ...] = ()
    again: bool = False
    choices: tuple[Choice, ...] = ()
    paid_cents: int = 0


@dataclass(frozen=True)
class InvoiceOwner:
    """The project or account of Coperniq that an invoice is created on."""

    is_project: bool
    id: str
    name: str = ""


@dataclass(frozen=True)
class PulledLines:
    """`pairs`: catalog item → id of QuickBooks' line, empty for folded lines. `total_cents` is QuickBooks' total.

    `catalog_ids` are the catalog items of the lines that were sent.
    """

    total_cents: int
    pairs: Mapping[str, str] = field(default_factory=dict)
    catalog_ids: tuple[str, ...] = ()


@dataclass(frozen=True)
class PulledInvoiceData(StoredData):
    """`owner` is given for a create, `lines` if lines are written, `ended` if Coperniq's invoice is declined.

    `fields` are those to take from the response of an update; restored ones are not: they go to QuickBooks next.
    `fold_reasons` say why lines were folded. `again`, `choices`: as of a pushed invoice.
    """

    quickbooks: QuickBooksRead
    fields: tuple[str, ...] = ()
    owner: InvoiceOwner | None = None
    lines: PulledLines | None = None
    fold_reasons: tuple[str, ...] = ()
    ended: InvoiceEnd | None = None
    again: bool = False
    choices: tuple[Choice, ...] = ()
