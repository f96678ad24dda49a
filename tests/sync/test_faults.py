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


def entered(office: PortalHarness) -> dict[str, object]:
    project = office.project(office.account("John Smith", **JOHN))
    office.enter(project)
    return project


def names(office: PortalHarness) -> list[str]:
    return sorted(row["DisplayName"] for row in office.customers())


def assert_one_of_each(office: PortalHarness) -> None:
    assert len(office.customers(Job=False)) == 1
    assert len(office.customers(Job=True)) == 1
    assert RecordLink.objects.count() == 2
    assert not RemoteWrite.objects.open().exists()


@pytest.mark.parametrize("memory", [86_400, -1])
@pytest.mark.parametrize("which", [1, 2])
def test_a_lost_answer_makes_no_second_record(office: PortalHarness, memory: int, which: int) -> None:
    """With a QuickBooks that replays the request id, and with one that has forgotten it."""
    office.simulator.switch(requestid_memory_seconds=memory)
    entered(office)
    if which == 2:
        office.work_once()
        office.work_once()
    office.simulator.fault("lost_answer", method="POST", path="/customer", times=1)
    office.work()
    assert_one_of_each(office)
    assert any("retrying" in line for line in office.log())


def test_a_repeated_write_has_the_same_id_and_the_same_bytes(office: PortalHarness) -> None:
    entered(office)
    office.simulator.fault("lost_answer", method="POST", path="/customer", times=2)
    office.work()
    writes = list(office.simulator.log("quickbooks", write=True))
    first = [call for call in writes if call["request_id"] == writes[0]["request_id"]]
    assert len(first) == 3
    assert sum(call["replayed"] for call in first) == 2
    assert_one_of_each(office)


def test_a_lost_answer_to_an_update_still_counts_as_written_by_the_portal(office: PortalHarness) -> None:
    project = entered(office)
    office.work()
    office.simulator.switch(requestid_memory_seconds=-1)
    office.simulator.change("accounts", office.link("customer").coperniq_id, primaryPhone="1")
    office.simulator.control("clock", {"shift_seconds": 60})
    office.enter(project, "Billing")
    office.enter(project)
    office.simulator.fault("lost_answer", method="POST", path="/customer", times=1)
    office.work()
    assert office.link("customer").customer_state.written_values["PrimaryPhone.FreeFormNumber"] == "1"
    assert_one_of_each(office)


def test_long_after_a_lost_answer_the_record_is_looked_for_before_anything_is_repeated(
    office: PortalHarness,
) -> None:
    entered(office)
    office.work_once()
    office.simulator.fault("lost_answer", method="POST", path="/customer", times=1)
    office.work_once()
    write = RemoteWrite.objects.open().get()
    RemoteWrite.objects.filter(pk=write.pk).update(sent_at=timezone.now() - timedelta(hours=3))
    office.simulator.forget_log()
    office.work()
    assert_one_of_each(office)
    assert office.link("customer").match_method == RecordLink.MatchMethod.ADOPTED
    assert len(office.quickbooks_calls(write=True)) == 1, "the job alone"


def test_a_write_prepared_but_never_sent_is_planned_anew(office: PortalHarness) -> None:
    entered(office)
    office.work_once()
    run = SyncRun.objects.get(action="push_customer")
    write = RemoteWrite(
        connection=office.quickbooks,
        run=run,
        kind="customer",
        coperniq_id=run.coperniq_id,
        entity="Customer",
        operation="create",
    )
    write.body = '{"DisplayName": "Never sent"}'
    write.save()
    office.work()
    assert "Never sent" not in names(office)
    assert_one_of_each(office)


@pytest.mark.parametrize(
    "fault", ["error_500", "error_502_html", "throttle", "fault_in_200", "refuse_connection_before"]
)
def test_a_passing_trouble_of_quickbooks_only_delays(office: PortalHarness, fault: str) -> None:
    entered(office)
    office.simulator.fault(fault, times=3)
    office.work()
    office.work()
    assert_one_of_each(office)


@pytest.mark.parametrize("fault", ["error_500", "error_502_html", "throttle", "refuse_connection_before"])
def test_a_passing_trouble_of_coperniq_only_delays(office: PortalHarness, fault: str) -> None:
    entered(office)
    office.simulator.fault(fault, vendor="coperniq", times=4)
    office.work()
    assert_one_of_each(office)


def test_a_duplicate_request_id_answer_is_an_unknown_outcome(office: PortalHarness) -> None:
    entered(office)
    office.simulator.fault("duplicate_request_id", method="POST", path="/customer", times=1)
    office.work()
    assert_one_of_each(office)


