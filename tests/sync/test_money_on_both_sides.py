"""Money that QuickBooks has elsewhere than on the invoice that Coperniq records it on: asked about, never doubled."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from integrations.models import RecordLink, SyncLogEntry, SyncRun
from tests.portal_harness import PortalHarness
from tests.sampling import crossed
from tests.sync.pull_builders import assert_nothing_left_to_do, payments
from tests.sync.two_way import TwoWayHarness, open_two_way

DAY, LATER = "2026-09-20", "2026-11-10"
"""An advance is older than the invoice by weeks."""


@pytest.fixture
def sides(portal: PortalHarness) -> TwoWayHarness:
    return open_two_way(portal)


def customer_id(kind: str = "customer") -> str:
    return RecordLink.objects.get(kind=kind).quickbooks_id


def advance(
    sides: TwoWayHarness, amount: int = 100, reference: str = "1042", **fields: Any
) -> dict[str, Any]:
    """Money that nobody has applied to an invoice yet, and of which the portal has heard."""
    found = sides.payment(amount=amount, date=DAY, reference=reference, **fields)
    sides.sync()
    return found


def bill(sides: TwoWayHarness, price: int = 285, **fields: Any) -> dict[str, Any]:
    made = sides.harness.invoice(("Permit", 1, price), **fields)
    sides.harness.work()
    sides.harness.portal.simulator.forget_log()
    return made


def pay(sides: TwoWayHarness, made: dict[str, Any], amount: int = 100, reference: str = "1042") -> Any:
    paid = sides.harness.pay(
        made, amount, paymentDate=f"{LATER}T00:00:00Z", paymentReference=reference, paymentMethod="CHECK"
    )
    sides.harness.work()
    return paid


def keys(run: SyncRun) -> list[str]:
    return [choice["key"].partition(":")[0] for choice in run.choices]


def open_on(sides: TwoWayHarness) -> tuple[float, float]:
    """What is open on the only invoice there, and here."""
    ours = sides.harness.portal.simulator.state()["coperniq"]
    row = next(iter(ours.values()))["invoices"][0]
    paid = sum(each["amount"] for each in row["payments"])
    return sides.harness.in_books()["Balance"], row["amount"] - paid


PLACES = ["job", "customer", "account invoice", "job of an account invoice"]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("parent_pays", ["bill_with_parent", "never"])
def test_an_advance_is_asked_about_and_applied(sides: TwoWayHarness, place: str, parent_pays: str) -> None:
    sides.harness.portal.simulator.switch(parent_pays_jobs=parent_pays)
    payer = customer_id("job" if place.startswith("job") else "customer")
    theirs = advance(sides, customer=payer)
    made = bill(sides, on=sides.harness.account if place.endswith("account invoice") else None)
    ours = pay(sides, made)
    run = sides.harness.held()
    assert run.cause == "probably_same_payment"
    for said in ("$100.00", "September 20, 2026", "1042", "not applied"):
        assert said in run.sentence, run.sentence
    assert keys(run) == ["apply", "link", "record_both", "discard"]
    assert sides.harness.calls(write=True) == []
    assert_nothing_left_to_do(sides)
    sides.harness.decide(f"apply:{theirs['Id']}")
    link = RecordLink.objects.get(kind="payment")
    assert (link.coperniq_id, link.quickbooks_id) == (str(ours["id"]), theirs["Id"])
    assert sides.harness.in_books("Payment")["UnappliedAmt"] == 0
    assert open_on(sides) == (185, 185)
    sides.sync()
    assert not SyncRun.objects.open().exists()
    assert_nothing_left_to_do(sides)


@pytest.mark.parametrize(
    ("unapplied", "paid", "total", "applied", "said"),
    [
        (300, 100, 285, 100, ""),
        (60, 100, 285, 60, "Only $60.00 of it was not applied"),
        (100, 100, 80, 80, "Only $80.00 was open"),
    ],
)
def test_it_is_right_to_the_cent_if_the_amounts_differ(
    sides: TwoWayHarness, unapplied: int, paid: int, total: int, applied: int, said: str
) -> None:
    theirs = advance(sides, unapplied, "Check # 1042")
    made = bill(sides, total)
    sides.harness.portal.simulator.switch(overpayment="accept")
    pay(sides, made, paid, "1042")
    sides.harness.decide(f"apply:{theirs['Id']}")
    there = sides.harness.in_books("Payment")
    assert (there["TotalAmt"], there["UnappliedAmt"]) == (unapplied, unapplied - applied)
    assert sides.harness.in_books()["Balance"] == total - applied
    entry = SyncLogEntry.objects.filter(kind="payment").latest("id")
    assert (entry.outcome == "done_with_warning") is bool(said)
    assert said in entry.sentence, entry.sentence
    sides.sync()
    assert not SyncRun.objects.open().exists()
    assert_nothing_left_to_do(sides)


@pytest.mark.parametrize("answer", ["link", "record_both"])
def test_an_advance_may_be_linked_as_it_is_or_be_other_money(sides: TwoWayHarness, answer: str) -> None:
    theirs = advance(sides, reference="")
    made = bill(sides)
    pay(sides, made)
    run = sides.harness.held()
    sides.harness.decide(run.choices[1]["key"] if answer == "link" else answer)
    if answer == "link":
        assert "apply it to invoice" in SyncLogEntry.objects.filter(kind="payment").latest("id").sentence
        assert sides.harness.in_books("Payment")["UnappliedAmt"] == 100
    sides.sync()
    sides.change_payment(theirs, invoices=[{"id": sides.harness.in_books()["Id"], "amount": 100}])
    sides.sync()
    assert not SyncRun.objects.open().exists()
    assert [row["amount"] for row in payments(sides)] == [100] * (1 if answer == "link" else 2)
    assert len(sides.harness.books("Payment")) == (1 if answer == "link" else 2)
    assert_nothing_left_to_do(sides)


@pytest.mark.parametrize("meant", [True, False])
@pytest.mark.parametrize("applied", [True, False])
def test_one_heard_of_too_late_is_asked_about_when_it_arrives(
    sides: TwoWayHarness, applied: bool, meant: bool
) -> None:
    """The payment was made there between the last look and the push, so nobody could ask before."""
    made = bill(sides)
    theirs = sides.payment(amount=100, date=DAY, reference="1042")
    pay(sides, made)
    assert len(sides.harness.books("Payment")) == 2
    if applied:
        sides.change_payment(theirs, invoices=[{"id": sides.harness.in_books()["Id"], "amount": 100}])
    sides.sync()
    run = sides.harness.held()
    assert run.cause == "probably_same_payment"
    assert "1042" in run.sentence
    assert keys(run) == ["record_both", "retry", "discard"]
    assert len(payments(sides)) == 1
    assert_nothing_left_to_do(sides)
    if meant:
        sides.harness.decide("record_both")
    else:
        sides.void(theirs, "payments")
    sides.sync()
    if meant and not applied:
        sides.change_payment(theirs, invoices=[{"id": sides.harness.in_books()["Id"], "amount": 100}])
        sides.sync()
    assert not SyncRun.objects.open().exists()
    assert open_on(sides) == ((85, 85) if meant else (185, 185))
    assert_nothing_left_to_do(sides)


def test_the_portals_own_may_be_the_one_that_goes(sides: TwoWayHarness) -> None:
    """Whichever of the two the bookkeeper voids, Coperniq's payment goes on as the other."""
    made = bill(sides)
    theirs = sides.payment(amount=100, date=DAY, reference="1042")
    ours = pay(sides, made)
    sides.change_payment(theirs, invoices=[{"id": sides.harness.in_books()["Id"], "amount": 100}])
    sides.sync()
    sides.void({"Id": RecordLink.objects.get(kind="payment").quickbooks_id}, "payments")
    sides.sync()
    for run in SyncRun.objects.held():
        sides.harness.decide("retry", run)
    link = RecordLink.objects.get(kind="payment")
    assert (link.coperniq_id, link.quickbooks_id) == (str(ours["id"]), theirs["Id"])
    assert open_on(sides) == (185, 185)
    assert not SyncRun.objects.open().exists()
    assert_nothing_left_to_do(sides)


