"""Lost answers, stale versions, throttling, outages, revoked access: delayed, never doubled, never lost."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from integrations.connections.tokens import token_values
from integrations.models import (
    CoperniqConnection,
    QuickBooksConnection,
    RecordLink,
    RemoteWrite,
    RunState,
    SyncLogEntry,
    SyncRun,
    SyncSettings,
)
from tests.portal_harness import PortalHarness, tokens_for

JOHN = {"primaryEmail": "john@example.com"}


def entered(portal: PortalHarness) -> dict[str, object]:
    project = portal.project(portal.account("John Smith", **JOHN))
    portal.enter(project)
    return project


def names(portal: PortalHarness) -> list[str]:
    return sorted(row["DisplayName"] for row in portal.customers())


def assert_one_of_each(portal: PortalHarness) -> None:
    assert len(portal.customers(Job=False)) == 1
    assert len(portal.customers(Job=True)) == 1
    assert RecordLink.objects.count() == 2
    assert not RemoteWrite.objects.open().exists()


@pytest.mark.parametrize("memory", [86_400, -1])
@pytest.mark.parametrize("which", [1, 2])
def test_a_lost_answer_makes_no_second_record(portal: PortalHarness, memory: int, which: int) -> None:
    """With a QuickBooks that replays the request id, and with one that has forgotten it."""
    portal.simulator.switch(requestid_memory_seconds=memory)
    entered(portal)
    if which == 2:
        portal.work_once()
        portal.work_once()
    portal.simulator.fault("lost_answer", method="POST", path="/customer", times=1)
    portal.work()
    assert_one_of_each(portal)
    assert any("retrying" in line for line in portal.log())


def test_a_repeated_write_has_the_same_id_and_the_same_bytes(portal: PortalHarness) -> None:
    entered(portal)
    portal.simulator.fault("lost_answer", method="POST", path="/customer", times=2)
    portal.work()
    writes = list(portal.simulator.log("quickbooks", write=True))
    first = [call for call in writes if call["request_id"] == writes[0]["request_id"]]
    assert len(first) == 3
    assert sum(call["replayed"] for call in first) == 2
    assert_one_of_each(portal)


def test_a_lost_answer_to_an_update_still_counts_as_written_by_the_portal(portal: PortalHarness) -> None:
    project = entered(portal)
    portal.work()
    portal.simulator.switch(requestid_memory_seconds=-1)
    portal.simulator.change("accounts", portal.link("customer").coperniq_id, primaryPhone="1")
    portal.simulator.control("clock", {"shift_seconds": 60})
    portal.enter(project, "Billing")
    portal.enter(project)
    portal.simulator.fault("lost_answer", method="POST", path="/customer", times=1)
    portal.work()
    assert portal.link("customer").customer_state.written_values["PrimaryPhone.FreeFormNumber"] == "1"
    assert_one_of_each(portal)


def test_long_after_a_lost_answer_the_record_is_looked_for_before_anything_is_repeated(
    portal: PortalHarness,
) -> None:
    entered(portal)
    portal.work_once()
    portal.simulator.fault("lost_answer", method="POST", path="/customer", times=1)
    portal.work_once()
    write = RemoteWrite.objects.open().get()
    RemoteWrite.objects.filter(pk=write.pk).update(sent_at=timezone.now() - timedelta(hours=3))
    portal.simulator.forget_log()
    portal.work()
    assert_one_of_each(portal)
    assert portal.link("customer").match_method == RecordLink.MatchMethod.ADOPTED
    assert len(portal.quickbooks_calls(write=True)) == 1, "the job alone"


def test_a_write_prepared_but_never_sent_is_planned_anew(portal: PortalHarness) -> None:
    entered(portal)
    portal.work_once()
    run = SyncRun.objects.get(action="push_customer")
    write = RemoteWrite(
        connection=portal.quickbooks,
        run=run,
        kind="customer",
        coperniq_id=run.coperniq_id,
        entity="Customer",
        operation="create",
    )
    write.body = '{"DisplayName": "Never sent"}'
    write.save()
    portal.work()
    assert "Never sent" not in names(portal)
    assert_one_of_each(portal)


@pytest.mark.parametrize(
    "fault", ["error_500", "error_502_html", "throttle", "fault_in_200", "refuse_connection_before"]
)
def test_a_passing_trouble_of_quickbooks_only_delays(portal: PortalHarness, fault: str) -> None:
    entered(portal)
    portal.simulator.fault(fault, times=3)
    portal.work()
    portal.work()
    assert_one_of_each(portal)


@pytest.mark.parametrize("fault", ["error_500", "error_502_html", "throttle", "refuse_connection_before"])
def test_a_passing_trouble_of_coperniq_only_delays(portal: PortalHarness, fault: str) -> None:
    entered(portal)
    portal.simulator.fault(fault, vendor="coperniq", times=4)
    portal.work()
    assert_one_of_each(portal)


def test_a_duplicate_request_id_answer_is_an_unknown_outcome(portal: PortalHarness) -> None:
    entered(portal)
    portal.simulator.fault("duplicate_request_id", method="POST", path="/customer", times=1)
    portal.work()
    assert_one_of_each(portal)


def test_somebody_faster_is_read_again_and_decided_anew(portal: PortalHarness) -> None:
    project = entered(portal)
    portal.work()
    SyncSettings.objects.update(matching_strategy="replace")
    portal.simulator.change("accounts", portal.link("customer").coperniq_id, primaryPhone="1")
    portal.simulator.control("clock", {"shift_seconds": 60})
    portal.enter(project, "Billing")
    portal.enter(project)
    portal.simulator.fault("stale", method="POST", path="/customer", times=2)
    portal.work()
    assert portal.customer(Job=False)["PrimaryPhone"]["FreeFormNumber"] == "1"
    assert not any("retrying" in line for line in portal.log())


def test_an_outage_that_outlasts_all_pauses_is_held_and_blocks_nobody(
    portal: PortalHarness, settings: Any
) -> None:
    settings.RETRY_PAUSES = [1, 1]
    entered(portal)
    portal.work_once()
    account = SyncRun.objects.get(action="push_customer").coperniq_id
    portal.simulator.fault("error_500", vendor="coperniq", path=f"/accounts/{account}", times=0)
    portal.work()
    run = SyncRun.objects.held().get()
    assert (run.cause, run.attempts) == ("vendor_unavailable", 3)
    assert "tried 3 times" in run.sentence
    portal.enter(portal.project(portal.account("Mary Jones")))
    portal.work()
    assert "Mary Jones" in names(portal)
    portal.simulator.control("faults", method="DELETE")
    portal.decide("retry", run)
    assert "John Smith" in names(portal)


def test_pauses_rise_and_are_kept(portal: PortalHarness, settings: Any) -> None:
    settings.RETRY_PAUSES = [100, 200]
    entered(portal)
    portal.simulator.fault("error_500", vendor="coperniq", times=0)
    portal.work(pauses=True)
    run = SyncRun.objects.get()
    assert run.state == RunState.QUEUED
    assert run.not_before is not None
    assert timedelta(seconds=90) < run.not_before - timezone.now() <= timedelta(seconds=100)


def test_one_throttled_call_pauses_the_whole_company(portal: PortalHarness, settings: Any) -> None:
    settings.RETRY_PAUSES = [100]
    first, second = (portal.project(portal.account(name)) for name in ("John", "Mary"))
    portal.enter(first)
    portal.enter(second)
    portal.simulator.fault("throttle", vendor="coperniq", times=1)
    portal.simulator.forget_log()
    portal.work(pauses=True)
    assert len(portal.simulator.log("coperniq")) == 1
    portal.enter(portal.project(portal.account("Ann")))
    portal.work(pauses=True)
    assert len(portal.simulator.log("coperniq")) == 1, "who comes later waits too"
    portal.work()
    assert len(portal.customers(Job=True)) == 3


def test_revoked_access_holds_everything_and_connecting_again_releases_it(portal: PortalHarness) -> None:
    entered(portal)
    portal.simulator.control("intuit/disconnect", {"realm_id": portal.realm})
    portal.work()
    portal.quickbooks.refresh_from_db()
    assert portal.quickbooks.state == QuickBooksConnection.State.NEEDS_AUTHORIZATION
    assert SyncRun.objects.held().get(action="push_customer").cause == "reconnect"
    fresh = token_values(tokens_for(portal.simulator, portal.realm))
    QuickBooksConnection.objects.update(**fresh, state=QuickBooksConnection.State.CONNECTED)
    SyncRun.objects.release_after_reconnect()
    portal.work()
    assert_one_of_each(portal)


def test_an_event_that_comes_while_access_is_lost_is_held_too(portal: PortalHarness) -> None:
    QuickBooksConnection.objects.update(state=QuickBooksConnection.State.NEEDS_AUTHORIZATION)
    entered(portal)
    portal.work()
    assert SyncRun.objects.get().cause == "reconnect"
    assert portal.simulator.log("quickbooks") == []


def test_a_refused_coperniq_key_holds_too(portal: PortalHarness) -> None:
    entered(portal)
    portal.simulator.fault("forbidden", vendor="coperniq", times=0)
    portal.work()
    portal.coperniq.refresh_from_db()
    assert portal.coperniq.state == CoperniqConnection.State.REFUSED
    assert SyncRun.objects.get().cause == "reconnect"


def test_something_unexpected_is_held_with_a_sentence_and_no_secret(
    portal: PortalHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    from integrations.sync.customers import push

    def break_(*_: object) -> None:
        raise ZeroDivisionError("with a secret: hunter2")

    monkeypatch.setattr(push, "plan", break_)
    entered(portal)
    portal.work()
    assert SyncRun.objects.held().get().cause == "internal"
    assert not SyncLogEntry.objects.filter(sentence__contains="hunter2").exists()


def sent_long_ago(portal: PortalHarness) -> RemoteWrite:
    write = RemoteWrite.objects.open().get()
    RemoteWrite.objects.filter(pk=write.pk).update(sent_at=timezone.now() - timedelta(hours=3))
    return write


def enter_again(portal: PortalHarness, project: dict[str, object]) -> None:
    portal.simulator.control("clock", {"shift_seconds": 60})
    portal.enter(project, "Billing")
    portal.enter(project)


def changed_then_lost(portal: PortalHarness) -> dict[str, object]:
    """An update whose answer was lost, with the customer's run the only one left to do."""
    project = entered(portal)
    portal.work()
    portal.simulator.change("accounts", portal.link("customer").coperniq_id, primaryPhone="1")
    enter_again(portal, project)
    portal.work_once()
    portal.simulator.fault("lost_answer", method="POST", path="/customer", times=1)
    portal.work_once()
    return project


