"""A project comes back to its phase, and a person is asked: once for each time, and what is answered lasts."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from integrations.models import PhaseEntry, RunState, SyncRun
from tests.portal_harness import PortalHarness


@pytest.fixture
def back(portal: PortalHarness) -> dict[str, Any]:
    """A project that was pushed, and has entered its phase once more."""
    portal.trigger.reentry = "ask"
    portal.trigger.save()
    project = portal.project(portal.account("John Smith"), "Roof")
    portal.enter(project)
    portal.work()
    again(portal, project)
    return project


def again(portal: PortalHarness, project: dict[str, Any]) -> None:
    portal.simulator.change(
        "projects", project["id"], title=f"{project['title']} {PhaseEntry.objects.count()}"
    )
    portal.simulator.control("clock", {"shift_seconds": 60})
    portal.enter(project, "Billing")
    portal.enter(project)
    portal.work()


def job(portal: PortalHarness) -> str:
    return str(portal.customer(Job=True)["DisplayName"]).partition(" | ")[0]


def test_what_was_left_is_not_asked_about_again(portal: PortalHarness, back: dict[str, Any]) -> None:
    portal.decide("discard")
    portal.ring(back)
    portal.work()
    assert not SyncRun.objects.open().exists()
    assert job(portal) == "Roof"


def test_the_entry_after_the_one_that_was_left_is_asked_about(
    portal: PortalHarness, back: dict[str, Any]
) -> None:
    portal.decide("discard")
    again(portal, back)
    assert portal.held().cause == "reentry_ask"
    portal.decide("release")
    assert job(portal) == "Roof 2"


def test_a_release_pushes_once_however_often_it_is_reported(
    portal: PortalHarness, back: dict[str, Any]
) -> None:
    portal.decide("release")
    assert job(portal) == "Roof 1"
    pushes = SyncRun.objects.exclude(action="notice_entry").count()
    portal.ring(back)
    portal.work()
    assert SyncRun.objects.exclude(action="notice_entry").count() == pushes == 4


def test_what_was_pushed_is_not_pushed_by_the_same_run_again(
    portal: PortalHarness, back: dict[str, Any]
) -> None:
    run = portal.held()
    portal.decide("release", run)
    SyncRun.objects.filter(pk=run.pk).update(state=RunState.QUEUED, requested_count=9)
    portal.work()
    assert SyncRun.objects.filter(action="push_job").count() == 2


def test_a_report_repeated_or_interrupted_leaves_the_question_open(
    portal: PortalHarness, back: dict[str, Any]
) -> None:
    portal.simulator.fault("error_500", vendor="coperniq", times=1)
    portal.ring(back)
    portal.work()
    assert portal.held().cause == "reentry_ask"
    SyncRun.objects.held().requeue()
    portal.work()
    assert job(portal) == "Roof", "trying again is no answer"
    portal.decide("release")
    assert job(portal) == "Roof 1"


def test_a_release_serves_the_entry_that_was_shown_and_no_later_one(
    portal: PortalHarness, back: dict[str, Any]
) -> None:
    assert portal.held().decide("release")
    again(portal, back)
    assert portal.held().cause == "reentry_ask"
    assert job(portal) == "Roof"
    portal.decide("release")
    assert job(portal) == "Roof 2"


def test_a_question_about_a_trigger_that_is_another_now_is_dropped(
    portal: PortalHarness, back: dict[str, Any]
) -> None:
    portal.trigger.phase_template_id = str(portal.phases["Welcome"])
    portal.trigger.saved_at = timezone.now() + timedelta(hours=1)
    portal.trigger.save()
    portal.decide("release")
    assert not SyncRun.objects.open().exists()
    assert job(portal) == "Roof"
