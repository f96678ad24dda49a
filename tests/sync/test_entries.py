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

pytestmark = pytest.mark.every_database

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


def entered_two_phases(office: PortalHarness) -> dict[str, Any]:
    """Installation and then Billing, both triggers, before anybody looked. A workflow has one trigger at a time."""
    office.trigger.workflow_id = "another"
    office.trigger.save()
    office.quickbooks.triggers.create(
        workflow_id=str(office.workflow["id"]),
        phase_template_id=str(office.phases["Billing"]),
        phase_name="Billing",
        saved_at=office.trigger.saved_at,
    )
    project = office.project(office.account("John Smith"))
    office.enter(project)
    office.simulator.control("clock", {"shift_seconds": 60})
    office.enter(project, "Billing")
    return project


def test_of_two_unseen_entries_the_newest_decides_and_both_are_noted(office: PortalHarness) -> None:
    project = entered_two_phases(office)
    office.work()
    assert office.log()[0].startswith("done: “John Smith” entered Billing")
    assert PhaseEntry.objects.count() == 2
    office.ring(project)
    office.work()
    assert len(office.log()) == 3, "the older one is not discovered afterwards"


def test_a_reentry_that_was_skipped_is_skipped_once(office: PortalHarness) -> None:
    office.trigger.reentry = "once"
    office.trigger.save()
    project = pushed(office)
    enter_again(office, project)
    office.work()
    office.ring(project)
    office.work()
    assert sum(line.startswith("skipped: ") for line in office.log()) == 1


@pytest.mark.parametrize("rule", ["once", "ask"])
def test_a_second_project_of_a_known_account_is_no_reentry(office: PortalHarness, rule: str) -> None:
    office.trigger.reentry = rule
    office.trigger.save()
    account = office.account("John Smith")
    for title in ("House", "Garage"):
        office.enter(office.project(account, title))
        office.work()
    assert len(office.customers(Job=True)) == 2


def test_a_project_read_a_while_ago_is_read_again(office: PortalHarness) -> None:
    ctx = SyncContext(CompanyLease.objects.get(), office.quickbooks)
    project = office.project(office.account("John Smith"))
    read = ctx.read_project(str(project["id"]))
    assert ctx.recent_project(read.id) is read
    assert ctx.recent_project(read.id) is not read, "it serves once"
    ctx.RECENT_SECONDS = 0.0
    read = ctx.read_project(read.id)
    assert ctx.recent_project(read.id) is not read


def waiting_job(office: PortalHarness, job: str, kind: str, record_id: str) -> SyncRun:
    return SyncRun.objects.create(
        company=office.company,
        connection=office.quickbooks,
        kind=Kind.JOB,
        action="push_job",
        coperniq_id=job,
        state=RunState.WAITING,
        waits_for_kind=kind,
        waits_for_id=record_id,
    )


def test_a_link_releases_only_those_who_wait_for_this_record(office: PortalHarness) -> None:
    its_own = waiting_job(office, "1", "customer", "7")
    of_another = waiting_job(office, "2", "customer", "8")
    of_another_kind = waiting_job(office, "3", "job", "7")
    link = RecordLink(connection=office.quickbooks, kind="customer", coperniq_id="7", quickbooks_id="70")
    store_link(link)
    for run, state in ((its_own, "queued"), (of_another, "waiting"), (of_another_kind, "waiting")):
        run.refresh_from_db()
        assert run.state == state


def test_discarding_a_customer_holds_only_those_who_wait_for_it(office: PortalHarness) -> None:
    office.simulator.in_books(office.realm, "Vendor", DisplayName="John Smith")
    pushed(office)
    stranger = waiting_job(office, "999", "customer", "another")
    office.decide("discard")
    stranger.refresh_from_db()
    assert stranger.state == RunState.WAITING
    assert office.held().cause == "waited_in_vain"


@pytest.mark.parametrize("seconds", [-30, 30])
def test_a_clock_of_coperniqs_that_differs_loses_no_entry(office: PortalHarness, seconds: int) -> None:
    office.trigger.saved_at = timezone.now()
    office.trigger.save()
    project = office.project(office.account("John Smith"))
    office.simulator.control("clock", {"shift_seconds": seconds})
    office.enter(project)
    office.work()
    assert len(office.customers()) == 2
