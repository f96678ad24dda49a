"""The invoice's number in QuickBooks: looked up or not, adopted, probably the same, renumbered."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from integrations.coperniq.client import CoperniqClient
from integrations.models import RecordLink
from tests.invoice_harness import InvoiceHarness
from tests.portal_harness import PortalHarness
from tests.sync.invoice_builders import (
    assert_at_rest,
    delete_in_books,
    prefer,
    pushed,
    put,
    void_in_books,
    with_items,
)

read_invoice = CoperniqClient.read_invoice
RENUMBERED = (
    "done_with_warning: Created invoice {0} in QuickBooks, open and not e-mailed. QuickBooks already has a "
    "document {1}, so the invoice is {0} there."
)
BOTH = [True, False]


@pytest.fixture
def money(office: PortalHarness) -> InvoiceHarness:
    return with_items(office)


def by_hand(
    money: InvoiceHarness, number: str = "1001", amount: int = 100, customer: str = "job"
) -> dict[str, Any]:
    """Somebody has written this invoice in QuickBooks."""
    sale = {"ItemRef": {"value": "1"}, "Qty": 1, "UnitPrice": amount}
    line = {"DetailType": "SalesItemLineDetail", "Amount": amount, "SalesItemLineDetail": sale}
    customer_id = RecordLink.objects.get(kind=customer).quickbooks_id
    return money.office.simulator.in_books(
        money.office.realm, "Invoice", CustomerRef={"value": customer_id}, DocNumber=number, Line=[line]
    )


def numbers(money: InvoiceHarness) -> list[str]:
    return sorted(row["DocNumber"] for row in money.books("Invoice"))


@pytest.mark.parametrize(("custom", "reads"), [(True, 0), (False, 1)])
def test_a_free_number_is_looked_up_only_where_quickbooks_numbers(
    money: InvoiceHarness, custom: bool, reads: int
) -> None:
    prefer(money.office, custom_txn_numbers=custom)
    pushed(money)
    money.invoice()
    money.work()
    assert numbers(money) == ["1001", "1002"]
    assert len(money.calls(write=False)) == reads
    assert len(money.calls(write=True)) == 1
    assert_at_rest(money)


@pytest.mark.parametrize("custom", BOTH)
@pytest.mark.parametrize("tail", ["present", "absent"])
@pytest.mark.parametrize("duplicates", ["allow", "refuse"])
def test_a_number_of_somebody_elses_gets_a_suffix(
    money: InvoiceHarness, custom: bool, tail: str, duplicates: str
) -> None:
    money.office.simulator.switch(duplicate_number_tail=tail, duplicates_when_counting=duplicates)
    prefer(money.office, custom_txn_numbers=custom)
    by_hand(money, customer="customer")
    by_hand(money, "1001-2", customer="customer")
    money.invoice()
    money.work()
    assert numbers(money) == ["1001", "1001-2", "1001-3"]
    assert money.told() == [RENUMBERED.format("1001-3", "1001")]
    assert money.link().number == "1001-3"
    assert_at_rest(money)


@pytest.mark.parametrize("custom", BOTH)
def test_the_same_customer_and_total_are_probably_the_same(money: InvoiceHarness, custom: bool) -> None:
    prefer(money.office, custom_txn_numbers=custom)
    by_hand(money)
    money.invoice()
    money.work()
    told = money.told()[0]
    assert told.startswith(
        "held: QuickBooks already has an invoice 1001 of $100.00 for this customer, dated "
    )
    assert told.endswith("It is probably the same invoice: link to it, or create another one.")
    assert_at_rest(money)


@pytest.mark.parametrize("custom", BOTH)
def test_what_is_probably_the_same_can_be_linked(money: InvoiceHarness, custom: bool) -> None:
    prefer(money.office, custom_txn_numbers=custom)
    found = by_hand(money)
    invoice = money.invoice()
    money.work()
    money.decide(f"link:{found['Id']}")
    assert money.in_books()["SyncToken"] == "0"
    assert (money.link().quickbooks_id, money.link().match_method) == (found["Id"], "chosen")
    assert_at_rest(money)
    money.edit(invoice, description="From now on in step")
    money.work()
    assert money.in_books()["PrivateNote"].startswith("From now on in step")
    assert_at_rest(money)


@pytest.mark.parametrize("custom", BOTH)
def test_what_is_probably_the_same_can_be_created_anew(money: InvoiceHarness, custom: bool) -> None:
    prefer(money.office, custom_txn_numbers=custom)
    by_hand(money)
    money.invoice()
    money.work()
    money.decide("new_number")
    assert numbers(money) == ["1001", "1001-2"]
    assert money.told()[-1] == RENUMBERED.format("1001-2", "1001")
    assert_at_rest(money)


@pytest.mark.parametrize("end", [void_in_books, delete_in_books])
def test_a_chosen_invoice_that_is_gone_meanwhile_is_asked_about_again(
    money: InvoiceHarness, end: Any
) -> None:
    found = by_hand(money)
    money.invoice()
    money.work()
    end(money, found["Id"])
    money.decide(f"link:{found['Id']}")
    assert money.told()[-1] == (
        "held: The chosen invoice has been deleted or voided in QuickBooks, or is linked to another invoice by now. "
        "Choose again."
    )
    money.decide("new_number")
    assert money.link().match_method == "created"
    assert_at_rest(money)


def test_the_one_linked_to_another_is_not_taken_for_the_same(money: InvoiceHarness) -> None:
    pushed(money)
    money.invoice(uid=1001)
    money.work()
    assert numbers(money) == ["1001", "1001-2"]


@pytest.mark.parametrize("custom", BOTH)
@pytest.mark.parametrize("total", [100, 250])
def test_one_that_bears_our_mark_is_adopted(money: InvoiceHarness, custom: bool, total: int) -> None:
    """Whatever its total: the portal that forgot it may have missed an edit too."""
    prefer(money.office, custom_txn_numbers=custom)
    invoice = pushed(money)
    money.link().delete()
    money.edit(invoice, lineItems=[money.line("Permit", 1, total)])
    money.work()
    assert money.link().match_method == "adopted"
    assert money.in_books()["TotalAmt"] == total
    assert_at_rest(money)


def test_a_mark_somebody_copied_to_another_invoice_counts_once(money: InvoiceHarness) -> None:
    pushed(money)
    other = by_hand(money, "2000", amount=55)
    put(money, other["Id"], PrivateNote=money.books("Invoice")[0]["PrivateNote"])
    money.invoice(uid=2000)
    money.work()
    assert numbers(money) == ["1001", "2000", "2000-2"]


def test_a_mark_somebody_typed_does_not_count(money: InvoiceHarness) -> None:
    """Its reference is not the one only the portal can give."""
    typed = by_hand(money, amount=55)
    put(money, typed["Id"], PrivateNote="[Coperniq invoice 20001 ref 00000000]")
    money.invoice()
    money.work()
    assert numbers(money) == ["1001", "1001-2"]


def test_a_long_number_is_cut_and_both_are_shown(
    money: InvoiceHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Coperniq's numbers are whole numbers today; texts of any length were there before."""
    number = "INV-2026-FEBRUARY-000000017"
    monkeypatch.setattr(
        CoperniqClient, "read_invoice", lambda client, id_: replace(read_invoice(client, id_), number=number)
    )
    money.invoice()
    money.work()
    assert numbers(money) == ["INV-2026-FEBRUARY-000"]
    assert money.told() == [
        "done_with_warning: Created invoice INV-2026-FEBRUARY-000 in QuickBooks, open and not e-mailed. Number "
        f"{number} is longer than QuickBooks accepts, so the invoice is INV-2026-FEBRUARY-000 there."
    ]
    assert_at_rest(money)