@pytest.mark.parametrize("linked", [True, False])
def test_the_same_number_and_amount_on_another_invoice(sides: TwoWayHarness, linked: bool) -> None:
    """Whether that invoice is linked or not, e.g. one of a job that people added by hand."""
    owner = customer_id()
    if not linked:
        above: dict[str, Any] = {"Job": True, "ParentRef": {"value": owner}, "BillWithParent": True}
        portal = sides.harness.portal
        owner = portal.simulator.in_books(portal.realm, DisplayName="Made by hand", **above)["Id"]
    other = sides.invoice(number="900", customer=owner)
    sides.payment({"id": other["Id"], "amount": 100}, date=LATER, reference="1042", customer=customer_id())
    sides.sync()
    made = bill(sides)
    pay(sides, made, reference="CHECK 1042")
    run = sides.harness.held()
    assert "1042" in run.sentence
    assert "link" in keys(run) or linked
    sides.harness.decide("record_both")
    assert not SyncRun.objects.held().exists()
    assert len(sides.harness.books("Payment")) == 2
    sides.harness.portal.simulator.forget_log()
    sides.sync()
    assert not sides.harness.portal.simulator.log(write=True)


@pytest.mark.parametrize(
    ("fields", "reference"),
    [
        ({"amount": 101, "reference": "1043"}, "1042"),
        ({"amount": 99, "reference": "cash"}, "cash"),
    ],
)
def test_other_money_is_not_asked_about(sides: TwoWayHarness, fields: Any, reference: str) -> None:
    advance(sides, **fields)
    made = bill(sides)
    pay(sides, made, 1, "first")
    sides.harness.portal.simulator.forget_log()
    pay(sides, made, reference=reference)
    assert not SyncRun.objects.held().exists()
    assert len(sides.harness.calls(write=False)) == 0


