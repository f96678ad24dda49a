"""Several fields of one invoice can wait for different reasons; there is one card, and it shows them all."""

from __future__ import annotations

from typing import Any, cast

from integrations.errors import Hold
from integrations.models import SyncRun
from integrations.sync.actions import conflicts
from integrations.sync.actions.conflicts import together
from integrations.sync.actions.losers import USE_COPERNIQ, USE_QUICKBOOKS
from integrations.sync.actions.names import DISCARD, RETRY

LINES = {"field": "Lines", "before": "1 line", "coperniq": "2 lines", "quickbooks": "1 line"}
DUE = {"field": "Due date", "before": "", "coperniq": "2027-02-01", "quickbooks": "2027-03-01"}


def folded() -> Hold:
    return Hold("lines_folded", "The lines differ.", [USE_QUICKBOOKS, RETRY, DISCARD], compared=[LINES])


def test_one_card_shows_all_fields_and_offers_every_choice_once() -> None:
    due = Hold("conflict", "So do the dates.", [USE_COPERNIQ, USE_QUICKBOOKS, RETRY, DISCARD], compared=[DUE])
    card = together([folded(), due])
    assert (card.cause, str(card)) == ("lines_folded", "The lines differ. So do the dates.")
    assert card.compared == (LINES, DUE)
    assert card.choices == (USE_QUICKBOOKS, USE_COPERNIQ, RETRY, DISCARD)


def test_one_reason_for_several_fields_is_told_once() -> None:
    reason = folded()
    assert together([reason, reason]) is reason


def test_what_a_run_settled_by_itself_stays_settled_when_its_card_is_answered() -> None:
    run = SyncRun(pk=5, decision="use_quickbooks")
    losers = {
        "memo": {"side": "quickbooks", "run": 5},
        "lines": {"side": "coperniq", "run": 5},
        "due_date": {"side": "quickbooks", "run": 4},
    }
    found = conflicts.Resolved(losers, is_answered=True)
    conflicts.take_losers(run, cast("Any", None), [], found)
    assert sorted(found.losers) == ["due_date", "lines"]