def test_a_long_number_that_is_taken_keeps_its_suffix(
    money: InvoiceHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = "INV-2026-FEBRUARY-001"
    by_hand(money, number, customer="customer")
    monkeypatch.setattr(
        CoperniqClient, "read_invoice", lambda client, id_: replace(read_invoice(client, id_), number=number)
    )
    money.invoice()
    money.work()
    assert numbers(money) == ["INV-2026-FEBRUARY-0-2", "INV-2026-FEBRUARY-001"]
    assert_at_rest(money)


def test_ten_taken_numbers_are_passed_over(money: InvoiceHarness) -> None:
    for suffix in ["", *(f"-{count}" for count in range(2, 13))]:
        by_hand(money, f"1001{suffix}", customer="customer")
    money.invoice()
    money.work()
    assert "1001-13" in numbers(money)


def test_the_number_is_quickbooks_own_once_it_is_written(money: InvoiceHarness) -> None:
    """As are customer and date."""
    invoice = pushed(money)
    made = money.in_books()
    customer = RecordLink.objects.get(kind="customer").quickbooks_id
    put(money, made["Id"], DocNumber="A-7", TxnDate="2026-01-31", CustomerRef={"value": customer})
    money.edit(invoice, uid=5555, issueDate="2026-02-02", description="Only this")
    money.work()
    now = money.in_books()
    assert (now["DocNumber"], now["TxnDate"], now["CustomerRef"]["value"]) == ("A-7", "2026-01-31", customer)
    assert now["PrivateNote"].startswith("Only this")
    assert money.link().number == "A-7"
    assert_at_rest(money)
