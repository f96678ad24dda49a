from __future__ import annotations

import pytest

from tests.simulation import Simulation
from tests.sync.office import Office, open_office


@pytest.fixture
def office(db: None, simulator: Simulation) -> Office:
    return open_office(simulator)
