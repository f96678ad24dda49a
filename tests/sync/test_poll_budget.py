"""Coperniq gives 5,000 calls a day: polls and sweeps leave the runs enough of them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from integrations.coperniq.client import CoperniqClient
from integrations.coperniq.records import Project
from integrations.errors import Unavailable
from integrations.models import CallCount, CoperniqConnection
from integrations.sync.ingest.coperniq_projects import due_coperniq_polls
from tests.portal_harness import PortalHarness
from tests.sync.test_polling import make_due, unheard


def minutes_to_the_next_poll(portal: PortalHarness) -> int:
    make_due(portal)
    now = timezone.now()
    due_coperniq_polls()[0]()
    return round((CoperniqConnection.objects.get().next_poll_at - now).total_seconds() / 60)


@pytest.mark.parametrize(("used", "minutes"), [(3900, 1), (3999, 15), (6000, 15)])
def test_polling_slows_down_at_four_fifths_of_the_days_calls(
    portal: PortalHarness, settings: Any, used: int, minutes: int
) -> None:
    settings.COPERNIQ_POLL_SECONDS = 60
    CallCount.add(portal.company.pk, "coperniq", reads=used, writes=0)
    CallCount.objects.create(
        company=portal.company, vendor="coperniq", on=timezone.now() - timedelta(days=1), reads=5000
    )
    assert minutes_to_the_next_poll(portal) == minutes


@pytest.mark.parametrize(("left", "minutes"), [(1001, 1), (1000, 15)])
def test_polling_slows_down_when_coperniq_says_that_little_is_left(
    portal: PortalHarness, settings: Any, monkeypatch: pytest.MonkeyPatch, left: int, minutes: int
) -> None:
    settings.COPERNIQ_POLL_SECONDS = 60
    monkeypatch.setattr(CoperniqClient, "calls_remaining", left)
    assert minutes_to_the_next_poll(portal) == minutes


def test_a_poll_interval_longer_than_the_pause_stays_as_it_is(portal: PortalHarness, settings: Any) -> None:
    settings.COPERNIQ_POLL_SECONDS = 3600
    CallCount.add(portal.company.pk, "coperniq", reads=4500, writes=0)
    assert minutes_to_the_next_poll(portal) == 60


def test_nothing_is_swept_while_calls_are_scarce(portal: PortalHarness) -> None:
    CallCount.add(portal.company.pk, "coperniq", reads=4500, writes=0)
    make_due(portal)
    portal.simulator.forget_log()
    due_coperniq_polls()[0]()
    assert len([call for call in portal.simulator.log("coperniq") if call["path"].endswith("/projects")]) == 1


def answer_sweeps(monkeypatch: pytest.MonkeyPatch, pages: int, *, fails: bool) -> list[None]:
    """A sweep of so many pages; the list grows by one a sweep."""
    real = CoperniqClient.list_projects
    sweeps: list[None] = []

    def listing(self: CoperniqClient, since: datetime | None) -> list[Project]:
        if since is not None:
            return real(self, since)
        sweeps.append(None)
        self._calls_made += pages
        if fails:
            raise Unavailable(vendor="coperniq", detail="page 37")
        return []

    monkeypatch.setattr(CoperniqClient, "list_projects", listing)
    return sweeps


def test_a_failing_sweep_neither_holds_the_cursor_back_nor_comes_back_at_once(
    portal: PortalHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    unheard(portal)
    sweeps = answer_sweeps(monkeypatch, 37, fails=True)
    for _ in range(3):
        make_due(portal)
        due_coperniq_polls()[0]()
    assert CoperniqConnection.objects.get().projects_cursor_at is not None
    assert len(sweeps) == 1


@pytest.mark.parametrize("fails", [True, False])
@pytest.mark.parametrize(("pages", "minutes"), [(1, 30), (20, 30), (40, 60), (300, 450)])
def test_the_more_a_sweep_costs_the_later_is_the_next(
    portal: PortalHarness, monkeypatch: pytest.MonkeyPatch, pages: int, minutes: int, fails: bool
) -> None:
    answer_sweeps(monkeypatch, pages, fails=fails)
    make_due(portal)
    now = timezone.now()
    due_coperniq_polls()[0]()
    wait = CoperniqConnection.objects.get().next_sweep_at - now
    assert round(wait.total_seconds() / 60) == minutes
