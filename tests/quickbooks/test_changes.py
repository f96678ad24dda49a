"""Change data capture: one answer, several kinds, and nothing said of what did not change."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from integrations.errors import Unavailable, UnexpectedShape
from integrations.quickbooks import changes
from integrations.quickbooks.changes import Changes
from tests.quickbooks.conftest import COMPANY, Intuit

SINCE = datetime(2026, 5, 5, 7, 30, 15, 999999, tzinfo=UTC)
KINDS = ("Customer", "Invoice", "Payment")
CHANGED_AT = datetime(2026, 5, 5, 9, tzinfo=UTC)


def a_record(number: int, **fields: object) -> dict[str, object]:
    times = {"LastUpdatedTime": "2026-05-05T02:00:00-07:00"}
    return {"Id": str(number), "SyncToken": "3", "MetaData": times} | fields


def read(routes: Intuit, *answers: dict[str, Any]) -> Changes:
    routes.mock.get(
        f"{COMPANY}/cdc", json={"CDCResponse": list(answers), "time": "2026-05-05T03:00:00-07:00"}
    )
    return routes.client.read_changes(KINDS, SINCE)


def test_it_asks_once_for_all_kinds_in_pacific_time(routes: Intuit) -> None:
    assert read(routes) == Changes((), is_full=False)
    sent = routes.sent().params
    assert sent["entities"] == "Customer,Invoice,Payment"
    assert sent["changedSince"] == "2026-05-04T23:30:15-08:00"


def test_kinds_without_changes_may_be_empty_or_missing(routes: Intuit) -> None:
    found = read(
        routes,
        {"QueryResponse": [{"Customer": [a_record(1)], "startPosition": 1, "maxResults": 1}, {}]},
        {"QueryResponse": [{"Payment": [a_record(2), a_record(3)]}]},
        {"QueryResponse": {"Invoice": [a_record(4)]}},
        {"QueryResponse": {}},
        {},
    )
    assert [(row.entity, row.id) for row in found.found] == [
        ("Customer", "1"),
        ("Payment", "2"),
        ("Payment", "3"),
        ("Invoice", "4"),
    ]
    first = found.found[0]
    assert (first.sync_token, first.updated_at, first.is_deleted) == ("3", CHANGED_AT, False)
    assert first.record["Id"] == "1"


def test_of_a_deleted_one_little_is_left(routes: Intuit) -> None:
    stub = a_record(266, domain="QBO", status="Deleted")
    del stub["SyncToken"]
    (gone,) = read(routes, {"QueryResponse": [{"Invoice": [stub]}]}).found
    assert (gone.id, gone.is_deleted, gone.sync_token, gone.updated_at) == ("266", True, "", CHANGED_AT)


def test_an_answer_of_the_most_there_can_be_is_full(routes: Intuit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes, "MOST_OBJECTS", 2)
    assert read(routes, {"QueryResponse": [{"Customer": [a_record(1)]}, {"Payment": [a_record(2)]}]}).is_full


def test_another_shape_is_no_answer(routes: Intuit) -> None:
    routes.mock.get(f"{COMPANY}/cdc", json={"QueryResponse": {}})
    with pytest.raises(UnexpectedShape):
        routes.client.read_changes(KINDS, SINCE)


def test_what_cannot_be_read_is_an_outage(routes: Intuit) -> None:
    routes.mock.get(f"{COMPANY}/cdc", body="<html>")
    with pytest.raises(Unavailable):
        routes.client.read_changes(KINDS, SINCE)


def test_documents_are_asked_for_by_the_hundred_and_names_inactive_or_not(routes: Intuit) -> None:
    routes.mock.get(f"{COMPANY}/query", json={"QueryResponse": {"Invoice": [a_record(7)]}})
    assert [row.id for row in routes.client.find_those("Invoice", [str(n) for n in range(150)])] == ["7", "7"]
    assert len(routes.mock.calls) == 2
    assert "WHERE Id IN ('100', '101'" in routes.sent(1).params["query"]
    routes.client.list_changed("Customer", SINCE)
    assert (
        routes.sent(2)
        .params["query"]
        .startswith(
            "SELECT * FROM Customer WHERE MetaData.LastUpdatedTime >= '2026-05-04T23:30:15-08:00'"
            " AND Active IN (true, false)"
        )
    )