def test_money_of_before_the_syncing_is_read_once(sides: TwoWayHarness) -> None:
    """No change data holds it: the customer was matched, and had it already."""
    sides.payment(amount=100, date=DAY, reference="1042")
    sides.payment(amount=70, date=DAY, reference="7")
    RecordLink.objects.filter(kind__in=("customer", "job")).update(match_method="name")
    made = bill(sides)
    pay(sides, made, 50, "1")
    assert [each.endswith("/query") for each in sides.harness.calls(write=False)].count(True) == 4
    sides.harness.portal.simulator.forget_log()
    pay(sides, made, 51, "2")
    assert len(sides.harness.calls(write=False)) == 0
    pay(sides, made)
    assert sides.harness.held().cause == "probably_same_payment"
    assert_nothing_left_to_do(sides)


@pytest.mark.parametrize("what", ["deposited", "gone", "applied elsewhere"])
def test_an_advance_that_changed_since_the_question(sides: TwoWayHarness, what: str) -> None:
    theirs = advance(sides)
    made = bill(sides)
    pay(sides, made)
    if what == "deposited":
        sides.control("deposits", {"payments": [theirs["Id"]]})
    if what == "gone":
        sides.void(theirs, "payments")
    if what == "applied elsewhere":
        other = sides.invoice(customer=sides.job_id, number="77")
        sides.change_payment(theirs, invoices=[{"id": other["Id"], "amount": 100}])
    sides.harness.decide(f"apply:{theirs['Id']}")
    run = (
        sides.harness.held()
        if what != "applied elsewhere"
        else SyncRun.objects.held().get(action="push_payment")
    )
    assert f"apply:{theirs['Id']}" not in [choice["key"] for choice in run.choices]
    assert "record_both" in keys(run)
    if what == "deposited":
        assert "deposit" in run.sentence
        sides.harness.decide(f"link:{theirs['Id']}")
        assert RecordLink.objects.get(kind="payment").quickbooks_id == theirs["Id"]
        assert_nothing_left_to_do(sides)


