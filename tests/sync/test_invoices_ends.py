"""Declined, archived, revived, voided or deleted on either side, and gone from Coperniq."""

from __future__ import annotations

from typing import Any

import pytest

from integrations.models import SyncRun
from tests.invoice_harness import InvoiceHarness
from tests.portal_harness import PortalHarness
from tests.sync.invoice_builders import (
    assert_at_rest,
    delete_in_books,
    lines_of,
    pushed,
    put,
    void_in_books,
    with_items,
)

VOIDED = "done: Voided invoice 1001 in QuickBooks, because it was {} in Coperniq."
DELETED = "done: Deleted invoice 1001 in QuickBooks, because it was {} in Coperniq."
IN_STEP = "nothing_to_do: Invoice 1001 is in step with Coperniq already."
REVIVED = (
    "held: Invoice 1001 is in use again in Coperniq, but was voided or deleted in QuickBooks while it was not. "
    "QuickBooks cannot restore it: create it again, or leave it."
)


@pytest.fixture
def money(office: PortalHarness) -> InvoiceHarness:
    return with_items(office)


@pytest.fixture
def invoice(money: InvoiceHarness) -> dict[str, Any]:
    return pushed(money)


def is_voided(document: dict[str, Any]) -> bool:
    return bool(document["TotalAmt"] == 0) and document["PrivateNote"].startswith("Voided") is True


def end(money: InvoiceHarness, invoice: dict[str, Any], verb: str = "decline") -> None:
    money.act(invoice, verb)
    money.work()


@pytest.mark.parametrize("note", ["replaced", "kept_behind"])
def test_a_declined_one_is_voided(money: InvoiceHarness, invoice: dict[str, Any], note: str) -> None:
    money.office.simulator.switch(void_note=note)
    end(money, invoice)
    assert is_voided(money.in_books())
    assert money.told()[1:] == [VOIDED.format("declined")]
    assert len(money.calls(write=True)) == 1
    assert_at_rest(money)


def test_a_declined_one_is_deleted_where_the_company_wants_that(
    money: InvoiceHarness, invoice: dict[str, Any]
) -> None:
    money.configure(on_declined="delete")
    end(money, invoice)
    assert not money.books("Invoice")
    assert money.told()[1:] == [DELETED.format("declined")]
    assert_at_rest(money)


def test_a_declined_one_is_left_where_the_company_wants_that(
    money: InvoiceHarness, invoice: dict[str, Any]
) -> None:
    money.configure(on_declined="leave")
    end(money, invoice)
    assert money.in_books()["TotalAmt"] == 100
    assert money.told()[1:] == [IN_STEP]
    assert_at_rest(money)
    money.edit(invoice, description="Declined, and edited")
    money.work()
    assert money.in_books()["PrivateNote"].startswith("Declined, and edited")


def test_only_declined_voids_by_itself(money: InvoiceHarness, invoice: dict[str, Any]) -> None:
    for status in ("SENT", "PARTIALLY_PAID", "PAID", "OVERDUE", "DRAFT"):
        money.edit(invoice, status=status)
        money.work()
    assert money.in_books()["TotalAmt"] == 100
    assert money.calls(write=True) == []


def test_an_archived_one_is_left_by_default(money: InvoiceHarness, invoice: dict[str, Any]) -> None:
    end(money, invoice, "archive")
    assert money.in_books()["TotalAmt"] == 100
    assert money.told()[1:] == [IN_STEP]
    assert_at_rest(money)


@pytest.mark.parametrize(("rule", "told"), [("void", VOIDED), ("delete", DELETED)])
def test_an_archived_one_can_be_ended_too(
    money: InvoiceHarness, invoice: dict[str, Any], rule: str, told: str
) -> None:
    money.configure(on_archived=rule)
    end(money, invoice, "archive")
    assert money.told()[1:] == [told.format("archived")]
    assert_at_rest(money)


