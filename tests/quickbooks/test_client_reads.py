import json
from datetime import date

import pytest
import requests
import responses

from integrations.errors import Unavailable, UnexpectedShape
from integrations.http import Call
from integrations.quickbooks import wire
from integrations.quickbooks.client import QuickBooksClient
from integrations.quickbooks.query import PAGE_SIZE
from tests.quickbooks.conftest import API, COMPANY, Intuit
from tests.quickbooks.recordings import cassette, fixture


def a_customer(number: int, **fields: object) -> dict[str, object]:
    return {"Id": str(number), "SyncToken": "0", "DisplayName": f"Customer {number}", "Balance": 0} | fields


def answer_with(routes: Intuit, *pages: object) -> None:
    for page in pages:
        routes.mock.get(f"{COMPANY}/query", json=page)


def test_a_customer_is_read_by_id(routes: Intuit) -> None:
    recorded = cassette("get/id")[0]
    routes.mock.get(f"{COMPANY}/customer/5", body=recorded.body, headers=recorded.headers)
    customer = routes.client.read_customer("5")
    assert customer.id == "5"
    assert customer.values["BillAddr.City"] == "Tucson"
    sent = routes.sent()
    assert sent.params == {"minorversion": "75"}
    assert sent.headers["Authorization"] == "Bearer first"
    assert sent.headers["Accept"] == "application/json"


@pytest.mark.parametrize("bad", ["", "..", "5/6"])
def test_an_id_that_is_none_is_not_asked_for(routes: Intuit, bad: str) -> None:
    with pytest.raises(UnexpectedShape):
        routes.client.read_customer(bad)
    assert not routes.mock.calls


def test_the_company_is_read(routes: Intuit) -> None:
    routes.mock.get(
        f"{COMPANY}/companyinfo/9341457021722202",
        json={
            "CompanyInfo": {
                "CompanyName": "Brightfield Solar",
                "LegalName": "Brightfield Solar LLC",
                "Country": "US",
                "NameValue": [
                    {"Name": "NeoEnabled", "Value": "true"},
                    {"Name": "SubscriptionStatus", "Value": "PAID"},
                ],
            }
        },
    )
    company = routes.client.read_company_info()
    assert (company.name, company.legal_name) == ("Brightfield Solar", "Brightfield Solar LLC")
    assert (company.country, company.subscription_status) == ("US", "PAID")


def test_recorded_preferences_are_read(routes: Intuit) -> None:
    routes.mock.get(f"{COMPANY}/preferences", body=fixture("preferences/read_preferences"))
    preferences = routes.client.read_preferences()
    assert preferences.home_currency == "USD"
    assert preferences.using_sales_tax is True
    assert preferences.multicurrency is False
    assert preferences.custom_txn_numbers is False
    assert preferences.book_close_on is None


def test_the_closing_date_of_the_books_is_read(routes: Intuit) -> None:
    closed = {"Preferences": {"AccountingInfoPrefs": {"BookCloseDate": "2025-12-31"}}}
    routes.mock.get(f"{COMPANY}/preferences", json=closed)
    assert routes.client.read_preferences().book_close_on == date(2025, 12, 31)


def test_customers_are_found_by_name_in_one_query(routes: Intuit) -> None:
    routes.mock.get(f"{COMPANY}/query", body=cassette("get/display_name")[0].body)
    found = routes.client.find_customers_named(
        ["Amy's Bird Sanctuary", "C:\\Temp", "Amy's Bird Sanctuary", ""]
    )
    assert [customer.id for customer in found] == ["1"]
    assert found[0].balance_cents == 73900
    assert routes.sent().params["query"] == (
        r"SELECT * FROM Customer WHERE DisplayName IN ('Amy\'s Bird Sanctuary', 'C:\\Temp')"
        " AND Active IN (true, false) ORDERBY Id STARTPOSITION 1 MAXRESULTS 1000"
    )


def test_no_name_asks_for_nothing(routes: Intuit) -> None:
    assert routes.client.find_customers_named([""]) == []
    assert routes.client.find_customers_with_email(" ") == []
    assert not routes.mock.calls


def test_no_match_is_an_empty_list(routes: Intuit) -> None:
    answer_with(routes, {"QueryResponse": {}, "time": "2026-05-05T05:15:24.356-07:00"})
    assert routes.client.find_customers_named(["Nobody"]) == []


