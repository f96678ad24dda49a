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


def statement(routes: Intuit, n: int = 0) -> str:
    return routes.sent(n).params["query"]


def test_a_recorded_invoice_is_read_by_id(routes: Intuit) -> None:
    routes.mock.get(f"{COMPANY}/invoice/264", body=cassette("void/invoice")[0].body)
    assert routes.client.read_invoice("264").number == "1041"


def test_a_payment_is_read_by_id(routes: Intuit) -> None:
    routes.mock.get(f"{COMPANY}/payment/33", json={"Payment": a_payment(33)})
    assert routes.client.read_payment("33").total_cents == 10000


@pytest.mark.parametrize(
    "read", [lambda client: client.read_invoice("7"), lambda client: client.read_payment("7")]
)
def test_a_deleted_document_is_missing(routes: Intuit, read: Read) -> None:
    for kind in ("invoice", "payment"):
        routes.mock.get(f"{COMPANY}/{kind}/7", status=400, body=fixture("item/read_item_error"))
    with pytest.raises(errors.RecordMissing):
        read(routes.client)


@pytest.mark.parametrize("bad", ["", "..", "5/6"])
def test_an_id_that_is_none_is_not_asked_for(routes: Intuit, bad: str) -> None:
    for read in (routes.client.read_invoice, routes.client.read_payment):
        with pytest.raises(UnexpectedShape):
            read(bad)
    assert not routes.mock.calls


def test_invoices_are_found_by_number_in_one_query(routes: Intuit) -> None:
    rows = [an_invoice(1, DocNumber="1043"), an_invoice(2, DocNumber="1043")]
    answer_with(routes, {"QueryResponse": {"Invoice": rows}})
    found = routes.client.find_invoices_numbered(["1043", "", "O'1", "1043"])
    assert [invoice.id for invoice in found] == ["1", "2"]
    assert statement(routes) == rf"SELECT * FROM Invoice WHERE DocNumber IN ('1043', 'O\'1'){TAIL}"


def test_no_number_asks_for_nothing(routes: Intuit) -> None:
    assert routes.client.find_invoices_numbered([""]) == []
    assert not routes.mock.calls


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
    routes: Intuit, total_cents: int | None, condition: str
) -> None:
    answer_with(routes, {"QueryResponse": {"Payment": [a_payment(33)]}})
    found = routes.client.find_payments("1", total_cents)
    assert [payment.id for payment in found] == ["33"]
    assert statement(routes) == f"SELECT * FROM Payment WHERE CustomerRef = '1'{condition}{TAIL}"


def test_changes_are_asked_for_since_a_moment(routes: Intuit) -> None:
    answer_with(routes, {"QueryResponse": {"Invoice": [an_invoice(1)]}}, {"QueryResponse": {}})
    assert [invoice.id for invoice in routes.client.list_invoices_changed(SINCE)] == ["1"]
    assert routes.client.list_payments_changed(SINCE) == []
    condition = "MetaData.LastUpdatedTime >= '2026-05-04T23:30:15-08:00'"
    assert statement(routes, 0) == f"SELECT * FROM Invoice WHERE {condition}{TAIL}"
    assert statement(routes, 1) == f"SELECT * FROM Payment WHERE {condition}{TAIL}"


def test_changes_are_read_to_the_end_each_as_last_seen(routes: Intuit) -> None:
    first = [an_invoice(n) for n in range(1, PAGE_SIZE + 1)]
    second = [an_invoice(PAGE_SIZE, SyncToken="1"), an_invoice(PAGE_SIZE + 1)]
    answer_with(routes, {"QueryResponse": {"Invoice": first}}, {"QueryResponse": {"Invoice": second}})
    found = routes.client.list_invoices_changed(SINCE)
    assert len(found) == PAGE_SIZE + 1
    assert found[PAGE_SIZE - 1].sync_token == "1"
    assert "STARTPOSITION 1001 " in statement(routes, 1)


def test_items_are_listed_with_their_stock_numbers(routes: Intuit) -> None:
    answer_with(
        routes, {"QueryResponse": {"Item": [{"Id": "1", "Name": "Pump", "Sku": "P-1", "Active": False}]}}
    )
    assert [(item.sku, item.is_active) for item in routes.client.list_items()] == [("P-1", False)]
    assert statement(routes) == f"SELECT *, Sku FROM Item WHERE Active IN (true, false){TAIL}"


