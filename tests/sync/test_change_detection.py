"""Which records of change data become events: from edits in QuickBooks to the events and runs."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from integrations.models import (
    ExternalPayment,
    InboundEvent,
    InvoiceSyncPeriod,
    LookupList,
    QuickBooksConnection,
    RecordLink,
    RemoteWrite,
    SyncRun,
)
from integrations.models.snapshots import QuickBooksInvoiceSnapshot
from integrations.models.sync_state import PaymentState
from integrations.quickbooks.changes import ChangedRecord
from integrations.sync.engine.correlation_tag import coperniq_tag
from integrations.sync.ingest.change_detection import filter_relevant_changes
from integrations.sync.ingest.router import route_pending_events
from tests.invoice_harness import InvoiceHarness
from tests.sync.quickbooks_webhooks import cloud_event, post

CDC = InboundEvent.Source.QUICKBOOKS_CDC


@pytest.fixture
def billed(harness: InvoiceHarness) -> InvoiceHarness:
    """An invoice of $100 and a payment of $40 on both sides, with change data read."""
    harness.pay(harness.invoice(("Permit", 1, 100)), 40)
    harness.work()
    read_changes(harness)
    forget(harness)
    return harness


def forget(harness: InvoiceHarness) -> None:
    InboundEvent.objects.all().delete()
    SyncRun.objects.all().delete()
    harness.portal.simulator.forget_log()


def read_changes(harness: InvoiceHarness) -> list[tuple[str, str, str]]:
    """The new events about the records themselves. What is open is compared after them."""
    before = set(InboundEvent.objects.values_list("pk", flat=True))
    harness.look_at_changes()
    events = InboundEvent.objects.filter(source=CDC).exclude(pk__in=before)
    rows = events.exclude(name=InboundEvent.BALANCE_CHANGED).order_by("record_type", "record_id")
    return [(row.record_type, row.record_id, row.name) for row in rows]


def delete(harness: InvoiceHarness, entity: str, id_: str) -> None:
    harness.portal.simulator.control(
        f"quickbooks/{harness.portal.realm}/records/{entity}/{id_}", None, "DELETE"
    )


def void(harness: InvoiceHarness, noun: str, id_: str) -> None:
    harness.portal.simulator.control(f"quickbooks/{harness.portal.realm}/{noun}/{id_}/void")


def create_invoices(harness: InvoiceHarness, customer_id: str = "", **fields: Any) -> dict[str, Any]:
    """Create an invoice in QuickBooks as a person would."""
    item = harness.books("Item")[0]["Id"]
    detail = {"ItemRef": {"value": item}, "Qty": 1, "UnitPrice": 70}
    line = {"Amount": 70, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": detail}
    customer = customer_id or harness.link("job").quickbooks_id
    return harness.portal.simulator.in_books(
        harness.portal.realm, "Invoice", CustomerRef={"value": customer}, Line=[line], **fields
    )


def unlinked_customer(harness: InvoiceHarness) -> str:
    return str(harness.portal.simulator.in_books(harness.portal.realm, DisplayName="Walk-in")["Id"])


def test_the_portals_own_writes_are_no_change(harness: InvoiceHarness) -> None:
    read_changes(harness)
    invoice = harness.invoice(("Permit", 1, 100))
    payment = harness.pay(invoice, 40)
    harness.work()
    assert read_changes(harness) == []
    harness.edit(invoice, description="Thank you")
    harness.change_payment(invoice, payment, amount=30)
    harness.work()
    assert read_changes(harness) == []
    assert not InboundEvent.objects.filter(source=CDC).exists()


def test_change_data_cost_one_read(billed: InvoiceHarness) -> None:
    billed.edit_books("Invoice", billed.link().quickbooks_id, DueDate="2026-12-24")
    read_changes(billed)
    assert [call.split("/")[-1] for call in billed.calls()] == ["cdc"]


@pytest.mark.parametrize(
    "edit", [{"DueDate": "2026-12-24"}, {"PrivateNote": "Call first"}, {"DocNumber": "NEW-1"}]
)
def test_an_edited_invoice_is_reported_once(billed: InvoiceHarness, edit: dict[str, str]) -> None:
    link = billed.link()
    billed.edit_books("Invoice", link.quickbooks_id, **edit)
    assert read_changes(billed) == [("invoice", link.quickbooks_id, "updated")]
    assert read_changes(billed) == []
    route_pending_events()
    run = SyncRun.objects.get()
    assert (run.action, run.direction, run.coperniq_id) == ("pull_invoice", "pull", link.coperniq_id)
    event = InboundEvent.objects.get()
    assert (event.outcome, event.occurred_at is None) == ("planned", False)


def test_edited_twice_it_is_reported_twice_and_requested_once(billed: InvoiceHarness) -> None:
    for day in ("2026-12-24", "2026-12-25"):
        billed.edit_books("Invoice", billed.link().quickbooks_id, DueDate=day)
        assert len(read_changes(billed)) == 1
    route_pending_events()
    assert SyncRun.objects.get().requested_count == 2


def test_a_void_and_a_deletion_are_reported(billed: InvoiceHarness) -> None:
    link = billed.link("payment")
    void(billed, "payments", link.quickbooks_id)
    assert read_changes(billed) == [("payment", link.quickbooks_id, "updated")]
    delete(billed, "Payment", link.quickbooks_id)
    delete(billed, "Invoice", billed.link().quickbooks_id)
    assert read_changes(billed) == [
        ("invoice", billed.link().quickbooks_id, "deleted"),
        ("payment", link.quickbooks_id, "deleted"),
    ]
    assert read_changes(billed) == []


def test_a_deletion_that_is_known_is_none(billed: InvoiceHarness) -> None:
    RecordLink.objects.filter(kind="invoice").update(
        quickbooks_snapshot=QuickBooksInvoiceSnapshot(deleted=True).as_json()
    )
    delete(billed, "Payment", billed.link("payment").quickbooks_id)
    delete(billed, "Invoice", billed.link().quickbooks_id)
    assert [row[0] for row in read_changes(billed)] == ["payment"]


def test_our_own_void_is_none(harness: InvoiceHarness) -> None:
    invoice = harness.invoice(("Permit", 1, 100))
    harness.work()
    read_changes(harness)
    harness.act(invoice, "decline")
    harness.work()
    assert harness.in_books()["TotalAmt"] == 0
    assert read_changes(harness) == []


def test_a_balance_stamp_and_an_e_mail_are_none(billed: InvoiceHarness) -> None:
    invoice_id, realm = billed.link().quickbooks_id, billed.portal.realm
    billed.portal.simulator.control(f"quickbooks/{realm}/invoices/{invoice_id}/send")
    assert read_changes(billed) == []
    paid = billed.receive(invoice_id, 30)
    assert read_changes(billed) == [("payment", paid["Id"], "updated")]


def test_unlinked_invoices_are_reported_from_the_cut_off_on(billed: InvoiceHarness) -> None:
    """Whose customer it is, who reads it tells: jobs added by hand have to be counted."""
    made = create_invoices(billed, unlinked_customer(billed))
    assert read_changes(billed) == [("invoice", made["Id"], "updated")]
    later = timezone.now() + timedelta(hours=1)
    InvoiceSyncPeriod.objects.update(on_at=later)
    create_invoices(billed)
    assert read_changes(billed) == []


def test_a_deleted_unlinked_invoice_is_not_reported(billed: InvoiceHarness) -> None:
    delete(billed, "Invoice", create_invoices(billed)["Id"])
    assert read_changes(billed) == []


def test_a_tagged_invoice_waits_for_the_answer_to_its_write(billed: InvoiceHarness) -> None:
    realm = billed.portal.realm
    made = create_invoices(billed, PrivateNote=coperniq_tag(realm, "invoice", "77"))
    paid = billed.receive(made["Id"], 10, note=coperniq_tag(realm, "payment", "78"))
    for kind, id_ in (("invoice", "77"), ("payment", "78")):
        RemoteWrite.objects.create(
            connection=billed.portal.quickbooks,
            kind=kind,
            coperniq_id=id_,
            entity=kind.title(),
            operation="create",
            body_encrypted="",
            state="sent",
        )
    assert ("invoice", made["Id"], "updated") not in read_changes(billed)
    RemoteWrite.objects.update(state="abandoned")
    assert read_changes(billed) == [("invoice", made["Id"], "updated"), ("payment", paid["Id"], "updated")]


def test_a_payment_is_reported_if_its_invoice_is_linked_or_about_to_be(billed: InvoiceHarness) -> None:
    other = unlinked_customer(billed)
    billed.portal.simulator.in_books(
        billed.portal.realm, "Payment", CustomerRef={"value": other}, TotalAmt=40
    )
    assert read_changes(billed) == []
    made = create_invoices(billed)
    both = billed.receive(made["Id"], 10)
    assert read_changes(billed) == [("invoice", made["Id"], "updated"), ("payment", both["Id"], "updated")]
    route_pending_events()
    later = billed.receive(made["Id"], 20)
    assert ("payment", later["Id"], "updated") in read_changes(billed)


def test_a_payment_applied_to_another_linked_invoice_is_reported(billed: InvoiceHarness) -> None:
    """The share of the first is what it was."""
    first = billed.link()
    billed.invoice(("Permit", 1, 100))
    billed.work()
    second = RecordLink.objects.filter(kind="invoice").exclude(pk=first.pk).get()
    RecordLink.objects.filter(kind="payment").update(sync_state=PaymentState(is_share=True).as_json())
    paid = billed.in_books("Payment")
    lines = [
        {"Amount": 40, "LinkedTxn": [{"TxnId": first.quickbooks_id, "TxnType": "Invoice"}]},
        {"Amount": 10, "LinkedTxn": [{"TxnId": second.quickbooks_id, "TxnType": "Invoice"}]},
    ]
    read_changes(billed)
    billed.edit_books("Payment", paid["Id"], TotalAmt=50, Line=lines)
    assert read_changes(billed) == [("payment", paid["Id"], "updated")]


@pytest.mark.parametrize("linked", [True, False])
def test_a_change_read_after_its_webhook_is_not_reported_again(billed: InvoiceHarness, linked: bool) -> None:
    """To be told of it is not enough: its run has to have read it, also if it is nobody's."""
    id_ = billed.link().quickbooks_id if linked else create_invoices(billed, unlinked_customer(billed))["Id"]
    billed.portal.simulator.control("clock", {"shift_seconds": 5})
    billed.edit_books("Invoice", id_, DueDate="2026-12-24")
    at = next(row for row in billed.books("Invoice") if row["Id"] == id_)["MetaData"]["LastUpdatedTime"]
    post([cloud_event(billed.portal.realm, "invoice.updated", id_, at)])
    billed.portal.work()
    assert read_changes(billed) == []
    billed.edit_books("Invoice", id_, DueDate="2026-12-25")
    post([cloud_event(billed.portal.realm, "invoice.updated", id_, at)])
    route_pending_events()
    assert read_changes(billed) == [("invoice", id_, "updated")]


