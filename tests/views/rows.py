"""Rows as the engine would have left them."""

from __future__ import annotations

import csv
import io
from typing import Any

from django.http import StreamingHttpResponse

from integrations.models import (
    Action,
    Direction,
    Kind,
    Outcome,
    Question,
    QuickBooksConnection,
    RunState,
    SyncLogEntry,
    SyncRun,
)
from tests.cast import run

CHANGES = [{"field": "DisplayName", "before": "", "after": "John Smith"}]
PREVIEW_CHOICES = [
    {"key": "release", "label": "Write this to QuickBooks", "question": "preview"},
    {"key": "discard", "label": "Leave it"},
]
MATCH_CHOICES = [
    {"key": "link:58", "label": "Link to “Oak East”", "question": "customer"},
    {
        "key": "create_with_suffix",
        "label": "Create a new one with “#2” after the name",
        "question": "customer",
    },
    {"key": "retry", "label": "Try again"},
    {"key": "discard", "label": "Leave it"},
]


def entry(connection: QuickBooksConnection, coperniq_id: str = "1", **values: Any) -> SyncLogEntry:
    defaults = {
        "direction": Direction.PUSH,
        "kind": Kind.CUSTOMER,
        "outcome": Outcome.DONE,
        "sentence": "Created the customer “John Smith” in QuickBooks.",
        "record_name": "John Smith",
    }
    return SyncLogEntry.objects.create(
        company=connection.company, connection=connection, coperniq_id=coperniq_id, **{**defaults, **values}
    )


def held(connection: QuickBooksConnection, coperniq_id: str = "1", **values: Any) -> SyncRun:
    defaults = {
        "cause": "several_matches",
        "sentence": "QuickBooks has 2 customers that could be it.",
        "choices": MATCH_CHOICES,
    }
    return run(connection, RunState.HELD, coperniq_id, **{**defaults, **values})


def preview(connection: QuickBooksConnection, coperniq_id: str = "1", **values: Any) -> SyncRun:
    planned = [{"operation": "update", "entity": "Customer", "quickbooks_id": "58", "changes": CHANGES}]
    shown = {"question": Question.PREVIEW, "question_subject": "plan-a"}
    defaults = {"cause": "preview", "choices": PREVIEW_CHOICES, "planned": planned, **shown}
    return held(connection, coperniq_id, **{"preview": True, **defaults, **values})


COMPARED = {"field": "Due date", "before": "2026-06-30", "coperniq": "2026-07-15", "quickbooks": ""}
CONFLICT_CHOICES = [
    {"key": "use_coperniq", "label": "Use what Coperniq has", "question": "side"},
    {"key": "use_quickbooks", "label": "Use what QuickBooks has", "question": "side"},
    {"key": "retry", "label": "Try again"},
]


def conflict(connection: QuickBooksConnection, **values: Any) -> SyncRun:
    """An invoice that both sides have changed."""
    defaults = {
        "kind": Kind.INVOICE,
        "action": Action.PUSH_INVOICE,
        "cause": "conflict",
        "sentence": "Both sides have changed invoice 1042.",
        "choices": CONFLICT_CHOICES,
        "planned": [{"compared": COMPARED}],
    }
    return held(connection, "11", **{**defaults, **values})


def csv_of(answer: Any) -> list[dict[str, str]]:
    assert isinstance(answer, StreamingHttpResponse)
    return list(csv.DictReader(io.StringIO(answer.getvalue().decode())))
