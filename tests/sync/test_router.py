"""What Intuit's notifications come to: from the signed post to the runs it asks for."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Company
from integrations.models import (
    EventCount,
    InboundEvent,
    Kind,
    LookupList,
    QuickBooksConnection,
    RecordLink,
    RemoteWrite,
    SyncRun,
)
from integrations.sync.ingest import router
from integrations.sync.ingest.echo_detection import is_echo
from integrations.sync.ingest.router import route_pending_events
from tests.invoice_harness import InvoiceHarness
from tests.portal_harness import PortalHarness
from tests.sync.quickbooks_webhooks import cloud_event, legacy_event, legacy_post, post

OWN = ("ignored", "the portal's own write, or already known")
LATER = ("ignored", "left to the next read of change data")
Routed = tuple[str, str]


@pytest.fixture
def billed(harness: InvoiceHarness) -> InvoiceHarness:
    """An invoice of $100 and a payment of $40 on both sides."""
    harness.pay(harness.invoice(("Permit", 1, 100)), 40)
    harness.work()
    InboundEvent.objects.all().delete()
    SyncRun.objects.all().delete()
    return harness


def now(seconds: float = 0) -> str:
    return (timezone.now() + timedelta(seconds=seconds)).isoformat()


def send_event(harness: InvoiceHarness, kind: str, id_: str, at: str = "", **data: str) -> Routed:
    assert post([cloud_event(harness.portal.realm, kind, id_, at or now(60), **data)]) == 1
    route_pending_events()
    event = InboundEvent.objects.order_by("id").last()
    assert event is not None
    return event.outcome, event.reason


def pulled() -> SyncRun:
    return SyncRun.objects.get(direction="pull")


def test_an_event_that_cannot_be_routed_stops_no_other(
    billed: InvoiceHarness, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    usual = is_echo

    def fails_on_the_first(connection: QuickBooksConnection, kind: Kind, id_: str, *others: Any) -> Any:
        if id_ == "first":
            raise LookupError("a fault of the portal")
        return usual(connection, kind, id_, *others)

    monkeypatch.setattr(router, "is_echo", fails_on_the_first)
    events = [
        cloud_event(billed.portal.realm, "invoice.created", id_, now(60)) for id_ in ("first", "second")
    ]
    assert post(events) == 2
    route_pending_events()
    assert list(InboundEvent.objects.order_by("id").values_list("outcome", flat=True)) == ["kept", "planned"]
    assert "cannot be routed" in caplog.text


@pytest.mark.parametrize("operation", ["created", "updated", "deleted", "void", "voided"])
def test_an_event_of_an_invoice_leads_to_a_run(billed: InvoiceHarness, operation: str) -> None:
    link = billed.link()
    assert send_event(billed, f"invoice.{operation}", link.quickbooks_id) == ("planned", "")
    run = pulled()
    assert (run.kind, run.action, run.quickbooks_id) == ("invoice", "pull_invoice", link.quickbooks_id)
    assert (run.coperniq_id, run.coperniq_account_id) == (link.coperniq_id, str(billed.account["id"]))
    assert (run.record_name, run.event) == (link.coperniq_name, InboundEvent.objects.get())
    assert run.not_before is None


def test_an_event_of_an_unlinked_invoice_leads_to_a_run(billed: InvoiceHarness) -> None:
    assert send_event(billed, "invoice.created", "4711") == ("planned", "")
    assert (pulled().quickbooks_id, pulled().coperniq_id, pulled().coperniq_account_id) == ("4711", "", "")


@pytest.mark.parametrize("operation", ["created", "updated", "deleted", "void"])
def test_the_allocations_of_a_payment_are_read(billed: InvoiceHarness, operation: str) -> None:
    link = billed.link("payment")
    assert send_event(billed, f"payment.{operation}", link.quickbooks_id) == ("planned", "")
    run = pulled()
    assert (run.kind, run.action, run.quickbooks_id) == ("payment", "notice_allocations", link.quickbooks_id)
    assert (run.coperniq_id, run.coperniq_account_id) == (link.coperniq_id, str(billed.account["id"]))


def test_a_payment_linked_to_several_has_the_name_of_none(billed: InvoiceHarness) -> None:
    link = billed.link("payment")
    other = RecordLink.objects.get(pk=link.pk)
    other.pk, other.coperniq_id, other.allocation_invoice_id = None, "other", "77"
    other.save()
    assert send_event(billed, "payment.updated", link.quickbooks_id) == ("planned", "")
    assert (pulled().coperniq_id, pulled().coperniq_account_id) == ("", link.coperniq_account_id)


@pytest.mark.parametrize("kind", ["invoice", "payment"])
def test_an_e_mail_changes_nothing(billed: InvoiceHarness, kind: str) -> None:
    assert send_event(billed, f"{kind}.emailed", billed.link(kind).quickbooks_id)[0] == "ignored"
    assert not SyncRun.objects.exists()


@pytest.mark.parametrize("kind", ["invoice", "payment"])
def test_while_syncing_is_off_nothing_leads_to_a_run(billed: InvoiceHarness, kind: str) -> None:
    billed.switch(False)
    before = billed.portal.coperniq.__class__.objects.get().next_invoice_sweep_at
    routed = send_event(billed, f"{kind}.updated", billed.link(kind).quickbooks_id)
    assert routed == ("ignored", "invoice syncing is off")
    assert billed.portal.coperniq.__class__.objects.get().next_invoice_sweep_at == before


def test_what_cannot_be_synced_is_ignored(billed: InvoiceHarness) -> None:
    QuickBooksConnection.objects.update(home_currency="CAD")
    assert "US dollars" in send_event(billed, "invoice.updated", "1")[1]
    assert post([cloud_event(billed.portal.realm, "invoice.updated", "2", now())]) == 1
    QuickBooksConnection.objects.update(state="disconnected")
    route_pending_events()
    assert InboundEvent.objects.filter(reason="QuickBooks is not connected").exists()


def test_without_access_it_waits_for_being_authorized_again(billed: InvoiceHarness) -> None:
    QuickBooksConnection.objects.update(state="needs_authorization")
    assert send_event(billed, "invoice.updated", billed.link().quickbooks_id) == ("planned", "")
    assert (pulled().state, pulled().cause) == ("held", "reconnect")


def test_telling_twice_asks_once(billed: InvoiceHarness) -> None:
    for _ in range(2):
        send_event(billed, "invoice.updated", billed.link().quickbooks_id)
    assert pulled().requested_count == 2


# echoes


@pytest.mark.parametrize("kind", ["invoice", "payment"])
@pytest.mark.parametrize(("late", "routed"), [(0, OWN), (1, OWN), (3, ("planned", ""))])
def test_what_the_portal_wrote_itself_is_known(
    billed: InvoiceHarness, kind: str, late: int, routed: Routed
) -> None:
    row = billed.in_books(kind.title())
    at = datetime.fromisoformat(row["MetaData"]["LastUpdatedTime"]) + timedelta(seconds=late)
    assert send_event(billed, f"{kind}.updated", row["Id"], at.isoformat()) == routed


def test_an_edit_before_a_payment_of_ours_is_no_echo_of_it(billed: InvoiceHarness) -> None:
    """The payment moves the invoice's stamp, but the portal has not seen the invoice since it wrote it."""
    RecordLink.objects.filter(kind="invoice").update(quickbooks_at=timezone.now() - timedelta(minutes=5))
    RecordLink.objects.filter(kind="payment").update(quickbooks_at=timezone.now())
    assert send_event(billed, "invoice.updated", billed.link().quickbooks_id, now(-60)) == ("planned", "")
    assert send_event(billed, "invoice.updated", billed.link().quickbooks_id, now()) == OWN


