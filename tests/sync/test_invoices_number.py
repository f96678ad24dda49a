"""The invoice's number in QuickBooks: looked up or not, adopted, probably the same, renumbered."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any

import pytest

from integrations.coperniq.client import CoperniqClient
from integrations.models import RecordLink
from integrations.quickbooks.client import QuickBooksClient
from tests.invoice_harness import InvoiceHarness
from tests.portal_harness import PortalHarness
from tests.sampling import crossed
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
    "document {1}, so the invoice is {0} there. QuickBooks may count on from that number: if it proposes {2} for your "
    "own next invoice, type {3} instead."
)
BOTH = [True, False]


@pytest.fixture
def harness(portal: PortalHarness) -> InvoiceHarness:
    return with_items(portal)


def by_hand(
    harness: InvoiceHarness, number: str = "1001", amount: int = 100, customer: str = "job"
) -> dict[str, Any]:
    """Somebody has written this invoice in QuickBooks."""
    sale = {"ItemRef": {"value": "1"}, "Qty": 1, "UnitPrice": amount}
    line = {"DetailType": "SalesItemLineDetail", "Amount": amount, "SalesItemLineDetail": sale}
    customer_id = RecordLink.objects.get(kind=customer).quickbooks_id
    return harness.portal.simulator.in_books(
        harness.portal.realm, "Invoice", CustomerRef={"value": customer_id}, DocNumber=number, Line=[line]
    )


def numbers(harness: InvoiceHarness) -> list[str]:
    return sorted(row["DocNumber"] for row in harness.books("Invoice"))


@pytest.mark.parametrize(("custom", "reads"), [(True, 0), (False, 1)])
def test_a_free_number_is_looked_up_only_where_quickbooks_numbers(
    harness: InvoiceHarness, custom: bool, reads: int
) -> None:
    prefer(harness.portal, custom_txn_numbers=custom)
    pushed(harness)
    harness.invoice()
    harness.work()
    assert numbers(harness) == ["1001", "1002"]
    assert len(harness.calls(write=False)) == reads
    assert len(harness.calls(write=True)) == 1
    assert_at_rest(harness)


@pytest.mark.parametrize(
    ("custom", "answer"), crossed(BOTH, list(product(["present", "absent"], ["allow", "refuse"])))
)
def test_a_number_of_somebody_elses_gets_a_suffix(
    harness: InvoiceHarness, custom: bool, answer: tuple[str, str]
) -> None:
    tail, duplicates = answer
    harness.portal.simulator.switch(duplicate_number_tail=tail, duplicates_when_counting=duplicates)
    prefer(harness.portal, custom_txn_numbers=custom)
    by_hand(harness, customer="customer")
    by_hand(harness, "1001-2", customer="customer")
    harness.invoice()
    harness.work()
    assert numbers(harness) == ["1001", "1001-2", "1001-3"]
    assert harness.logged() == [RENUMBERED.format("1001-3", "1001", "1001-4", "1002")]
    assert harness.link().number == "1001-3"
    assert_at_rest(harness)


@pytest.mark.parametrize("custom", BOTH)
def test_the_same_customer_and_total_are_probably_the_same(harness: InvoiceHarness, custom: bool) -> None:
    prefer(harness.portal, custom_txn_numbers=custom)
    by_hand(harness)
    harness.invoice()
    harness.work()
    logged = harness.logged()[0]
    assert logged.startswith(
        "held: QuickBooks already has an invoice 1001 of $100.00 for this customer, dated "
    )
    assert logged.endswith("It is probably the same invoice: link to it, or create another one.")
    assert_at_rest(harness)


@pytest.mark.parametrize("custom", BOTH)
def test_what_is_probably_the_same_can_be_linked(harness: InvoiceHarness, custom: bool) -> None:
    prefer(harness.portal, custom_txn_numbers=custom)
    found = by_hand(harness)
    invoice = harness.invoice()
    harness.work()
    harness.decide(f"link:{found['Id']}")
    assert harness.in_books()["SyncToken"] == "0"
    assert (harness.link().quickbooks_id, harness.link().match_method) == (found["Id"], "chosen")
    assert_at_rest(harness)
    harness.edit(invoice, description="From now on in step")
    harness.work()
    assert harness.in_books()["PrivateNote"].startswith("From now on in step")
    assert_at_rest(harness)


@pytest.mark.parametrize("custom", BOTH)
def test_what_is_probably_the_same_can_be_created_anew(harness: InvoiceHarness, custom: bool) -> None:
    prefer(harness.portal, custom_txn_numbers=custom)
    by_hand(harness)
    harness.invoice()
    harness.work()
    harness.decide("new_number")
    assert numbers(harness) == ["1001", "1001-2"]
    assert harness.logged()[-1] == RENUMBERED.format("1001-2", "1001", "1001-3", "1002")
    assert_at_rest(harness)


@pytest.mark.parametrize("end", [void_in_books, delete_in_books])
def test_a_chosen_invoice_that_is_gone_meanwhile_is_asked_about_again(
    harness: InvoiceHarness, end: Any
) -> None:
    found = by_hand(harness)
    harness.invoice()
    harness.work()
    end(harness, found["Id"])
    harness.decide(f"link:{found['Id']}")
    assert harness.logged()[-1] == (
        "held: The chosen invoice has been deleted or voided in QuickBooks, or is linked to another invoice by now. "
        "Choose again."
    )
    harness.decide("new_number")
    assert harness.link().match_method == "created"
    assert_at_rest(harness)


def test_the_one_linked_to_another_is_not_taken_for_the_same(harness: InvoiceHarness) -> None:
    pushed(harness)
    harness.invoice(uid=1001)
    harness.work()
    assert numbers(harness) == ["1001", "1001-2"]


@pytest.mark.parametrize(("custom", "total"), crossed(BOTH, [100, 250]))
def test_one_that_bears_our_mark_is_adopted(harness: InvoiceHarness, custom: bool, total: int) -> None:
    """Whatever its total: the portal that forgot it may have missed an edit too."""
    prefer(harness.portal, custom_txn_numbers=custom)
    invoice = pushed(harness)
    harness.link().delete()
    harness.edit(invoice, lineItems=[harness.line("Permit", 1, total)])
    harness.work()
    assert harness.link().match_method == "adopted"
    assert harness.in_books()["TotalAmt"] == total
    assert_at_rest(harness)


def test_a_mark_somebody_copied_to_another_invoice_counts_once(harness: InvoiceHarness) -> None:
    pushed(harness)
    other = by_hand(harness, "2000", amount=55)
    put(harness, other["Id"], PrivateNote=harness.books("Invoice")[0]["PrivateNote"])
    harness.invoice(uid=2000)
    harness.work()
    assert numbers(harness) == ["1001", "2000", "2000-2"]


def test_a_mark_somebody_typed_does_not_count(harness: InvoiceHarness) -> None:
    """Its reference is not the one only the portal can give."""
    typed = by_hand(harness, amount=55)
    put(harness, typed["Id"], PrivateNote="[Coperniq invoice 20001 ref 00000000]")
    harness.invoice()
    harness.work()
    assert numbers(harness) == ["1001", "1001-2"]


def test_a_long_number_is_cut_and_both_are_shown(
    harness: InvoiceHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Coperniq's numbers are whole numbers today; texts of any length were there before."""
    number = "INV-2026-FEBRUARY-000000017"
    monkeypatch.setattr(
        CoperniqClient, "read_invoice", lambda client, id_: replace(read_invoice(client, id_), number=number)
    )
    harness.invoice()
    harness.work()
    assert numbers(harness) == ["INV-2026-FEBRUARY-000"]
    assert harness.logged() == [
        "done_with_warning: Created invoice INV-2026-FEBRUARY-000 in QuickBooks, open and not e-mailed. Number "
        f"{number} is longer than QuickBooks accepts, so the invoice is INV-2026-FEBRUARY-000 there."
    ]
    assert_at_rest(harness)


