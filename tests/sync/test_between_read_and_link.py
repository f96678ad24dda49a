"""What people do in QuickBooks between the portal's read of a record and its stored link arrives all the same."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import pytest

from integrations.coperniq.client import CoperniqClient
from integrations.models import CompanyLease, RecordLink, SyncRun
from integrations.models.leases import LONG_AGO
from integrations.quickbooks.client import QuickBooksClient
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.executor import run_once
from integrations.sync.ingest.router import route_pending_events
from tests.portal_harness import PortalHarness
from tests.sampling import crossed, thinned
from tests.simulation import API_KEY
from tests.sync.histories import Crash
from tests.sync.pull_builders import (
    assert_nothing_left_to_do,
    invoice,
    invoices,
    logged_in_order,
    payments,
    ring_again,
)
from tests.sync.two_way import TwoWayHarness, open_two_way

Act = Callable[[], object]


@pytest.fixture
def sides(portal: PortalHarness) -> TwoWayHarness:
    return open_two_way(portal)


@pytest.fixture
def during(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Do something while the next call of a client is under way: the vendor has done it and has not answered yet."""

    def install(
        client: type[Any], name: str, act: Act, wanted: Callable[..., bool] = lambda *_: True
    ) -> None:
        acts, real = [act], getattr(client, name)

        def calling(self: Any, *args: Any) -> Any:
            found = real(self, *args)
            if acts and wanted(*args):
                acts.pop()()
            return found

        monkeypatch.setattr(client, name, calling)

    return install


def hear(sides: TwoWayHarness, road: str) -> None:
    """The portal hears of everything, and its other threads do all that follows, while one waits for an answer."""
    if road == "webhook":
        ring_again(sides)
    else:
        sides.harness.look_at_changes()
    route_pending_events()
    lease = CompanyLease.objects.get()
    for _ in range(6):
        due = SyncRun.objects.filter(state="queued").order_by("id")
        for run in due:
            run_once(SyncContext(lease, run.connection), run)


def is_create(entity: str) -> Callable[..., bool]:
    return lambda *args: args[0] == entity and args[3] == "create"


def amounts(sides: TwoWayHarness, number: int = 0) -> list[float]:
    return [row["amount"] for row in payments(sides, number)]


def last(sides: TwoWayHarness, entity: str = "Invoice") -> dict[str, Any]:
    return sides.harness.books(entity)[-1]


def paid_whole(sides: TwoWayHarness) -> object:
    return sides.payment({"id": last(sides)["Id"], "amount": 50})


def paid_and_taken_back(sides: TwoWayHarness) -> object:
    sides.payment({"id": last(sides)["Id"], "amount": 50})
    return sides.void(last(sides, "Payment"), "payments")


def split(sides: TwoWayHarness) -> object:
    """Over an invoice that is on both sides, and the one that is on its way."""
    first, second = (row["Id"] for row in sides.harness.books("Invoice"))
    return sides.payment({"id": first, "amount": 30}, {"id": second, "amount": 50})


def moved(sides: TwoWayHarness) -> object:
    """To the one that is on its way."""
    second = {"id": last(sides)["Id"], "amount": 40}
    return sides.change_payment(last(sides, "Payment"), invoices=[second], amount=40)


WINDOWS: dict[str, tuple[Callable[[TwoWayHarness], object], list[float], list[float]]] = {
    "paid": (paid_whole, [], [50]),
    "paid and voided": (paid_and_taken_back, [], []),
    "split": (split, [30], [50]),
}


