"""A linked customer or job that people rename, deactivate or lose in QuickBooks."""

from __future__ import annotations

from typing import Any

import pytest

from integrations.causes import Cause
from integrations.models import CompanyLease, RecordLink, RemoteWrite, RunState, SyncLogEntry, SyncRun
from integrations.sync.customers import merge_detection
from integrations.sync.engine.context import SyncContext
from tests.portal_harness import PortalHarness
from tests.sync.customer_builders import change_account, enter_again, pushed, update_met
from tests.sync.merge_builders import ask_about, logged_sentences, notice, rows_of_links

INACTIVE = (
    "done_with_warning: “John Smith” was made inactive in QuickBooks. QuickBooks accepts no new invoices or payments for "
    "it while it is inactive. If you expect more, make it active again there."
)


@pytest.fixture
def project(portal: PortalHarness) -> dict[str, Any]:
    made = pushed(portal)
    portal.simulator.forget_log()
    return made


def edit(portal: PortalHarness, kind: str = "customer", **fields: Any) -> str:
    link = portal.link(kind)
    portal.simulator.edit_books(portal.realm, link.quickbooks_id, **fields)
    return link.quickbooks_id


@pytest.mark.usefixtures("project")
def test_what_the_portal_wrote_itself_is_no_news_and_costs_one_read(portal: PortalHarness) -> None:
    before = rows_of_links()
    for kind in ("customer", "job"):
        notice(portal, portal.link(kind).quickbooks_id, kind)
        assert logged_sentences(kind) == []
    assert rows_of_links() == before
    assert len(portal.quickbooks_calls()) == 2
    assert not portal.quickbooks_calls(write=True)


def test_a_new_name_is_told_once_and_stays_peoples(portal: PortalHarness, project: dict[str, Any]) -> None:
    link = portal.link("customer")
    number = edit(portal, DisplayName="Smith, John")
    for _ in range(2):
        notice(portal, number)
    assert logged_sentences() == [
        "done: “John Smith” was renamed to “Smith, John” in QuickBooks. It stays linked."
    ]
    row = SyncLogEntry.objects.get(direction="pull")
    assert row.cause == Cause.CUSTOMER_RENAMED
    assert row.changes == [{"field": "DisplayName", "before": "John Smith", "after": "Smith, John"}]
    assert row.coperniq_id == link.coperniq_id
    renamed = portal.link("customer")
    assert (renamed.quickbooks_name, renamed.sync_state) == ("Smith, John", link.sync_state)
    assert not portal.quickbooks_calls(write=True)
    enter_again(portal, project)
    portal.work()
    assert portal.customer(Job=False)["DisplayName"] == "Smith, John"


@pytest.mark.usefixtures("project")
def test_a_job_is_looked_at_as_well(portal: PortalHarness) -> None:
    notice(portal, edit(portal, "job", DisplayName="Roof"), "job")
    assert SyncLogEntry.objects.get(kind="job", direction="pull").cause == Cause.CUSTOMER_RENAMED


@pytest.mark.usefixtures("project")
def test_inactive_is_a_warning_once_and_active_again_is_told(portal: PortalHarness) -> None:
    number = edit(portal, Active=False)
    for _ in range(2):
        notice(portal, number)
    assert logged_sentences() == [INACTIVE]
    edit(portal, Active=True, DisplayName="John Smith")
    for _ in range(2):
        notice(portal, number)
    assert logged_sentences()[1:] == [
        "done: “John Smith” is active again in QuickBooks. What was held because of it is tried again."
    ]
    assert not SyncRun.objects.held().exists()


@pytest.mark.usefixtures("project")
def test_a_new_name_and_inactive_are_one_line(portal: PortalHarness) -> None:
    notice(portal, edit(portal, Active=False, DisplayName="Smith"))
    (row,) = SyncLogEntry.objects.filter(direction="pull")
    assert (row.outcome, row.cause) == ("done_with_warning", Cause.CUSTOMER_MADE_INACTIVE)
    assert "was renamed" in row.sentence
    assert [change["field"] for change in row.changes] == ["DisplayName", "Active"]


def test_what_the_portal_made_inactive_is_no_news(portal: PortalHarness, project: dict[str, Any]) -> None:
    change_account(portal, isActive=False)
    enter_again(portal, project)
    portal.work()
    assert portal.customer(Job=False)["Active"] is False
    notice(portal, portal.link("customer").quickbooks_id)
    assert logged_sentences() == []


def test_a_link_without_memory_knows_inactive_ones_by_their_name(
    portal: PortalHarness, project: dict[str, Any]
) -> None:
    change_account(portal, isActive=False)
    enter_again(portal, project)
    portal.work()
    RecordLink.objects.filter(kind="customer").update(quickbooks_snapshot={})
    notice(portal, portal.link("customer").quickbooks_id)
    assert logged_sentences() == []


@pytest.mark.usefixtures("project")
def test_one_that_is_gone_is_held_until_it_is_there_again(portal: PortalHarness) -> None:
    number = portal.link("customer").quickbooks_id
    RecordLink.objects.filter(kind="customer").update(quickbooks_id="9999")
    notice(portal, "9999")
    notice(portal, "9999")
    assert logged_sentences() == [
        "held: QuickBooks no longer shows the linked customer “John Smith”. Look for it in QuickBooks, then try again."
    ]
    assert portal.held().cause == "customer_missing"
    RecordLink.objects.filter(kind="customer").update(quickbooks_id=number)
    portal.decide("retry")
    assert not SyncRun.objects.held().exists()


def test_one_that_nobody_is_linked_to_costs_nothing(portal: PortalHarness) -> None:
    notice(portal, portal.simulator.in_books(portal.realm, DisplayName="Stranger")["Id"])
    assert (logged_sentences(), portal.quickbooks_calls()) == ([], [])


@pytest.mark.usefixtures("project")
def test_it_takes_its_turn_among_the_runs_of_its_account(portal: PortalHarness) -> None:
    link = portal.link("customer")
    run = ask_about(portal, link.quickbooks_id)
    portal.work()
    run.refresh_from_db()
    assert (run.coperniq_id, run.coperniq_account_id) == (link.coperniq_id, link.coperniq_id)
    assert (run.state, run.attempts) == (RunState.DONE, 2)


def test_nobody_is_asked_about_a_customer_without_link(portal: PortalHarness) -> None:
    ctx = SyncContext(CompanyLease.objects.get(), portal.quickbooks)
    merge_detection.request_merge_check(ctx, "77")
    assert merge_detection.find_pending_merge(ctx, "77") is None
    merge_detection.wait_if_customer_merged(ctx, "77", "78")
    assert not SyncRun.objects.exists()


def test_an_own_write_without_answer_is_settled_first_and_no_news(portal: PortalHarness) -> None:
    """Its own run has given up for now, and is held."""
    update_met(portal, "lost_answer", isActive=False)
    SyncRun.objects.filter(action="push_customer", state="queued").update(state="held")
    assert RemoteWrite.objects.open().exists()
    notice(portal, portal.link("customer").quickbooks_id)
    assert logged_sentences() == []
    assert not RemoteWrite.objects.open().exists()
    assert portal.link("customer").quickbooks_snapshot["is_active"] is False
