from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.simulator.conftest import Books, document

if TYPE_CHECKING:
    from flask.testing import FlaskClient


def preferences(books: Books) -> dict[str, Any]:
    found: dict[str, Any] = document(books.get("preferences"))["Preferences"]
    return found


def settle(books: Books, **settings: object) -> None:
    assert books.client.patch(f"/_control/quickbooks/{books.realm}", json=settings).status_code == 200


def test_company_info_is_read_under_the_realm(books: Books) -> None:
    answer = books.get(f"companyinfo/{books.realm}")
    found = document(answer)["CompanyInfo"]
    assert (found["CompanyName"], found["Country"], found["Id"]) == ("Test Books", "US", "1")
    assert found["CompanyAddr"]["Country"] == "USA"
    assert "Lat" not in found["CompanyAddr"]
    assert {"Name": "OfferingSku", "Value": "QuickBooks Online Plus"} in found["NameValue"]


@pytest.mark.parametrize("entity", ["CompanyInfo", "Preferences"])
def test_the_single_records_can_be_asked_for(books: Books, entity: str) -> None:
    found = document(books.query(f"SELECT * FROM {entity}"))["QueryResponse"]
    assert (len(found[entity]), found["maxResults"]) == (1, 1)


def test_preferences_follow_the_settings(books: Books) -> None:
    before = preferences(books)
    assert before["TaxPrefs"] == {"UsingSalesTax": True, "TaxGroupCodeRef": {"value": "2"}}
    assert "BookCloseDate" not in before["AccountingInfoPrefs"]
    settle(
        books,
        using_sales_tax=False,
        custom_txn_numbers=True,
        multicurrency=True,
        home_currency="CAD",
        book_close_date="2025-12-31",
    )
    after = preferences(books)
    assert after["TaxPrefs"] == {"UsingSalesTax": False}
    assert after["SalesFormsPrefs"]["CustomTxnNumbers"] is True
    assert after["CurrencyPrefs"] == {"MultiCurrencyEnabled": True, "HomeCurrency": {"value": "CAD"}}
    assert after["AccountingInfoPrefs"]["BookCloseDate"] == "2025-12-31"


def test_an_unknown_setting_or_company_is_refused_by_the_control_room(books: Books) -> None:
    assert (
        books.client.patch(f"/_control/quickbooks/{books.realm}", json={"colour": "red"}).status_code == 400
    )
    assert books.client.patch("/_control/quickbooks/404", json={}).status_code == 404
    assert books.client.post("/_control/quickbooks/404/records/Customer", json={}).status_code == 404
    assert books.client.get(f"/_control/quickbooks/{books.realm}/records/Nonsense").status_code == 404


def test_companies_get_realms_of_their_own(client: FlaskClient) -> None:
    realms = [
        document(client.post("/_control/quickbooks/companies", json={"company_name": name}))["realm_id"]
        for name in ("One", "Two")
    ]
    assert realms == ["9341450000000001", "9341450000000002"]
    assert [one["company_name"] for one in document(client.get("/_control/quickbooks/companies"))] == [
        "One",
        "Two",
    ]


def test_companies_do_not_see_each_others_records(books: Books) -> None:
    books.client.post("/_control/quickbooks/companies", json={"company_name": "Other", "realm_id": "88"})
    books.customer("Ann")
    other = document(books.client.get("/_control/quickbooks/88/records/Customer"))
    assert (
        other,
        len(document(books.client.get(f"/_control/quickbooks/{books.realm}/records/Customer"))),
    ) == ([], 1)