def test_a_whole_recorded_list_is_read(routes: Intuit) -> None:
    routes.mock.get(f"{COMPANY}/query", body=cassette("error/400")[0].body)
    found = routes.client.find_customers_named(["any"])
    assert len({customer.id for customer in found}) == len(found) == 41
    assert any(customer.is_job and customer.parent_id for customer in found)


def test_customers_are_found_by_any_of_their_addresses(routes: Intuit) -> None:
    answer_with(
        routes,
        {
            "QueryResponse": {
                "Customer": [
                    a_customer(1, PrimaryEmailAddr={"Address": "Pat@Example.com"}),
                    a_customer(
                        2, PrimaryEmailAddr={"Address": "office@example.com, pat@example.com"}, Active=False
                    ),
                    a_customer(3, PrimaryEmailAddr={"Address": "xpat@example.com"}),
                ]
            }
        },
    )
    found = routes.client.find_customers_with_email(" PAT@example.com ")
    assert [(customer.id, customer.is_active) for customer in found] == [("1", True), ("2", False)]
    assert "PrimaryEmailAddr LIKE '%pat@example.com%' AND Active IN" in routes.sent().params["query"]


def test_lists_are_read_to_the_end_and_each_row_once(routes: Intuit) -> None:
    first = [a_customer(n) for n in range(1, PAGE_SIZE + 1)]
    second = [a_customer(PAGE_SIZE), a_customer(PAGE_SIZE + 1)]
    answer_with(routes, {"QueryResponse": {"Customer": first}}, {"QueryResponse": {"Customer": second}})
    assert len(routes.client.find_customers_named(["any"])) == PAGE_SIZE + 1
    assert "STARTPOSITION 1001 " in routes.sent(1).params["query"]


def test_a_list_without_end_is_given_up(routes: Intuit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "MOST_PAGES", 3)
    answer_with(routes, {"QueryResponse": {"Customer": [a_customer(1)] * PAGE_SIZE}})
    with pytest.raises(UnexpectedShape, match="last page"):
        routes.client.find_customers_named(["any"])
    assert len(routes.mock.calls) == 3


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        {"QueryResponse": None},
        {"QueryResponse": {"Customer": {"Id": "1"}}},
        {"QueryResponse": {"Customer": ["1"]}},
        {"QueryResponse": {"Customer": [{"SyncToken": "0"}]}},
    ],
)
def test_an_answer_of_another_shape_is_not_taken_for_no_match(routes: Intuit, body: object) -> None:
    answer_with(routes, body)
    with pytest.raises(UnexpectedShape):
        routes.client.find_customers_named(["any"])


@pytest.mark.parametrize("body", ["", "<html>Maintenance</html>", "null"])
def test_an_unreadable_answer_to_a_read_is_tried_again_later(routes: Intuit, body: str) -> None:
    routes.mock.get(f"{COMPANY}/customer/5", body=body)
    with pytest.raises(Unavailable):
        routes.client.read_customer("5")


def test_another_shape_of_a_record_is_named(routes: Intuit) -> None:
    routes.mock.get(f"{COMPANY}/customer/5", json={"Customer": [1]})
    with pytest.raises(UnexpectedShape, match="Customer"):
        routes.client.read_customer("5")


def test_calls_are_counted() -> None:
    calls: list[Call] = []
    client = QuickBooksClient(
        api_url=API, realm_id="1", access_token=lambda rejected: "t", on_call=calls.append
    )
    with responses.RequestsMock() as mock:
        mock.get(
            f"{API}/v3/company/1/customer/5", json={"Customer": a_customer(5)}, headers={"intuit_tid": "1-5f"}
        )
        client.read_customer("5")
    assert [(call.path, call.write, call.intuit_tid) for call in calls] == [
        ("/v3/company/1/customer/5", False, "1-5f")
    ]


def test_the_longest_call_includes_a_renewed_token(routes: Intuit) -> None:
    assert routes.client.timeout_seconds > 55


def test_a_read_survives_a_moment_of_trouble(routes: Intuit) -> None:
    routes.mock.get(f"{COMPANY}/customer/5", body=requests.ConnectionError("dropped"))
    routes.mock.get(f"{COMPANY}/customer/5", json={"Customer": a_customer(5)})
    assert routes.client.read_customer("5").id == "5"


def test_numbers_never_pass_through_a_float(routes: Intuit) -> None:
    body = json.dumps({"Customer": a_customer(5)}).replace('"Balance": 0', '"Balance": 9007199254740.99')
    routes.mock.get(f"{COMPANY}/customer/5", body=body)
    assert routes.client.read_customer("5").balance_cents == 900719925474099
