"""A question whose reason people have put right by hand, on either side, ends by itself or asks what is left."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from integrations.models import QuickBooksConnection, SyncRun
from integrations.sync.ingest.quickbooks_cdc import due_cdc_reads
from tests.portal_harness import PortalHarness
from tests.sync.customer_builders import change_account, enter_again
from tests.sync.invoice_builders import prefer
from tests.sync.pull_builders import assert_nothing_left_to_do, invoices, logged_in_order
from tests.sync.test_deleted_documents import delete_in_coperniq
from tests.sync.test_look_alikes import PHONE
from tests.sync.two_way import TwoWayHarness, open_two_way

Step = Callable[[TwoWayHarness], object]


def ours(sides: TwoWayHarness, number: int = 0) -> dict[str, Any]:
    return invoices(sides)[number]


def act(verb: str, number: int = 0) -> Step:
    return lambda sides: sides.harness.act(ours(sides, number), verb)


def edit(**fields: Any) -> Step:
    return lambda sides: sides.harness.edit(ours(sides), **fields)


def price(amount: int) -> Step:
    return lambda sides: sides.harness.edit(ours(sides), lineItems=[sides.harness.line("Permit", 1, amount)])


def pay(sides: TwoWayHarness) -> None:
    sides.harness.pay(ours(sides), 40)


def unpay(sides: TwoWayHarness) -> None:
    sides.harness.remove_payment(ours(sides), ours(sides)["payments"][0])


def pay_there(sides: TwoWayHarness) -> None:
    sides.payment({"id": sides.harness.in_books()["Id"], "amount": 40})


def unpay_there(sides: TwoWayHarness) -> None:
    sides.delete(sides.harness.in_books("Payment"), "Payment")


def delete_there(sides: TwoWayHarness) -> None:
    sides.delete(sides.harness.books("Invoice")[0])


def void_there(sides: TwoWayHarness) -> None:
    sides.void(sides.harness.books("Invoice")[0])


def hold_voids(sides: TwoWayHarness) -> None:
    sides.harness.configure(on_quickbooks_void="hold")


def typed_there(amount: int = 100, number: str = "B-78") -> Step:
    return lambda sides: sides.invoice({"item": "Permit", "quantity": 1, "price": amount}, number=number)


def change_there(**fields: Any) -> Step:
    return lambda sides: sides.change(sides.harness.books("Invoice")[-1], **fields)


def make(**fields: Any) -> Step:
    return lambda sides: sides.harness.invoice(("Permit", 1, 100), **fields)


def only_sent(sides: TwoWayHarness) -> None:
    sides.harness.configure(push_from="sent")


def sync(sides: TwoWayHarness) -> None:
    sides.sync()


def push(sides: TwoWayHarness) -> None:
    sides.harness.work()


MADE: tuple[Step, ...] = (make(), sync, sync)
DOUBLE = {"lines": [{"item": "Permit", "quantity": 1, "price": 300}]}
CASES: dict[str, tuple[tuple[Step, ...], str, Step, str]] = {
    "deleted there, declined here": ((*MADE, delete_there), "quickbooks_invoice_deleted", act("decline"), ""),
    "deleted there, deleted here": (
        (*MADE, delete_there),
        "quickbooks_invoice_deleted",
        delete_in_coperniq,
        "",
    ),
    "deleted there, edited here": (
        (*MADE, delete_there),
        "quickbooks_invoice_deleted",
        price(150),
        "quickbooks_invoice_deleted: $150.00",
    ),
    "deleted there, paid here": ((*MADE, delete_there), "quickbooks_invoice_deleted", pay, "ended_but_paid"),
    "deleted there and paid here, payment removed": (
        (*MADE, pay, sync, sync, unpay_there, delete_there),
        "ended_but_paid",
        unpay,
        "quickbooks_invoice_deleted",
    ),
    "voided there, declined here": (
        (hold_voids, *MADE, void_there),
        "quickbooks_invoice_voided",
        act("decline"),
        "",
    ),
    "voided there and paid here, payment removed": (
        (*MADE, pay, sync, sync, unpay_there, void_there),
        "ended_but_paid",
        unpay,
        "",
    ),
    "declined here and paid there, payment deleted": (
        (*MADE, pay_there, act("decline")),
        "declined_but_paid",
        unpay_there,
        "",
    ),
    "deleted here, voided there": ((*MADE, delete_in_coperniq), "invoice_missing", void_there, ""),
    "deleted here, deleted there": ((*MADE, delete_in_coperniq), "invoice_missing", delete_there, ""),
    "deleted here and paid there, payment deleted": (
        (*MADE, pay_there, delete_in_coperniq),
        "invoice_missing",
        unpay_there,
        "invoice_missing: void it",
    ),
    "same bill, another total there": (
        (typed_there(), make()),
        "probably_same_invoice",
        change_there(**DOUBLE),
        "",
    ),
    "same bill, another number there": (
        (typed_there(), make()),
        "probably_same_invoice",
        change_there(number="B-80"),
        "probably_same_invoice: B-80",
    ),
    "same bill that came over, another number there": (
        (typed_there(number="1002"), sync, make(uid=1002)),
        "probably_same_invoice",
        change_there(number="B-80"),
        "",
    ),
    "same bill as a draft, sent": (
        (only_sent, typed_there(), make(status="DRAFT")),
        "probably_same_invoice",
        edit(status="SENT"),
        "probably_same_invoice: B-78",
    ),
    "same bill as a draft, declined": (
        (only_sent, typed_there(), make(status="DRAFT")),
        "probably_same_invoice",
        act("decline"),
        "",
    ),
    "same bill as a draft, another total": (
        (only_sent, typed_there(), make(status="DRAFT")),
        "probably_same_invoice",
        price(150),
        "",
    ),
    "same bill made already, voided": (
        (typed_there(), make(), push),
        "probably_same_invoice",
        lambda sides: sides.void(sides.harness.books("Invoice")[1]),
        "",
    ),
    "typed again there, declined here": (
        (*MADE, delete_there, sync, typed_there()),
        "probably_same_invoice",
        act("decline"),
        "",
    ),
    "typed again there, another total there": (
        (*MADE, delete_there, sync, typed_there()),
        "probably_same_invoice",
        change_there(**DOUBLE),
        "quickbooks_invoice_deleted",
    ),
    "typed again here, voided there": (
        (*MADE, delete_in_coperniq, make()),
        "probably_same_invoice",
        void_there,
        "",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_question_about_an_invoice_follows_what_people_do(portal: PortalHarness, case: str) -> None:
    steps, asked, put_right, left = CASES[case]
    sides = open_two_way(portal)
    for step in steps:
        step(sides)
    sides.sync()
    sides.harness.sweep()
    held = SyncRun.objects.held().filter(kind="invoice")
    assert asked in held.values_list("cause", flat=True), logged_in_order(sides)
    put_right(sides)
    if " there" in case.rpartition(",")[2] or "deleted" in case.rpartition(",")[2]:
        sides.sync()
    sides.harness.sweep()
    sides.sync()
    cause, _, said = left.partition(": ")
    found = [run.cause for run in held.all()]
    assert found == ([cause] if cause else []), (found, logged_in_order(sides))
    if said:
        run = held.get()
        labels = " ".join(choice["label"].lower() for choice in run.choices)
        assert said.lower() in run.sentence.lower() + labels
    assert_nothing_left_to_do(sides)


def test_what_was_held_for_closed_books_goes_on_once_it_is_known_that_they_are_open(
    portal: PortalHarness,
) -> None:
    sides = open_two_way(portal)
    prefer(portal, book_close_date="2030-01-01")
    for _ in range(2):
        sides.harness.invoice(("Permit", 1, 285))
    sides.sync()
    first, second = SyncRun.objects.held().filter(cause="books_closed")
    portal.simulator.control(f"quickbooks/{portal.realm}", {"book_close_date": None}, "PATCH")
    sides.harness.decide("retry", first)
    second.refresh_from_db()
    assert second.state == "done"
    assert len(sides.harness.books("Invoice")) == 2


def look(portal: PortalHarness) -> None:
    """The portal looks at what changed in QuickBooks."""
    QuickBooksConnection.objects.update(next_changes_at=timezone.now())
    for job in due_cdc_reads():
        job()
    portal.work()


def customer(portal: PortalHarness, name: str, **fields: Any) -> str:
    return str(portal.simulator.in_books(portal.realm, DisplayName=name, **fields)["Id"])


def change_customer(portal: PortalHarness, id_: str, **fields: Any) -> None:
    portal.simulator.edit_books(portal.realm, id_, **fields)
    look(portal)


def enter(portal: PortalHarness, title: str = "Harbor Coffee", **fields: Any) -> dict[str, Any]:
    project = portal.project(portal.account(title, **fields), title)
    portal.enter(project)
    portal.work()
    return project


def linked_id(portal: PortalHarness) -> str:
    return str(portal.link("customer").quickbooks_id)


EMAIL: dict[str, Any] = {"PrimaryEmailAddr": {"Address": "office@example.com"}}


@pytest.mark.parametrize("case", ["one match left", "no match left", "active again"])
def test_a_question_about_a_customer_follows_what_people_do(portal: PortalHarness, case: str) -> None:
    look(portal)
    if case == "one match left":
        first, second = (customer(portal, name, **EMAIL) for name in ("Harbor Coffee", "Harbor Tea"))
        enter(portal, primaryEmail="office@example.com")
        assert portal.held().cause == "several_matches"
        change_customer(portal, second, PrimaryEmailAddr={"Address": "tea@example.com"})
        assert linked_id(portal) == first
    elif case == "no match left":
        first = customer(portal, "Harbour Coffee", **PHONE)
        enter(portal, primaryPhone="520 555 0134")
        assert portal.held().cause == "probably_same_customer"
        change_customer(portal, first, PrimaryPhone={"FreeFormNumber": "(520) 555-0199"})
        assert linked_id(portal) != first
    else:
        first = customer(portal, "Harbor Coffee", **EMAIL)
        portal.simulator.edit_books(portal.realm, first, Active=False)
        enter(portal, primaryEmail="office@example.com")
        assert portal.held().cause == "match_inactive"
        change_customer(portal, first, Active=True)
        assert linked_id(portal) == first
    assert not SyncRun.objects.open().exists(), portal.log()


def test_what_an_account_was_offered_and_another_one_got_is_offered_no_more(portal: PortalHarness) -> None:
    ids = [customer(portal, name, **EMAIL) for name in ("Harbor Tea", "Harbor Rolls")]
    for title in ("Harbor Coffee", "Lakeside Coffee"):
        enter(portal, title, primaryEmail="office@example.com")
    first, second = SyncRun.objects.held().filter(kind="customer").order_by("id")
    portal.decide(f"link:{ids[0]}", first)
    second.refresh_from_db()
    keys = [choice["key"] for choice in second.choices]
    assert f"link:{ids[0]}" not in keys
    assert f"link:{ids[1]}" in keys or second.state == "done"


def test_a_new_name_that_is_free_again_is_written(portal: PortalHarness) -> None:
    look(portal)
    project = enter(portal, "Old Name")
    theirs = customer(portal, "Harbor  Coffee")
    change_account(portal, title="Harbor Coffee")
    enter_again(portal, project)
    portal.work()
    assert portal.held().cause == "name_taken"
    change_customer(portal, theirs, DisplayName="Harbor Tea")
    assert portal.customer(Id=linked_id(portal))["DisplayName"] == "Harbor Coffee"
    assert not SyncRun.objects.open().exists(), portal.log()


def test_an_inactive_customer_that_people_made_active_again_needs_no_answer(portal: PortalHarness) -> None:
    look(portal)
    project = enter(portal)
    ids = [portal.customer(Job=is_job)["Id"] for is_job in (True, False)]
    for id_ in ids:
        portal.simulator.edit_books(portal.realm, id_, Active=False)
    look(portal)
    enter_again(portal, project)
    portal.work()
    assert {run.cause for run in SyncRun.objects.held()} == {"customer_inactive", "job_inactive"}
    for id_ in reversed(ids):
        portal.simulator.edit_books(portal.realm, id_, Active=True)
    look(portal)
    assert not SyncRun.objects.open().exists(), portal.log()


def test_a_project_that_was_moved_back_needs_no_answer(portal: PortalHarness) -> None:
    project = enter(portal)
    other = portal.account("Mary Jones")
    portal.simulator.change("projects", project["id"], accountId=other["id"])
    enter_again(portal, project)
    portal.work()
    moved = SyncRun.objects.held().get(kind="job")
    assert moved.cause == "project_moved"
    own = portal.link("job").coperniq_account_id
    portal.simulator.change("projects", project["id"], accountId=int(own))
    portal.ring(project)
    portal.work()
    assert not SyncRun.objects.held().filter(kind="job").exists(), portal.log()
