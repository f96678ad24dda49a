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
def harness(portal: PortalHarness) -> InvoiceHarness:
    return with_items(portal, issue_date_returned=True)


def close(harness: InvoiceHarness, until: str = "2026-01-31", *, known: bool = True) -> None:
    """`known`: the portal reads it before its next write."""
    if known:
        prefer(harness.portal, book_close_date=until)
    else:
        path = f"quickbooks/{harness.portal.realm}"
        harness.portal.simulator.control(path, {"book_close_date": until}, "PATCH")


def test_known_to_be_closed_it_is_held_before_writing(harness: InvoiceHarness) -> None:
    close(harness)
    harness.invoice(status="SENT", issueDate=DAY)
    harness.work()
    assert harness.logged() == [HELD]
    assert harness.calls(write=True) == []
    assert_at_rest(harness)


@pytest.mark.parametrize("code", CODES)
def test_learnt_from_the_refusal_it_is_held_just_so(harness: InvoiceHarness, code: str) -> None:
    harness.portal.simulator.switch(closed_books_code=code)
    pushed(harness)
    close(harness, known=False)
    harness.invoice(status="SENT", issueDate=DAY)
    harness.work()
    assert harness.logged()[1:] == [HELD]
    assert str(QuickBooksConnection.objects.get().book_close_on) == "2026-01-31"
    assert_at_rest(harness)


def test_a_person_can_date_it_to_the_first_open_day(harness: InvoiceHarness) -> None:
    close(harness)
    harness.invoice(status="SENT", issueDate=DAY)
    harness.work()
    harness.decide("first_open_day")
    assert harness.in_books()["TxnDate"] == "2026-02-01"
    assert harness.logged() == [HELD, DATED]
    assert_at_rest(harness)


@pytest.mark.parametrize("known", [True, False])
def test_the_setting_does_so_by_itself(harness: InvoiceHarness, known: bool) -> None:
    harness.configure(closed_books="first_open_day")
    close(harness, known=known)
    harness.invoice(status="SENT", issueDate=DAY)
    harness.work()
    assert harness.in_books()["TxnDate"] == "2026-02-01"
    assert harness.logged() == [DATED]
    assert_at_rest(harness)


def test_opened_again_it_is_pushed_as_it_is(harness: InvoiceHarness) -> None:
    close(harness)
    harness.invoice(status="SENT", issueDate=DAY)
    harness.work()
    close(harness, "")
    harness.decide("retry")
    assert harness.in_books()["TxnDate"] == "2026-01-15"
    assert_at_rest(harness)


def test_the_day_after_is_open(harness: InvoiceHarness) -> None:
    close(harness)
    pushed(harness, status="SENT", issueDate="2026-02-01T00:00:00.000Z")
    assert harness.in_books()["TxnDate"] == "2026-02-01"


@pytest.mark.parametrize(
    ("act", "rule", "known"),
    thinned(product(["edit", "decline", "delete"], ["hold", "first_open_day"], [True, False]), 3),
)
def test_what_stands_in_closed_books_is_never_dated_anew(
    harness: InvoiceHarness, rule: str, known: bool, act: str
) -> None:
    harness.configure(closed_books=rule, on_declined="delete" if act == "delete" else "void")
    invoice = pushed(harness, status="SENT", issueDate=DAY)
    close(harness, known=known)
    if act == "edit":
        harness.edit(invoice, description="Too late")
    else:
        harness.act(invoice, "decline")
    harness.work()
    assert harness.logged()[1:] == [STANDING]
    assert (harness.in_books()["TxnDate"], harness.in_books()["TotalAmt"]) == ("2026-01-15", 100)
    assert_at_rest(harness)
    close(harness, "")
    harness.decide("retry")
    assert harness.logged()[-1].startswith("done: ")
    assert_at_rest(harness)


def test_nothing_to_write_is_not_held_by_closed_books(harness: InvoiceHarness) -> None:
    invoice = pushed(harness, status="SENT", issueDate=DAY)
    close(harness)
    harness.edit(invoice, status="OVERDUE")
    harness.work()
    assert harness.logged()[1:] == [f"nothing_to_do: {InvoicePushMessage.IN_STEP(number=1001)}"]


def test_a_refusal_the_preferences_do_not_explain_is_told_as_it_is(harness: InvoiceHarness) -> None:
    """The books of an accountant's own closing, which no preference shows."""
    pushed(harness)
    harness.portal.simulator.control(
        f"quickbooks/{harness.portal.realm}", {"book_close_date": "2026-01-31"}, "PATCH"
    )
    harness.portal.simulator.fault("error_500", method="GET", path="/preferences", times=1)
    harness.invoice(status="SENT", issueDate=DAY)
    harness.work()
    assert harness.logged()[-1] == HELD
