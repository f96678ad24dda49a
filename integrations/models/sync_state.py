"""What the sync remembers about a linked record beside its snapshots: one dataclass for each kind of record.

Stored in `RecordLink.sync_state`. A changed state is a new object: `dataclasses.replace`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from integrations.models.enums import Kind
from integrations.models.rules import Owner
from integrations.models.typed_json import StoredData


@dataclass(frozen=True)
class CustomerState(StoredData):
    """Of a customer or job.

    `written_values` are the values that the portal wrote, by dotted path, as QuickBooks returned them: under Enrich a
    field that still has its value may be updated, any other was edited by a person. Of the tax number, which QuickBooks
    masks, it is a digest. `keeps_name`: a person decided that the customer keeps the name it has in QuickBooks.
    `payments_read`: the payments that QuickBooks had of it before the portal were read.
    """

    written_values: Mapping[str, str] = field(default_factory=dict)
    keeps_name: bool = False
    payments_read: bool = False


class InvoiceEnd(StrEnum):
    """How an invoice ended: the first two in QuickBooks by the portal, the next two by people."""

    VOIDED_BY_PORTAL = "void"
    DELETED_BY_PORTAL = "delete"
    VOIDED = "voided"
    DELETED = "deleted"
    ELSEWHERE = "elsewhere"


@dataclass(frozen=True)
class FieldEdit:
    """The value that a field was edited to, as a digest, and when; None if the time is unknown."""

    digest: str
    at: datetime | None = None


@dataclass(frozen=True)
class EditTimes:
    """The edits of the fields that differ from the snapshots, by side and field."""

    coperniq: Mapping[str, FieldEdit] = field(default_factory=dict)
    quickbooks: Mapping[str, FieldEdit] = field(default_factory=dict)

    def of(self, names: tuple[str, ...]) -> EditTimes:
        """The times of the fields `names` alone."""
        return EditTimes(
            {name: edit for name, edit in self.coperniq.items() if name in names},
            {name: edit for name, edit in self.quickbooks.items() if name in names},
        )


@dataclass(frozen=True)
class OverriddenValue:
    """The value of a conflict that was not kept, so that a person can restore it.

    `side` had it, `text` shows it to people, `payload` is the body that restores it, as JSON. `run_id` is the run that
    decided.
    """

    side: Owner
    text: str
    payload: str
    run_id: int | None = None


@dataclass(frozen=True)
class InvoiceState(StoredData):
    """`line_ids`: id of Coperniq's line → id of QuickBooks' line; empty for folded lines.

    `has_folded_lines`: Coperniq's lines were folded from QuickBooks' and cannot be paired. `keeps_removed_lines`:
    Coperniq kept lines that an update left out, so they are set to zero instead. `needs_repair`: QuickBooks dropped the
    amount of lines without an item, so the lines are written again. `was_chosen`: a person had answered a question about
    the invoice before it was created, so payments from before the cutoff follow it. `unsettled` are fields that are known
    to differ and that the next run goes on with. `overridden` is by field. `moved_from` is the former customer of an
    invoice that was moved in QuickBooks, until a person has decided. `create_again`: a person wants the invoice, which
    was deleted in QuickBooks, created there again.
    """

    ended: InvoiceEnd | None = None
    line_ids: Mapping[str, str] = field(default_factory=dict)
    has_folded_lines: bool = False
    keeps_removed_lines: bool = False
    needs_repair: bool = False
    was_chosen: bool = False
    unsettled: tuple[str, ...] = ()
    edit_times: EditTimes = EditTimes()
    overridden: Mapping[str, OverriddenValue] = field(default_factory=dict)
    moved_from: str = ""
    create_again: bool = False


class PaymentEnd(StrEnum):
    """What a person left as it is: the payment pays nothing in QuickBooks any more, or is only in QuickBooks."""

    GONE_IN_QUICKBOOKS = "gone_in_quickbooks"
    ONLY_IN_QUICKBOOKS = "only_in_quickbooks"


@dataclass(frozen=True)
class PaymentState(StoredData):
    """`is_share`: Coperniq's payment is only the money on this invoice, because the QuickBooks payment does more.

    `needs_applying`: QuickBooks did not apply all of it to its invoice, and the next update has to. `create_again`: a
    person wants it recorded again in QuickBooks, where it was voided or deleted.
    """

    ended: PaymentEnd | None = None
    is_share: bool = False
    needs_applying: bool = False
    create_again: bool = False


@dataclass(frozen=True)
class ItemState(StoredData):
    """Nothing is remembered about an item."""


SyncState = CustomerState | InvoiceState | PaymentState | ItemState
STATE_TYPES: Mapping[str, type[SyncState]] = {
    Kind.CUSTOMER: CustomerState,
    Kind.JOB: CustomerState,
    Kind.INVOICE: InvoiceState,
    Kind.PAYMENT: PaymentState,
    Kind.ITEM: ItemState,
}
