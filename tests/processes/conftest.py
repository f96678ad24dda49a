from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator

import pytest

from tests.processes.process_stack import ProcessStack, Tenant


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProcessStack]:
    built = ProcessStack(tmp_path_factory.mktemp("house"))
    try:
        yield built
    finally:
        built.close()


@pytest.fixture
def tenant(house: ProcessStack) -> Iterator[Callable[..., Tenant]]:
    """Companies with nothing of each other's; they and their faults end with the test, and the worker runs again."""

    made: list[Tenant] = []

    def make(*, by_hand: bool = False) -> Tenant:
        fresh = Tenant(house, f"c{uuid.uuid4().hex[:8]}")
        fresh.move_in(by_hand=by_hand)
        made.append(fresh)
        return fresh

    yield make
    house.simulator.control("faults", method="DELETE")
    house.simulator.control("webhooks/faults", method="DELETE")
    for each in made:
        each.move_out()
    if not house.worker.is_running:
        house.worker.start()