def test_what_the_portal_has_seen_a_later_version_of_is_none(billed: InvoiceHarness) -> None:
    """It was answered while the change data were being read."""
    RecordLink.objects.update(quickbooks_version="9")
    billed.edit_books("Invoice", billed.link().quickbooks_id, DueDate="2026-12-24")
    billed.edit_books("Payment", billed.link("payment").quickbooks_id, PaymentRefNum="4711")
    billed.edit_books("Customer", billed.link("job").quickbooks_id, DisplayName="Smith roof")
    assert read_changes(billed) == []


def test_a_renamed_or_inactive_customer_is_reported_a_balance_is_not(billed: InvoiceHarness) -> None:
    job = billed.link("job").quickbooks_id
    create_invoices(billed)
    assert [row for row in read_changes(billed) if row[0] == "customer"] == []
    billed.edit_books("Customer", job, Notes="Rings twice")
    assert read_changes(billed) == []
    billed.edit_books("Customer", job, DisplayName="Smith roof")
    assert read_changes(billed) == [("customer", job, "updated")]
    billed.edit_books("Customer", job, Active=False)
    assert read_changes(billed) == [("customer", job, "updated")]
    route_pending_events()
    run = SyncRun.objects.get(action="notice_customer")
    assert (run.kind, run.quickbooks_id, run.coperniq_id) == ("job", job, billed.link("job").coperniq_id)
    assert run.coperniq_account_id == str(billed.account["id"])
    unlinked_customer(billed)
    assert read_changes(billed) == []