def test_somebody_faster_is_read_again_and_decided_anew(office: PortalHarness) -> None:
    project = entered(office)
    office.work()
    SyncSettings.objects.update(matching_strategy="replace")
    office.simulator.change("accounts", office.link("customer").coperniq_id, primaryPhone="1")
    office.simulator.control("clock", {"shift_seconds": 60})
    office.enter(project, "Billing")
    office.enter(project)
    office.simulator.fault("stale", method="POST", path="/customer", times=2)
    office.work()
    assert office.customer(Job=False)["PrimaryPhone"]["FreeFormNumber"] == "1"
    assert not any("retrying" in line for line in office.log())


def test_an_outage_that_outlasts_all_pauses_is_held_and_blocks_nobody(
    office: PortalHarness, settings: Any
) -> None:
    settings.RETRY_PAUSES = [1, 1]
    entered(office)
    office.work_once()
    account = SyncRun.objects.get(action="push_customer").coperniq_id
    office.simulator.fault("error_500", vendor="coperniq", path=f"/accounts/{account}", times=0)
    office.work()
    run = SyncRun.objects.held().get()
    assert (run.cause, run.attempts) == ("vendor_unavailable", 3)
    assert "tried 3 times" in run.sentence
    office.enter(office.project(office.account("Mary Jones")))
    office.work()
    assert "Mary Jones" in names(office)
    office.simulator.control("faults", method="DELETE")
    office.decide("retry", run)
    assert "John Smith" in names(office)


def test_pauses_rise_and_are_kept(office: PortalHarness, settings: Any) -> None:
    settings.RETRY_PAUSES = [100, 200]
    entered(office)
    office.simulator.fault("error_500", vendor="coperniq", times=0)
    office.work(pauses=True)
    run = SyncRun.objects.get()
    assert run.state == RunState.QUEUED
    assert run.not_before is not None
    assert timedelta(seconds=90) < run.not_before - timezone.now() <= timedelta(seconds=100)


def test_one_throttled_call_pauses_the_whole_company(office: PortalHarness, settings: Any) -> None:
    settings.RETRY_PAUSES = [100]
    first, second = (office.project(office.account(name)) for name in ("John", "Mary"))
    office.enter(first)
    office.enter(second)
    office.simulator.fault("throttle", vendor="coperniq", times=1)
    office.simulator.forget_log()
    office.work(pauses=True)
    assert len(office.simulator.log("coperniq")) == 1
    office.enter(office.project(office.account("Ann")))
    office.work(pauses=True)
    assert len(office.simulator.log("coperniq")) == 1, "who comes later waits too"
    office.work()
    assert len(office.customers(Job=True)) == 3


def test_revoked_access_holds_everything_and_connecting_again_releases_it(office: PortalHarness) -> None:
    entered(office)
    office.simulator.control("intuit/disconnect", {"realm_id": office.realm})
    office.work()
    office.quickbooks.refresh_from_db()
    assert office.quickbooks.state == QuickBooksConnection.State.NEEDS_AUTHORIZATION
    assert SyncRun.objects.held().get(action="push_customer").cause == "reconnect"
    fresh = token_values(tokens_for(office.simulator, office.realm))
    QuickBooksConnection.objects.update(**fresh, state=QuickBooksConnection.State.CONNECTED)
    SyncRun.objects.release_after_reconnect()
    office.work()
    assert_one_of_each(office)


def test_an_event_that_comes_while_access_is_lost_is_held_too(office: PortalHarness) -> None:
    QuickBooksConnection.objects.update(state=QuickBooksConnection.State.NEEDS_AUTHORIZATION)
    entered(office)
    office.work()
    assert SyncRun.objects.get().cause == "reconnect"
    assert office.simulator.log("quickbooks") == []


def test_a_refused_coperniq_key_holds_too(office: PortalHarness) -> None:
    entered(office)
    office.simulator.fault("forbidden", vendor="coperniq", times=0)
    office.work()
    office.coperniq.refresh_from_db()
    assert office.coperniq.state == CoperniqConnection.State.REFUSED
    assert SyncRun.objects.get().cause == "reconnect"


