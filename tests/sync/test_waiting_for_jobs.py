"""An invoice whose job will not come by itself: said as it is, and a person may have customer and job sent now."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from integrations.forms import configure
from integrations.models import PhaseTrigger, RecordLink, SyncRun
from tests.invoice_harness import InvoiceHarness
from tests.portal_harness import PortalHarness
from tests.sync.invoice_builders import assert_at_rest, with_items

SOON = timedelta(minutes=5)


@pytest.fixture
def harness(portal: PortalHarness) -> InvoiceHarness:
    harness = with_items(portal)
    harness.account = portal.account("Jane Doe")
    return harness


def push_run() -> SyncRun:
    return SyncRun.objects.get(action="push_invoice")


def keys(run: SyncRun) -> list[str]:
    return [choice["key"] for choice in run.choices]


def entered_long_ago(harness: InvoiceHarness, *phases: str) -> dict[str, Any]:
    """A project that was where it is before its trigger was saved."""
    project = harness.portal.project(harness.account, "Garage")
    for phase in phases:
        harness.portal.simulator.start_phase(project["id"], harness.portal.phases[phase])
    PhaseTrigger.objects.update(saved_at=timezone.now() + SOON)
    return project


def take_now(harness: InvoiceHarness) -> None:
    run = push_run()
    assert run.decide("push_now"), run.choices
    harness.work()
    harness.work()
    assert [row["TotalAmt"] for row in harness.books("Invoice")] == [100]
    assert harness.in_books()["CustomerRef"]["value"] in {
        link.quickbooks_id for link in RecordLink.objects.all()
    }
    assert not SyncRun.objects.open().exists()
    assert_at_rest(harness)


@pytest.mark.parametrize(
    ("phases", "says"),
    [
        (["Installation"], "entered Installation on"),
        (["Installation", "Billing"], "entered Installation on"),
        (["Billing"], "is in Billing and has passed Installation by"),
    ],
)
def test_a_project_that_is_in_its_phase_or_past_it_is_pushed_by_a_choice(
    harness: InvoiceHarness, phases: list[str], says: str
) -> None:
    project = entered_long_ago(harness, *phases)
    harness.invoice(("Permit", 1, 100), on=project)
    harness.work()
    asked = harness.held()
    assert (asked.cause, keys(asked)) == ("job_not_pushed", ["push_now", "retry", "discard"])
    assert says in asked.sentence
    assert_at_rest(harness)
    take_now(harness)


def test_the_question_goes_when_the_job_comes_in_another_way(harness: InvoiceHarness) -> None:
    project = entered_long_ago(harness, "Installation")
    for _ in range(2):
        harness.invoice(("Permit", 1, 100), on=project)
    harness.work()
    first, second = SyncRun.objects.held()
    harness.decide("push_now", first)
    harness.work()
    assert len(harness.books("Invoice")) == 2, "one answer is enough for both"
    assert not SyncRun.objects.open().exists(), second.sentence
    assert_at_rest(harness)


def test_a_project_that_passes_its_phase_by_while_an_invoice_waits(harness: InvoiceHarness) -> None:
    project = harness.portal.project(harness.account, "Garage")
    harness.invoice(("Permit", 1, 100), on=project)
    harness.work()
    assert (push_run().state, keys(push_run())) == ("waiting", [])
    harness.portal.enter(project, "Billing")
    harness.work()
    assert harness.held().cause == "job_not_pushed"
    take_now(harness)


def test_an_entry_that_is_on_its_way_is_no_question(harness: InvoiceHarness) -> None:
    """The invoice is looked at before the portal has heard of the phase."""
    project = harness.portal.project(harness.account, "Garage")
    harness.portal.simulator.start_phase(project["id"], harness.portal.phases["Installation"])
    harness.invoice(("Permit", 1, 100), on=project)
    harness.work()
    harness.work()
    assert not any(line.startswith("held") for line in harness.logged())
    assert [row["TotalAmt"] for row in harness.books("Invoice")] == [100]


def test_a_job_that_was_left_out_is_offered_again(harness: InvoiceHarness) -> None:
    PhaseTrigger.objects.update(preview=True)
    project = harness.portal.project(harness.account, "Garage")
    harness.portal.enter(project)
    harness.work()
    for run in SyncRun.objects.held():
        assert run.decide("discard")
    SyncRun.objects.open().exclude(action="push_invoice").update(state="cancelled")
    harness.invoice(("Permit", 1, 100), on=project)
    harness.work()
    assert "left out" in harness.held().sentence
    PhaseTrigger.objects.update(preview=False)
    take_now(harness)


def test_a_workflow_without_a_trigger_offers_it_while_the_invoice_waits(harness: InvoiceHarness) -> None:
    PhaseTrigger.objects.all().delete()
    project = harness.portal.project(harness.account, "Garage")
    harness.invoice(("Permit", 1, 100), on=project)
    harness.work()
    assert (push_run().state, keys(push_run())) == ("waiting", ["push_now"])
    take_now(harness)


def test_an_invoice_of_an_account_without_any_project_offers_its_customer(harness: InvoiceHarness) -> None:
    harness.invoice(("Permit", 1, 100), on=harness.account)
    harness.work()
    assert (push_run().state, keys(push_run())) == ("waiting", ["push_now"])
    take_now(harness)


@pytest.mark.parametrize("value", ["", "Billing"])
def test_what_is_said_follows_a_trigger_that_is_taken_away_or_changed(
    harness: InvoiceHarness, value: str
) -> None:
    portal = harness.portal
    portal.coperniq.workflows = [
        {
            "id": str(portal.workflow["id"]),
            "name": "Solar",
            "phases": [{"id": str(id_), "name": name} for name, id_ in portal.phases.items()],
        }
    ]
    portal.coperniq.save()
    project = portal.project(harness.account, "Garage")
    harness.invoice(("Permit", 1, 100), on=project)
    harness.work()
    assert push_run().sentence.endswith("enters Installation.")
    admin = User.objects.create_superuser("olga@example.com")
    phase = str(portal.phases[value]) if value else ""
    configure(portal.company, admin, {f"trigger.{portal.workflow['id']}": phase})
    harness.work()
    assert push_run().sentence.endswith("enters Billing." if value else "chosen for its workflow yet.")
