"""After a lost answer: two records for one, wrong links, stale bytes, none of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from integrations.connections.tokens import token_values
from integrations.models import QuickBooksConnection, RecordLink, SyncRun
from tests.portal_harness import PortalHarness, tokens_for


def ben_with_the_same_address(portal: PortalHarness) -> dict[str, Any]:
    """A contact of his own: Coperniq would else give him the one that has the address already."""
    ben = portal.simulator.make("contacts", name="Ben Doe", emails=["does@example.com"])
    return portal.account("Ben Doe", primaryEmail="does@example.com", contacts=[ben["id"]])


def names(portal: PortalHarness) -> list[str]:
    return sorted(row["DisplayName"] for row in portal.customers())


@pytest.mark.every_database
def test_a_create_whose_answer_was_lost_is_not_matched_to_another_account(portal: PortalHarness) -> None:
    first = portal.project(portal.account("Ann Doe", primaryEmail="does@example.com"), "Ann's roof")
    second = portal.project(ben_with_the_same_address(portal), "Ben's roof")
    portal.enter(first)
    portal.work_once()  # notice
    portal.simulator.fault("lost_answer", method="POST", path="/customer", times=1)
    portal.work_once()  # customer of Ann: made, answer lost
    SyncRun.objects.filter(action="push_customer").update(not_before=timezone.now() + timedelta(seconds=5))
    portal.enter(second)
    portal.work(pauses=True)  # Ann's run is pausing
    SyncRun.objects.ignore_pauses()
    portal.work()
    links = {link.coperniq_id: link.quickbooks_name for link in RecordLink.objects.filter(kind="customer")}
    assert set(links.values()) == {"Ann Doe", "Ben Doe"}


@pytest.mark.every_database
def test_an_authorization_that_ended_leaves_no_stale_create_behind(portal: PortalHarness) -> None:
    """401 is a definite refusal: after weeks the write is planned anew, and the customer made by hand is found."""
    portal.enter(portal.project(portal.account("John Smith", primaryEmail="john@example.com")))
    portal.work_once()
    portal.simulator.fault("forbidden", method="POST", path="/customer", times=1)
    portal.work()
    assert SyncRun.objects.filter(cause="reconnect").exists()
    portal.simulator.in_books(
        portal.realm, DisplayName="Smith Household", PrimaryEmailAddr={"Address": "john@example.com"}
    )
    QuickBooksConnection.objects.filter(pk=portal.quickbooks.pk).update(
        **token_values(tokens_for(portal.simulator, portal.realm)), state="connected"
    )
    SyncRun.objects.release_after_reconnect()
    portal.work()
    assert len(portal.customers(Job=False)) == 1, names(portal)


def test_a_throttled_create_is_planned_anew(portal: PortalHarness) -> None:
    portal.enter(portal.project(portal.account("John Smith", primaryEmail="john@example.com")))
    portal.work_once()
    portal.simulator.fault("throttle", method="POST", path="/customer", times=1)
    portal.work_once()
    portal.simulator.in_books(
        portal.realm, DisplayName="Smith Household", PrimaryEmailAddr={"Address": "john@example.com"}
    )
    portal.work()
    assert len(portal.customers(Job=False)) == 1, names(portal)


def test_a_lost_job_whose_repetition_is_refused_is_not_made_twice(portal: PortalHarness) -> None:
    portal.simulator.switch(requestid_memory_seconds=-1)
    portal.enter(portal.project(portal.account("John Smith"), "Roof"))
    portal.work_once()
    portal.work_once()
    portal.simulator.fault("lost_answer", method="POST", path="/customer", times=1)
    portal.work_once()
    customer = portal.customer(Job=False)
    portal.simulator.edit_books(portal.realm, customer["Id"], Active=False)
    portal.work()
    portal.simulator.edit_books(portal.realm, customer["Id"], Active=True, DisplayName="John Smith")
    SyncRun.objects.held().requeue()
    portal.work()
    assert len(portal.customers(Job=True)) == 1, names(portal)


def test_a_lost_job_whose_repetition_is_refused_for_another_reason_is_not_made_twice(
    portal: PortalHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    from integrations.errors import SubscriptionEnded
    from integrations.quickbooks.client import QuickBooksClient

    portal.simulator.switch(requestid_memory_seconds=-1)
    portal.enter(portal.project(portal.account("John Smith"), "Roof"))
    portal.work_once()
    portal.work_once()
    portal.simulator.fault("lost_answer", method="POST", path="/customer", times=1)
    portal.work_once()

    def ended(*args: object, **kwargs: object) -> None:
        monkeypatch.undo()
        raise SubscriptionEnded(vendor="quickbooks", code="6190")

    monkeypatch.setattr(QuickBooksClient, "write", ended)
    portal.work()
    assert portal.link("job").match_method == RecordLink.MatchMethod.ADOPTED
    assert len(portal.customers(Job=True)) == 1, names(portal)


def test_peoples_values_of_an_adopted_customer_stay_theirs(portal: PortalHarness) -> None:
    """Our create never arrived, a person made the same customer with another phone."""
    account = portal.account("John Smith", primaryPhone="555-1")
    project = portal.project(account)
    portal.enter(project)
    portal.work_once()
    portal.simulator.fault("error_500", method="POST", path="/customer", times=1)
    portal.work_once()
    portal.simulator.in_books(portal.realm, DisplayName="John Smith", PrimaryPhone={"FreeFormNumber": "999"})
    portal.work()
    portal.simulator.control("clock", {"shift_seconds": 60})
    portal.simulator.start_phase(project["id"], portal.phases["Billing"])
    portal.enter(project)
    portal.work()
    assert portal.customer(Job=False)["PrimaryPhone"]["FreeFormNumber"] == "999"


@pytest.mark.every_database
def test_a_look_for_a_lost_job_that_fails_itself_is_repeated(portal: PortalHarness) -> None:
    """The repetition is refused (name taken: by us), the row is closed, and then the look-up is throttled."""
    portal.simulator.switch(requestid_memory_seconds=-1)
    portal.enter(portal.project(portal.account("John Smith"), "Roof"))
    portal.work_once()
    portal.work_once()
    portal.simulator.fault("lost_answer", method="POST", path="/customer", times=1)
    portal.work_once()
    portal.simulator.control("clock", {"shift_seconds": 30})
    portal.simulator.fault("throttle", method="GET", path="/query", times=1)
    portal.work()
    assert len(portal.customers(Job=True)) == 1, names(portal)