@pytest.mark.parametrize("code", ["4000", "4001"])
def test_items_are_listed_without_where_such_a_statement_is_refused(routes: Intuit, code: str) -> None:
    routes.mock.get(f"{COMPANY}/query", status=400, body=a_fault(code))
    answer_with(routes, {"QueryResponse": {"Item": [{"Id": "1", "Name": "Pump"}]}})
    assert [item.name for item in routes.client.list_items()] == ["Pump"]
    assert statement(routes, 1) == f"SELECT * FROM Item WHERE Active IN (true, false){TAIL}"


def test_another_refusal_of_the_items_is_reported(routes: Intuit) -> None:
    routes.mock.get(f"{COMPANY}/query", status=400, body=a_fault("5020"))
    with pytest.raises(errors.FeatureOff):
        routes.client.list_items()
    assert len(routes.mock.calls) == 1


def test_accounts_and_payment_methods_are_listed_active_or_not(routes: Intuit) -> None:
    account = {"Id": "4", "Name": "Undeposited Funds", "AccountType": "Other Current Asset"}
    answer_with(
        routes,
        {"QueryResponse": {"Account": [account]}},
        {"QueryResponse": {"PaymentMethod": [{"Id": "2", "Name": "Check"}]}},
    )
    assert [found.account_type for found in routes.client.list_accounts()] == ["Other Current Asset"]
    assert [found.name for found in routes.client.list_payment_methods()] == ["Check"]
    assert statement(routes, 0) == f"SELECT * FROM Account WHERE Active IN (true, false){TAIL}"
    assert statement(routes, 1) == f"SELECT * FROM PaymentMethod WHERE Active IN (true, false){TAIL}"


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
    routes: Intuit, entity: str, operation: str, params: dict[str, str]
) -> None:
    routes.mock.post(f"{COMPANY}/{entity.lower()}", json={entity: {"Id": "7", "SyncToken": "1"}})
    answer = routes.client.write(entity, '{"Id":"7"}', "demo-request", operation)
    assert (answer.id, answer.is_deleted) == ("7", False)
    assert routes.sent().params == {"minorversion": "75", "requestid": "demo-request"} | params


def test_an_operation_nobody_knows_is_not_sent(routes: Intuit) -> None:
    with pytest.raises(KeyError):
        routes.client.write("Invoice", "{}", "demo-request", "cancel")
    assert not routes.mock.calls


def test_a_recorded_void_is_answered_with_the_invoice(routes: Intuit) -> None:
    recorded = cassette("void/invoice")[1]
    routes.mock.post(f"{COMPANY}/invoice", body=recorded.body)
    answer = routes.client.write("Invoice", recorded.sent, "demo-request", "void")
    assert (answer.id, answer.record["PrivateNote"]) == ("264", "Voided")


def test_of_a_recorded_deletion_little_is_left(routes: Intuit) -> None:
    recorded = cassette("delete/invoice")[1]
    routes.mock.post(f"{COMPANY}/invoice", body=recorded.body)
    answer = routes.client.write("Invoice", recorded.sent, "demo-request", "delete")
    assert (answer.id, answer.is_deleted) == ("266", True)
    assert "SyncToken" not in answer.record


@pytest.mark.parametrize("seconds", [-30, 0, 30])
def test_the_clock_difference_has_a_sign(routes: Intuit, seconds: int) -> None:
    assert routes.client.clock_offset == timedelta(0)
    at = datetime.now(UTC) + timedelta(seconds=seconds)
    headers = {"Date": format_datetime(at)}
    routes.mock.get(f"{COMPANY}/payment/33", json={"Payment": a_payment(33)}, headers=headers)
    routes.client.read_payment("33")
    assert abs(routes.client.clock_offset - timedelta(seconds=seconds)) < timedelta(seconds=10)


def test_a_refusal_tells_the_time_too(routes: Intuit) -> None:
    at = datetime.now(UTC) - timedelta(minutes=5)
    fault: Any = json.loads(a_fault("6540"))
    routes.mock.post(f"{COMPANY}/payment", status=400, json=fault, headers={"Date": format_datetime(at)})
    with pytest.raises(errors.Deposited):
        routes.client.write("Payment", "{}", "demo-request", "void")
    assert routes.client.clock_offset < -timedelta(minutes=4)
