"""After a lost answer: two records for one, wrong links, stale bytes, none of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from integrations.connections.tokens import token_values
from integrations.models import QuickBooksConnection, RecordLink, SyncRun
from tests.portal_harness import PortalHarness, tokens_for

pytestmark = pytest.mark.every_database


def ben_with_the_same_address(office: PortalHarness) -> dict[str, Any]:
    """A contact of his own: Coperniq would else give him the one that has the address already."""
    ben = office.simulator.make("contacts", name="Ben Doe", emails=["does@example.com"])
    return office.account("Ben Doe", primaryEmail="does@example.com", contacts=[ben["id"]])


def names(office: PortalHarness) -> list[str]:
    return sorted(row["DisplayName"] for row in office.customers())


def test_a_create_whose_answer_was_lost_is_not_matched_to_another_account(office: PortalHarness) -> None:
    first = office.project(office.account("Ann Doe", primaryEmail="does@example.com"), "Ann's roof")
    second = office.project(ben_with_the_same_address(office), "Ben's roof")
    office.enter(first)
    office.work_once()  # notice
    office.simulator.fault("lost_answer", method="POST", path="/customer", times=1)
    office.work_once()  # customer of Ann: made, answer lost
    SyncRun.objects.filter(action="push_customer").update(not_before=timezone.now() + timedelta(seconds=5))
    office.enter(second)
    office.work(pauses=True)  # Ann's run is pausing
    SyncRun.objects.ignore_pauses()
    office.work()
    links = {link.coperniq_id: link.quickbooks_name for link in RecordLink.objects.filter(kind="customer")}
    assert set(links.values()) == {"Ann Doe", "Ben Doe"}


def test_an_authorization_that_ended_leaves_no_stale_create_behind(office: PortalHarness) -> None:
    """401 is a definite refusal: after weeks the write is planned anew, and the customer made by hand is found."""
    office.enter(office.project(office.account("John Smith", primaryEmail="john@example.com")))
    office.work_once()
    office.simulator.fault("forbidden", method="POST", path="/customer", times=1)
    office.work()
    assert SyncRun.objects.filter(cause="reconnect").exists()
    office.simulator.in_books(
        office.realm, DisplayName="Smith Household", PrimaryEmailAddr={"Address": "john@example.com"}
    )
    QuickBooksConnection.objects.filter(pk=office.quickbooks.pk).update(
        **token_values(tokens_for(office.simulator, office.realm)), state="connected"
    )
    SyncRun.objects.release_after_reconnect()
    office.work()
    assert len(office.customers(Job=False)) == 1, names(office)


def test_a_throttled_create_is_planned_anew(office: PortalHarness) -> None:
    office.enter(office.project(office.account("John Smith", primaryEmail="john@example.com")))
    office.work_once()
    office.simulator.fault("throttle", method="POST", path="/customer", times=1)
    office.work_once()
    office.simulator.in_books(
        office.realm, DisplayName="Smith Household", PrimaryEmailAddr={"Address": "john@example.com"}
    )
    office.work()
    assert len(office.customers(Job=False)) == 1, names(office)


def test_a_lost_job_whose_repetition_is_refused_is_not_made_twice(office: PortalHarness) -> None:
    office.simulator.switch(requestid_memory_seconds=-1)
    office.enter(office.project(office.account("John Smith"), "Roof"))
    office.work_once()
    office.work_once()
    office.simulator.fault("lost_answer", method="POST", path="/customer", times=1)
    office.work_once()
    customer = office.customer(Job=False)
    office.simulator.edit_books(office.realm, customer["Id"], Active=False)
    office.work()
    office.simulator.edit_books(office.realm, customer["Id"], Active=True, DisplayName="John Smith")
    SyncRun.objects.held().requeue()
    office.work()
    assert len(office.customers(Job=True)) == 1, names(office)


def test_a_lost_job_whose_repetition_is_refused_for_another_reason_is_not_made_twice(
    office: PortalHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    from integrations.errors import SubscriptionEnded
    from integrations.quickbooks.client import QuickBooksClient

    office.simulator.switch(requestid_memory_seconds=-1)
    office.enter(office.project(office.account("John Smith"), "Roof"))
    office.work_once()
    office.work_once()
    office.simulator.fault("lost_answer", method="POST", path="/customer", times=1)
    office.work_once()

    def ended(*args: object, **kwargs: object) -> None:
        monkeypatch.undo()
        raise SubscriptionEnded(vendor="quickbooks", code="6190")

    monkeypatch.setattr(QuickBooksClient, "write", ended)
    office.work()
    assert office.link("job").match_method == RecordLink.MatchMethod.ADOPTED
    assert len(office.customers(Job=True)) == 1, names(office)


def test_peoples_values_of_an_adopted_customer_stay_theirs(office: PortalHarness) -> None:
    """Our create never arrived, a person made the same customer with another phone."""
    account = office.account("John Smith", primaryPhone="555-1")
    project = office.project(account)
    office.enter(project)
    office.work_once()
    office.simulator.fault("error_500", method="POST", path="/customer", times=1)
    office.work_once()
    office.simulator.in_books(office.realm, DisplayName="John Smith", PrimaryPhone={"FreeFormNumber": "999"})
    office.work()
    office.simulator.control("clock", {"shift_seconds": 60})
    office.simulator.start_phase(project["id"], office.phases["Billing"])
    office.enter(project)
    office.work()
    assert office.customer(Job=False)["PrimaryPhone"]["FreeFormNumber"] == "999"


def test_a_look_for_a_lost_job_that_fails_itself_is_repeated(office: PortalHarness) -> None:
    """The repetition is refused (name taken: by us), the row is closed, and then the look-up is throttled."""
    office.simulator.switch(requestid_memory_seconds=-1)
    office.enter(office.project(office.account("John Smith"), "Roof"))
    office.work_once()
    office.work_once()
    office.simulator.fault("lost_answer", method="POST", path="/customer", times=1)
    office.work_once()
    office.simulator.control("clock", {"shift_seconds": 30})
    office.simulator.fault("throttle", method="GET", path="/query", times=1)
    office.work()
    assert len(office.customers(Job=True)) == 1, names(office)
