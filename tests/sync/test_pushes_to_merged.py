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


def merged(harness: InvoiceHarness) -> tuple[str, str]:
    """Nobody has told the portal."""
    away, into = (
        number_of(),
        str(harness.portal.simulator.in_books(harness.portal.realm, DisplayName="B")["Id"]),
    )
    merge(harness.portal, away, into)
    harness.portal.simulator.forget_log()
    return away, into


def card() -> SyncRun:
    return SyncRun.objects.held().get(action="notice_customer")


@pytest.mark.parametrize("code", ["610", "2500"])
def test_an_invoice_for_it_waits_and_goes_to_the_survivor(harness: InvoiceHarness, code: str) -> None:
    harness.portal.simulator.switch(inactive_customer_code=code)
    _, into = merged(harness)
    invoice = harness.invoice(on=harness.account)
    harness.work()
    assert harness.logged() == [WAITS]
    assert logged_sentences()[0].startswith("held: “John Smith” was merged into “B”")
    assert_at_rest(harness)
    harness.decide("relink", card())
    assert harness.in_books()["CustomerRef"]["value"] == into
    assert RecordLink.objects.get(kind="invoice").coperniq_id == str(invoice["id"])
    assert_at_rest(harness)


def test_with_the_question_open_nothing_more_is_read(harness: InvoiceHarness) -> None:
    away, _ = merged(harness)
    notice(harness.portal, away)
    harness.portal.simulator.forget_log()
    harness.invoice(on=harness.account)
    harness.work()
    assert harness.logged() == [WAITS]
    assert not [call for call in harness.calls() if "/customer/" in call]


def test_who_leaves_the_links_is_told_what_quickbooks_says(harness: InvoiceHarness) -> None:
    merged(harness)
    harness.invoice(on=harness.account)
    harness.work()
    harness.decide("discard", card())
    held = SyncRun.objects.held().get()
    assert held.cause == "waited_in_vain"
    harness.decide("retry", held)
    assert SyncRun.objects.held().get().cause == "inactive_reference"
    assert len(logged_sentences()) == 1, "it is not asked again"


def test_an_inactive_customer_that_was_not_merged_is_refused_as_ever(harness: InvoiceHarness) -> None:
    harness.portal.simulator.edit_books(harness.portal.realm, number_of(), Active=False)
    harness.invoice(on=harness.account)
    harness.work()
    assert SyncRun.objects.held().get().cause == "inactive_reference"


def test_a_new_project_of_it_waits_with_customer_and_job(harness: InvoiceHarness) -> None:
    portal = harness.portal
    _, into = merged(harness)
    portal.enter(portal.project(harness.account, "Garage"))
    portal.work()
    waiting = SyncRun.objects.filter(state=RunState.WAITING)
    assert sorted(waiting.values_list("action", "cause")) == [
        ("push_customer", "merge_pending"),
        ("push_job", "merge_pending"),
    ]
    harness.decide("relink", card())
    assert not SyncRun.objects.open().exists(), portal.log()
    job = next(row for row in portal.customers() if row["DisplayName"].startswith("Garage"))
    assert job["ParentRef"]["value"] == into


def test_one_that_quickbooks_does_not_show_any_more_waits_too(harness: InvoiceHarness) -> None:
    harness.portal.simulator.switch(merged_away="gone")
    away, into = merged(harness)
    receive_merge_event(harness.portal, away, into)
    harness.portal.enter(harness.portal.project(harness.account, "Garage"))
    harness.portal.work()
    harness.decide("relink", card())
    assert not SyncRun.objects.open().exists(), harness.portal.log()


@pytest.mark.parametrize("way", ["inactive", "gone"])
def test_a_job_merged_into_another_waits_when_its_project_enters_again(
    portal: PortalHarness, way: str
) -> None:
    portal.simulator.switch(merged_away=way)
    project = portal.project(portal.account("John Smith"))
    portal.enter(project)
    portal.work()
    parent: dict[str, Any] = {"Job": True, "ParentRef": {"value": number_of()}}
    away = number_of("job")
    into = portal.simulator.in_books(portal.realm, DisplayName="Roof", **parent)["Id"]
    merge(portal, away, into)
    receive_merge_event(portal, away, into)
    enter_again(portal, project)
    portal.work()
    assert SyncRun.objects.get(action="push_job", state="waiting").waits_for_kind == Kind.JOB
    portal.decide("relink", card())
    assert number_of("job") == into
    assert not SyncRun.objects.open().exists(), portal.log()


def test_a_payment_goes_to_the_customer_its_invoice_has_now(harness: InvoiceHarness) -> None:
    invoice = pushed(harness, on=harness.account)
    _, into = merged(harness)
    harness.pay(invoice, 40)
    harness.sweep()
    assert harness.in_books("Payment")["CustomerRef"]["value"] == into


def context_of(harness: InvoiceHarness) -> SyncContext:
    return SyncContext(CompanyLease.objects.get(), harness.portal.quickbooks)


def test_a_pull_that_sees_another_customer_learns_that_it_is_a_merge(harness: InvoiceHarness) -> None:
    pushed(harness, on=harness.account)
    away, into = merged(harness)
    ctx = context_of(harness)
    merge_detection.wait_if_customer_merged(ctx, away, away)
    for _ in range(2):
        with pytest.raises(BlockedBy) as caught:
            merge_detection.wait_if_customer_merged(ctx, away, into)
        blocked = caught.value
        assert blocked.cause == Cause.MERGE_PENDING
        assert (blocked.kind, blocked.coperniq_id) == ("customer", str(harness.account["id"]))
        store_follow_ups(ctx.take_follow_ups())
        harness.portal.work()
        pending = merge_detection.find_pending_merge(ctx, away)
        assert pending is not None
        assert pending.quickbooks_id == away
    harness.decide("discard", card())
    assert merge_detection.find_pending_merge(ctx, away) is None
    merge_detection.wait_if_customer_merged(ctx, away, into)


def test_a_pull_of_an_invoice_moved_by_hand_is_no_merge(harness: InvoiceHarness) -> None:
    pushed(harness, on=harness.account)
    other = harness.portal.simulator.in_books(harness.portal.realm, DisplayName="B")["Id"]
    harness.edit_books("Invoice", harness.in_books()["Id"], CustomerRef={"value": other})
    ctx = context_of(harness)
    merge_detection.wait_if_customer_merged(ctx, number_of(), other)
    assert not SyncRun.objects.open().exists()


def test_whoever_waits_goes_on_if_there_is_nothing_to_decide_any_more(harness: InvoiceHarness) -> None:
    """Made active again in QuickBooks, it takes invoices as before."""
    away, _ = merged(harness)
    harness.invoice(on=harness.account)
    harness.work()
    harness.portal.simulator.edit_books(harness.portal.realm, away, Active=True, DisplayName="John Smith")
    harness.decide("retry", card())
    assert harness.in_books()["CustomerRef"]["value"] == away