def test_something_unexpected_is_held_with_a_sentence_and_no_secret(
    office: PortalHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    from integrations.sync.customers import push

    def break_(*_: object) -> None:
        raise ZeroDivisionError("with a secret: hunter2")

    monkeypatch.setattr(push, "plan", break_)
    entered(office)
    office.work()
    assert SyncRun.objects.held().get().cause == "internal"
    assert not SyncLogEntry.objects.filter(sentence__contains="hunter2").exists()


def sent_long_ago(office: PortalHarness) -> RemoteWrite:
    write = RemoteWrite.objects.open().get()
    RemoteWrite.objects.filter(pk=write.pk).update(sent_at=timezone.now() - timedelta(hours=3))
    return write


def enter_again(office: PortalHarness, project: dict[str, object]) -> None:
    office.simulator.control("clock", {"shift_seconds": 60})
    office.enter(project, "Billing")
    office.enter(project)


def changed_then_lost(office: PortalHarness) -> dict[str, object]:
    """An update whose answer was lost, with the customer's run the only one left to do."""
    project = entered(office)
    office.work()
    office.simulator.change("accounts", office.link("customer").coperniq_id, primaryPhone="1")
    enter_again(office, project)
    office.work_once()
    office.simulator.fault("lost_answer", method="POST", path="/customer", times=1)
    office.work_once()
    return project


def test_an_old_lost_update_that_arrived_is_recognised(office: PortalHarness) -> None:
    changed_then_lost(office)
    sent_long_ago(office)
    office.simulator.forget_log()
    office.work()
    assert office.quickbooks_calls(write=True) == []
    assert office.link("customer").customer_state.written_values["PrimaryPhone.FreeFormNumber"] == "1"


def test_a_lost_update_people_have_overwritten_is_planned_anew(office: PortalHarness) -> None:
    changed_then_lost(office)
    office.simulator.switch(requestid_memory_seconds=-1)
    customer = office.customer(Job=False)
    office.simulator.edit_books(office.realm, customer["Id"], PrimaryPhone={"FreeFormNumber": "people's"})
    office.work()
    assert office.customer(Job=False)["PrimaryPhone"]["FreeFormNumber"] == "people's"
    assert not RemoteWrite.objects.open().exists()


def test_a_lost_create_whose_name_somebody_else_took_is_decided_by_a_person(office: PortalHarness) -> None:
    entered(office)
    office.work_once()
    office.simulator.fault("refuse_connection_before", method="POST", path="/customer", times=1)
    office.work_once()
    office.simulator.in_books(office.realm, "Vendor", DisplayName="John Smith")
    office.work()
    assert SyncRun.objects.held().get(kind="customer").cause == "name_taken"


def test_an_open_write_of_a_discarded_run_is_settled_before_the_next_one(
    office: PortalHarness, settings: Any
) -> None:
    settings.RETRY_PAUSES = []
    project = entered(office)
    office.work_once()
    office.simulator.fault("lost_answer", method="POST", path="/customer", times=1)
    office.work()
    assert SyncRun.objects.held().get(kind="customer").decide("discard")
    office.simulator.change("accounts", SyncRun.objects.get(kind="customer").coperniq_id, primaryPhone="7")
    enter_again(office, project)
    office.work()
    assert_one_of_each(office)
    assert office.customer(Job=False)["PrimaryPhone"]["FreeFormNumber"] == "7"


def test_a_write_whose_record_is_gone_comes_to_nothing(office: PortalHarness) -> None:
    changed_then_lost(office)
    RemoteWrite.objects.open().update(quickbooks_id="999")
    write = RemoteWrite.objects.open().get()
    write.body = write.body.replace(f'"Id": "{office.link("customer").quickbooks_id}"', '"Id": "999"')
    write.request_id = "another"
    write.save()
    office.work()
    assert not RemoteWrite.objects.open().exists()


def test_staleness_that_never_ends_is_tried_again_later(office: PortalHarness) -> None:
    project = entered(office)
    office.work()
    office.simulator.change("accounts", office.link("customer").coperniq_id, primaryPhone="1")
    enter_again(office, project)
    office.simulator.fault("stale", method="POST", path="/customer", times=4)
    office.work()
    assert any("retrying: Somebody changed this record" in line for line in office.log())
    assert office.customer(Job=False)["PrimaryPhone"]["FreeFormNumber"] == "1"


def test_a_tax_number_is_written_remembered_as_a_digest_and_never_shown(office: PortalHarness) -> None:
    office.simulator.make("properties", recordType="account", name="Tax", keyName="tax_number", type="TEXT")
    account = office.account("John Smith", custom={"tax_number": "12-3456789"})
    project = office.project(account)
    office.enter(project)
    office.work()
    assert office.customer(Job=False)["PrimaryTaxIdentifier"].endswith("6789")
    everything = [
        str(row)
        for table in (RecordLink, SyncLogEntry, RemoteWrite, SyncRun)
        for row in table.objects.values()
    ]
    assert not any("12-3456789" in text or "3456789" in text for text in everything)
    office.simulator.forget_log()
    enter_again(office, project)
    office.work()
    assert office.quickbooks_calls(write=True) == [], "masked on the way back, yet no difference"
