"""From an empty installation to linked records, with commands and plain HTTP only."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.processes.process_stack import ProcessStack, Tenant
from tests.processes.worker import eventually

pytestmark = pytest.mark.processes


def test_a_company_made_by_command_gets_its_records_linked(
    house: ProcessStack, tenant: Callable[..., Tenant]
) -> None:
    mine = tenant(by_hand=True)
    project = mine.project("John Smith", 12345)
    mine.enter(project)
    assert mine.sync() == 0
    visitor = mine.sign_in()
    (customer,) = visitor.json("/integrations/links/customer/")["links"]
    (job,) = visitor.json("/integrations/links/job/")["links"]
    assert customer["quickbooks_name"] == "John Smith"
    assert job["coperniq_id"] == str(project["id"])
    assert (
        job["quickbooks_name"] == mine.jobs()[0]["DisplayName"] == "John Smith | #12345 | $25,000 | 10.5 kW"
    )
    entries = visitor.json("/integrations/log/")["entries"]
    assert [entry["outcome"] for entry in entries] == ["done", "done", "done"]
    assert visitor.json("/integrations/status/")["idle"] is True


@pytest.mark.soak
def test_a_webhook_alone_is_enough(house: ProcessStack, tenant: Callable[..., Tenant]) -> None:
    mine = tenant()
    mine.enter(mine.project("Mary Jones", 1))
    eventually(lambda: len(mine.jobs()) == 1, "the webhook brings the job")


@pytest.mark.soak
def test_a_lost_webhook_costs_a_poll(house: ProcessStack, tenant: Callable[..., Tenant]) -> None:
    mine = tenant()
    house.simulator.control("webhooks/faults", {"vendor": "coperniq", "fault": "lost", "times": 0})
    mine.enter(mine.project("Mary Jones", 1))
    eventually(lambda: len(mine.jobs()) == 1, "the poller finds the entry")


@pytest.mark.soak
def test_moving_it_again_creates_nothing_new(house: ProcessStack, tenant: Callable[..., Tenant]) -> None:
    mine = tenant()
    project = mine.project("John Smith", 12345)
    mine.enter(project)
    assert mine.sync() == 0
    before = mine.books()
    mine.enter(project, "Billing")
    mine.enter(project)
    assert mine.sync() == 0
    assert mine.books() == before


@pytest.mark.soak
def test_waiting_in_vain_is_told_by_the_exit_code(house: ProcessStack, tenant: Callable[..., Tenant]) -> None:
    mine = tenant()
    house.worker.kill()
    mine.enter(mine.project("John Smith", 1))
    assert mine.sync(seconds=2) == 2