def test_a_deleted_customer_is_reported(billed: InvoiceHarness) -> None:
    """Nobody can delete one, but what a merge tells is not documented."""
    link = billed.link("customer")
    gone = ChangedRecord("Customer", link.quickbooks_id, True, "", timezone.now(), {})
    assert filter_relevant_changes(billed.portal.quickbooks, [gone], None) == [gone]


def test_customers_are_reported_while_syncing_is_off(billed: InvoiceHarness) -> None:
    billed.switch(False)
    john = billed.link("customer").quickbooks_id
    billed.edit_books("Invoice", billed.link().quickbooks_id, DueDate="2026-12-24")
    billed.edit_books("Customer", john, GivenName="Johnny")
    assert read_changes(billed) == [("customer", john, "updated")]
    route_pending_events()
    assert SyncRun.objects.get().coperniq_account_id == str(billed.account["id"])


def test_what_was_edited_while_syncing_was_off_is_made_up_for(billed: InvoiceHarness) -> None:
    id_ = billed.link().quickbooks_id
    started = timezone.now() - timedelta(hours=3)
    QuickBooksConnection.objects.update(money_captured_at=started, changes_read_at=started)
    billed.switch(False)
    billed.edit_books("Invoice", id_, DueDate="2026-12-24")
    post([cloud_event(billed.portal.realm, "invoice.updated", id_, timezone.now().isoformat())])
    route_pending_events()
    made = create_invoices(billed)
    for _ in range(2):
        assert read_changes(billed) == []
    assert QuickBooksConnection.objects.get().money_captured_at == started
    billed.portal.simulator.control("clock", {"shift_seconds": 1200})
    billed.switch(True)
    InvoiceSyncPeriod.objects.filter(off_at=None).update(on_at=timezone.now() + timedelta(seconds=2))
    billed.invoice(("Permit", 1, 5))
    billed.work()  # the lease catches up for itself, which is no read_changes at what people edited
    QuickBooksConnection.objects.update(captured_at=timezone.now() + timedelta(minutes=20))
    assert ("invoice", id_, "updated") in (found := read_changes(billed))
    assert ("invoice", made["Id"], "updated") not in found