ADVANCES = [("", 100, 100), ("1042", 60, 100), ("1042", 100, 150), ("1042", 250, 100)]


@pytest.mark.parametrize(
    ("amounts", "way"), crossed(ADVANCES, list(product([True, False], ["link", "record_both"])))
)
def test_an_advance_that_the_bookkeeper_applies_herself(
    sides: TwoWayHarness, amounts: tuple[str, int, int], way: tuple[bool, str]
) -> None:
    """She does what the question suggests, or is quicker than the portal: one question remains, and no money doubles."""
    (reference, there, here), (asked_before, answer) = amounts, way
    theirs = advance(sides, there, reference)
    made = bill(sides, 400)
    if asked_before:
        pay(sides, made, here, reference)
        assert sides.harness.held().cause == "probably_same_payment"
    invoice = {"id": sides.harness.in_books()["Id"], "amount": there}
    sides.change_payment(theirs, invoices=[invoice], amount=there)
    if not asked_before:
        pay(sides, made, here, reference)
    sides.sync()
    assert_nothing_left_to_do(sides)
    assert len(sides.harness.books("Payment")) == 1
    if SyncRun.objects.held().exists():
        run = SyncRun.objects.held().get()
        assert run.action == "push_payment"
        assert f"${there:,}.00 on this invoice" in run.sentence, run.sentence
        assert keys(run) == ["link", "record_both", "discard"]
        sides.harness.decide(run.choices[0]["key"] if answer == "link" else answer, run)
        sides.sync()
    assert not SyncRun.objects.open().exists()
    meant = 2 if answer == "record_both" else 1
    assert (len(payments(sides)), len(sides.harness.books("Payment"))) == (meant, meant)
    assert_nothing_left_to_do(sides)


def test_equal_amounts_month_by_month_are_not_asked_about(sides: TwoWayHarness) -> None:
    """Neither of the one that came as an advance and was applied, nor of the later one entered here."""
    theirs = advance(sides, reference="")
    made = bill(sides)
    sides.change_payment(theirs, invoices=[{"id": sides.harness.in_books()["Id"], "amount": 100}])
    sides.sync()
    pay(sides, made, reference="")
    sides.sync()
    assert not SyncRun.objects.held().exists()
    assert (len(payments(sides)), len(sides.harness.books("Payment"))) == (2, 2)
    assert_nothing_left_to_do(sides)


@pytest.mark.parametrize(
    ("origin", "new", "applied"),
    [
        ("apply", 150, 150),
        ("apply", 40, 40),
        ("apply", 300, 285),
        ("apply", 310, None),
        ("link", 120, 120),
        ("pulled", 60, 60),
        ("pulled", 140, None),
        ("pulled", 100, 100),
    ],
)
def test_what_people_recorded_keeps_its_total_and_date_when_coperniq_is_corrected(
    sides: TwoWayHarness, origin: str, new: int, applied: int | None
) -> None:
    """Money moves between the invoice and what is unapplied; where that is not enough, a person is asked."""
    sides.harness.portal.simulator.switch(overpayment="accept")
    total = 100 if origin == "pulled" else 300
    theirs = advance(sides, total) if origin != "pulled" else {}
    made = bill(sides)
    if origin == "pulled":
        sides.payment({"id": sides.harness.in_books()["Id"], "amount": 100}, date=DAY)
        sides.sync()
        (ours,) = payments(sides)
    else:
        ours = pay(sides, made)
        sides.harness.decide(f"{origin}:{theirs['Id']}")
    before = sides.harness.in_books("Payment")
    sides.harness.change_payment(made, ours, amount=new, paymentDate=f"{LATER}T00:00:00Z")
    sides.harness.work()
    there = sides.harness.in_books("Payment")
    assert (there["TotalAmt"], there["TxnDate"]) == (total, DAY), sides.harness.logged()[-1]
    if applied is None:
        assert there["SyncToken"] == before["SyncToken"]
        run = sides.harness.held()
        assert f"is now ${new}.00" in run.sentence
        assert keys(run) == ["use_quickbooks", "retry", "discard"]
        sides.harness.decide("use_quickbooks")
        assert sides.harness.in_books("Payment")["SyncToken"] == before["SyncToken"]
    else:
        assert there["UnappliedAmt"] == total - applied
        assert sides.harness.in_books()["Balance"] == 285 - applied
    sides.sync()
    assert not SyncRun.objects.open().exists(), sides.harness.held().sentence
    assert_nothing_left_to_do(sides)


