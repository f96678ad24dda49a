"""People read titles, never keys: on the log, under Needs attention, on the page of a record."""

from __future__ import annotations

import re

import pytest

from accounts.models import Company, User
from integrations.causes import Cause
from integrations.messages.cause_titles import TITLES, title_of
from integrations.models import QuickBooksConnection, RunState
from tests.factories import (
    SignIn,
    coperniq_connection,
    held_run,
    log_entry,
    quickbooks_connection,
    sync_run,
)


@pytest.fixture
def acme_books(acme: Company) -> QuickBooksConnection:
    coperniq_connection(acme)
    return quickbooks_connection(acme)


@pytest.mark.parametrize("cause", [cause for cause in Cause if cause])
def test_each_cause_has_a_title_of_a_few_words(cause: Cause) -> None:
    assert re.fullmatch(r"[A-Z][^_.]{5,54}", TITLES[cause])


def test_no_two_causes_have_one_title() -> None:
    same = {cause for cause, title in TITLES.items() if list(TITLES.values()).count(title) > 1}
    assert same == set()


def test_a_former_cause_is_told_by_its_words() -> None:
    assert title_of("no_longer_used") == "No longer used"
    assert title_of("") == ""


@pytest.mark.parametrize(
    "path", ["/integrations/log/", "/integrations/log/?cause=name_taken", "/integrations/runs/"]
)
def test_pages_show_titles(path: str, acme_books: QuickBooksConnection, alice: User, sign_in: SignIn) -> None:
    held_run(acme_books, "1", cause="name_taken")
    log_entry(acme_books, "1", outcome="held", cause="name_taken")
    text = re.sub(r"<[^>]*>", " ", sign_in(alice).get(path).content.decode())
    assert "Name is taken, or nearly the same" in text
    assert "name_taken" not in text


def test_what_holds_the_most_money_comes_first(
    acme_books: QuickBooksConnection, alice: User, sign_in: SignIn
) -> None:
    for number, (cause, cents) in enumerate(
        [
            ("name_taken", None),
            ("conflict", 5_000),
            ("books_closed", 100_000),
            ("conflict", 99_000),
            ("name_taken", None),
        ]
    ):
        held_run(acme_books, str(number), cause=cause, record_name=f"R{number}", amount_cents=cents)
    sync_run(acme_books, RunState.WAITING, "9", amount_cents=900_000)
    page = sign_in(alice).get("/integrations/runs/")
    assert [(row["cause"], row["count"], row["cents"]) for row in page.context["causes"]] == [
        ("conflict", 2, 104_000),
        ("books_closed", 1, 100_000),
        ("name_taken", 2, 0),
    ]
    held = [row["run"].record_name for row in page.context["rows"] if row["run"].state == "held"]
    assert held == ["R2", "R3", "R1", "R0", "R4"]
    assert "$1,040.00" in page.content.decode()