@pytest.mark.parametrize("listed", ["hidden", "gone"])
def test_an_archived_one_that_the_list_hides(
    money: InvoiceHarness, invoice: dict[str, Any], listed: str
) -> None:
    """Read by itself it is archived; where even that is refused, a person is asked."""
    money.office.simulator.switch(archived_invoices=listed)
    money.act(invoice, "archive")
    money.sweep()
    assert money.in_books()["TotalAmt"] == 100
    if listed == "hidden":
        assert money.told()[1:] == [IN_STEP]
    else:
        assert money.held().cause == "invoice_missing"
    assert_at_rest(money)


@pytest.mark.parametrize("verb", ["decline", "archive"])
def test_a_paid_one_is_never_ended(money: InvoiceHarness, invoice: dict[str, Any], verb: str) -> None:
    money.configure(on_archived="void")
    payment = money.receive(money.in_books()["Id"], 40)
    end(money, invoice, verb)
    word = "declined" if verb == "decline" else "archived"
    assert money.told()[1:] == [
        f"held: Invoice 1001 was {word} in Coperniq, but payments of $40.00 are applied to it in QuickBooks, so it "
        "stays there. Refund or move the payments in QuickBooks, then try again, or leave the invoice."
    ]
    assert money.in_books()["TotalAmt"] == 100
    assert_at_rest(money)
    money.office.simulator.control(f"quickbooks/{money.office.realm}/payments/{payment['Id']}/void")
    money.decide("retry")
    assert is_voided(money.in_books())
    assert_at_rest(money)


def test_a_paid_one_can_be_left(money: InvoiceHarness, invoice: dict[str, Any]) -> None:
    money.receive(money.in_books()["Id"], 40)
    end(money, invoice)
    money.decide("discard")
    assert money.in_books()["TotalAmt"] == 100
    assert_at_rest(money)


def test_a_payment_that_arrives_between_look_and_void_is_held(
    money: InvoiceHarness, invoice: dict[str, Any]
) -> None:
    """QuickBooks itself refuses; by which code nobody has published."""
    money.act(invoice, "decline")
    money.office.simulator.fault("stale", path="/invoice", times=1)
    money.receive(money.in_books()["Id"], 100)
    money.work()
    assert money.held().cause == "declined_but_paid"


@pytest.mark.parametrize("rule", ["void", "delete"])
@pytest.mark.parametrize("verbs", [("decline", "send"), ("archive", "restore")])
def test_a_revived_one_is_held_and_can_be_created_again(
    money: InvoiceHarness, invoice: dict[str, Any], rule: str, verbs: tuple[str, str]
) -> None:
    money.configure(on_declined=rule, on_archived=rule)
    end(money, invoice, verbs[0])
    end(money, invoice, verbs[1])
    assert money.told()[-1] == REVIVED
    assert_at_rest(money)
    money.decide("create")
    made = money.books("Invoice")[-1]
    assert made["TotalAmt"] == 100
    assert money.link().quickbooks_id == made["Id"]
    assert made["DocNumber"] == ("1001-2" if rule == "void" else "1001")
    assert_at_rest(money)
    money.edit(invoice, description="On with it")
    money.work()
    assert money.books("Invoice")[-1]["PrivateNote"].startswith("On with it")
    assert_at_rest(money)


def test_a_revived_one_declined_again_before_the_decision_is_not_created(
    money: InvoiceHarness, invoice: dict[str, Any]
) -> None:
    end(money, invoice)
    end(money, invoice, "send")
    money.act(invoice, "decline")
    money.decide("create")
    assert is_voided(money.in_books())
    assert_at_rest(money)


def test_a_revived_one_can_be_left(money: InvoiceHarness, invoice: dict[str, Any]) -> None:
    end(money, invoice)
    end(money, invoice, "send")
    money.decide("discard")
    assert is_voided(money.in_books())
    assert_at_rest(money)