@pytest.mark.parametrize(
    ("window", "road", "side", "ends"),
    thinned(product(WINDOWS, ["webhook", "change data"], ["pulled", "pushed"], ["answered", "crash"]), 3),
)
def test_a_payment_while_its_invoice_is_on_its_way_arrives(
    sides: TwoWayHarness, during: Callable[..., None], window: str, road: str, side: str, ends: str
) -> None:
    act, on_first, on_second = WINDOWS[window]
    sides.invoice({"item": "Permit", "quantity": 1, "price": 200})
    sides.sync()

    def meanwhile() -> None:
        act(sides)
        hear(sides, road)
        if ends == "crash":
            raise Crash

    if side == "pulled":
        during(CoperniqClient, "create_invoice", meanwhile)
        sides.invoice()
        sides.harness.look_at_changes()
    else:
        during(QuickBooksClient, "write", meanwhile, is_create("Invoice"))
        sides.harness.invoice(("Permit", 1, 100))
    finish(sides)
    if (road, side) == ("change data", "pushed"):  # until the answer nobody knows whose the invoice is
        sides.sync()
    assert len(invoices(sides)) == len(sides.harness.books("Invoice")) == 2
    assert (amounts(sides), amounts(sides, 1)) == (on_first, on_second), logged_in_order(sides)
    assert not SyncRun.objects.open().exists()
    assert_nothing_left_to_do(sides)


def finish(sides: TwoWayHarness) -> None:
    """Nothing is told again, and nobody looks at change data again: what has been heard of is enough."""
    for _ in range(2):
        try:
            sides.harness.work()
        except Crash:
            CompanyLease.objects.update(leased_until=LONG_AGO)


@pytest.mark.parametrize("road", ["webhook", "change data"])
def test_a_payment_moved_to_an_invoice_on_its_way_is_asked_about_first(
    sides: TwoWayHarness, during: Callable[..., None], road: str
) -> None:
    first = sides.invoice({"item": "Permit", "quantity": 1, "price": 200})
    sides.payment({"id": first["Id"], "amount": 40})
    sides.sync()

    def meanwhile() -> None:
        moved(sides)
        hear(sides, road)

    during(CoperniqClient, "create_invoice", meanwhile)
    sides.invoice()
    sides.harness.look_at_changes()
    sides.harness.work()
    run = sides.harness.held()
    assert (run.cause, run.allocation_invoice_id) == ("quickbooks_payment_changed", first["Id"])
    assert (amounts(sides), len(invoices(sides))) == ([40], 2)


ENDS: dict[str, Callable[[TwoWayHarness, dict[str, Any]], object]] = {
    "voided": lambda sides, payment: sides.void(payment, "payments"),
    "deleted": lambda sides, payment: sides.delete(payment, "Payment"),
    "changed": lambda sides, payment: sides.change_payment(
        payment, invoices=[{"id": last(sides)["Id"], "amount": 35}], amount=35
    ),
}


@pytest.mark.parametrize(("end", "side"), crossed(list(ENDS), ["pulled", "pushed"]))
def test_what_becomes_of_a_payment_while_it_is_on_its_way_is_asked(
    sides: TwoWayHarness, during: Callable[..., None], end: str, side: str
) -> None:
    made = sides.invoice()
    sides.sync()

    def meanwhile() -> None:
        ENDS[end](sides, last(sides, "Payment") if end != "deleted" else payment_in_books())
        hear(sides, "webhook")

    def payment_in_books() -> dict[str, Any]:
        found = last(sides, "Payment")
        gone.append(found["Id"])
        return found

    gone: list[str] = []
    if side == "pulled":
        during(CoperniqClient, "create_payment", meanwhile)
        sides.payment({"id": made["Id"], "amount": 40})
        sides.harness.look_at_changes()
    else:
        during(QuickBooksClient, "write", meanwhile, is_create("Payment"))
        sides.harness.pay(invoice(sides), 40)
    sides.harness.work()
    if end == "deleted":
        tell_deleted(sides, gone[0])
    if side == "pushed":
        sides.harness.work()
    assert amounts(sides) == [40]
    assert sides.harness.held().cause == "quickbooks_payment_changed", logged_in_order(sides)
    assert_nothing_left_to_do(sides)


def tell_deleted(sides: TwoWayHarness, payment_id: str) -> None:
    sides.harness.look_at_changes()
    sides.harness.portal.work()


def test_an_edit_of_an_invoice_while_it_is_pushed_comes_over(
    sides: TwoWayHarness, during: Callable[..., None]
) -> None:
    def meanwhile() -> None:
        sides.change(last(sides), due="2027-05-06")
        hear(sides, "webhook")

    during(QuickBooksClient, "write", meanwhile, is_create("Invoice"))
    sides.harness.invoice(("Permit", 1, 100), dueDate="2027-01-01T00:00:00.000Z")
    sides.harness.work()
    assert invoice(sides)["dueDate"][:10] == "2027-05-06", logged_in_order(sides)
    assert RecordLink.objects.filter(kind="invoice").count() == 1
    assert_nothing_left_to_do(sides)


