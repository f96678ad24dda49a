"""Declined, archived, revived, voided or deleted on either side, and gone from Coperniq."""

from __future__ import annotations

from typing import Any

import pytest

from integrations.models import SyncRun
from tests.invoice_harness import InvoiceHarness
from tests.portal_harness import PortalHarness
from tests.sampling import crossed
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
def harness(portal: PortalHarness) -> InvoiceHarness:
    return with_items(portal)


@pytest.fixture
def invoice(harness: InvoiceHarness) -> dict[str, Any]:
    return pushed(harness)


def is_voided(document: dict[str, Any]) -> bool:
    return bool(document["TotalAmt"] == 0) and document["PrivateNote"].startswith("Voided") is True


def end(harness: InvoiceHarness, invoice: dict[str, Any], verb: str = "decline") -> None:
    harness.act(invoice, verb)
    harness.work()


@pytest.mark.parametrize("note", ["replaced", "kept_behind"])
def test_a_declined_one_is_voided(harness: InvoiceHarness, invoice: dict[str, Any], note: str) -> None:
    harness.portal.simulator.switch(void_note=note)
    end(harness, invoice)
    assert is_voided(harness.in_books())
    assert harness.logged()[1:] == [VOIDED.format("declined")]
    assert len(harness.calls(write=True)) == 1
    assert_at_rest(harness)


def test_a_declined_one_is_deleted_where_the_company_wants_that(
    harness: InvoiceHarness, invoice: dict[str, Any]
) -> None:
    harness.configure(on_declined="delete")
    end(harness, invoice)
    assert not harness.books("Invoice")
    assert harness.logged()[1:] == [DELETED.format("declined")]
    assert_at_rest(harness)


def test_a_declined_one_is_left_where_the_company_wants_that(
    harness: InvoiceHarness, invoice: dict[str, Any]
) -> None:
    harness.configure(on_declined="leave")
    end(harness, invoice)
    assert harness.in_books()["TotalAmt"] == 100
    assert harness.logged()[1:] == [IN_STEP]
    assert_at_rest(harness)
    harness.edit(invoice, description="Declined, and edited")
    harness.work()
    assert harness.in_books()["PrivateNote"].startswith("Declined, and edited")


def test_only_declined_voids_by_itself(harness: InvoiceHarness, invoice: dict[str, Any]) -> None:
    for status in ("SENT", "PARTIALLY_PAID", "PAID", "OVERDUE", "DRAFT"):
        harness.edit(invoice, status=status)
        harness.work()
    assert harness.in_books()["TotalAmt"] == 100
    assert harness.calls(write=True) == []


def test_an_archived_one_is_left_by_default(harness: InvoiceHarness, invoice: dict[str, Any]) -> None:
    end(harness, invoice, "archive")
    assert harness.in_books()["TotalAmt"] == 100
    assert harness.logged()[1:] == [IN_STEP]
    assert_at_rest(harness)


@pytest.mark.parametrize(("rule", "logged"), [("void", VOIDED), ("delete", DELETED)])
def test_an_archived_one_can_be_ended_too(
    harness: InvoiceHarness, invoice: dict[str, Any], rule: str, logged: str
) -> None:
    harness.configure(on_archived=rule)
    end(harness, invoice, "archive")
    assert harness.logged()[1:] == [logged.format("archived")]
    assert_at_rest(harness)


@pytest.mark.parametrize("listed", ["hidden", "gone"])
def test_an_archived_one_that_the_list_hides(
    harness: InvoiceHarness, invoice: dict[str, Any], listed: str
) -> None:
    """Read by itself it is archived; where even that is refused, a person is asked."""
    harness.portal.simulator.switch(archived_invoices=listed)
    harness.act(invoice, "archive")
    harness.sweep()
    assert harness.in_books()["TotalAmt"] == 100
    if listed == "hidden":
        assert harness.logged()[1:] == [IN_STEP]
    else:
        assert harness.held().cause == "invoice_missing"
    assert_at_rest(harness)


@pytest.mark.parametrize("verb", ["decline", "archive"])
def test_a_paid_one_is_never_ended(harness: InvoiceHarness, invoice: dict[str, Any], verb: str) -> None:
    harness.configure(on_archived="void")
    payment = harness.receive(harness.in_books()["Id"], 40)
    end(harness, invoice, verb)
    word = "declined" if verb == "decline" else "archived"
    assert harness.logged()[1:] == [
        f"held: Invoice 1001 was {word} in Coperniq, but payments of $40.00 are applied to it in QuickBooks, so it "
        "stays there. Refund or move the payments in QuickBooks, then try again, or leave the invoice."
    ]
    assert harness.in_books()["TotalAmt"] == 100
    assert_at_rest(harness)
    harness.portal.simulator.control(f"quickbooks/{harness.portal.realm}/payments/{payment['Id']}/void")
    harness.decide("retry")
    assert is_voided(harness.in_books())
    assert_at_rest(harness)


def test_a_paid_one_can_be_left(harness: InvoiceHarness, invoice: dict[str, Any]) -> None:
    harness.receive(harness.in_books()["Id"], 40)
    end(harness, invoice)
    harness.decide("discard")
    assert harness.in_books()["TotalAmt"] == 100
    assert_at_rest(harness)


def test_a_payment_that_arrives_between_look_and_void_is_held(
    harness: InvoiceHarness, invoice: dict[str, Any]
) -> None:
    """QuickBooks itself refuses; by which code nobody has published."""
    harness.act(invoice, "decline")
    harness.portal.simulator.fault("stale", path="/invoice", times=1)
    harness.receive(harness.in_books()["Id"], 100)
    harness.work()
    assert harness.held().cause == "declined_but_paid"