def test_a_rule_changed_afterwards_revives_nothing(money: InvoiceHarness, invoice: dict[str, Any]) -> None:
    """It is declined as before, whatever would become of it today."""
    end(money, invoice)
    money.configure(on_declined="leave")
    money.edit(invoice, description="A word more")
    money.work()
    assert not SyncRun.objects.held().exists()
    assert is_voided(money.in_books())
    assert_at_rest(money)


@pytest.mark.parametrize(("act", "word"), [(void_in_books, "voided"), (delete_in_books, "deleted")])
def test_one_ended_on_both_sides_is_settled(
    money: InvoiceHarness, invoice: dict[str, Any], act: Any, word: str
) -> None:
    act(money, money.in_books()["Id"])
    end(money, invoice)
    assert money.told()[1:] == [f"nothing_to_do: Invoice 1001 is {word} in QuickBooks already."]
    assert money.calls(write=True) == []
    assert_at_rest(money)


def test_one_voided_by_people_is_still_deleted_where_that_is_the_rule(
    money: InvoiceHarness, invoice: dict[str, Any]
) -> None:
    money.configure(on_declined="delete")
    void_in_books(money, money.in_books()["Id"])
    end(money, invoice)
    assert not money.books("Invoice")


@pytest.mark.parametrize("note", ["replaced", "kept_behind"])
def test_one_voided_in_quickbooks_and_edited_in_coperniq_is_held(
    money: InvoiceHarness, invoice: dict[str, Any], note: str
) -> None:
    money.office.simulator.switch(void_note=note)
    void_in_books(money, money.in_books()["Id"])
    money.edit(invoice, lineItems=[{**lines_of(invoice)[0], "quantity": 3}])
    money.work()
    assert money.told()[-1] == (
        "held: Invoice 1001 is voided in QuickBooks, so the change in Coperniq cannot be sent there. Decline it "
        "in Coperniq too, or create it again."
    )
    assert_at_rest(money)
    money.decide("create")
    assert [row["TotalAmt"] for row in money.books("Invoice")] == [0, 300]
    assert money.link().number == "1001-2"
    assert_at_rest(money)


def test_one_deleted_in_quickbooks_can_be_created_again(
    money: InvoiceHarness, invoice: dict[str, Any]
) -> None:
    delete_in_books(money, money.in_books()["Id"])
    money.edit(invoice, description="Needed after all")
    money.work()
    assert money.held().cause == "quickbooks_invoice_missing"
    money.decide("create")
    assert money.in_books()["PrivateNote"].startswith("Needed after all")
    assert_at_rest(money)


def test_creating_again_may_meet_what_is_probably_the_same(
    money: InvoiceHarness, invoice: dict[str, Any]
) -> None:
    """Somebody has written it anew by hand: one decision follows the other, and the link goes over."""
    void_in_books(money, money.in_books()["Id"])
    old = money.in_books()
    twin = money.office.simulator.in_books(
        money.office.realm,
        "Invoice",
        CustomerRef={"value": old["CustomerRef"]["value"]},
        DocNumber="1001",
        Line=[
            {
                "DetailType": "SalesItemLineDetail",
                "Amount": 100,
                "SalesItemLineDetail": {"ItemRef": {"value": "1"}},
            }
        ],
    )
    money.edit(invoice, description="Needed after all")
    money.work()
    money.decide("create")
    assert money.held().cause == "probably_same_invoice"
    money.decide(f"link:{twin['Id']}")
    assert money.link().quickbooks_id == twin["Id"]
    assert len(money.books("Invoice")) == 2
    assert_at_rest(money)
    money.edit(invoice, description="In step with the new one")
    money.work()
    assert money.books("Invoice")[1]["PrivateNote"].startswith("In step with the new one")


def test_a_note_that_begins_with_voided_is_no_void(money: InvoiceHarness, invoice: dict[str, Any]) -> None:
    made = money.in_books()
    put(money, made["Id"], PrivateNote=f"Voided cheque was replaced\n{made['PrivateNote']}")
    end(money, invoice)
    assert is_voided(money.in_books())
