"""What a lost answer left behind is ours only if everything says so; else it is planned anew."""

from __future__ import annotations

from integrations.models import RecordLink, RemoteWrite, RunState, SyncRun
from integrations.sync.customers.push_response import CLOCK_TOLERANCE
from tests.portal_harness import PortalHarness
from tests.sync.customer_builders import (
    create_never_arrived,
    enter_again,
    entered,
    held_customer,
    push_customer_meeting,
    pushed,
    sent_long_ago,
    update_met,
)

TAX = "12-3456789"


def test_an_older_record_of_the_name_is_matched_not_adopted(portal: PortalHarness) -> None:
    create_never_arrived(portal)
    portal.simulator.control("clock", {"shift_seconds": -18_000})
    portal.simulator.in_books(portal.realm, DisplayName="John Smith")
    portal.simulator.control("clock", {"shift_seconds": 18_000})
    sent_long_ago()
    portal.work()
    assert portal.link("customer").match_method == RecordLink.MatchMethod.NAME


def test_a_vendor_whose_clock_is_behind_is_believed(portal: PortalHarness) -> None:
    entered(portal)
    behind = round(CLOCK_TOLERANCE.total_seconds()) - 60
    portal.simulator.control("clock", {"shift_seconds": -behind})
    portal.simulator.switch(requestid_memory_seconds=-1)
    push_customer_meeting(portal, "lost_answer")
    portal.work()
    assert portal.link("customer").match_method == RecordLink.MatchMethod.ADOPTED


def test_a_job_of_the_name_is_not_adopted_as_the_customer(portal: PortalHarness) -> None:
    create_never_arrived(portal)
    parent = portal.simulator.in_books(portal.realm, DisplayName="Somebody")
    portal.simulator.in_books(
        portal.realm, DisplayName="John Smith", Job=True, ParentRef={"value": parent["Id"]}
    )
    portal.work()
    assert held_customer(portal).cause == "name_taken"


def test_a_record_another_account_has_is_not_adopted(portal: PortalHarness) -> None:
    create_never_arrived(portal)
    theirs = portal.simulator.in_books(portal.realm, DisplayName="John Smith")
    RecordLink.objects.create(
        connection=portal.quickbooks,
        kind="customer",
        coperniq_id="other",
        coperniq_name="Other",
        quickbooks_id=theirs["Id"],
        match_method="chosen",
    )
    portal.work()
    assert held_customer(portal).cause == "match_already_linked"
    assert not RemoteWrite.objects.open().exists(), "settled, not tried and given up"


def test_a_lost_update_that_never_arrived_is_not_taken_for_done(portal: PortalHarness) -> None:
    update_met(portal, "refuse_connection_before", primaryPhone="1")
    sent_long_ago()
    portal.work()
    assert portal.customer(Job=False)["PrimaryPhone"]["FreeFormNumber"] == "1"
    assert sum("Updated the customer" in line for line in portal.log()) == 1


def test_a_lost_deactivation_that_never_arrived_is_not_taken_for_done(portal: PortalHarness) -> None:
    update_met(portal, "refuse_connection_before", isActive=False)
    sent_long_ago()
    portal.work()
    assert portal.customer(Job=False)["Active"] is False
    assert sum("Updated the customer" in line for line in portal.log()) == 1


def test_a_masked_tax_number_does_not_hide_a_lost_update_that_arrived(portal: PortalHarness) -> None:
    portal.simulator.make("properties", recordType="account", name="Tax", keyName="tax_number", type="TEXT")
    update_met(portal, "lost_answer", custom={"tax_number": TAX})
    sent_long_ago()
    portal.simulator.forget_log()
    portal.work()
    assert portal.quickbooks_calls(write=True) == []
    assert portal.link("customer").customer_state.written_values["PrimaryTaxIdentifier"]


def test_a_repetition_is_reckoned_from_the_first_sending(portal: PortalHarness) -> None:
    create_never_arrived(portal)
    first = RemoteWrite.objects.open().get().sent_at
    portal.simulator.fault("refuse_connection_before", method="POST", path="/customer", times=1)
    portal.work_once()
    repeated = RemoteWrite.objects.open().get()
    assert (repeated.sends, repeated.sent_at) == (2, first)


def test_an_open_update_of_another_record_is_left_to_that_record(portal: PortalHarness) -> None:
    update_met(portal, "lost_answer", primaryPhone="1")
    SyncRun.objects.open().update(state=RunState.CANCELLED)
    portal.enter(portal.project(portal.account("Mary Jones"), "Mary"))
    portal.work()
    assert RemoteWrite.objects.open().get().link_values.coperniq_name == "John Smith"
    assert RecordLink.objects.filter(coperniq_name="Mary Jones").exists()


def test_a_linked_record_is_not_kept_from_its_update_by_the_open_create_of_another(
    portal: PortalHarness,
) -> None:
    """No match is looked for where there is a link, so nothing can be mistaken."""
    project = pushed(portal)
    portal.enter(portal.project(portal.account("Mary Jones"), "Mary"))
    push_customer_meeting(portal, "refuse_connection_before")
    SyncRun.objects.open().update(state=RunState.CANCELLED)
    enter_again(portal, project)
    portal.work()
    assert RemoteWrite.objects.open().get().link_values.coperniq_name == "Mary Jones"


def test_a_finished_write_keeps_no_body(portal: PortalHarness) -> None:
    pushed(portal)
    assert set(RemoteWrite.objects.values_list("body_encrypted", flat=True)) == {""}
