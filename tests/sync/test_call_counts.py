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


def counted(office: PortalHarness) -> tuple[int, ...]:
    """QuickBooks reads, QuickBooks writes, Coperniq calls."""
    quickbooks = [len(office.quickbooks_calls(write=write)) for write in (False, True)]
    return (*quickbooks, len(office.simulator.log("coperniq")))


@pytest.fixture
def john(office: PortalHarness) -> dict[str, Any]:
    """A client with a contact and a site, as most are."""
    contact = office.simulator.make("contacts", name="John Smith", emails=["john@example.com"])
    return office.account("John Smith", primaryEmail="john@example.com", contacts=[contact["id"]])


def enter(office: PortalHarness, project: dict[str, Any]) -> tuple[int, ...]:
    office.simulator.forget_log()
    office.enter(project)
    office.work()
    return counted(office)


def test_a_new_customer(office: PortalHarness, john: dict[str, Any]) -> None:
    assert enter(office, office.project(john)) == table()["new customer and job"]


def test_a_known_customer(office: PortalHarness, john: dict[str, Any]) -> None:
    enter(office, office.project(john))
    assert enter(office, office.project(john, "Garage")) == table()["known customer, new job"]


def test_a_reentry(office: PortalHarness, john: dict[str, Any]) -> None:
    project = office.project(john)
    enter(office, project)
    office.simulator.control("clock", {"shift_seconds": 60})
    office.simulator.start_phase(project["id"], office.phases["Billing"])
    assert enter(office, project) == table()["re-entry, nothing changed"]
