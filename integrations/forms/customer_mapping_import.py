"""Reads decisions of the customer mapping from a CSV: every row is checked first, and all are carried out or none."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping as Row
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from import_export.resources import ModelResource
from import_export.results import Result, RowResult
from tablib import Dataset

from integrations.forms.customer_decisions import DECISIONS, Mapping, apply_decision, match_of
from integrations.models import CustomerMatch

_REQUIRED = ("coperniq_id", "decision")
_MOST_BYTES = 2_000_000
_MOST_DECISIONS = 1000
"""All of them are stored in one transaction, which has to be short."""
_READS_CUSTOMER = ("accept", "choose")


@dataclass(frozen=True)
class ImportedRow:
    """`said` is what is done, or would be; `errors` why it is not."""

    number: int
    coperniq_id: str
    coperniq_name: str
    quickbooks_id: str
    quickbooks_name: str
    decision: str
    said: str = ""
    errors: tuple[str, ...] = ()


@dataclass(frozen=True)
class ImportedMapping:
    """`is_stored` only if every row could be carried out. `skipped` rows have no decision."""

    rows: tuple[ImportedRow, ...]
    skipped: int
    is_stored: bool

    @property
    def refused(self) -> int:
        return sum(bool(row.errors) for row in self.rows)


class _DecisionResource(ModelResource):  # type: ignore[misc]  # the library ships no types
    """A row is carried out as a person's decision; in a dry run the library rolls it back."""

    class Meta:
        model = CustomerMatch
        import_id_fields = ("coperniq_id",)
        fields = ("coperniq_id",)
        use_transactions = True
        report_skipped = True
        skip_diff = True
        store_row_values = True

    def __init__(self, mapping: Mapping) -> None:
        super().__init__()
        self.mapping = mapping
        self.said: dict[int, str] = {}

    def get_or_init_instance(self, _loader: object, row: Row[str, Any]) -> tuple[CustomerMatch, bool]:
        return CustomerMatch(connection=self.mapping.connection, coperniq_id=_cell(row, "coperniq_id")), True

    def import_instance(self, instance: models.Model, row: Row[str, Any], **kwargs: object) -> None:
        """Nothing of the row is stored as it is."""

    def skip_row(self, instance: object, original: object, row: Row[str, Any], errors: object = None) -> bool:
        return not _cell(row, "decision")

    def validate_instance(self, *args: object, **kwargs: object) -> None:
        """Checked where it is carried out."""

    def save_instance(
        self, instance: CustomerMatch, is_create: bool, row: Row[str, Any], **kwargs: Any
    ) -> None:
        decision, account, customer = (
            _cell(row, name) for name in ("decision", "coperniq_id", "quickbooks_id")
        )
        decision = decision.casefold()
        if decision not in DECISIONS:
            raise ValidationError({"decision": f"Write one of: {', '.join(DECISIONS)}; or leave it empty."})
        if decision == "accept" and match_of(self.mapping, account).quickbooks_id != customer:
            decision = "choose"
        self.said[kwargs["row_number"]] = apply_decision(self.mapping, decision, account, customer)


def import_mapping(mapping: Mapping, text: str, *, dry_run: bool) -> ImportedMapping:
    """Raises ValidationError if the file cannot be read at all."""
    dataset = _read(text)
    wanted = [row for row in dataset.dict if _cell(row, "decision")]
    if len(wanted) > _MOST_DECISIONS:
        raise ValidationError(
            {"file": f"At most {_MOST_DECISIONS:,} decisions at a time. Divide the file, please."}
        )
    ids = [
        _cell(row, "quickbooks_id") for row in wanted if _cell(row, "decision").casefold() in _READS_CUSTOMER
    ]
    mapping.read_customers(filter(None, ids))
    resource = _DecisionResource(mapping)
    result = resource.import_data(
        dataset, dry_run=dry_run, raise_errors=False, rollback_on_validation_errors=True
    )
    found = _imported(result, resource.said, dry_run=dry_run)
    if found.is_stored:
        mapping.suggest_again()
    return found


def _imported(result: Result, said: Row[int, str], *, dry_run: bool) -> ImportedMapping:
    rows = []
    for number, row in enumerate(result.rows, 1):
        if row.import_type == RowResult.IMPORT_TYPE_SKIP:
            continue
        values = row.row_values
        rows.append(
            ImportedRow(
                number + 1,  # as a spreadsheet counts, under the heading
                _cell(values, "coperniq_id"),
                _cell(values, "coperniq_name"),
                _cell(values, "quickbooks_id"),
                _cell(values, "quickbooks_name"),
                _cell(values, "decision"),
                said.get(number, ""),
                tuple(_errors_of(row)),
            )
        )
    skipped = len(result.rows) - len(rows)
    is_stored = not dry_run and not result.has_errors() and not result.has_validation_errors()
    return ImportedMapping(tuple(rows), skipped, is_stored)


def _errors_of(row: RowResult) -> list[str]:
    found = [str(error.error) for error in row.errors]
    return found + list(row.validation_error.messages if row.validation_error else ())


def _cell(row: Row[str, Any], name: str) -> str:
    """A name that would have been a formula has an apostrophe in front; ids never have."""
    return str(row.get(name) or "").strip()[:500]


def _read(text: str) -> Dataset:
    if len(text.encode()) > _MOST_BYTES:
        raise ValidationError({"file": "This file is too large."})
    try:
        rows = list(csv.reader(io.StringIO(text.removeprefix("\ufeff")), strict=True))
    except csv.Error as error:
        raise ValidationError({"file": f"This is not a CSV file: {error}."}) from error
    header, *rest = rows or [[]]
    names = [name.strip() for name in header]
    missing = [name for name in _REQUIRED if name not in names]
    if missing:
        raise ValidationError({"file": f"The first line has to name the columns {', '.join(_REQUIRED)}."})
    if len(set(names)) < len(names):
        raise ValidationError({"file": "A column is named twice."})
    dataset = Dataset(headers=names)
    for row in rest:
        if any(cell.strip() for cell in row):
            dataset.append((row + [""] * len(names))[: len(names)])
    return dataset
