"""Properties of what plans decide, without a database: conflicts, merges, matches, allocations, fingerprints."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

from hypothesis import given
from hypothesis import strategies as st

from integrations.coperniq.money import CoperniqInvoice
from integrations.errors import NeedsDecision
from integrations.models import (
    CompanyLease,
    Owner,
    QuickBooksConnection,
    RecordLink,
    SyncRun,
    SyncSettings,
    Vendor,
)
from integrations.models.snapshots import CoperniqInvoiceSnapshot, QuickBooksInvoiceSnapshot
from integrations.models.sync_state import EditTimes, FieldEdit
from integrations.quickbooks.documents import QuickBooksInvoice
from integrations.sync.customers.mapping import WantedCustomer
from integrations.sync.customers.matching import build_candidates, choose_match
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.follow_ups import UpdatedLink
from integrations.sync.engine.plan import PlannedWrite
from integrations.sync.invoices.compare import InvoiceComparison
from integrations.sync.invoices.conflicts import Resolution, resolve, winning_side
from integrations.sync.invoices.edit_times import TOO_CLOSE, later_side
from integrations.sync.payments.allocation import PaymentAmounts, changed_amounts
from tests.sync.test_matching import called

SIDES = (Owner.COPERNIQ, Owner.QUICKBOOKS)
OWNERS = st.sampled_from([owner.value for owner in Owner])
NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)
SECONDS = st.integers(-600, 600).map(lambda seconds: timedelta(seconds=seconds))


# Whose value a field gets


@given(st.sampled_from(SIDES), OWNERS, st.sampled_from(["", *SIDES]))
def test_an_answer_counts_more_than_any_setting(answered: Owner, owner: str, later: str) -> None:
    assert winning_side(answered, owner, later) == answered


@given(OWNERS, st.sampled_from(["", *SIDES]))
def test_without_an_answer_the_setting_decides_or_asks(owner: str, later: str) -> None:
    wanted = {Owner.ASK: "", Owner.LATER: later}.get(Owner(owner), owner)
    assert winning_side("", owner, later) == wanted


def edit_times(coperniq: datetime | None, quickbooks: datetime | None) -> EditTimes:
    return EditTimes({"memo": FieldEdit("1", coperniq)}, {"memo": FieldEdit("2", quickbooks)})


@given(SECONDS, SECONDS, SECONDS)
def test_the_later_edit_is_later_by_one_clock_and_not_by_a_moment(
    between: timedelta, coperniq_ahead: timedelta, quickbooks_ahead: timedelta
) -> None:
    times = edit_times(NOW + between + coperniq_ahead, NOW + quickbooks_ahead)
    found = later_side(times, "memo", coperniq_ahead, quickbooks_ahead)
    if abs(between) < TOO_CLOSE:
        assert found == ""
    else:
        assert found == (Owner.COPERNIQ if between > timedelta(0) else Owner.QUICKBOOKS)


@given(st.sampled_from([(None, NOW), (NOW, None), (None, None)]))
def test_an_unknown_time_is_not_later(times: tuple[datetime | None, datetime | None]) -> None:
    assert later_side(edit_times(*times), "memo", timedelta(0), timedelta(0)) == ""


# The merge of both sides


DAYS = st.sampled_from(["2026-11-10", "2026-11-11", "2026-11-12"])
MEMOS = st.sampled_from(["", "Roof", "Barn"])
FIELDS = st.fixed_dictionaries({"due_date": DAYS, "memo": MEMOS})
Fields = dict[str, str]


def in_coperniq(values: Fields) -> CoperniqInvoiceSnapshot:
    return CoperniqInvoiceSnapshot(values["due_date"], values["memo"], 0, ())


def in_quickbooks(values: Fields) -> QuickBooksInvoiceSnapshot:
    return QuickBooksInvoiceSnapshot(
        values["due_date"], values["memo"], 0, (), number="1001", memo_field="private_note"
    )


def resolved(before: Fields, ours: Fields, theirs: Fields, owner: str, minutes: int) -> Resolution:
    """`ours` is Coperniq's invoice, edited so many minutes after QuickBooks' `theirs`."""
    clock = SimpleNamespace(clock_offset=timedelta(0))
    ctx = SyncContext(CompanyLease(company_id=1), QuickBooksConnection(pk=1, company_id=1, realm_id="1"))
    ctx.settings = SyncSettings(owners={"due_date": owner, "memo": owner})
    ctx.coperniq, ctx.quickbooks = cast("Any", clock), cast("Any", clock)
    link = RecordLink(pk=1, kind="invoice")
    link.coperniq_invoice, link.quickbooks_invoice = in_coperniq(before), in_quickbooks(before)
    comparison = InvoiceComparison(
        ctx,
        SyncRun(pk=1, kind="invoice", coperniq_id="1"),
        cast("CoperniqInvoice", SimpleNamespace(updated_at=NOW + timedelta(minutes=minutes), description="")),
        link,
        in_coperniq(ours),
        cast("QuickBooksInvoice", SimpleNamespace(updated_at=NOW, number="1001", note="", due_on=None)),
    )
    comparison.quickbooks_now = in_quickbooks(theirs)
    found = resolve(ctx, comparison.run, link, comparison)
    assert all(isinstance(each, UpdatedLink) for each in ctx.follow_ups)
    return found


@given(FIELDS, FIELDS, FIELDS, OWNERS, st.sampled_from([-60, -1, 0, 1, 60]))
def test_a_merge_writes_each_edit_to_the_other_side_and_asks_or_decides_about_the_rest(
    before: Fields, ours: Fields, theirs: Fields, owner: str, minutes: int
) -> None:
    found = resolved(before, ours, theirs, owner, minutes)
    for name in ("due_date", "memo"):
        mine, other = ours[name] != before[name], theirs[name] != before[name]
        to_quickbooks, to_coperniq = name in found.to_quickbooks, name in found.to_coperniq
        assert not (to_quickbooks and to_coperniq)
        if ours[name] == theirs[name] or not (mine or other):
            assert not (to_quickbooks | to_coperniq)
            assert name not in found.held
        elif not (mine and other):
            assert (to_quickbooks, to_coperniq) == (mine, other)
            assert name not in found.held
        else:
            later = "" if abs(minutes) < 2 else Owner.COPERNIQ if minutes > 0 else Owner.QUICKBOOKS
            winner = winning_side("", owner, later)
            assert to_quickbooks == (winner == Owner.COPERNIQ)
            assert to_coperniq == (winner == Owner.QUICKBOOKS)
            assert (name in found.held) == (not winner)
            assert (name in found.overridden) == bool(winner)


@given(FIELDS, FIELDS, FIELDS, st.sampled_from(SIDES))
def test_after_a_merge_both_sides_are_equal_and_nothing_is_left(
    before: Fields, ours: Fields, theirs: Fields, owner: Owner
) -> None:
    found = resolved(before, ours, theirs, owner, 60)
    merged = {name: theirs[name] if name in found.to_coperniq else ours[name] for name in before}
    as_written = {name: ours[name] if name in found.to_quickbooks else theirs[name] for name in before}
    assert merged == as_written
    again = resolved(merged, merged, merged, owner, 60)
    assert not [*again.to_quickbooks, *again.to_coperniq]
    assert not again.held


# Which customer it is


@given(
    st.lists(st.sampled_from(["John Smith", "JOHN SMITH", "Jane"]), max_size=3), st.sets(st.integers(0, 2))
)
def test_a_match_is_the_only_candidate_of_the_name_and_nobody_else_s(
    names: list[str], taken: set[int]
) -> None:
    found = [called(name, str(number)) for number, name in enumerate(names)]
    candidates = build_candidates(WantedCustomer({"DisplayName": "John Smith"}), found)
    linked = {str(number): "another" for number in taken}
    try:
        match = choose_match("John Smith", candidates, linked)
    except NeedsDecision as question:
        assert len(candidates) > 1 or candidates[0].customer.id in linked
        offered = {choice.key.partition(":")[2] for choice in question.choices if ":" in choice.key}
        assert not offered & set(linked)
    else:
        assert match == (candidates[0] if candidates else None)


# How much of a payment goes where


@given(
    st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 10**6), st.integers(1, 10**6), st.booleans()
)
def test_a_changed_payment_keeps_what_it_pays_elsewhere(
    cash: int, credit: int, rest: int, amount: int, is_fixed: bool
) -> None:
    now = PaymentAmounts(cash + rest, cash + credit, cash, is_fixed)
    new = changed_amounts(now, amount)
    assert new.total == (now.total if is_fixed else amount)
    assert new.wanted == amount + credit


# What a preview shows is what is written


VALUES = st.dictionaries(st.sampled_from(["a", "b", "c"]), st.integers(0, 3))


@given(VALUES, VALUES)
def test_writes_have_one_fingerprint_if_and_only_if_their_effect_is_the_same(
    one: dict[str, int], other: dict[str, int]
) -> None:
    writes = [PlannedWrite("create", "Payment", values, ()) for values in (one, other)]
    assert (writes[0].fingerprint() == writes[1].fingerprint()) == (one == other)


@given(VALUES, st.text(), st.text())
def test_a_write_is_the_same_before_and_after_what_it_names_exists(
    values: dict[str, int], stand_in: str, id_: str
) -> None:
    write = PlannedWrite(
        "create", "Payment", values, (), stands_for={"DepositToAccountRef.value": "Coperniq"}
    )
    before = replace(write, values={**values, "DepositToAccountRef.value": stand_in})
    after = replace(write, values={**values, "DepositToAccountRef.value": id_})
    assert before.fingerprint() == after.fingerprint()


@given(st.text(min_size=1), st.text(min_size=1))
def test_writes_to_two_invoices_of_coperniq_are_two(one: str, other: str) -> None:
    write = PlannedWrite("update", "coperniq_invoice", {}, (), vendor=Vendor.COPERNIQ)
    found = [replace(write, coperniq_id=each).fingerprint() for each in (one, other)]
    assert (found[0] == found[1]) == (one == other)
