"""Two edits in QuickBooks within one second: its records have whole seconds, so only the version tells them apart."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from integrations.models import SyncLogEntry, SyncRun
from tests.portal_harness import PortalHarness
from tests.sampling import crossed
from tests.sync.in_process import Time
from tests.sync.pull_builders import assert_nothing_left_to_do, invoice, logged_in_order
from tests.sync.quickbooks_webhooks import cloud_event, legacy_event, legacy_post, post
from tests.sync.two_way import TwoWayHarness, open_two_way


@pytest.fixture
def clock() -> Iterator[Time]:
    time = Time()
    with time.everywhere():
        yield time


@pytest.fixture
def sides(clock: Time, portal: PortalHarness) -> TwoWayHarness:
    """An invoice of $100 with a payment of $40 of the day before on both sides, and a new second of a quiet minute."""
    sides = open_two_way(portal)
    made = sides.invoice()
    sides.payment({"id": made["Id"], "amount": 40})
    sides.sync()
    sides.sync()
    clock.moment = clock.moment.replace(microsecond=0) + timedelta(minutes=1)
    return sides


def tell(sides: TwoWayHarness, clock: Time, form: str, entity: str, id_: str) -> None:
    """In nanoseconds, milliseconds or whole seconds, as Intuit's forms have it."""
    realm, at = sides.harness.portal.realm, clock.moment
    if form == "cloudevents":
        stamp = at.strftime("%Y-%m-%dT%H:%M:%S.%f") + "517Z"
        post([cloud_event(realm, f"{entity.lower()}.updated", id_, stamp)])
        return
    stamp = at.strftime("%Y-%m-%dT%H:%M:%S." if form == "zulu" else "%Y-%m-%dT%H:%M:%S-0000")
    stamp += f"{at.microsecond // 1000:03}Z" if form == "zulu" else ""
    post(legacy_post(**{f"R{realm}": [legacy_event(entity, "Update", id_, stamp)]}))


def in_the_same_second(clock: Time) -> None:
    before = clock.moment
    clock.moment = before.replace(microsecond=850_000)
    assert clock.moment > before


def due(sides: TwoWayHarness, day: str) -> dict[str, Any]:
    return sides.change(sides.harness.in_books(), due=day)


def less(sides: TwoWayHarness, amount: int) -> dict[str, Any]:
    one = {"id": sides.harness.in_books()["Id"], "amount": amount}
    return sides.change_payment(sides.harness.in_books("Payment"), invoices=[one], amount=amount)


def seen_due(sides: TwoWayHarness) -> str:
    return str(invoice(sides)["dueDate"])[:10]


def seen_amount(sides: TwoWayHarness) -> str:
    (row,) = sides.harness.held().planned
    return str(row["compared"]["quickbooks"]).split(".")[0]


EDITS: dict[str, tuple[Callable[[TwoWayHarness, Any], Any], tuple[Any, Any], Callable[..., str], str]] = {
    "Invoice": (due, ("2027-01-05", "2027-02-06"), seen_due, "2027-02-06"),
    "Payment": (less, (30, 20), seen_amount, "$20"),
}


@pytest.mark.parametrize(
    ("again", "form", "entity"),
    [
        *crossed([True], ["cloudevents", "zulu", "offset"], list(EDITS)),
        *crossed([False], ["cloudevents", "zulu", "offset"], list(EDITS)[::-1]),
    ],
)
def test_the_second_edit_of_a_second_arrives(
    sides: TwoWayHarness, clock: Time, entity: str, form: str, again: bool
) -> None:
    """Told again, it arrives at once; else with the next look at change data. `offset` cannot tell the two apart."""
    edit, (first, second), seen, wanted = EDITS[entity]
    tell(sides, clock, form, entity, edit(sides, first)["Id"])
    sides.harness.portal.work()
    in_the_same_second(clock)
    id_ = edit(sides, second)["Id"]
    stamps = {row["MetaData"]["LastUpdatedTime"] for row in sides.harness.books(entity)}
    assert len(stamps) == 1
    if again:
        tell(sides, clock, form, entity, id_)
        sides.harness.portal.work()
    if not again or form == "offset":
        clock.go_on(timedelta(minutes=5))
        sides.harness.look_at_changes()
        sides.harness.portal.work()
    assert seen(sides) == wanted, logged_in_order(sides)
    clock.go_on(timedelta(minutes=5))
    assert_nothing_left_to_do(sides)


@pytest.mark.parametrize("told", [True, False])
def test_an_edit_in_the_second_of_the_portals_own_write_arrives(
    sides: TwoWayHarness, clock: Time, told: bool
) -> None:
    """Its notification is taken for that of the portal's own write, so change data find it."""
    sides.harness.edit(invoice(sides), description=invoice(sides)["description"] + "\nCall first")
    sides.harness.work()
    at = sides.harness.in_books()["MetaData"]["LastUpdatedTime"]
    clock.moment = clock.moment.replace(microsecond=0)
    while sides.harness.in_books()["MetaData"]["LastUpdatedTime"] != at:
        clock.moment -= timedelta(seconds=1)
    due(sides, "2027-03-04")
    if told:
        tell(sides, clock, "cloudevents", "Invoice", sides.harness.in_books()["Id"])
        sides.harness.portal.work()
    clock.go_on(timedelta(minutes=5))
    sides.sync()
    assert seen_due(sides) == "2027-03-04", logged_in_order(sides)
    clock.go_on(timedelta(minutes=5))
    assert_nothing_left_to_do(sides)


def test_two_changes_of_a_customer_in_one_second_are_both_seen(sides: TwoWayHarness, clock: Time) -> None:
    """Once renamed and once made inactive; change data were read between the two."""
    sides.harness.edit_books("Customer", sides.job_id, DisplayName="Smith roof")
    sides.sync()
    in_the_same_second(clock)
    sides.harness.edit_books("Customer", sides.job_id, Active=False)
    clock.go_on(timedelta(minutes=5))
    sides.sync()
    assert SyncLogEntry.objects.filter(cause="customer_made_inactive").count() == 1
    clock.go_on(timedelta(minutes=5))
    assert_nothing_left_to_do(sides)


def test_a_payment_left_as_it_is_and_changed_in_the_same_second_is_asked_about_anew(
    sides: TwoWayHarness, clock: Time
) -> None:
    less(sides, 30)
    sides.harness.look_at_changes()
    sides.harness.portal.work()
    sides.harness.held().decide("discard")
    in_the_same_second(clock)
    less(sides, 20)
    clock.go_on(timedelta(minutes=5))
    sides.sync()
    assert seen_amount(sides) == "$20", logged_in_order(sides)
    assert SyncRun.objects.held().count() == 1
