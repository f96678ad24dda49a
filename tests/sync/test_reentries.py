"""A project comes back to its phase, and a person is asked: once for each time, and what is answered lasts."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from integrations.models import PhaseEntry, RunState, SyncRun
from tests.portal_harness import PortalHarness


@pytest.fixture
def back(office: PortalHarness) -> dict[str, Any]:
    """A project that was pushed, and has entered its phase once more."""
    office.trigger.reentry = "ask"
    office.trigger.save()
    project = office.project(office.account("John Smith"), "Roof")
    office.enter(project)
    office.work()
    again(office, project)
    return project


def again(office: PortalHarness, project: dict[str, Any]) -> None:
    office.simulator.change(
        "projects", project["id"], title=f"{project['title']} {PhaseEntry.objects.count()}"
    )
    office.simulator.control("clock", {"shift_seconds": 60})
    office.enter(project, "Billing")
    office.enter(project)
    office.work()


def job(office: PortalHarness) -> str:
    return str(office.customer(Job=True)["DisplayName"]).partition(" | ")[0]


def test_what_was_left_is_not_asked_about_again(office: PortalHarness, back: dict[str, Any]) -> None:
    office.decide("discard")
    office.ring(back)
    office.work()
    assert not SyncRun.objects.open().exists()
    assert job(office) == "Roof"


def test_the_entry_after_the_one_that_was_left_is_asked_about(
    office: PortalHarness, back: dict[str, Any]
) -> None:
    office.decide("discard")
    again(office, back)
    assert office.held().cause == "reentry_ask"
    office.decide("release")
    assert job(office) == "Roof 2"


def test_a_release_pushes_once_however_often_it_is_reported(
    office: PortalHarness, back: dict[str, Any]
) -> None:
    office.decide("release")
    assert job(office) == "Roof 1"
    pushes = SyncRun.objects.exclude(action="notice_entry").count()
    office.ring(back)
    office.work()
    assert SyncRun.objects.exclude(action="notice_entry").count() == pushes == 4


def test_what_was_pushed_is_not_pushed_by_the_same_run_again(
    office: PortalHarness, back: dict[str, Any]
) -> None:
    run = office.held()
    office.decide("release", run)
    SyncRun.objects.filter(pk=run.pk).update(state=RunState.QUEUED, requested_count=9)
    office.work()
    assert SyncRun.objects.filter(action="push_job").count() == 2


def test_a_report_repeated_or_interrupted_leaves_the_question_open(
    office: PortalHarness, back: dict[str, Any]
) -> None:
    office.simulator.fault("error_500", vendor="coperniq", times=1)
    office.ring(back)
    office.work()
    assert office.held().cause == "reentry_ask"
    SyncRun.objects.held().requeue()
    office.work()
    assert job(office) == "Roof", "trying again is no answer"
    office.decide("release")
    assert job(office) == "Roof 1"


def test_a_release_serves_the_entry_that_was_shown_and_no_later_one(
    office: PortalHarness, back: dict[str, Any]
) -> None:
    assert office.held().decide("release")
    again(office, back)
    assert office.held().cause == "reentry_ask"
    assert job(office) == "Roof"
    office.decide("release")
    assert job(office) == "Roof 2"


def test_a_question_about_a_trigger_that_is_another_now_is_dropped(
    office: PortalHarness, back: dict[str, Any]
) -> None:
    office.trigger.phase_template_id = str(office.phases["Welcome"])
    office.trigger.saved_at = timezone.now() + timedelta(hours=1)
    office.trigger.save()
    office.decide("release")
    assert not SyncRun.objects.open().exists()
    assert job(office) == "Roof"
