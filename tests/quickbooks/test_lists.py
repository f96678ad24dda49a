from decimal import Decimal
from typing import Any

import pytest

from integrations.errors import UnexpectedShape
from integrations.json_reader import load_json
from integrations.quickbooks.lists import (
    Item,
    LedgerAccount,
    PaymentMethod,
    read_item_record,
    read_ledger_account_record,
    read_payment_method_record,
)
from tests.quickbooks.recordings import fixture


def test_a_recorded_item_is_read() -> None:
    document: Any = load_json(fixture("item/read_item"))
    assert read_item_record(document["Item"]) == Item("11", "Pump", "", "Inventory", True, 1500, 1000)


def test_an_inactive_item_may_have_a_price_nobody_can_pay() -> None:
    raw = {
        "Id": "1",
        "Name": "Wire",
        "Sku": "W-1",
        "Type": "Service",
        "Active": False,
        "UnitPrice": Decimal("0.125"),
    }
    assert read_item_record(raw) == Item("1", "Wire", "W-1", "Service", False, None)


def test_an_account_of_the_ledger_is_read() -> None:
    raw = {"Id": "1150040002", "Name": "Checking", "AccountType": "Bank", "AccountSubType": "CashOnHand"}
    assert read_ledger_account_record(raw) == LedgerAccount(
        "1150040002", "Checking", "Bank", "CashOnHand", True
    )


def test_a_payment_method_is_read() -> None:
    raw = {"Id": "2", "Name": "Check (Deleted)", "Type": "NON_CREDIT_CARD", "Active": False}
    assert read_payment_method_record(raw) == PaymentMethod("2", "Check (Deleted)", False)


@pytest.mark.parametrize("read", [read_item_record, read_ledger_account_record, read_payment_method_record])
def test_an_entry_of_a_list_has_an_id(read: Any) -> None:
    assert read({"Id": "1"}).is_active
    with pytest.raises(UnexpectedShape, match="Id"):
        read({"Name": "Check"})