def test_one_allocation_not_seen_since_is_enough(billed: InvoiceHarness) -> None:
    link = billed.link("payment")
    other = RecordLink.objects.get(pk=link.pk)
    other.pk, other.coperniq_id, other.allocation_invoice_id, other.quickbooks_at = None, "other", "77", None
    other.save()
    assert send_event(billed, "payment.updated", link.quickbooks_id, now(-1)) == ("planned", "")


def test_a_deletion_leads_to_a_run_unless_it_is_known(billed: InvoiceHarness) -> None:
    link = billed.link()
    assert send_event(billed, "invoice.deleted", link.quickbooks_id, now(-60)) == ("planned", "")
    RecordLink.objects.filter(pk=link.pk).update(quickbooks_snapshot={"version": 1, "deleted": True})
    assert send_event(billed, "invoice.deleted", link.quickbooks_id) == OWN


@pytest.mark.parametrize("kind", ["invoice", "payment"])
def test_a_notification_that_outruns_the_answer_waits_for_it(billed: InvoiceHarness, kind: str) -> None:
    RemoteWrite.objects.create(
        connection=billed.portal.quickbooks,
        kind=kind,
        coperniq_id="77",
        entity=kind.title(),
        operation="create",
        body_encrypted="",
        state="sent",
    )
    began_at = timezone.now()
    assert send_event(billed, f"{kind}.created", "4711") == ("planned", "")
    not_before = pulled().not_before
    assert not_before is not None
    assert timedelta(seconds=2) <= not_before - began_at < timedelta(seconds=10)


def test_where_the_answer_is_stored_its_stamp_is_too(billed: InvoiceHarness) -> None:
    for kind in ("invoice", "payment"):
        row, link = billed.in_books(kind.title()), billed.link(kind)
        stamp = datetime.fromisoformat(row["MetaData"]["LastUpdatedTime"])
        assert link.quickbooks_at is not None
        assert timedelta(0) <= stamp - link.quickbooks_at < timedelta(seconds=10)


# customers, items and others


@pytest.mark.parametrize("operation", ["created", "updated", "deleted"])
def test_customers_are_left_to_change_data(billed: InvoiceHarness, operation: str) -> None:
    assert send_event(billed, f"customer.{operation}", billed.link("customer").quickbooks_id) == LATER


