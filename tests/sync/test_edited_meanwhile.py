"""What people changed in QuickBooks before a lost answer was made up for is no part of what the portal wrote."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from integrations.models import CoperniqConnection, SyncRun
from integrations.sync.polling import due_polls
from tests.sync.invoice_scenes import assert_at_rest
from tests.sync.office import Office
from tests.sync.two_way import Books, coperniq_state, open_both


@pytest.fixture
def books(office: Office) -> Books:
    return open_both(office)


def unanswered(books: Books, **fields: Any) -> dict[str, Any]:
    """Created in QuickBooks, and the portal has not heard of it yet."""
    money = books.money
    money.invoice(**fields)
    CoperniqConnection.objects.update(next_poll_at=timezone.now())
    for errand in due_polls():
        errand()
    money.office.simulator.fault("lost_answer", method="POST", path="/invoice", times=1)
    money.office.work_once()
    return money.in_books()


EDITS: list[dict[str, Any]] = [
    {"due": "2027-05-06"},
    {"note": "Roof"},
    {"lines": [{"item": "Permit", "quantity": 2, "price": 70}]},
]


@pytest.mark.parametrize("edit", EDITS)
@pytest.mark.parametrize("due", ["", "2027-01-01T00:00:00.000Z"])
def test_an_edit_before_the_create_is_found_again_comes_over(
    books: Books, edit: dict[str, Any], due: str
) -> None:
    made = unanswered(books, **({"dueDate": due} if due else {}))
    mark = made["PrivateNote"]
    books.change(made, **{**edit, **({"note": f"{edit['note']}\n{mark}"} if "note" in edit else {})})
    books.money.work()
    books.heard()
    (invoice,) = coperniq_state(books.money, "invoices")
    document = books.money.in_books()
    assert invoice["amount"] == document["TotalAmt"]
    assert ("Roof" in (invoice["description"] or "")) == ("note" in edit)
    if due or "due" in edit:
        assert invoice["dueDate"][:10] == document["DueDate"]
    assert not SyncRun.objects.held().exists()
    books.heard()
    assert_at_rest(books.money)
