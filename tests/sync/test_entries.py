"""Which entries into a phase count, which of several decides, and who may enter again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from integrations.coperniq.records import PhaseInstance
from integrations.models import CompanyLease, Kind, PhaseEntry, PhaseTrigger, RecordLink, RunState, SyncRun
from integrations.sync.customers.phase_trigger import started_after
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.persistence import store_link
from tests.portal_harness import PortalHarness
from tests.sync.customer_builders import enter_again, pushed

SAVED = datetime(2026, 5, 1, 12, 0, 0, 700_000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("template", "seconds", "counts"), [("4", -1, False), ("4", 0, True), ("4", 1, True), ("5", 0, False)]
)
def test_an_entry_in_the_second_the_trigger_was_saved_counts(
    template: str, seconds: int, counts: bool
) -> None:
    started = SAVED.replace(microsecond=0) + timedelta(seconds=seconds)
    instance = PhaseInstance("1", template, "Installation", "STARTED", started, None)
    trigger = PhaseTrigger(phase_template_id="4", saved_at=SAVED)
    assert (started_after(trigger, instance, timedelta(0)) is not None) == counts


def entered_two_phases(portal: PortalHarness) -> dict[str, Any]:
    """Installation and then Billing, both triggers, before anybody looked. A workflow has one trigger at a time."""
    portal.trigger.workflow_id = "another"
    portal.trigger.save()
    portal.quickbooks.triggers.create(
        workflow_id=str(portal.workflow["id"]),
        phase_template_id=str(portal.phases["Billing"]),
        phase_name="Billing",
        saved_at=portal.trigger.saved_at,
    )
    project = portal.project(portal.account("John Smith"))
    portal.enter(project)
    portal.simulator.control("clock", {"shift_seconds": 60})
    portal.enter(project, "Billing")
    return project


@pytest.mark.every_database
def test_of_two_unseen_entries_the_newest_decides_and_both_are_noted(portal: PortalHarness) -> None:
    project = entered_two_phases(portal)
    portal.work()
    assert portal.log()[0].startswith("done: “John Smith” entered Billing")
    assert PhaseEntry.objects.count() == 2
    portal.ring(project)
    portal.work()
    assert len(portal.log()) == 3, "the older one is not discovered afterwards"


def test_a_reentry_that_was_skipped_is_skipped_once(portal: PortalHarness) -> None:
    portal.trigger.reentry = "once"
    portal.trigger.save()
    project = pushed(portal)
    enter_again(portal, project)
    portal.work()
    portal.ring(project)
    portal.work()
    assert sum(line.startswith("skipped: ") for line in portal.log()) == 1


@pytest.mark.parametrize("rule", ["once", "ask"])
def test_a_second_project_of_a_known_account_is_no_reentry(portal: PortalHarness, rule: str) -> None:
    portal.trigger.reentry = rule
    portal.trigger.save()
    account = portal.account("John Smith")
    for title in ("House", "Garage"):
        portal.enter(portal.project(account, title))
        portal.work()
    assert len(portal.customers(Job=True)) == 2


def test_a_project_read_a_while_ago_is_read_again(portal: PortalHarness) -> None:
    ctx = SyncContext(CompanyLease.objects.get(), portal.quickbooks)
    project = portal.project(portal.account("John Smith"))
    read = ctx.read_project(str(project["id"]))
    assert ctx.recent_project(read.id) is read
    assert ctx.recent_project(read.id) is not read, "it serves once"
    ctx.RECENT_SECONDS = 0.0
    read = ctx.read_project(read.id)
    assert ctx.recent_project(read.id) is not read


def waiting_job(portal: PortalHarness, job: str, kind: str, record_id: str) -> SyncRun:
    return SyncRun.objects.create(
        company=portal.company,
        connection=portal.quickbooks,
        kind=Kind.JOB,
        action="push_job",
        coperniq_id=job,
        state=RunState.WAITING,
        waits_for_kind=kind,
        waits_for_id=record_id,
    )


@pytest.mark.every_database
def test_a_link_releases_only_those_who_wait_for_this_record(portal: PortalHarness) -> None:
    its_own = waiting_job(portal, "1", "customer", "7")
    of_another = waiting_job(portal, "2", "customer", "8")
    of_another_kind = waiting_job(portal, "3", "job", "7")
    link = RecordLink(connection=portal.quickbooks, kind="customer", coperniq_id="7", quickbooks_id="70")
    store_link(link)
    for run, state in ((its_own, "queued"), (of_another, "waiting"), (of_another_kind, "waiting")):
        run.refresh_from_db()
        assert run.state == state


@pytest.mark.every_database
def test_discarding_a_customer_holds_only_those_who_wait_for_it(portal: PortalHarness) -> None:
    portal.simulator.in_books(portal.realm, "Vendor", DisplayName="John Smith")
    pushed(portal)
    stranger = waiting_job(portal, "999", "customer", "another")
    portal.decide("discard")
    stranger.refresh_from_db()
    assert stranger.state == RunState.WAITING
    assert portal.held().cause == "waited_in_vain"


@pytest.mark.every_database
@pytest.mark.parametrize("seconds", [-30, 30])
def test_a_clock_of_coperniqs_that_differs_loses_no_entry(portal: PortalHarness, seconds: int) -> None:
    portal.trigger.saved_at = timezone.now()
    portal.trigger.save()
    project = portal.project(portal.account("John Smith"))
    portal.simulator.control("clock", {"shift_seconds": seconds})
    portal.enter(project)
    portal.work()
    assert len(portal.customers()) == 2
