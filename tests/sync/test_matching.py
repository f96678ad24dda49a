"""The rules of matching without a vendor, and what a page with several matches offers."""

from __future__ import annotations

from dataclasses import replace

import pytest

from integrations.models import Question, RecordLink, SyncRun
from integrations.quickbooks.records import Customer
from integrations.sync.customers.mapping import EMAIL_PATH, WantedCustomer
from integrations.sync.customers.matching import build_candidates, link_choices
from tests.factories import record_answer
from tests.portal_harness import PortalHarness, open_portal
from tests.simulation import Simulation
from tests.sync.customer_builders import EMAIL, pushed
from tests.sync.test_fields import customer

NAME, BY_EMAIL = RecordLink.MatchMethod.NAME, RecordLink.MatchMethod.EMAIL


JOHN = WantedCustomer({"DisplayName": "John Smith", EMAIL_PATH: "john@example.com"})


def called(
    name: str, id_: str = "5", parent_id: str = "", *, active: bool = True, email: str = ""
) -> Customer:
    found = customer(DisplayName=name, active=active, PrimaryEmailAddr__Address=email)
    return replace(found, id=id_, parent_id=parent_id)


@pytest.mark.parametrize("name", ["John Smith", "JOHN SMITH", "john smith (deleted)"])
def test_a_name_in_any_case_is_a_match_by_name_though_only_the_address_found_it(name: str) -> None:
    assert [candidate.by for candidate in build_candidates(JOHN, [called(name)])] == [NAME]


def test_another_name_is_a_match_by_its_address_alone() -> None:
    found = build_candidates(JOHN, [called("J. Smith", email="x@y.z, John@Example.com")])
    assert [candidate.by for candidate in found] == [BY_EMAIL]


def test_jobs_are_no_candidates() -> None:
    job = called("John Smith", parent_id="4")
    assert build_candidates(JOHN, [job]) == []


def test_what_another_account_has_is_not_offered() -> None:
    found = build_candidates(JOHN, [called("John Smith", "5"), called("John Smith", "6")])
    assert [choice.key for choice in link_choices(found, ["5"])] == ["link:6"]


def test_an_inactive_candidate_is_offered_for_what_it_is() -> None:
    found = build_candidates(JOHN, [called("John Smith (deleted)", active=False)])
    assert [choice.key for choice in link_choices(found, [])] == ["reactivate:5"]


def test_a_match_another_account_has_is_not_among_the_choices(portal: PortalHarness) -> None:
    portal.enter(portal.project(portal.account("John Smith")))
    portal.work()
    other = portal.simulator.in_books(portal.realm, DisplayName="J. Smith", **EMAIL)
    pushed(portal)
    keys = [choice["key"] for choice in portal.held().choices]
    assert keys == [f"link:{other['Id']}", "create_with_suffix", "discard"]


@pytest.mark.django_db
def test_a_chosen_customer_in_another_currency_is_held(simulator: Simulation) -> None:
    portal = open_portal(simulator, multicurrency=True)
    theirs = simulator.in_books(portal.realm, DisplayName="John Smith", CurrencyRef={"value": "CAD"})
    simulator.in_books(portal.realm, DisplayName="J. Smith", **EMAIL)
    pushed(portal)
    record_answer(portal.held(), Question.CUSTOMER, f"link:{theirs['Id']}")
    SyncRun.objects.held().requeue()
    portal.work()
    assert portal.held().cause == "match_currency"
