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


def invoices(sides: TwoWayHarness) -> list[dict[str, Any]]:
    return coperniq_state(sides.harness, "invoices")


def invoice(sides: TwoWayHarness) -> dict[str, Any]:
    found = invoices(sides)
    assert len(found) == 1, (found, logged_in_order(sides))
    return found[0]


def payments(sides: TwoWayHarness, number: int = 0) -> list[dict[str, Any]]:
    return list(invoices(sides)[number]["payments"])


def catalog(sides: TwoWayHarness) -> dict[str, dict[str, Any]]:
    return {row["name"]: row for row in coperniq_state(sides.harness, "catalogItems")}


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


def logged_in_order(sides: TwoWayHarness) -> list[str]:
    rows = SyncLogEntry.objects.filter(kind__in=("invoice", "payment", "item")).order_by("id")
    return [f"{row.outcome}: {row.sentence}" for row in rows]


def writes(sides: TwoWayHarness) -> list[str]:
    """Requests that would have changed something, at either vendor."""
    calls = sides.harness.portal.simulator.log(write=True)
    return [f"{call['vendor']} {call['method']} {call['path']}" for call in calls]


def credit(sides: TwoWayHarness, amount: object) -> str:
    line = {
        "DetailType": "SalesItemLineDetail",
        "Amount": amount,
        "SalesItemLineDetail": {"ItemRef": {"value": sides.harness.books("Item")[0]["Id"]}},
    }
    values = {"CustomerRef": {"value": sides.job_id}, "Line": [line]}
    made = sides.harness.portal.simulator.in_books(sides.harness.portal.realm, "CreditMemo", **values)
    return str(made["Id"])


def ring_again(sides: TwoWayHarness) -> None:
    """Intuit tells once more of everything as it stands, as it may."""
    events = [
        cloud_event(
            sides.harness.portal.realm,
            f"{entity.lower()}.updated",
            row["Id"],
            row["MetaData"]["LastUpdatedTime"],
        )
        for entity in DOCUMENTS
        for row in sides.harness.books(entity)
    ]
    if events:
        post(events)


def unanswered(sides: TwoWayHarness, **fields: Any) -> dict[str, Any]:
    """Created in QuickBooks, and the portal has not heard of it yet."""
    push_into(sides, "lost_answer", **fields)
    return sides.harness.in_books()


def push_into(sides: TwoWayHarness, fault: str, **fields: Any) -> None:
    """An invoice of Coperniq's, whose create meets it once."""
    harness = sides.harness
    harness.invoice(**fields)
    CoperniqConnection.objects.update(next_poll_at=timezone.now())
    for job in due_coperniq_polls():
        job()
    harness.portal.simulator.fault(fault, method="POST", path="/invoice", times=1)
    harness.portal.work_once()


def hear_while_pausing(sides: TwoWayHarness) -> None:
    """What is to be tried again has to wait; meanwhile the portal hears of everything there is."""
    waiting = SyncRun.objects.filter(not_before__isnull=False)
    waiting.update(not_before=timezone.now() + timedelta(minutes=9))
    ring_again(sides)
    sides.harness.look_at_changes()
    sides.harness.portal.work(pauses=True)


def assert_nothing_left_to_do(sides: TwoWayHarness) -> None:
    """Whichever way the portal looks again, nothing is written on either side and nothing is told anew.

    The first look alone may note what Coperniq made of our own writes, such as the status of an invoice that is paid.
    """
    stood, cards, rows = documents(sides), held_runs_of(), logged_in_order(sides)
    sides.harness.portal.simulator.forget_log()
    poll_everything(sides)
    noted = logged_in_order(sides)[len(rows) :]
    assert all(row.startswith("nothing_to_do: Invoice ") for row in noted), noted
    if noted:
        poll_everything(sides)
        assert logged_in_order(sides) == rows + noted, logged_in_order(sides)[len(rows) :]
    assert not writes(sides), writes(sides)
    assert held_runs_of() == cards, held_runs_of()
    assert documents(sides) == stood
    assert not RemoteWrite.objects.open().exists()


def poll_everything(sides: TwoWayHarness) -> None:
    ring_again(sides)
    CoperniqConnection.objects.update(next_invoice_sweep_at=timezone.now())
    sides.sync()


def held_runs_of() -> list[Any]:
    return list(SyncRun.objects.held().values_list("pk", "cause", "planned"))


def documents(sides: TwoWayHarness) -> list[Any]:
    return [coperniq_state(sides.harness, "invoices"), *(sides.harness.books(entity) for entity in DOCUMENTS)]
