"""The invoice can be sent from QuickBooks: it has an e-mail and a billing address. The portal never sends it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from integrations.models import InvoiceSyncPeriod, SyncRun, SyncSettings
from tests.invoice_harness import InvoiceHarness
from tests.portal_harness import PortalHarness
from tests.sync.in_process import over_the_simulator

ADDRESS = {"Line1": "1 Main St", "City": "Austin", "CountrySubDivisionCode": "TX", "PostalCode": "78701"}
THEIRS = {"Line1": "PO Box 7", "Line2": "Attn: Accounts", "City": "Waco", "PostalCode": "76701"}


@pytest.fixture
def harness(portal: PortalHarness) -> InvoiceHarness:
    """A customer and a job that the portal has pushed, and invoice syncing is on."""
    made = InvoiceHarness(portal)
    made.account = portal.account("John Smith", primaryEmail="john@example.com")
    made.project = portal.project(made.account)
    portal.enter(made.project)
    portal.work()
    made.switch(True)
    InvoiceSyncPeriod.objects.update(on_at=timezone.now() - timedelta(minutes=1))
    made.book_item("Permit")
    return made


def customer(harness: InvoiceHarness, *, job: bool = False) -> dict[str, Any]:
    return next(row for row in harness.books("Customer") if bool(row.get("Job")) == job)


def pushed(harness: InvoiceHarness, **where: Any) -> dict[str, Any]:
    before = {row["Id"] for row in harness.books("Invoice")}
    invoice = harness.invoice(**where)
    harness.work()
    made = next(row for row in harness.books("Invoice") if row["Id"] not in before)
    assert made["EmailStatus"] == "NotSet"
    assert invoice["id"]
    return made


def address(invoice: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in invoice.get("BillAddr", {}).items() if name != "Id"}


def edit(harness: InvoiceHarness, id_: str, **fields: Any) -> None:
    portal = harness.portal
    portal.simulator.control("clock", {"shift_seconds": 60})
    portal.simulator.edit_books(portal.realm, id_, **fields)
    harness.look_at_changes()


def test_an_invoice_of_a_job_goes_where_its_customer_gets_its_mail(harness: InvoiceHarness) -> None:
    harness.portal.simulator.forget_log()
    made = pushed(harness)
    assert made["CustomerRef"]["value"] == customer(harness, job=True)["Id"]
    assert made["BillEmail"] == {"Address": "john@example.com"}
    assert address(made) == ADDRESS
    assert harness.portal.quickbooks_calls(write=True) == [
        f"POST /quickbooks/v3/company/{harness.portal.realm}/invoice"
    ]


def test_an_invoice_of_the_account_does_too(harness: InvoiceHarness) -> None:
    made = pushed(harness, on=harness.account)
    assert made["BillEmail"] == {"Address": "john@example.com"}
    assert address(made) == ADDRESS


def test_what_people_changed_in_quickbooks_counts_whole(harness: InvoiceHarness) -> None:
    emails = {"Address": "office@x.com, pat@x.com"}
    edit(harness, customer(harness)["Id"], PrimaryEmailAddr=emails, BillAddr=THEIRS)
    for where in ({}, {"on": harness.account}):
        made = pushed(harness, **where)
        assert (made["BillEmail"], address(made)) == (emails, THEIRS)


def test_a_job_of_its_own_address_keeps_it(harness: InvoiceHarness) -> None:
    theirs = {"PrimaryEmailAddr": {"Address": "site@x.com"}, "BillAddr": THEIRS}
    edit(harness, customer(harness, job=True)["Id"], **theirs)
    made = pushed(harness)
    assert (made["BillEmail"], address(made)) == ({"Address": "site@x.com"}, THEIRS)


def test_where_quickbooks_has_nothing_coperniq_s_counts(harness: InvoiceHarness) -> None:
    id_ = customer(harness)["Id"]
    edit(harness, id_, PrimaryEmailAddr={}, BillAddr={})
    made = pushed(harness)
    assert (made["BillEmail"], address(made)) == ({"Address": "john@example.com"}, ADDRESS)


def test_a_malformed_address_of_the_books_is_not_taken_over(harness: InvoiceHarness) -> None:
    realm, id_ = harness.portal.realm, customer(harness, job=True)["Id"]
    harness.portal.simulator.control(
        f"quickbooks/{realm}/records/Customer/{id_}/email", {"address": "nobody; site@x.com"}
    )
    link = harness.portal.link("job")
    link.quickbooks_snapshot = {
        **link.quickbooks_snapshot,
        "billing": {"email": "nobody; site@x.com", "address": {}},
    }
    link.save()
    assert pushed(harness)["BillEmail"] == {"Address": "site@x.com"}


def test_an_address_that_quickbooks_refuses_does_not_hold_the_invoice(harness: InvoiceHarness) -> None:
    error = {"Message": "Invalid Email Address", "Detail": "Not by RFC 822.", "code": "2210"}
    address = f"{harness.portal.simulator.url}/quickbooks/v3/company/{harness.portal.realm}/invoice"
    with over_the_simulator() as stage:
        stage.add(
            "POST",
            address,
            json={"Fault": {"Error": [error], "type": "ValidationFault"}},
            status=400,
            match=[lambda request: (b"BillEmail" in request.body, "has no address")],
        )
        harness.invoice()
        harness.work()
    made = harness.in_books()
    assert "BillEmail" not in made
    assert not SyncRun.objects.open().exists()
    assert any("john@example.com" in line for line in harness.portal.log())


@pytest.mark.parametrize("kind", ["job", "customer"])
def test_links_of_before_serve_with_what_they_have(harness: InvoiceHarness, kind: str) -> None:
    for link in (harness.portal.link("job"), harness.portal.link("customer")):
        link.quickbooks_snapshot = {
            name: value for name, value in link.quickbooks_snapshot.items() if name != "billing"
        }
        link.save()
    made = pushed(harness, on=harness.account if kind == "customer" else None)
    assert (made["BillEmail"], address(made)) == ({"Address": "john@example.com"}, ADDRESS)


def test_the_preview_shows_where_it_goes(harness: InvoiceHarness) -> None:
    SyncSettings.objects.update(invoice_preview=True)
    harness.invoice()
    harness.work()
    shown = {each["field"]: each["after"] for each in harness.portal.held().planned[-1]["changes"]}
    assert shown["BillEmail.Address"] == "john@example.com"
    assert shown["BillAddr"] == "1 Main St, Austin, TX, 78701"
