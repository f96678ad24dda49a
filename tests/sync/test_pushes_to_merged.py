"""What is pushed to a customer or job that was merged away waits for the answer, instead of being refused for good."""

from __future__ import annotations

from typing import Any

import pytest

from integrations.causes import Cause
from integrations.errors import BlockedBy
from integrations.models import CompanyLease, Kind, RecordLink, RunState, SyncRun
from integrations.sync.customers import merge_detection
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.follow_ups import store_follow_ups
from tests.invoice_harness import InvoiceHarness
from tests.portal_harness import PortalHarness
from tests.sync.customer_builders import enter_again
from tests.sync.invoice_builders import assert_at_rest, pushed
from tests.sync.merge_builders import logged_sentences, merge, notice, receive_merge_event

WAITS = (
    "waiting: “John Smith” was merged into another customer in QuickBooks. Decide under Needs attention whether its "
    "links move there; this continues by itself after that."
)


def number_of(kind: str = "customer") -> str:
    return str(RecordLink.objects.filter(kind=kind).earliest("id").quickbooks_id)


def merged(money: InvoiceHarness) -> tuple[str, str]:
    """Nobody has told the portal."""
    away, into = number_of(), str(money.office.simulator.in_books(money.office.realm, DisplayName="B")["Id"])
    merge(money.office, away, into)
    money.office.simulator.forget_log()
    return away, into


def card() -> SyncRun:
    return SyncRun.objects.held().get(action="notice_customer")


@pytest.mark.parametrize("code", ["610", "2500"])
def test_an_invoice_for_it_waits_and_goes_to_the_survivor(money: InvoiceHarness, code: str) -> None:
    money.office.simulator.switch(inactive_customer_code=code)
    _, into = merged(money)
    invoice = money.invoice(on=money.account)
    money.work()
    assert money.told() == [WAITS]
    assert logged_sentences()[0].startswith("held: “John Smith” was merged into “B”")
    assert_at_rest(money)
    money.decide("relink", card())
    assert money.in_books()["CustomerRef"]["value"] == into
    assert RecordLink.objects.get(kind="invoice").coperniq_id == str(invoice["id"])
    assert_at_rest(money)


def test_with_the_question_open_nothing_more_is_read(money: InvoiceHarness) -> None:
    away, _ = merged(money)
    notice(money.office, away)
    money.office.simulator.forget_log()
    money.invoice(on=money.account)
    money.work()
    assert money.told() == [WAITS]
    assert not [call for call in money.calls() if "/customer/" in call]


def test_who_leaves_the_links_is_told_what_quickbooks_says(money: InvoiceHarness) -> None:
    merged(money)
    money.invoice(on=money.account)
    money.work()
    money.decide("discard", card())
    held = SyncRun.objects.held().get()
    assert held.cause == "waited_in_vain"
    money.decide("retry", held)
    assert SyncRun.objects.held().get().cause == "inactive_reference"
    assert len(logged_sentences()) == 1, "it is not asked again"


def test_an_inactive_customer_that_was_not_merged_is_refused_as_ever(money: InvoiceHarness) -> None:
    money.office.simulator.edit_books(money.office.realm, number_of(), Active=False)
    money.invoice(on=money.account)
    money.work()
    assert SyncRun.objects.held().get().cause == "inactive_reference"


def test_a_new_project_of_it_waits_with_customer_and_job(money: InvoiceHarness) -> None:
    office = money.office
    _, into = merged(money)
    office.enter(office.project(money.account, "Garage"))
    office.work()
    waiting = SyncRun.objects.filter(state=RunState.WAITING)
    assert sorted(waiting.values_list("action", "cause")) == [
        ("push_customer", "merge_pending"),
        ("push_job", "merge_pending"),
    ]
    money.decide("relink", card())
    assert not SyncRun.objects.open().exists(), office.log()
    job = next(row for row in office.customers() if row["DisplayName"].startswith("Garage"))
    assert job["ParentRef"]["value"] == into


def test_one_that_quickbooks_does_not_show_any_more_waits_too(money: InvoiceHarness) -> None:
    money.office.simulator.switch(merged_away="gone")
    away, into = merged(money)
    receive_merge_event(money.office, away, into)
    money.office.enter(money.office.project(money.account, "Garage"))
    money.office.work()
    money.decide("relink", card())
    assert not SyncRun.objects.open().exists(), money.office.log()


@pytest.mark.parametrize("way", ["inactive", "gone"])
def test_a_job_merged_into_another_waits_when_its_project_enters_again(
    office: PortalHarness, way: str
) -> None:
    office.simulator.switch(merged_away=way)
    project = office.project(office.account("John Smith"))
    office.enter(project)
    office.work()
    parent: dict[str, Any] = {"Job": True, "ParentRef": {"value": number_of()}}
    away = number_of("job")
    into = office.simulator.in_books(office.realm, DisplayName="Roof", **parent)["Id"]
    merge(office, away, into)
    receive_merge_event(office, away, into)
    enter_again(office, project)
    office.work()
    assert SyncRun.objects.get(action="push_job", state="waiting").waits_for_kind == Kind.JOB
    office.decide("relink", card())
    assert number_of("job") == into
    assert not SyncRun.objects.open().exists(), office.log()


def test_a_payment_goes_to_the_customer_its_invoice_has_now(money: InvoiceHarness) -> None:
    invoice = pushed(money, on=money.account)
    _, into = merged(money)
    money.pay(invoice, 40)
    money.sweep()
    assert money.in_books("Payment")["CustomerRef"]["value"] == into


def context_of(money: InvoiceHarness) -> SyncContext:
    return SyncContext(CompanyLease.objects.get(), money.office.quickbooks)


def test_a_pull_that_sees_another_customer_learns_that_it_is_a_merge(money: InvoiceHarness) -> None:
    pushed(money, on=money.account)
    away, into = merged(money)
    ctx = context_of(money)
    merge_detection.wait_if_customer_merged(ctx, away, away)
    for _ in range(2):
        with pytest.raises(BlockedBy) as caught:
            merge_detection.wait_if_customer_merged(ctx, away, into)
        blocked = caught.value
        assert blocked.cause == Cause.MERGE_PENDING
        assert (blocked.kind, blocked.coperniq_id) == ("customer", str(money.account["id"]))
        store_follow_ups(ctx.take_follow_ups())
        money.office.work()
        pending = merge_detection.find_pending_merge(ctx, away)
        assert pending is not None
        assert pending.quickbooks_id == away
    money.decide("discard", card())
    assert merge_detection.find_pending_merge(ctx, away) is None
    merge_detection.wait_if_customer_merged(ctx, away, into)


def test_a_pull_of_an_invoice_moved_by_hand_is_no_merge(money: InvoiceHarness) -> None:
    pushed(money, on=money.account)
    other = money.office.simulator.in_books(money.office.realm, DisplayName="B")["Id"]
    money.edit_books("Invoice", money.in_books()["Id"], CustomerRef={"value": other})
    ctx = context_of(money)
    merge_detection.wait_if_customer_merged(ctx, number_of(), other)
    assert not SyncRun.objects.open().exists()


def test_whoever_waits_goes_on_if_there_is_nothing_to_decide_any_more(money: InvoiceHarness) -> None:
    """Made active again in QuickBooks, it takes invoices as before."""
    away, _ = merged(money)
    money.invoice(on=money.account)
    money.work()
    money.office.simulator.edit_books(money.office.realm, away, Active=True, DisplayName="John Smith")
    money.decide("retry", card())
    assert money.in_books()["CustomerRef"]["value"] == away
