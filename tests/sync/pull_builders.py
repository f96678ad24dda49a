"""What the tests of the pull end with, and what of both sides they look at."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone

from integrations.models import CoperniqConnection, RemoteWrite, SyncLogEntry, SyncRun
from integrations.sync.ingest.coperniq_projects import due_coperniq_polls
from tests.sync.quickbooks_webhooks import cloud_event, post
from tests.sync.two_way import TwoWayHarness, coperniq_state

DOCUMENTS = ("Invoice", "Payment")


def invoices(books: TwoWayHarness) -> list[dict[str, Any]]:
    return coperniq_state(books.money, "invoices")


def invoice(books: TwoWayHarness) -> dict[str, Any]:
    found = invoices(books)
    assert len(found) == 1, (found, logged_in_order(books))
    return found[0]


def payments(books: TwoWayHarness, number: int = 0) -> list[dict[str, Any]]:
    return list(invoices(books)[number]["payments"])


def catalog(books: TwoWayHarness) -> dict[str, dict[str, Any]]:
    return {row["name"]: row for row in coperniq_state(books.money, "catalogItems")}


def lines(document: dict[str, Any]) -> list[tuple[str, float, float, str]]:
    """Catalog item, quantity, price and text of Coperniq's lines; a deleted item has no name."""
    return [
        (
            (line["catalogItem"] or {}).get("name", ""),
            line["quantity"],
            line["unitPrice"],
            line["description"],
        )
        for line in document["lineItems"]
    ]


def logged_in_order(books: TwoWayHarness) -> list[str]:
    rows = SyncLogEntry.objects.filter(kind__in=("invoice", "payment", "item")).order_by("id")
    return [f"{row.outcome}: {row.sentence}" for row in rows]


def writes(books: TwoWayHarness) -> list[str]:
    """Requests that would have changed something, at either vendor."""
    calls = books.money.office.simulator.log(write=True)
    return [f"{call['vendor']} {call['method']} {call['path']}" for call in calls]


def credit(books: TwoWayHarness, amount: object) -> str:
    line = {
        "DetailType": "SalesItemLineDetail",
        "Amount": amount,
        "SalesItemLineDetail": {"ItemRef": {"value": books.money.books("Item")[0]["Id"]}},
    }
    values = {"CustomerRef": {"value": books.job_id}, "Line": [line]}
    made = books.money.office.simulator.in_books(books.money.office.realm, "CreditMemo", **values)
    return str(made["Id"])


def ring_again(books: TwoWayHarness) -> None:
    """Intuit tells once more of everything as it stands, as it may."""
    events = [
        cloud_event(
            books.money.office.realm,
            f"{entity.lower()}.updated",
            row["Id"],
            row["MetaData"]["LastUpdatedTime"],
        )
        for entity in DOCUMENTS
        for row in books.money.books(entity)
    ]
    if events:
        post(events)


def unanswered(books: TwoWayHarness, **fields: Any) -> dict[str, Any]:
    """Created in QuickBooks, and the portal has not heard of it yet."""
    push_into(books, "lost_answer", **fields)
    return books.money.in_books()


def push_into(books: TwoWayHarness, fault: str, **fields: Any) -> None:
    """An invoice of Coperniq's, whose create meets it once."""
    money = books.money
    money.invoice(**fields)
    CoperniqConnection.objects.update(next_poll_at=timezone.now())
    for job in due_coperniq_polls():
        job()
    money.office.simulator.fault(fault, method="POST", path="/invoice", times=1)
    money.office.work_once()


def hear_while_pausing(books: TwoWayHarness) -> None:
    """What is to be tried again has to wait; meanwhile the portal hears of everything there is."""
    waiting = SyncRun.objects.filter(not_before__isnull=False)
    waiting.update(not_before=timezone.now() + timedelta(minutes=9))
    ring_again(books)
    books.money.look_at_changes()
    books.money.office.work(pauses=True)


def assert_nothing_left_to_do(books: TwoWayHarness) -> None:
    """Whichever way the portal looks again, nothing is written on either side and nothing is told anew.

    The first look alone may note what Coperniq made of our own writes, such as the status of an invoice that is paid.
    """
    stood, cards, rows = documents(books), held_runs_of(), logged_in_order(books)
    books.money.office.simulator.forget_log()
    poll_everything(books)
    noted = logged_in_order(books)[len(rows) :]
    assert all(row.startswith("nothing_to_do: Invoice ") for row in noted), noted
    if noted:
        poll_everything(books)
        assert logged_in_order(books) == rows + noted, logged_in_order(books)[len(rows) :]
    assert not writes(books), writes(books)
    assert held_runs_of() == cards, held_runs_of()
    assert documents(books) == stood
    assert not RemoteWrite.objects.open().exists()


def poll_everything(books: TwoWayHarness) -> None:
    ring_again(books)
    CoperniqConnection.objects.update(next_invoice_sweep_at=timezone.now())
    books.heard()


def held_runs_of() -> list[Any]:
    return list(SyncRun.objects.held().values_list("pk", "cause", "planned"))


def documents(books: TwoWayHarness) -> list[Any]:
    return [coperniq_state(books.money, "invoices"), *(books.money.books(entity) for entity in DOCUMENTS)]
