from __future__ import annotations

import pytest

from accounts.roles import Role
from integrations import http
from integrations.sync.engine.context import _shared_cache
from integrations.sync.engine.continuity import _known
from integrations.sync.engine.lookups import _lookup_cache
from tests.factories import person
from tests.invoice_harness import InvoiceHarness, open_invoice_harness
from tests.portal_harness import PortalHarness
from tests.sync.mapping_page import MappingPage
from tests.sync.pure_planning import guard_plans


@pytest.fixture(autouse=True)
def _process_of_its_own() -> None:
    """Rows are undone after each test and their ids come again: nothing of them is remembered."""
    for memory in (_known, _shared_cache, _lookup_cache):
        memory.clear()


@pytest.fixture
def harness(portal: PortalHarness) -> InvoiceHarness:
    """QuickBooks knows the item that most invoices of these tests sell."""
    harness = open_invoice_harness(portal)
    harness.book_item("Permit")
    portal.simulator.forget_log()
    return harness


@pytest.fixture
def page(portal: PortalHarness) -> MappingPage:
    return MappingPage(person("ada", (portal.company, Role.ADMIN)))


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a vendor in trouble is given between two tries of a read has tests of its own."""
    monkeypatch.setattr(http, "READ_PAUSES", (0.001, 0.002))


@pytest.fixture(autouse=True)
def _plans_write_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    guard_plans(monkeypatch)