def test_a_long_number_that_is_taken_keeps_its_suffix(
    harness: InvoiceHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = "INV-2026-FEBRUARY-001"
    by_hand(harness, number, customer="customer")
    monkeypatch.setattr(
        CoperniqClient, "read_invoice", lambda client, id_: replace(read_invoice(client, id_), number=number)
    )
    harness.invoice()
    harness.work()
    assert numbers(harness) == ["INV-2026-FEBRUARY-0-2", "INV-2026-FEBRUARY-001"]
    assert_at_rest(harness)


@pytest.mark.parametrize("moves", ["always", "numeric", "never"])
def test_the_bookkeeper_is_told_what_to_type_in_place_of_the_suffix(
    harness: InvoiceHarness, moves: str
) -> None:
    """Whatever QuickBooks proposes: 1002 is taken, too."""
    harness.portal.simulator.switch(sent_number_moves_counter=moves)
    prefer(harness.portal, custom_txn_numbers=False)
    for number in ("1001", "1002"):
        by_hand(harness, number, customer="customer", amount=55)
    harness.invoice()
    harness.work()
    assert harness.logged() == [RENUMBERED.format("1001-2", "1001", "1001-3", "1003")]
    proposed = by_hand(harness, "", customer="customer", amount=55)["DocNumber"]
    assert proposed == "1001-3" or moves != "always"
    assert_at_rest(harness)


def test_a_suffix_that_another_document_has_is_passed_over_once_it_is_refused(
    harness: InvoiceHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A query for invoices does not find a document of another kind, so that only the refusal tells."""
    for number in ("1001", "1001-2"):
        by_hand(harness, number, customer="customer")
    find = QuickBooksClient.find_invoices_numbered
    monkeypatch.setattr(
        QuickBooksClient,
        "find_invoices_numbered",
        lambda client, wanted: [row for row in find(client, wanted) if row.number != "1001-2"],
    )
    prefer(harness.portal, custom_txn_numbers=True)
    harness.invoice()
    harness.work()
    assert numbers(harness) == ["1001", "1001-2", "1001-3"]
    assert_at_rest(harness)


def test_ten_taken_numbers_are_passed_over(harness: InvoiceHarness) -> None:
    for suffix in ["", *(f"-{count}" for count in range(2, 13))]:
        by_hand(harness, f"1001{suffix}", customer="customer")
    harness.invoice()
    harness.work()
    assert "1001-13" in numbers(harness)


def test_the_number_is_quickbooks_own_once_it_is_written(harness: InvoiceHarness) -> None:
    """As are customer and date."""
    invoice = pushed(harness)
    made = harness.in_books()
    customer = RecordLink.objects.get(kind="customer").quickbooks_id
    put(harness, made["Id"], DocNumber="A-7", TxnDate="2026-01-31", CustomerRef={"value": customer})
    harness.edit(invoice, uid=5555, issueDate="2026-02-02", description="Only this")
    harness.work()
    now = harness.in_books()
    assert (now["DocNumber"], now["TxnDate"], now["CustomerRef"]["value"]) == ("A-7", "2026-01-31", customer)
    assert now["PrivateNote"].startswith("Only this")
    assert harness.link().number == "A-7"
    assert_at_rest(harness)
