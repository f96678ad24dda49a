"""A field that both sides have changed is shown with its three values, above the choices."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import Company, User
from integrations.models import QuickBooksConnection
from tests.factories import (
    CHANGES,
    COMPARED,
    SignIn,
    conflict_run,
    coperniq_connection,
    log_entry,
    preview_run,
    quickbooks_connection,
)

RUNS = "/integrations/runs/"
COLUMNS = ("Field", "Before", "Coperniq", "QuickBooks")


@pytest.fixture
def acme_books(acme: Company) -> QuickBooksConnection:
    coperniq_connection(acme)
    return quickbooks_connection(acme)


@pytest.fixture
def finance(frank: User, sign_in: SignIn) -> Client:
    return sign_in(frank)


def is_shown_on(text: str) -> bool:
    heads = [text.find(f'<th scope="col">{name}</th>') for name in COLUMNS]
    cells = ('"Before"><span class="quiet">2026-06-30', '"Coperniq">2026-07-15', '"QuickBooks">empty')
    places = [
        *heads,
        *(text.find(f"data-label={cell}") for cell in cells),
        text.find('value="use_quickbooks"'),
    ]
    return -1 not in places and places == sorted(places)


def test_the_runs_page_shows_three_columns_and_the_choices_below(
    acme_books: QuickBooksConnection, finance: Client
) -> None:
    conflict_run(acme_books)
    text = finance.get(RUNS).text
    assert is_shown_on(text)
    assert "would write" not in text


def test_so_does_the_timeline(acme_books: QuickBooksConnection, finance: Client) -> None:
    row = conflict_run(acme_books)
    logged = log_entry(acme_books, row.coperniq_id, kind=row.kind, run=row, outcome="held")
    address = f"/integrations/log/{logged.pk}/"
    assert is_shown_on(finance.get(address).text)
    (shape,) = finance.get(address, {"format": "json"}).json()["runs"]
    assert shape["compared"] == [COMPARED]


def test_json_keeps_what_is_compared_apart_from_what_is_planned(
    acme_books: QuickBooksConnection, finance: Client
) -> None:
    conflict_run(acme_books)
    preview_run(acme_books, "7")
    found = {run["cause"]: run for run in finance.get(RUNS, {"format": "json"}).json()["runs"]}
    assert (found["conflict"]["planned"], found["conflict"]["compared"]) == ([], [COMPARED])
    assert found["preview"]["planned"][0]["changes"] == CHANGES
    assert found["preview"]["compared"] == []