LOOKS: dict[str, Callable[[TwoWayHarness], object]] = {
    "webhook": lambda sides: hear(sides, "webhook"),
    "change data": lambda sides: hear(sides, "change data"),
    "later": lambda sides: None,
}


def look_everywhere(sides: TwoWayHarness) -> None:
    for _ in range(2):
        sides.sync()
        sides.harness.sweep()


@pytest.mark.parametrize(("end", "side"), list(product(["voided", "deleted"], ["pulled", "pushed"])))
@pytest.mark.parametrize("look", LOOKS)
def test_an_invoice_that_ends_in_quickbooks_while_it_is_on_its_way(
    sides: TwoWayHarness, during: Callable[..., None], end: str, side: str, look: str
) -> None:
    """A void takes the portal's tag off: whoever looks then cannot know that the invoice is about to be linked."""

    def meanwhile() -> None:
        sides.void(last(sides)) if end == "voided" else sides.delete(last(sides))
        LOOKS[look](sides)

    if side == "pulled":
        during(CoperniqClient, "create_invoice", meanwhile)
        sides.invoice()
        sides.harness.look_at_changes()
    else:
        during(QuickBooksClient, "write", meanwhile, is_create("Invoice"))
        sides.harness.invoice(("Permit", 1, 100))
    sides.harness.work()
    look_everywhere(sides)
    if end == "voided":
        assert invoice(sides)["status"] == "DECLINED", logged_in_order(sides)
        assert not SyncRun.objects.open().exists()
    else:
        assert "deleted in QuickBooks" in sides.harness.held().sentence
    assert_nothing_left_to_do(sides)


@pytest.mark.parametrize(("end", "look"), crossed(["voided", "deleted"], list(LOOKS)))
def test_a_payment_that_ends_in_quickbooks_while_it_is_recorded(
    sides: TwoWayHarness, during: Callable[..., None], end: str, look: str
) -> None:
    sides.invoice()
    sides.sync()

    def meanwhile() -> None:
        made = last(sides, "Payment")
        sides.void(made, "payments") if end == "voided" else sides.delete(made, "Payment")
        LOOKS[look](sides)

    during(QuickBooksClient, "write", meanwhile, is_create("Payment"))
    sides.harness.pay(invoice(sides), 40)
    sides.harness.work()
    look_everywhere(sides)
    assert sides.harness.held().cause == "quickbooks_payment_changed"
    assert_nothing_left_to_do(sides)


@pytest.mark.parametrize(("act", "side"), crossed(["delete", "decline"], ["to QuickBooks", "to Coperniq"]))
def test_an_invoice_that_ends_in_coperniq_while_an_edit_is_written(
    sides: TwoWayHarness, during: Callable[..., None], act: str, side: str
) -> None:
    sides.invoice(due="2027-01-31")
    sides.sync()

    def meanwhile() -> None:
        here = invoice(sides)
        if act == "decline":
            sides.harness.act(here, act)
        else:
            path = f"coperniq/{API_KEY}/invoices/{here['id']}"
            sides.harness.portal.simulator.control(path, None, "DELETE")
        hear(sides, "webhook")

    if side == "to QuickBooks":
        during(QuickBooksClient, "write", meanwhile, lambda *args: args[0] == "Invoice")
        sides.harness.edit(invoice(sides), dueDate="2027-05-06T00:00:00.000Z")
    else:
        during(CoperniqClient, "update_invoice", meanwhile)
        sides.change(last(sides), due="2027-05-06")
        sides.harness.look_at_changes()
    sides.harness.work()
    look_everywhere(sides)
    if act == "decline" and not SyncRun.objects.held().exists():
        assert sides.harness.in_books()["TotalAmt"] == 0
    else:
        assert sides.harness.held().cause, logged_in_order(sides)
    assert_nothing_left_to_do(sides)
