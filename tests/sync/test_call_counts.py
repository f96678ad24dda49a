"""What a trigger costs, counted by the vendors. The table in docs/performance.md says the same."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.portal_harness import PortalHarness

TABLE = Path(__file__).resolve().parents[2] / "docs" / "performance.md"


def table() -> dict[str, tuple[int, ...]]:
    rows = re.findall(r"^\| ([a-z][^|]+) \| (\d+) \| (\d+) \| (\d+) \|$", TABLE.read_text(), re.MULTILINE)
    return {case.strip(): tuple(int(count) for count in counts) for case, *counts in rows}


def counted(portal: PortalHarness) -> tuple[int, ...]:
    """QuickBooks reads, QuickBooks writes, Coperniq calls."""
    quickbooks = [len(portal.quickbooks_calls(write=write)) for write in (False, True)]
    return (*quickbooks, len(portal.simulator.log("coperniq")))


@pytest.fixture
def john(portal: PortalHarness) -> dict[str, Any]:
    """A client with a contact and a site, as most are."""
    contact = portal.simulator.make("contacts", name="John Smith", emails=["john@example.com"])
    return portal.account("John Smith", primaryEmail="john@example.com", contacts=[contact["id"]])


def enter(portal: PortalHarness, project: dict[str, Any]) -> tuple[int, ...]:
    portal.simulator.forget_log()
    portal.enter(project)
    portal.work()
    return counted(portal)


def test_a_new_customer(portal: PortalHarness, john: dict[str, Any]) -> None:
    assert enter(portal, portal.project(john)) == table()["new customer and job"]


def test_a_known_customer(portal: PortalHarness, john: dict[str, Any]) -> None:
    enter(portal, portal.project(john))
    assert enter(portal, portal.project(john, "Garage")) == table()["known customer, new job"]


def test_a_reentry(portal: PortalHarness, john: dict[str, Any]) -> None:
    project = portal.project(john)
    enter(portal, project)
    portal.simulator.control("clock", {"shift_seconds": 60})
    portal.simulator.start_phase(project["id"], portal.phases["Billing"])
    assert enter(portal, project) == table()["re-entry, nothing changed"]