def test_an_edit_ignored_while_syncing_was_off_is_reported_once_it_is_on(billed: InvoiceHarness) -> None:
    id_ = billed.link().quickbooks_id
    billed.edit_books("Invoice", id_, DueDate="2026-12-24")
    assert read_changes(billed) == [("invoice", id_, "updated")]
    billed.switch(False)
    route_pending_events()
    assert InboundEvent.objects.get().reason == "invoice syncing is off"
    billed.switch(True)
    assert read_changes(billed) == [("invoice", id_, "updated")]


def test_an_item_whose_content_changed_makes_the_list_old(billed: InvoiceHarness) -> None:
    def is_old() -> bool:
        return timezone.now() - LookupList.objects.get(name="items").read_at > timedelta(days=1)

    assert not is_old()
    item = billed.books("Item")[0]["Id"]
    billed.edit_books("Item", item, Description="As seen on television")
    read_changes(billed)
    assert not is_old()
    billed.edit_books("Item", item, Name="Permits")
    assert read_changes(billed) == []
    assert is_old()


def test_a_deleted_payment_of_people_is_forgotten(billed: InvoiceHarness) -> None:
    paid = billed.receive(billed.link().quickbooks_id, 30)
    read_changes(billed)
    assert ExternalPayment.objects.count() == 1
    delete(billed, "Payment", paid["Id"])
    assert read_changes(billed) == []
    assert not ExternalPayment.objects.exists()


# where the change data do not reach


