"""Lists and preferences are read by one thread: who comes a moment later finds them fresh."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from integrations.models import Lane, QuickBooksConnection, ReferenceList
from integrations.sync import desk as desks
from integrations.sync import reference
from integrations.sync.desk import Desk
from tests.sync.office import Office


@pytest.fixture
def desk(office: Office) -> Desk:
    return Desk(Lane.objects.get(), office.quickbooks)


def test_preferences_another_thread_has_read_are_not_read_again(office: Office, desk: Desk) -> None:
    QuickBooksConnection.objects.update(preferences_read_at=timezone.now(), custom_txn_numbers=True)
    assert reference.preferences(desk).custom_txn_numbers
    assert office.quickbooks_calls() == []


def test_a_list_another_thread_has_read_is_not_read_again(office: Office, desk: Desk) -> None:
    rows = [{"id": "7", "name": "Read meanwhile", "is_active": True}]
    read_at = timezone.now() + timedelta(seconds=5)
    ReferenceList.objects.create(connection=office.quickbooks, name="items", rows=rows, read_at=read_at)
    assert reference.refreshed(desk, "items") == rows
    assert office.quickbooks_calls() == []


def test_memory_does_not_grow_for_ever(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desks, "MOST_REMEMBERED", 2)
    for number in range(5):
        desk.remember(("payments", str(number)), [])
    assert desk.recall(("payments", "0")) is None
    assert desk.recall(("payments", "4")) == []