@pytest.mark.parametrize("on", [True, False])
@pytest.mark.parametrize("gone", ["customer", "job", "none"])
def test_a_merge_leads_to_a_run_whether_invoices_are_synced_or_not(
    billed: InvoiceHarness, on: bool, gone: str
) -> None:
    billed.switch(on)
    survivor = billed.link("customer")
    away = billed.link(gone) if gone != "none" else None
    deleted_id = away.quickbooks_id if away else "990"
    kept_id = "991" if gone == "customer" else survivor.quickbooks_id
    routed = send_event(billed, "customer.merged", kept_id, deletedid=deleted_id)
    assert routed == ("planned", "")
    run = pulled()
    link = away or survivor
    assert (run.action, run.kind, run.quickbooks_id) == ("notice_customer", link.kind, link.quickbooks_id)
    assert (run.coperniq_id, run.coperniq_account_id) == (link.coperniq_id, str(billed.account["id"]))
    assert run.event is not None
    assert run.event.detail == {"deleted_id": deleted_id}


def test_a_merge_of_unlinked_customers_is_ignored(billed: InvoiceHarness) -> None:
    routed = send_event(billed, "customer.merged", "990", deletedid="991")
    assert routed == ("ignored", "the customer is not linked")


@pytest.mark.parametrize(
    ("operation", "old"), [("created", True), ("merged", True), ("deleted", True), ("updated", False)]
)
def test_changed_items_are_read_anew_when_needed(billed: InvoiceHarness, operation: str, old: bool) -> None:
    """An update may be just a sale from stock: change data are compared with the stored item."""
    assert send_event(billed, f"item.{operation}", "5")[0] == "ignored"
    items = LookupList.objects.get(name="items")
    assert (timezone.now() - items.read_at > timedelta(days=1)) is old


@pytest.mark.parametrize("kind", ["invoice.levitated", "unicorn.created", "vendor.updated", "invoice.merged"])
def test_what_nothing_follows_from_is_kept(billed: InvoiceHarness, kind: str) -> None:
    assert send_event(billed, kind, "5")[0] == "kept"
    assert not SyncRun.objects.exists()


def test_an_unknown_type_is_counted(billed: InvoiceHarness) -> None:
    send_event(billed, "invoice.levitated", "5")
    assert EventCount.objects.get(reason="unknown type").count == 1


# both forms, many companies


def test_the_older_form_comes_to_the_same(billed: InvoiceHarness) -> None:
    invoice, payment = billed.link().quickbooks_id, billed.link("payment").quickbooks_id
    customer = billed.link("customer").quickbooks_id
    rows = [
        legacy_event("Invoice", "Update", invoice, now(60)),
        legacy_event("Payment", "Void", payment, now(60)),
        legacy_event("Invoice", "Emailed", invoice, now(60)),
        legacy_event("Customer", "Merge", "990", now(60), deletedId=customer),
    ]
    payload = legacy_post(**{f"R{billed.portal.realm}": rows})
    assert post(payload) == 4
    assert post(payload) == 4
    assert InboundEvent.objects.count() == 4
    route_pending_events()
    assert {(run.action, run.quickbooks_id) for run in SyncRun.objects.all()} == {
        ("pull_invoice", invoice),
        ("notice_allocations", payment),
        ("notice_customer", customer),
    }


def neighbours(count: int) -> list[QuickBooksConnection]:
    companies = [Company.objects.create(name=f"C{n}", slug=f"c{n}", time_zone="UTC") for n in range(count)]
    return [
        QuickBooksConnection.objects.create(company=company, realm_id=f"90000{n}", home_currency="USD")
        for n, company in enumerate(companies)
    ]


def queries_of(payload: Any) -> list[str]:
    with CaptureQueriesContext(connection) as queries:
        post(payload)
    return [query["sql"] for query in queries]


def test_a_hundred_events_of_twenty_companies_are_one_insert(
    portal: PortalHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("integrations.queue.wake", lambda: None)  # at most a few a second
    sides = neighbours(20)
    QuickBooksConnection.objects.filter(pk=sides[0].pk).update(state="disconnected")
    events = [cloud_event(sides[n % 20].realm_id, "invoice.updated", str(n), now()) for n in range(100)]
    one = [cloud_event(sides[1].realm_id, "invoice.updated", f"one-{n}", now()) for n in range(99)]
    one.append(cloud_event("unknown", "invoice.updated", "1", now()))
    queries_of(one)  # the day's tallies are made
    of_one, of_twenty = queries_of(one), queries_of(events)
    assert len(of_twenty) == len(of_one) <= 7
    # SQLite takes so many values in a statement that it needs two.
    assert sum('INTO "integrations_inboundevent"' in sql for sql in of_twenty) <= 2
    rows = InboundEvent.objects.exclude(record_id__startswith="one")
    assert rows.count() == 95
    for n, row in enumerate(sides):
        own = {each.record_id for each in rows.filter(company=row.company)}
        assert own == (set() if n == 0 else {str(each) for each in range(n, 100, 20)})
    queries_of(events)
    assert rows.all().count() == 95