@pytest.mark.parametrize("origin", ["apply", "link", "equal", "pulled", "own"])
def test_only_what_the_portal_recorded_is_offered_to_be_voided(sides: TwoWayHarness, origin: str) -> None:
    total = 300 if origin in ("apply", "link") else 100
    theirs = advance(sides, total) if origin in ("apply", "link", "equal") else {}
    made = bill(sides)
    if origin == "pulled":
        sides.payment({"id": sides.harness.in_books()["Id"], "amount": 100}, date=DAY)
        sides.sync()
        (ours,) = payments(sides)
    else:
        ours = pay(sides, made)
    if theirs:
        sides.harness.decide(f"{origin.replace('equal', 'apply')}:{theirs['Id']}")
    sides.sync()
    sides.harness.remove_payment(made, ours)
    sides.harness.sweep()
    run = sides.harness.held()
    assert keys(run) == (["void_in_quickbooks"] if origin == "own" else []) + ["retry", "discard"]
    assert sides.harness.in_books("Payment")["TotalAmt"] == total


@pytest.mark.parametrize(
    ("there", "first", "later"),
    [
        ("", "", [("", 100, False), ("", 100, False)]),
        ("1042", "1042", [("1042", 90, False), ("", 100, False)]),
        ("1042", "", [("", 100, False), ("1042", 90, True)]),
    ],
    ids=["amount", "number", "first the amount, then the number"],
)
def test_other_money_is_asked_about_once_for_each_reason(
    sides: TwoWayHarness, there: str, first: str, later: list[tuple[str, int, bool]]
) -> None:
    """An advance, and instalments in cash: to record both is the answer for all of them."""
    theirs = advance(sides, reference=there)
    made = bill(sides, 900)
    pay(sides, made, reference=first)
    sides.harness.decide("record_both")
    for reference, amount, is_asked in later:
        sides.change_payment(theirs, note=f"Read again before {amount}")
        sides.sync()
        pay(sides, made, amount, reference)
        assert SyncRun.objects.held().exists() is is_asked
        if is_asked:
            sides.harness.decide("record_both")
    assert not SyncRun.objects.open().exists()
    assert len(sides.harness.books("Payment")) == 2 + len(later)
    assert_nothing_left_to_do(sides)


@pytest.mark.parametrize(
    ("there", "here", "same"),
    [
        ("1042", "#1042 - Smith", True),
        ("Scheck 1042", "Ck#1042", True),
        ("CHK 1042", "Smith, check no. 01042", True),
        ("1042", "Invoice 1042", False),
        ("1042", "Smith 1042 of 1043", False),
        ("12", "Smith 12", False),
    ],
)
def test_a_number_among_other_words_is_a_question_at_most(
    sides: TwoWayHarness, there: str, here: str, same: bool
) -> None:
    advance(sides, 300, there)
    made = bill(sides)
    pay(sides, made, 100, here)
    assert SyncRun.objects.held().exists() is same
    assert len(sides.harness.books("Payment")) == (1 if same else 2)


def test_a_number_among_other_words_links_nothing(sides: TwoWayHarness) -> None:
    """Two months apart on an invoice that cannot take both: with the same number they are linked."""
    made = bill(sides, 100)
    sides.payment({"id": sides.harness.in_books()["Id"], "amount": 100}, date=DAY, reference="1042")
    pay(sides, made, 100, "#1042 - Smith")
    sides.sync()
    assert SyncRun.objects.held().get().cause == "probably_same_payment"
    assert not RecordLink.objects.filter(kind="payment").exists()
    assert_nothing_left_to_do(sides)
