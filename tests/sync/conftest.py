from __future__ import annotations

import pytest

from integrations import http
from integrations.models import Action
from integrations.sync import desk, reference, runner
from integrations.sync.actions import catching_up
from integrations.sync.endings import nothing_to_do
from tests.sync.desk_of_money import Money, open_desk
from tests.sync.office import Office


@pytest.fixture(autouse=True)
def _process_of_its_own() -> None:
    """Rows are undone after each test and their ids come again: nothing of them is remembered."""
    for memory in (catching_up._seen, desk._recent, reference._remembered):
        memory.clear()


@pytest.fixture
def money(office: Office) -> Money:
    """QuickBooks knows the item that most invoices of these tests sell."""
    money = open_desk(office)
    money.book_item("Permit")
    office.simulator.forget_log()
    return money


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a vendor in trouble is given between two tries of a read has tests of its own."""
    monkeypatch.setattr(http, "READ_PAUSES", (0.001, 0.002))


@pytest.fixture(autouse=True)
def _actions_to_come(monkeypatch: pytest.MonkeyPatch) -> None:
    """What nobody has taught the engine yet comes to nothing; what somebody has is left as it is."""
    for action in Action:
        if action not in runner.NOTICING and action not in runner.PLANNED_ACTIONS:
            monkeypatch.setitem(runner.NOTICING, action, lambda *_: nothing_to_do("Looked at.", silent=True))
