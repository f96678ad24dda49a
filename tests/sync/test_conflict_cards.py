"""Several fields of one invoice can wait for different reasons; there is one card, and it shows them all."""

from __future__ import annotations

from integrations.errors import NeedsDecision
from integrations.sync.engine.choices import DISCARD, RETRY
from integrations.sync.invoices.conflicts import USE_COPERNIQ, USE_QUICKBOOKS, combined_hold

LINES = {"field": "Lines", "before": "1 line", "coperniq": "2 lines", "quickbooks": "1 line"}
DUE = {"field": "Due date", "before": "", "coperniq": "2027-02-01", "quickbooks": "2027-03-01"}


def folded() -> NeedsDecision:
    return NeedsDecision(
        "lines_folded", "The lines differ.", [USE_QUICKBOOKS, RETRY, DISCARD], compared=[LINES]
    )


def test_one_card_shows_all_fields_and_offers_every_choice_once() -> None:
    due = NeedsDecision(
        "conflict", "So do the dates.", [USE_COPERNIQ, USE_QUICKBOOKS, RETRY, DISCARD], compared=[DUE]
    )
    card = combined_hold([folded(), due])
    assert (card.cause, str(card)) == ("lines_folded", "The lines differ. So do the dates.")
    assert card.compared == (LINES, DUE)
    assert card.choices == (USE_QUICKBOOKS, USE_COPERNIQ, RETRY, DISCARD)


def test_one_reason_for_several_fields_is_told_once() -> None:
    reason = folded()
    assert combined_hold([reason, reason]) is reason
