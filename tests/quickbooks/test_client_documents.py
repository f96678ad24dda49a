import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from integrations import errors
from integrations.errors import UnexpectedShape
from integrations.quickbooks.client import QuickBooksClient
from integrations.quickbooks.query import PAGE_SIZE
from tests.quickbooks.conftest import COMPANY, Intuit
from tests.quickbooks.recordings import cassette, fixture
from tests.quickbooks.test_client_reads import answer_with
from tests.quickbooks.test_faults import a_fault

Read = Callable[[QuickBooksClient], object]
TAIL = " ORDERBY Id STARTPOSITION 1 MAXRESULTS 1000"
SINCE = datetime(2026, 5, 5, 7, 30, 15, 999999, tzinfo=UTC)


def a_payment(number: int, **fields: object) -> dict[str, object]:
    base = {"Id": str(number), "SyncToken": "0", "CustomerRef": {"value": "1"}, "TxnDate": "2026-04-02"}
    return base | {"TotalAmt": 100} | fields


def an_invoice(number: int, **fields: object) -> dict[str, object]:
    return a_payment(number, DocNumber=str(number), Balance=100) | fields


def statement(intuit: Intuit, n: int = 0) -> str:
    return intuit.sent(n).params["query"]


def test_a_recorded_invoice_is_read_by_id(intuit: Intuit) -> None:
    intuit.mock.get(f"{COMPANY}/invoice/264", body=cassette("void/invoice")[0].body)
    assert intuit.client.read_invoice("264").number == "1041"


def test_a_payment_is_read_by_id(intuit: Intuit) -> None:
    intuit.mock.get(f"{COMPANY}/payment/33", json={"Payment": a_payment(33)})
    assert intuit.client.read_payment("33").total_cents == 10000


@pytest.mark.parametrize(
    "read", [lambda client: client.read_invoice("7"), lambda client: client.read_payment("7")]
)
def test_a_deleted_document_is_missing(intuit: Intuit, read: Read) -> None:
    for kind in ("invoice", "payment"):
        intuit.mock.get(f"{COMPANY}/{kind}/7", status=400, body=fixture("item/read_item_error"))
    with pytest.raises(errors.RecordMissing):
        read(intuit.client)


@pytest.mark.parametrize("bad", ["", "..", "5/6"])
def test_an_id_that_is_none_is_not_asked_for(intuit: Intuit, bad: str) -> None:
    for read in (intuit.client.read_invoice, intuit.client.read_payment):
        with pytest.raises(UnexpectedShape):
            read(bad)
    assert not intuit.mock.calls


def test_invoices_are_found_by_number_in_one_query(intuit: Intuit) -> None:
    rows = [an_invoice(1, DocNumber="1043"), an_invoice(2, DocNumber="1043")]
    answer_with(intuit, {"QueryResponse": {"Invoice": rows}})
    found = intuit.client.find_invoices_numbered(["1043", "", "O'1", "1043"])
    assert [invoice.id for invoice in found] == ["1", "2"]
    assert statement(intuit) == rf"SELECT * FROM Invoice WHERE DocNumber IN ('1043', 'O\'1'){TAIL}"


def test_no_number_asks_for_nothing(intuit: Intuit) -> None:
    assert intuit.client.find_invoices_numbered([""]) == []
    assert not intuit.mock.calls


@pytest.mark.parametrize(
    ("total_cents", "condition"),
    [
        (None, ""),
        (1234, " AND TotalAmt = '12.34'"),
        (1200, " AND TotalAmt = '12.00'"),
        (0, " AND TotalAmt = '0.00'"),
    ],
)
def test_payments_are_found_by_customer_and_amount(
    intuit: Intuit, total_cents: int | None, condition: str
) -> None:
    answer_with(intuit, {"QueryResponse": {"Payment": [a_payment(33)]}})
    found = intuit.client.find_payments("1", total_cents)
    assert [payment.id for payment in found] == ["33"]
    assert statement(intuit) == f"SELECT * FROM Payment WHERE CustomerRef = '1'{condition}{TAIL}"


def test_changes_are_asked_for_since_a_moment(intuit: Intuit) -> None:
    answer_with(intuit, {"QueryResponse": {"Invoice": [an_invoice(1)]}}, {"QueryResponse": {}})
    assert [invoice.id for invoice in intuit.client.list_invoices_changed(SINCE)] == ["1"]
    assert intuit.client.list_payments_changed(SINCE) == []
    condition = "MetaData.LastUpdatedTime >= '2026-05-04T23:30:15-08:00'"
    assert statement(intuit, 0) == f"SELECT * FROM Invoice WHERE {condition}{TAIL}"
    assert statement(intuit, 1) == f"SELECT * FROM Payment WHERE {condition}{TAIL}"


def test_changes_are_read_to_the_end_each_as_last_seen(intuit: Intuit) -> None:
    first = [an_invoice(n) for n in range(1, PAGE_SIZE + 1)]
    second = [an_invoice(PAGE_SIZE, SyncToken="1"), an_invoice(PAGE_SIZE + 1)]
    answer_with(intuit, {"QueryResponse": {"Invoice": first}}, {"QueryResponse": {"Invoice": second}})
    found = intuit.client.list_invoices_changed(SINCE)
    assert len(found) == PAGE_SIZE + 1
    assert found[PAGE_SIZE - 1].sync_token == "1"
    assert "STARTPOSITION 1001 " in statement(intuit, 1)


