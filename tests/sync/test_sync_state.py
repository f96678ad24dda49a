"""What is remembered about a record is read back as it was stored, or refused with what is wrong about it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from integrations.errors import Choice
from integrations.messages.choices import ChoiceLabel
from integrations.models import Kind, Owner, RecordLink
from integrations.models.snapshots import (
    CoperniqInvoiceSnapshot,
    CoperniqLineSnapshot,
    CoperniqPaymentSnapshot,
    QuickBooksInvoiceSnapshot,
    QuickBooksLineSnapshot,
    QuickBooksPaymentSnapshot,
    Snapshot,
)
from integrations.models.sync_state import (
    STATE_TYPES,
    CustomerState,
    EditTimes,
    FieldEdit,
    InvoiceEnd,
    InvoiceState,
    ItemState,
    OverriddenValue,
    PaymentEnd,
    PaymentState,
    SyncState,
)
from integrations.models.typed_json import UnreadableData
from integrations.sync.invoices.write_data import PushedInvoiceData

AT = datetime(2026, 3, 2, 15, 4, 5, tzinfo=UTC)
FULL = InvoiceState(
    ended=InvoiceEnd.VOIDED,
    line_ids={"40001": "1"},
    has_folded_lines=True,
    keeps_removed_lines=True,
    needs_repair=True,
    was_chosen=True,
    unsettled=("memo", "lines"),
    edit_times=EditTimes({"memo": FieldEdit("ab12", AT)}, {"memo": FieldEdit("cd34")}),
    overridden={"memo": OverriddenValue(Owner.COPERNIQ, "Ours", '{"description": "Ours"}', 26)},
    moved_from="58",
)


@pytest.mark.parametrize(
    "state",
    [
        FULL,
        InvoiceState(),
        CustomerState({"DisplayName": "John Smith"}),
        PaymentState(PaymentEnd.ONLY_IN_QUICKBOOKS, is_share=True, needs_applying=True),
        ItemState(),
    ],
)
def test_a_state_is_read_back_as_it_was_stored(state: SyncState) -> None:
    assert type(state).from_json(json.loads(json.dumps(state.as_json()))) == state


def test_a_field_that_has_its_default_is_not_stored() -> None:
    assert InvoiceState(moved_from="58").as_json() == {"version": 1, "moved_from": "58"}


@pytest.mark.parametrize(
    "snapshot",
    [
        CoperniqInvoiceSnapshot(
            due_date="2026-05-01",
            memo="",
            lines=(CoperniqLineSnapshot("40001", "701", "Permit", "2", "50.5", 10100),),
            total=10100,
            status="SENT",
            record_id="10002",
        ),
        QuickBooksInvoiceSnapshot(
            lines=(QuickBooksLineSnapshot("1", "SalesItemLineDetail", "4", "", "", "", 0),),
            payments=("2", "3"),
            deleted=True,
        ),
        CoperniqPaymentSnapshot(amount=100, on="2026-05-01", status=""),
        QuickBooksPaymentSnapshot(applied=100, cash=0, voided=True),
        QuickBooksPaymentSnapshot(),
    ],
)
def test_a_snapshot_is_read_back_as_it_was_stored(snapshot: Snapshot) -> None:
    assert type(snapshot).from_json(json.loads(json.dumps(snapshot.as_json()))) == snapshot


def test_a_snapshot_keeps_what_is_known_though_it_is_zero_but_not_what_is_unknown() -> None:
    stored = QuickBooksInvoiceSnapshot(due_date=None, memo="").as_json()
    assert (stored["balance"], stored["memo"], "due_date" in stored) == (0, "", False)


def test_values_of_some_fields_are_taken_over_and_made_unknown() -> None:
    now = QuickBooksInvoiceSnapshot(due_date="2026-05-01", memo="Ours", number="7")
    before = QuickBooksInvoiceSnapshot(due_date="2026-04-01", memo="Theirs", number="6")
    kept = now.with_values_of(before, ["memo", "number", "a field of the other side"])
    assert (kept.due_date, kept.memo, kept.number) == ("2026-05-01", "Theirs", "6")
    assert now.without(["due_date"]) == replace(now, due_date=None)


@pytest.mark.parametrize("kind", Kind.values)
def test_of_a_record_about_which_nothing_was_stored_every_field_has_its_default(kind: str) -> None:
    assert RecordLink(kind=kind).state == STATE_TYPES[kind]()


@pytest.mark.parametrize(
    ("stored", "problem"),
    [
        ([], "expected an object, found []"),
        ({"moved_from": "58"}, "expected version 1, found None"),
        ({"version": 2, "moved_from": "58"}, "expected version 1, found 2"),
        ({"version": 1, "losers": {}}, "unknown field 'losers'"),
        ({"version": 1, "moved_from": 58}, "moved_from: expected str, found 58"),
        ({"version": 1, "needs_repair": 1}, "needs_repair: expected bool, found 1"),
        ({"version": 1, "ended": "lost"}, "ended: 'lost' is no InvoiceEnd"),
        ({"version": 1, "unsettled": ["memo", 7]}, "unsettled[1]: expected str, found 7"),
        ({"version": 1, "line_ids": {"1": None}}, "line_ids.1: expected str, found None"),
        ({"version": 1, "edit_times": {"coperniq": {"memo": {}}}}, "memo: field 'digest' is missing"),
        (
            {"version": 1, "edit_times": {"coperniq": {"memo": {"digest": "ab12", "at": "today"}}}},
            "memo.at: 'today' is no datetime",
        ),
    ],
)
def test_data_of_another_shape_are_refused_with_what_is_wrong(stored: Any, problem: str) -> None:
    with pytest.raises(UnreadableData) as refused:
        InvoiceState.from_json(stored)
    assert str(refused.value).startswith("InvoiceState")
    assert str(refused.value).endswith(problem)


@pytest.mark.parametrize(
    ("stored", "problem"),
    [
        ({"key": "release", "label": "Release", "color": "red"}, "choices[0]: unknown field 'color'"),
        ({"key": "release"}, "choices[0]: field 'label' is missing"),
        ({"key": "release", "label": None}, "choices[0].label: expected str, found None"),
        (["release", "Release"], "choices[0]: expected dict, found ['release', 'Release']"),
    ],
)
def test_choices_of_another_shape_are_refused_with_what_is_wrong(stored: Any, problem: str) -> None:
    with pytest.raises(UnreadableData) as refused:
        PushedInvoiceData.from_json({"version": 1, "choices": [stored]})
    assert str(refused.value) == f"PushedInvoiceData.{problem}"


def test_choices_are_read_back_as_they_were_stored() -> None:
    data = PushedInvoiceData(choices=(Choice("release", ChoiceLabel.WRITE_TO_QUICKBOOKS()),))
    assert PushedInvoiceData.from_json(json.loads(json.dumps(data.as_json()))) == data


def test_a_link_reads_and_keeps_its_state_as_a_whole() -> None:
    link = RecordLink(kind=Kind.INVOICE)
    link.invoice_state = FULL
    assert link.sync_state == FULL.as_json()
    assert link.state == link.invoice_state == FULL
