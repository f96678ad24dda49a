"""What a preview shows, for how long it holds, and a page that is out of date."""

from __future__ import annotations

from dataclasses import replace

import pytest

from integrations.models import RunState, SyncRun
from integrations.sync.engine.plan import PlannedWrite
from tests.portal_harness import PortalHarness
from tests.sync.customer_builders import change_account, enter_again, held_customer, pushed

WRITE = PlannedWrite("update", "Customer", {"GivenName": "x"}, (), quickbooks_id="1", version="0")


@pytest.fixture
def shadow(portal: PortalHarness) -> PortalHarness:
    portal.trigger.preview = True
    portal.trigger.save()
    return portal


def test_a_fingerprint_forgets_the_version_alone() -> None:
    assert WRITE.fingerprint() == replace(WRITE, version="1").fingerprint()
    others = (
        replace(WRITE, quickbooks_id="2"),
        replace(WRITE, operation="create"),
        replace(WRITE, values={"GivenName": "y"}),
    )
    for other in others:
        assert WRITE.fingerprint() != other.fingerprint()


def test_a_preview_is_of_the_trigger_as_it_is_now(shadow: PortalHarness) -> None:
    project = pushed(shadow)
    shadow.trigger.preview = False
    shadow.trigger.save()
    enter_again(shadow, project)
    shadow.work()
    assert not SyncRun.objects.held().exists()
    assert len(shadow.customers()) == 2


def test_what_a_create_shows_has_no_empty_values(shadow: PortalHarness) -> None:
    pushed(shadow)
    changes = held_customer(shadow).planned[0]["changes"]
    assert all(change["after"] for change in changes)
    assert {"field": "CurrencyRef.value", "before": "", "after": "USD"} in changes


def test_another_plan_to_look_at_is_news(shadow: PortalHarness) -> None:
    pushed(shadow)
    before = len(shadow.log())
    account_id = held_customer(shadow).coperniq_id
    for phone in ("1", "2"):
        shadow.simulator.change("accounts", account_id, primaryPhone=phone)
        shadow.decide("release", held_customer(shadow))
    assert len(shadow.log()) == before + 2


def test_a_choice_on_a_page_the_run_has_moved_on_from_is_refused(portal: PortalHarness) -> None:
    portal.simulator.in_books(portal.realm, "Vendor", DisplayName="John Smith")
    pushed(portal)
    page = portal.held()
    SyncRun.objects.filter(pk=page.pk).update(choices=[{"key": "retry", "label": "Try again"}])
    assert not page.decide("discard")
    SyncRun.objects.filter(pk=page.pk).update(choices=page.choices, state=RunState.RUNNING)
    assert not page.decide("discard")


def test_a_release_of_a_plan_that_was_replaced_is_refused(shadow: PortalHarness) -> None:
    pushed(shadow)
    page = held_customer(shadow)
    SyncRun.objects.filter(pk=page.pk).update(question_subject="of another plan")
    assert not page.decide("release")


def test_a_release_holds_for_no_later_plan(shadow: PortalHarness) -> None:
    project = pushed(shadow)
    for run in SyncRun.objects.held().order_by("id"):
        shadow.decide("release", run)
    change_account(shadow, primaryPhone="2")
    enter_again(shadow, project)
    shadow.work()
    assert "PrimaryPhone" not in shadow.customer(Job=False)
    assert held_customer(shadow).cause == "preview"