def limit(harness: InvoiceHarness, monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    monkeypatch.setattr("integrations.quickbooks.changes.MOST_OBJECTS", most)
    harness.portal.simulator.switch(cdc_limit=most)


def test_a_full_answer_is_narrowed_to_one_kind_at_a_time(
    billed: InvoiceHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    id_ = billed.link().quickbooks_id
    billed.edit_books("Invoice", id_, DueDate="2026-12-24")
    limit(billed, monkeypatch, 4)
    billed.portal.simulator.forget_log()
    assert read_changes(billed) == [("invoice", id_, "updated")]
    assert len([call for call in billed.calls() if call.endswith("/cdc")]) == 5
    assert QuickBooksConnection.objects.get().compared_fully_at is None


def test_a_kind_that_is_still_full_is_compared(
    billed: InvoiceHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    id_ = billed.link().quickbooks_id
    made = [create_invoices(billed)["Id"] for _ in range(5)]
    delete(billed, "Payment", billed.link("payment").quickbooks_id)
    billed.edit_books("Invoice", id_, DueDate="2026-12-24")
    limit(billed, monkeypatch, 4)
    assert read_changes(billed) == [
        *sorted(("invoice", each, "updated") for each in [id_, *made]),
        ("payment", billed.link("payment").quickbooks_id, "deleted"),
    ]
    row = QuickBooksConnection.objects.get()
    assert row.compared_fully_at is not None
    assert row.compared_fully_because == (
        "QuickBooks reports 1,000 changes at once, and there were more of these: invoices."
    )


def test_after_more_than_a_month_everything_linked_is_compared(billed: InvoiceHarness) -> None:
    invoice_id, payment_id = billed.link().quickbooks_id, billed.link("payment").quickbooks_id
    billed.invoice(("Permit", 1, 7))
    billed.work()
    kept = RecordLink.objects.filter(kind="invoice").exclude(quickbooks_id=invoice_id).get()
    delete(billed, "Payment", payment_id)
    delete(billed, "Invoice", invoice_id)
    billed.portal.simulator.control("clock", {"shift_seconds": 40 * 86_400})
    billed.edit_books("Invoice", kept.quickbooks_id, DueDate="2026-12-24")
    long_ago = timezone.now() - timedelta(days=31)
    QuickBooksConnection.objects.update(captured_at=long_ago, money_captured_at=long_ago)
    billed.portal.simulator.forget_log()
    assert read_changes(billed) == [
        ("invoice", invoice_id, "deleted"),
        ("invoice", kept.quickbooks_id, "updated"),
        ("payment", payment_id, "deleted"),
    ]
    assert not [call for call in billed.calls() if call.endswith("/cdc")]
    row = QuickBooksConnection.objects.get()
    since = long_ago - timedelta(minutes=10)
    assert row.compared_fully_because == (
        f"QuickBooks reports changes of 30 days only, and the last read was on {since:%B %-d, %Y}."
    )
    route_pending_events()
    assert SyncRun.objects.filter(direction="pull").count() == 3
    assert read_changes(billed) == []
    assert [call for call in billed.calls() if call.endswith("/cdc")]


def test_a_clock_far_behind_is_asked_by_its_own_time(billed: InvoiceHarness) -> None:
    billed.portal.simulator.control("clock", {"shift_seconds": -3600})
    billed.edit_books("Invoice", billed.link().quickbooks_id, DueDate="2026-12-24")
    RecordLink.objects.update(quickbooks_at=None)
    billed.portal.simulator.forget_log()
    assert len(read_changes(billed)) == 1
    assert len(billed.calls()) == 2


def test_one_odd_record_keeps_no_other_from_being_seen(
    billed: InvoiceHarness, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from integrations.quickbooks.client import QuickBooksClient

    read = QuickBooksClient.read_changes

    def spoilt(client: QuickBooksClient, *args: Any) -> Any:
        found = read(client, *args)
        for change in found.found:
            if change.entity in ("Payment", "Customer"):
                change.record.pop("CustomerRef", None)  # type: ignore[attr-defined]
                change.record.pop("Id", None)  # type: ignore[attr-defined]
        return found

    monkeypatch.setattr(QuickBooksClient, "read_changes", spoilt)
    invoice, payment = billed.link().quickbooks_id, billed.link("payment").quickbooks_id
    billed.edit_books("Invoice", invoice, DueDate="2026-12-24")
    billed.edit_books("Payment", payment, PaymentRefNum="4711")
    billed.edit_books("Customer", billed.link("job").quickbooks_id, Notes="Odd")
    with caplog.at_level(logging.WARNING):
        found = read_changes(billed)
    assert [row[0] for row in found] == ["customer", "invoice", "payment"]


def test_a_record_whose_stored_state_cannot_be_read_does_not_hide_the_others(billed: InvoiceHarness) -> None:
    """As after a return to an earlier version of the portal, whose state has another version."""
    payment = billed.link("payment")
    RecordLink.objects.filter(pk=payment.pk).update(sync_state={"version": 99})
    billed.edit_books("Invoice", billed.link().quickbooks_id, DueDate="2026-12-24")
    billed.edit_books("Payment", payment.quickbooks_id, PrivateNote="edited")
    assert set(read_changes(billed)) == {
        ("invoice", billed.link().quickbooks_id, "updated"),
        ("payment", payment.quickbooks_id, "updated"),
    }


def test_another_balance_is_reported_with_the_payment_and_costs_no_read_once_that_is_known(
    billed: InvoiceHarness,
) -> None:
    invoice_id = billed.link().quickbooks_id
    billed.receive(invoice_id, 30)
    billed.look_at_changes()
    event = InboundEvent.objects.get(name=InboundEvent.BALANCE_CHANGED)
    assert (event.record_id, event.detail["balance"]) == (invoice_id, 3000)
    billed.portal.simulator.forget_log()
    billed.portal.work()
    assert not [call for call in billed.calls() if f"/invoice/{invoice_id}" in call]
    billed.look_at_changes()
    assert InboundEvent.objects.filter(name=InboundEvent.BALANCE_CHANGED).count() == 1
