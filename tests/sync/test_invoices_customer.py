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
def money(office: PortalHarness) -> InvoiceHarness:
    return with_items(office)


def test_an_invoice_of_a_project_is_the_jobs(money: InvoiceHarness) -> None:
    money.invoice()
    money.work()
    job = RecordLink.objects.get(kind="job")
    assert money.in_books()["CustomerRef"]["value"] == job.quickbooks_id


def test_an_invoice_of_the_account_is_the_customers(money: InvoiceHarness) -> None:
    money.invoice(on=money.account)
    money.work()
    customer = RecordLink.objects.get(kind="customer")
    assert money.in_books()["CustomerRef"]["value"] == customer.quickbooks_id
    assert_at_rest(money)


def test_a_job_that_bears_the_accounts_id_is_not_taken_for_it(money: InvoiceHarness) -> None:
    """Ids of accounts and projects are counted apart: an account's invoice is known by the account's own id."""
    RecordLink.objects.filter(kind="job").update(coperniq_id=str(money.account["id"]))
    money.invoice(on=money.account)
    money.work()
    customer = RecordLink.objects.get(kind="customer")
    assert money.in_books()["CustomerRef"]["value"] == customer.quickbooks_id


def test_an_invoice_waits_for_the_job_and_is_told_the_phase(money: InvoiceHarness) -> None:
    project = money.office.project(money.account, "Garage")
    money.invoice(on=project)
    money.work()
    assert money.told() == [
        f"waiting: Waiting for the job of “{project['title']}”, which is created when the project enters Installation."
    ]
    assert_at_rest(money)
    money.office.enter(project)
    money.work()
    assert money.told()[1:] == [f"done: {InvoicePushMessage.CREATED(number=1001)}"]
    assert_at_rest(money)


def test_an_invoice_of_a_workflow_without_trigger_says_so(money: InvoiceHarness) -> None:
    other = money.office.simulator.make("workflows", name="Roof", phases=[{"name": "Start", "type": "PHASE"}])
    project = money.office.project(money.account, "Garage", workflowId=other["id"])
    money.invoice(on=project)
    money.work()
    assert money.told()[0].endswith("No trigger phase has been chosen for its workflow yet.")


def test_an_invoice_of_an_account_waits_for_its_customer(money: InvoiceHarness) -> None:
    account = money.office.account("Jane Doe")
    money.invoice(on=account)
    money.work()
    assert money.told() == [
        "waiting: Waiting for the customer of “Jane Doe”, which is created when one of its projects enters a trigger "
        "phase."
    ]
    money.office.enter(money.office.project(account, "Jane Doe"))
    money.work()
    assert len(money.books("Invoice")) == 1
    assert_at_rest(money)


def test_one_declined_while_it_waits_waits_no_longer(money: InvoiceHarness) -> None:
    project = money.office.project(money.account, "Garage")
    invoice = money.invoice(on=project)
    money.work()
    money.act(invoice, "decline")
    money.work()
    assert SyncRun.objects.get(action="push_invoice").state == RunState.DONE
    money.office.enter(project)
    money.work()
    assert not money.books("Invoice")


def test_an_account_that_is_not_the_projects_is_held_until_corrected(
    money: InvoiceHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Coperniq derives the one from the other, so that only a stub can say two things at once."""
    project = money.office.project(money.account, "Garage")
    with monkeypatch.context() as patched:
        patched.setattr(
            CoperniqClient,
            "read_project",
            lambda client, id_: replace(read_project(client, id_), account_id="999"),
        )
        money.invoice(on=project)
        money.work()
    assert money.told() == [
        "held: This invoice belongs to “John Smith”, but its project “Garage” belongs to another account. "
        "Correct one of them in Coperniq, then try again."
    ]
    money.office.enter(project)
    money.work()
    money.decide("retry")
    assert len(money.books("Invoice")) == 1
    assert_at_rest(money)


def test_a_link_of_another_account_is_checked_with_the_project_itself(money: InvoiceHarness) -> None:
    """The link may be older than a correction in Coperniq."""
    RecordLink.objects.filter(kind="job").update(coperniq_account_id="999")
    money.invoice()
    money.work()
    assert money.in_books()["CustomerRef"]["value"] == RecordLink.objects.get(kind="job").quickbooks_id


def test_a_project_the_key_does_not_show_is_held(
    money: InvoiceHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(_client: CoperniqClient, _id: str) -> Project:
        raise RecordMissing(vendor="coperniq", status=404)

    project = money.office.project(money.account, "Garage")
    monkeypatch.setattr(CoperniqClient, "read_project", missing)
    money.invoice(on=project)
    money.work()
    assert money.told() == [
        "held: Coperniq no longer shows “Garage”, the project of this invoice. Restore it, or give the API key's "
        "user access to it, then try again."
    ]


def test_an_invoice_whose_project_was_deleted_belongs_to_nobody(money: InvoiceHarness) -> None:
    project = money.office.project(money.account, "Garage")
    money.invoice(on=project)
    money.office.simulator.control(f"coperniq/{API_KEY}/projects/{project['id']}", None, "DELETE")
    money.work()
    assert money.told() == [
        "held: This invoice belongs to no account in Coperniq, so QuickBooks has no customer for it. Assign it to "
        "an account, then try again."
    ]
    money.decide("discard")
    assert_at_rest(money)


def test_an_invoice_of_a_project_without_account_waits_for_its_job(money: InvoiceHarness) -> None:
    money.invoice(on=money.office.project(None, "Nobody's"))
    money.work()
    assert SyncRun.objects.get(action="push_invoice").cause == "waits_for_job"