def test_items_are_listed_with_their_stock_numbers(intuit: Intuit) -> None:
    answer_with(
        intuit, {"QueryResponse": {"Item": [{"Id": "1", "Name": "Pump", "Sku": "P-1", "Active": False}]}}
    )
    assert [(item.sku, item.is_active) for item in intuit.client.list_items()] == [("P-1", False)]
    assert statement(intuit) == f"SELECT *, Sku FROM Item WHERE Active IN (true, false){TAIL}"


@pytest.mark.parametrize("code", ["4000", "4001"])
def test_items_are_listed_without_where_such_a_statement_is_refused(intuit: Intuit, code: str) -> None:
    intuit.mock.get(f"{COMPANY}/query", status=400, body=a_fault(code))
    answer_with(intuit, {"QueryResponse": {"Item": [{"Id": "1", "Name": "Pump"}]}})
    assert [item.name for item in intuit.client.list_items()] == ["Pump"]
    assert statement(intuit, 1) == f"SELECT * FROM Item WHERE Active IN (true, false){TAIL}"


def test_another_refusal_of_the_items_is_reported(intuit: Intuit) -> None:
    intuit.mock.get(f"{COMPANY}/query", status=400, body=a_fault("5020"))
    with pytest.raises(errors.FeatureOff):
        intuit.client.list_items()
    assert len(intuit.mock.calls) == 1


def test_accounts_and_payment_methods_are_listed_active_or_not(intuit: Intuit) -> None:
    account = {"Id": "4", "Name": "Undeposited Funds", "AccountType": "Other Current Asset"}
    answer_with(
        intuit,
        {"QueryResponse": {"Account": [account]}},
        {"QueryResponse": {"PaymentMethod": [{"Id": "2", "Name": "Check"}]}},
    )
    assert [found.account_type for found in intuit.client.list_accounts()] == ["Other Current Asset"]
    assert [found.name for found in intuit.client.list_payment_methods()] == ["Check"]
    assert statement(intuit, 0) == f"SELECT * FROM Account WHERE Active IN (true, false){TAIL}"
    assert statement(intuit, 1) == f"SELECT * FROM PaymentMethod WHERE Active IN (true, false){TAIL}"


@pytest.mark.parametrize(
    ("entity", "operation", "params"),
    [
        ("Invoice", "create", {}),
        ("Invoice", "update", {}),
        ("Invoice", "void", {"operation": "void"}),
        ("Invoice", "delete", {"operation": "delete"}),
        ("Payment", "create", {}),
        ("Payment", "void", {"operation": "update", "include": "void"}),
        ("Payment", "delete", {"operation": "delete"}),
    ],
)
def test_each_operation_has_its_own_address(
    intuit: Intuit, entity: str, operation: str, params: dict[str, str]
) -> None:
    intuit.mock.post(f"{COMPANY}/{entity.lower()}", json={entity: {"Id": "7", "SyncToken": "1"}})
    answer = intuit.client.write(entity, '{"Id":"7"}', "demo-request", operation)
    assert (answer.id, answer.is_deleted) == ("7", False)
    assert intuit.sent().params == {"minorversion": "75", "requestid": "demo-request"} | params


def test_an_operation_nobody_knows_is_not_sent(intuit: Intuit) -> None:
    with pytest.raises(KeyError):
        intuit.client.write("Invoice", "{}", "demo-request", "cancel")
    assert not intuit.mock.calls


def test_a_recorded_void_is_answered_with_the_invoice(intuit: Intuit) -> None:
    recorded = cassette("void/invoice")[1]
    intuit.mock.post(f"{COMPANY}/invoice", body=recorded.body)
    answer = intuit.client.write("Invoice", recorded.sent, "demo-request", "void")
    assert (answer.id, answer.record["PrivateNote"]) == ("264", "Voided")


def test_of_a_recorded_deletion_little_is_left(intuit: Intuit) -> None:
    recorded = cassette("delete/invoice")[1]
    intuit.mock.post(f"{COMPANY}/invoice", body=recorded.body)
    answer = intuit.client.write("Invoice", recorded.sent, "demo-request", "delete")
    assert (answer.id, answer.is_deleted) == ("266", True)
    assert "SyncToken" not in answer.record


@pytest.mark.parametrize("seconds", [-30, 0, 30])
def test_the_clock_difference_has_a_sign(intuit: Intuit, seconds: int) -> None:
    assert intuit.client.clock_offset == timedelta(0)
    at = datetime.now(UTC) + timedelta(seconds=seconds)
    headers = {"Date": format_datetime(at)}
    intuit.mock.get(f"{COMPANY}/payment/33", json={"Payment": a_payment(33)}, headers=headers)
    intuit.client.read_payment("33")
    assert abs(intuit.client.clock_offset - timedelta(seconds=seconds)) < timedelta(seconds=10)


def test_a_refusal_tells_the_time_too(intuit: Intuit) -> None:
    at = datetime.now(UTC) - timedelta(minutes=5)
    fault: Any = json.loads(a_fault("6540"))
    intuit.mock.post(f"{COMPANY}/payment", status=400, json=fault, headers={"Date": format_datetime(at)})
    with pytest.raises(errors.Deposited):
        intuit.client.write("Payment", "{}", "demo-request", "void")
    assert intuit.client.clock_offset < -timedelta(minutes=4)
