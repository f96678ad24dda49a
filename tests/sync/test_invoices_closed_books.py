"""Closed books are known before writing: held or dated to the first open day, and never dated anew."""

from __future__ import annotations

from itertools import product

import pytest

from integrations.messages.invoices_push import InvoicePushMessage
from integrations.models import QuickBooksConnection
from tests.invoice_harness import InvoiceHarness
from tests.portal_harness import PortalHarness
from tests.sampling import thinned
from tests.sync.invoice_builders import assert_at_rest, prefer, pushed, with_items

HELD = (
    "held: The books are closed up to January 31, 2026, and this is dated January 15, 2026. Reopen the period in "
    "QuickBooks and try again, or date it February 1, 2026."
)
DATED = (
    f"done_with_warning: {InvoicePushMessage.CREATED(number=1001)} It is dated February 1, 2026 "
    "instead of January 15, 2026, because the books are closed until then."
)
STANDING = (
    "held: The books are closed up to January 31, 2026, and this document is dated January 15, 2026, so it cannot be "
    "changed. Reopen the period in QuickBooks and try again, or leave it as it is."
)
CODES = ["6200", "6210"]
DAY = "2026-01-15T00:00:00.000Z"


@pytest.fixture
def money(office: PortalHarness) -> InvoiceHarness:
    return with_items(office, issue_date_returned=True)


def close(money: InvoiceHarness, until: str = "2026-01-31", *, known: bool = True) -> None:
    """`known`: the portal reads it before its next write."""
    if known:
        prefer(money.office, book_close_date=until)
    else:
        path = f"quickbooks/{money.office.realm}"
        money.office.simulator.control(path, {"book_close_date": until}, "PATCH")


def test_known_to_be_closed_it_is_held_before_writing(money: InvoiceHarness) -> None:
    close(money)
    money.invoice(status="SENT", issueDate=DAY)
    money.work()
    assert money.told() == [HELD]
    assert money.calls(write=True) == []
    assert_at_rest(money)


@pytest.mark.parametrize("code", CODES)
def test_learnt_from_the_refusal_it_is_held_just_so(money: InvoiceHarness, code: str) -> None:
    money.office.simulator.switch(closed_books_code=code)
    pushed(money)
    close(money, known=False)
    money.invoice(status="SENT", issueDate=DAY)
    money.work()
    assert money.told()[1:] == [HELD]
    assert str(QuickBooksConnection.objects.get().book_close_on) == "2026-01-31"
    assert_at_rest(money)


def test_a_person_can_date_it_to_the_first_open_day(money: InvoiceHarness) -> None:
    close(money)
    money.invoice(status="SENT", issueDate=DAY)
    money.work()
    money.decide("first_open_day")
    assert money.in_books()["TxnDate"] == "2026-02-01"
    assert money.told() == [HELD, DATED]
    assert_at_rest(money)


@pytest.mark.parametrize("known", [True, False])
def test_the_setting_does_so_by_itself(money: InvoiceHarness, known: bool) -> None:
    money.configure(closed_books="first_open_day")
    close(money, known=known)
    money.invoice(status="SENT", issueDate=DAY)
    money.work()
    assert money.in_books()["TxnDate"] == "2026-02-01"
    assert money.told() == [DATED]
    assert_at_rest(money)


def test_opened_again_it_is_pushed_as_it_is(money: InvoiceHarness) -> None:
    close(money)
    money.invoice(status="SENT", issueDate=DAY)
    money.work()
    close(money, "")
    money.decide("retry")
    assert money.in_books()["TxnDate"] == "2026-01-15"
    assert_at_rest(money)


def test_the_day_after_is_open(money: InvoiceHarness) -> None:
    close(money)
    pushed(money, status="SENT", issueDate="2026-02-01T00:00:00.000Z")
    assert money.in_books()["TxnDate"] == "2026-02-01"


@pytest.mark.parametrize(
    ("act", "rule", "known"),
    thinned(product(["edit", "decline", "delete"], ["hold", "first_open_day"], [True, False]), 3),
)
def test_what_stands_in_closed_books_is_never_dated_anew(
    money: InvoiceHarness, rule: str, known: bool, act: str
) -> None:
    money.configure(closed_books=rule, on_declined="delete" if act == "delete" else "void")
    invoice = pushed(money, status="SENT", issueDate=DAY)
    close(money, known=known)
    if act == "edit":
        money.edit(invoice, description="Too late")
    else:
        money.act(invoice, "decline")
    money.work()
    assert money.told()[1:] == [STANDING]
    assert (money.in_books()["TxnDate"], money.in_books()["TotalAmt"]) == ("2026-01-15", 100)
    assert_at_rest(money)
    close(money, "")
    money.decide("retry")
    assert money.told()[-1].startswith("done: ")
    assert_at_rest(money)


def test_nothing_to_write_is_not_held_by_closed_books(money: InvoiceHarness) -> None:
    invoice = pushed(money, status="SENT", issueDate=DAY)
    close(money)
    money.edit(invoice, status="OVERDUE")
    money.work()
    assert money.told()[1:] == [f"nothing_to_do: {InvoicePushMessage.IN_STEP(number=1001)}"]


def test_a_refusal_the_preferences_do_not_explain_is_told_as_it_is(money: InvoiceHarness) -> None:
    """The books of an accountant's own closing, which no preference shows."""
    pushed(money)
    money.office.simulator.control(
        f"quickbooks/{money.office.realm}", {"book_close_date": "2026-01-31"}, "PATCH"
    )
    money.office.simulator.fault("error_500", method="GET", path="/preferences", times=1)
    money.invoice(status="SENT", issueDate=DAY)
    money.work()
    assert money.told()[-1] == HELD