@pytest.mark.parametrize(
    ("rule", "verbs"), crossed(["void", "delete"], [("decline", "send"), ("archive", "restore")])
)
def test_a_revived_one_is_held_and_can_be_created_again(
    harness: InvoiceHarness, invoice: dict[str, Any], rule: str, verbs: tuple[str, str]
) -> None:
    harness.configure(on_declined=rule, on_archived=rule)
    end(harness, invoice, verbs[0])
    end(harness, invoice, verbs[1])
    assert harness.logged()[-1] == REVIVED
    assert_at_rest(harness)
    harness.decide("create")
    made = harness.books("Invoice")[-1]
    assert made["TotalAmt"] == 100
    assert harness.link().quickbooks_id == made["Id"]
    assert made["DocNumber"] == ("1001-2" if rule == "void" else "1001")
    assert_at_rest(harness)
    harness.edit(invoice, description="On with it")
    harness.work()
    assert harness.books("Invoice")[-1]["PrivateNote"].startswith("On with it")
    assert_at_rest(harness)


def test_a_revived_one_declined_again_before_the_decision_is_not_created(
    harness: InvoiceHarness, invoice: dict[str, Any]
) -> None:
    end(harness, invoice)
    end(harness, invoice, "send")
    harness.act(invoice, "decline")
    harness.decide("create")
    assert is_voided(harness.in_books())
    assert_at_rest(harness)


def test_a_revived_one_can_be_left(harness: InvoiceHarness, invoice: dict[str, Any]) -> None:
    end(harness, invoice)
    end(harness, invoice, "send")
    harness.decide("discard")
    assert is_voided(harness.in_books())
    assert_at_rest(harness)


def test_a_rule_changed_afterwards_revives_nothing(harness: InvoiceHarness, invoice: dict[str, Any]) -> None:
    """It is declined as before, whatever would become of it today."""
    end(harness, invoice)
    harness.configure(on_declined="leave")
    harness.edit(invoice, description="A word more")
    harness.work()
    assert not SyncRun.objects.held().exists()
    assert is_voided(harness.in_books())
    assert_at_rest(harness)


@pytest.mark.parametrize(("act", "word"), [(void_in_books, "voided"), (delete_in_books, "deleted")])
def test_one_ended_on_both_sides_is_settled(
    harness: InvoiceHarness, invoice: dict[str, Any], act: Any, word: str
) -> None:
    act(harness, harness.in_books()["Id"])
    end(harness, invoice)
    assert harness.logged()[1:] == [f"nothing_to_do: Invoice 1001 is {word} in QuickBooks already."]
    assert harness.calls(write=True) == []
    assert_at_rest(harness)


def test_one_voided_by_people_is_still_deleted_where_that_is_the_rule(
    harness: InvoiceHarness, invoice: dict[str, Any]
) -> None:
    harness.configure(on_declined="delete")
    void_in_books(harness, harness.in_books()["Id"])
    end(harness, invoice)
    assert not harness.books("Invoice")


@pytest.mark.parametrize("note", ["replaced", "kept_behind"])
def test_one_voided_in_quickbooks_and_edited_in_coperniq_is_held(
    harness: InvoiceHarness, invoice: dict[str, Any], note: str
) -> None:
    harness.portal.simulator.switch(void_note=note)
    void_in_books(harness, harness.in_books()["Id"])
    harness.edit(invoice, lineItems=[{**lines_of(invoice)[0], "quantity": 3}])
    harness.work()
    assert harness.logged()[-1] == (
        "held: Invoice 1001 is voided in QuickBooks, so the change in Coperniq cannot be sent there. Decline it "
        "in Coperniq too, or create it again."
    )
    assert_at_rest(harness)
    harness.decide("create")
    assert [row["TotalAmt"] for row in harness.books("Invoice")] == [0, 300]
    assert harness.link().number == "1001-2"
    assert_at_rest(harness)


def test_one_deleted_in_quickbooks_can_be_created_again(
    harness: InvoiceHarness, invoice: dict[str, Any]
) -> None:
    delete_in_books(harness, harness.in_books()["Id"])
    harness.edit(invoice, description="Needed after all")
    harness.work()
    assert harness.held().cause == "quickbooks_invoice_missing"
    harness.decide("create")
    assert harness.in_books()["PrivateNote"].startswith("Needed after all")
    assert_at_rest(harness)


def test_creating_again_may_meet_what_is_probably_the_same(
    harness: InvoiceHarness, invoice: dict[str, Any]
) -> None:
    """Somebody has written it anew by hand: one decision follows the other, and the link goes over."""
    void_in_books(harness, harness.in_books()["Id"])
    old = harness.in_books()
    twin = harness.portal.simulator.in_books(
        harness.portal.realm,
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
    harness.edit(invoice, description="Needed after all")
    harness.work()
    harness.decide("create")
    assert harness.held().cause == "probably_same_invoice"
    harness.decide(f"link:{twin['Id']}")
    assert harness.link().quickbooks_id == twin["Id"]
    assert len(harness.books("Invoice")) == 2
    assert_at_rest(harness)
    harness.edit(invoice, description="In step with the new one")
    harness.work()
    assert harness.books("Invoice")[1]["PrivateNote"].startswith("In step with the new one")


def test_a_note_that_begins_with_voided_is_no_void(harness: InvoiceHarness, invoice: dict[str, Any]) -> None:
    made = harness.in_books()
    put(harness, made["Id"], PrivateNote=f"Voided cheque was replaced\n{made['PrivateNote']}")
    end(harness, invoice)
    assert is_voided(harness.in_books())
