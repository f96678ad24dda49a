"""Several fields of one invoice can wait for different reasons; one question shows them all."""

from __future__ import annotations

from typing import Any, cast

from integrations.causes import Cause
from integrations.errors import NeedsDecision
from integrations.messages import Message
from integrations.models import Answer, Decisions, Owner, Question, SyncRun
from integrations.models.sync_state import OverriddenValue
from integrations.sync.engine.choices import DISCARD, RETRY
from integrations.sync.invoices.conflicts import (
    USE_COPERNIQ,
    USE_QUICKBOOKS,
    Resolution,
    apply_overridden,
    combined_decision,
)

LINES = {"field": "Lines", "before": "1 line", "coperniq": "2 lines", "quickbooks": "1 line"}
DUE = {"field": "Due date", "before": "", "coperniq": "2027-02-01", "quickbooks": "2027-03-01"}


def folded() -> NeedsDecision:
    return NeedsDecision(
        Message(Cause.LINES_FOLDED, "The lines differ."), [USE_QUICKBOOKS, RETRY, DISCARD], compared=[LINES]
    )


def test_one_question_shows_all_fields_and_offers_every_choice_once() -> None:
    due = NeedsDecision(
        Message(Cause.CONFLICT, "So do the dates."),
        [USE_COPERNIQ, USE_QUICKBOOKS, RETRY, DISCARD],
        compared=[DUE],
    )
    question = combined_decision([folded(), due])
    assert (question.cause, str(question)) == ("lines_folded", "The lines differ. So do the dates.")
    assert question.compared == (LINES, DUE)
    assert question.choices == (USE_QUICKBOOKS, USE_COPERNIQ, RETRY, DISCARD)


def test_one_reason_for_several_fields_is_shown_once() -> None:
    reason = folded()
    assert combined_decision([reason, reason]) is reason


def test_what_a_run_settled_by_itself_stays_settled_when_its_question_is_answered() -> None:
    run = SyncRun(pk=5)
    run.decisions = Decisions({Question.SIDE: Answer("use_quickbooks")})
    overridden = {
        "memo": OverriddenValue(Owner.QUICKBOOKS, "", "{}", 5),
        "lines": OverriddenValue(Owner.COPERNIQ, "", "{}", 5),
        "due_date": OverriddenValue(Owner.QUICKBOOKS, "", "{}", 4),
    }
    found = Resolution(overridden, is_answered=True)
    apply_overridden(run, cast("Any", None), [], found)
    assert sorted(found.overridden) == ["due_date", "lines"]