def test_an_old_lost_update_that_arrived_is_recognised(portal: PortalHarness) -> None:
    changed_then_lost(portal)
    sent_long_ago(portal)
    portal.simulator.forget_log()
    portal.work()
    assert portal.quickbooks_calls(write=True) == []
    assert portal.link("customer").customer_state.written_values["PrimaryPhone.FreeFormNumber"] == "1"


def test_a_lost_update_people_have_overwritten_is_planned_anew(portal: PortalHarness) -> None:
    changed_then_lost(portal)
    portal.simulator.switch(requestid_memory_seconds=-1)
    customer = portal.customer(Job=False)
    portal.simulator.edit_books(portal.realm, customer["Id"], PrimaryPhone={"FreeFormNumber": "people's"})
    portal.work()
    assert portal.customer(Job=False)["PrimaryPhone"]["FreeFormNumber"] == "people's"
    assert not RemoteWrite.objects.open().exists()


def test_a_lost_create_whose_name_somebody_else_took_is_decided_by_a_person(portal: PortalHarness) -> None:
    entered(portal)
    portal.work_once()
    portal.simulator.fault("refuse_connection_before", method="POST", path="/customer", times=1)
    portal.work_once()
    portal.simulator.in_books(portal.realm, "Vendor", DisplayName="John Smith")
    portal.work()
    assert SyncRun.objects.held().get(kind="customer").cause == "name_taken"


