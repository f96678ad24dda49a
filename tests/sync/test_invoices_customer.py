"""Whose invoice it is in QuickBooks: the project's job, else the account's customer; and what it waits for."""

from __future__ import annotations

from dataclasses import replace

import pytest

from integrations.coperniq.client import CoperniqClient
from integrations.coperniq.records import Project
from integrations.errors import RecordMissing
from integrations.messages.invoices_push import InvoicePushMessage
from integrations.models import RecordLink, RunState, SyncRun
from tests.invoice_harness import InvoiceHarness
from tests.portal_harness import PortalHarness
from tests.simulation import API_KEY
from tests.sync.invoice_builders import assert_at_rest, with_items

read_project = CoperniqClient.read_project


@pytest.fixture
def harness(portal: PortalHarness) -> InvoiceHarness:
    return with_items(portal)


def test_an_invoice_of_a_project_is_the_jobs(harness: InvoiceHarness) -> None:
    harness.invoice()
    harness.work()
    job = RecordLink.objects.get(kind="job")
    assert harness.in_books()["CustomerRef"]["value"] == job.quickbooks_id


def test_an_invoice_of_the_account_is_the_customers(harness: InvoiceHarness) -> None:
    harness.invoice(on=harness.account)
    harness.work()
    customer = RecordLink.objects.get(kind="customer")
    assert harness.in_books()["CustomerRef"]["value"] == customer.quickbooks_id
    assert_at_rest(harness)


def test_a_job_that_bears_the_accounts_id_is_not_taken_for_it(harness: InvoiceHarness) -> None:
    """Ids of accounts and projects are counted apart: an account's invoice is known by the account's own id."""
    RecordLink.objects.filter(kind="job").update(coperniq_id=str(harness.account["id"]))
    harness.invoice(on=harness.account)
    harness.work()
    customer = RecordLink.objects.get(kind="customer")
    assert harness.in_books()["CustomerRef"]["value"] == customer.quickbooks_id


def test_an_invoice_waits_for_the_job_and_is_told_the_phase(harness: InvoiceHarness) -> None:
    project = harness.portal.project(harness.account, "Garage")
    harness.invoice(on=project)
    harness.work()
    assert harness.logged() == [
        f"waiting: Waiting for the job of “{project['title']}”, which is created when the project enters Installation."
    ]
    assert_at_rest(harness)
    harness.portal.enter(project)
    harness.work()
    assert harness.logged()[1:] == [f"done: {InvoicePushMessage.CREATED(number=1001)}"]
    assert_at_rest(harness)


def test_an_invoice_of_a_workflow_without_trigger_says_so(harness: InvoiceHarness) -> None:
    other = harness.portal.simulator.make(
        "workflows", name="Roof", phases=[{"name": "Start", "type": "PHASE"}]
    )
    project = harness.portal.project(harness.account, "Garage", workflowId=other["id"])
    harness.invoice(on=project)
    harness.work()
    assert harness.logged()[0].endswith("No trigger phase has been chosen for its workflow yet.")


def test_an_invoice_of_an_account_waits_for_its_customer(harness: InvoiceHarness) -> None:
    account = harness.portal.account("Jane Doe")
    harness.invoice(on=account)
    harness.work()
    assert harness.logged() == [
        "waiting: Waiting for the customer of “Jane Doe”, which is created when one of its projects enters a trigger "
        "phase."
    ]
    harness.portal.enter(harness.portal.project(account, "Jane Doe"))
    harness.work()
    assert len(harness.books("Invoice")) == 1
    assert_at_rest(harness)


def test_one_declined_while_it_waits_waits_no_longer(harness: InvoiceHarness) -> None:
    project = harness.portal.project(harness.account, "Garage")
    invoice = harness.invoice(on=project)
    harness.work()
    harness.act(invoice, "decline")
    harness.work()
    assert SyncRun.objects.get(action="push_invoice").state == RunState.DONE
    harness.portal.enter(project)
    harness.work()
    assert not harness.books("Invoice")


def test_an_account_that_is_not_the_projects_is_held_until_corrected(
    harness: InvoiceHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Coperniq derives the one from the other, so that only a stub can say two things at once."""
    project = harness.portal.project(harness.account, "Garage")
    with monkeypatch.context() as patched:
        patched.setattr(
            CoperniqClient,
            "read_project",
            lambda client, id_: replace(read_project(client, id_), account_id="999"),
        )
        harness.invoice(on=project)
        harness.work()
    assert harness.logged() == [
        "held: This invoice belongs to “John Smith”, but its project “Garage” belongs to another account. "
        "Correct one of them in Coperniq, then try again."
    ]
    harness.portal.enter(project)
    harness.work()
    assert len(harness.books("Invoice")) == 1
    assert_at_rest(harness)


def test_a_link_of_another_account_is_checked_with_the_project_itself(harness: InvoiceHarness) -> None:
    """The link may be older than a correction in Coperniq."""
    RecordLink.objects.filter(kind="job").update(coperniq_account_id="999")
    harness.invoice()
    harness.work()
    assert harness.in_books()["CustomerRef"]["value"] == RecordLink.objects.get(kind="job").quickbooks_id


def test_a_project_the_key_does_not_show_is_held(
    harness: InvoiceHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(_client: CoperniqClient, _id: str) -> Project:
        raise RecordMissing(vendor="coperniq", status=404)

    project = harness.portal.project(harness.account, "Garage")
    monkeypatch.setattr(CoperniqClient, "read_project", missing)
    harness.invoice(on=project)
    harness.work()
    assert harness.logged() == [
        "held: Coperniq no longer shows “Garage”, the project of this invoice. Restore it, or give the API key's "
        "user access to it, then try again."
    ]


def test_an_invoice_whose_project_was_deleted_belongs_to_nobody(harness: InvoiceHarness) -> None:
    project = harness.portal.project(harness.account, "Garage")
    harness.invoice(on=project)
    harness.portal.simulator.control(f"coperniq/{API_KEY}/projects/{project['id']}", None, "DELETE")
    harness.work()
    assert harness.logged() == [
        "held: This invoice belongs to no account in Coperniq, so QuickBooks has no customer for it. Assign it to "
        "an account, then try again."
    ]
    harness.decide("discard")
    assert_at_rest(harness)


def test_an_invoice_of_a_project_without_account_waits_for_its_job(harness: InvoiceHarness) -> None:
    harness.invoice(on=harness.portal.project(None, "Nobody's"))
    harness.work()
    assert SyncRun.objects.get(action="push_invoice").cause == "waits_for_job"