def test_an_open_write_of_a_discarded_run_is_settled_before_the_next_one(
    portal: PortalHarness, settings: Any
) -> None:
    settings.RETRY_PAUSES = []
    project = entered(portal)
    portal.work_once()
    portal.simulator.fault("lost_answer", method="POST", path="/customer", times=1)
    portal.work()
    assert SyncRun.objects.held().get(kind="customer").decide("discard")
    portal.simulator.change("accounts", SyncRun.objects.get(kind="customer").coperniq_id, primaryPhone="7")
    enter_again(portal, project)
    portal.work()
    assert_one_of_each(portal)
    assert portal.customer(Job=False)["PrimaryPhone"]["FreeFormNumber"] == "7"


def test_a_write_whose_record_is_gone_comes_to_nothing(portal: PortalHarness) -> None:
    changed_then_lost(portal)
    RemoteWrite.objects.open().update(quickbooks_id="999")
    write = RemoteWrite.objects.open().get()
    write.body = write.body.replace(f'"Id": "{portal.link("customer").quickbooks_id}"', '"Id": "999"')
    write.request_id = "another"
    write.save()
    portal.work()
    assert not RemoteWrite.objects.open().exists()


def test_staleness_that_never_ends_is_tried_again_later(portal: PortalHarness) -> None:
    project = entered(portal)
    portal.work()
    portal.simulator.change("accounts", portal.link("customer").coperniq_id, primaryPhone="1")
    enter_again(portal, project)
    portal.simulator.fault("stale", method="POST", path="/customer", times=4)
    portal.work()
    assert any("retrying: Somebody changed this record" in line for line in portal.log())
    assert portal.customer(Job=False)["PrimaryPhone"]["FreeFormNumber"] == "1"


def test_a_tax_number_is_written_remembered_as_a_digest_and_never_shown(portal: PortalHarness) -> None:
    portal.simulator.make("properties", recordType="account", name="Tax", keyName="tax_number", type="TEXT")
    account = portal.account("John Smith", custom={"tax_number": "12-3456789"})
    project = portal.project(account)
    portal.enter(project)
    portal.work()
    assert portal.customer(Job=False)["PrimaryTaxIdentifier"].endswith("6789")
    everything = [
        str(row)
        for table in (RecordLink, SyncLogEntry, RemoteWrite, SyncRun)
        for row in table.objects.values()
    ]
    assert not any("12-3456789" in text or "3456789" in text for text in everything)
    portal.simulator.forget_log()
    enter_again(portal, project)
    portal.work()
    assert portal.quickbooks_calls(write=True) == [], "masked on the way back, yet no difference"
