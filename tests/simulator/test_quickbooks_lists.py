"""Accounts, items, payment methods, terms; CompanyInfo and Preferences."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from simulator.world import World
from tests.simulator.clients import Books, Json, Sales, document, line, problem


def service(name: str, account: str, **fields: Any) -> Json:
    return {"Name": name, "Type": "Service", "IncomeAccountRef": {"value": account}, **fields}


def test_a_minimal_service_as_recorded(sales: Sales) -> None:
    account = sales.account("Services")
    found = sales.write("item", service("Cleaning", account))
    shown = {
        name: found[name] for name in ("Active", "FullyQualifiedName", "Taxable", "UnitPrice", "PurchaseCost")
    }
    assert shown == {
        "Active": True,
        "FullyQualifiedName": "Cleaning",
        "Taxable": False,
        "UnitPrice": 0,
        "PurchaseCost": 0,
    }
    assert (found["TrackQtyOnHand"], found["DeferredRevenue"]) == (False, False)
    assert found["IncomeAccountRef"] == {"value": account, "name": "Services"}
    assert "DeferredRevenue" not in sales.rows("SELECT * FROM Item WHERE Name = 'Cleaning'")[0]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"Name": ""}, "2020"),
        ({"Name": "n" * 101}, "2050"),
        ({"Name": "a:b"}, "2040"),
        ({"Name": "services"}, "6240"),
        ({"Type": "Thing"}, "2170"),
        ({"Type": ""}, "2020"),
        ({"IncomeAccountRef": {}}, "2020"),
        ({"IncomeAccountRef": {"value": "9"}}, "610"),
        ({"IncomeAccountRef": {"value": "1150040005"}}, "6430"),
        ({"Sku": "s" * 101}, "2050"),
        ({"Description": "d" * 4001}, "2050"),
        ({"UnitPrice": 100_000_000_000}, "2140"),
        ({"UnitPrice": "dear"}, "2140"),
        ({"Price": 1}, "2010"),
        ({"ParentRef": {"value": "99"}}, "610"),
    ],
)
def test_items_that_are_refused(sales: Sales, fields: Json, code: str) -> None:
    answer = sales.books.post("item", service("Cleaning", sales.account("Services"), **fields))
    assert (answer.status_code, problem(answer)["code"]) == (400, code)


def test_stock_needs_its_accounts_quantity_and_date(sales: Sales) -> None:
    accounts = {
        "IncomeAccountRef": {"value": sales.account("Sales of Product Income")},
        "ExpenseAccountRef": {
            "value": sales.write("account", {"Name": "COGS", "AccountType": "Cost of Goods Sold"})["Id"]
        },
        "AssetAccountRef": {
            "value": sales.write("account", {"Name": "Stock", "AccountSubType": "Inventory"})["Id"]
        },
    }
    body = {"Name": "Pump", "Type": "Inventory", "TrackQtyOnHand": True, "QtyOnHand": 10, **accounts}
    assert problem(sales.books.post("item", body))["code"] == "2020"
    assert problem(sales.books.post("item", {**body, "TrackQtyOnHand": False}))["code"] == "2020"
    pump = sales.write("item", {**body, "InvStartDate": "2024-06-01"})
    assert (pump["QtyOnHand"], pump["AssetAccountRef"]["name"]) == (10, "Stock")
    ann = sales.books.customer("Ann")
    assert problem(sales.refused(ann, line(5, pump["Id"]), TxnDate="2024-05-31"))["code"] == "6270"
    assert sales.invoice(ann, line(5, pump["Id"]), TxnDate="2024-06-01")["TotalAmt"] == 5


def test_a_category_holds_items_and_cannot_be_sold(sales: Sales) -> None:
    category = sales.write("item", {"Name": "Solar", "Type": "Category"})
    inside = {"SubItem": True, "ParentRef": {"value": category["Id"]}}
    found = sales.write("item", service("Panel", sales.account("Services"), **inside))
    assert (found["FullyQualifiedName"], found["Level"], found["SubItem"]) == ("Solar:Panel", 1, True)
    assert problem(sales.refused(sales.books.customer("Ann"), line(5, category["Id"])))["code"] == "610"


def test_items_change_sparsely_and_in_full(sales: Sales, world: World) -> None:
    account = sales.account("Services")
    found = sales.write(
        "item", service("Cleaning", account, Sku="C-1", UnitPrice="12.5", Description="By hand")
    )
    same = sales.changed("Item", found, UnitPrice="12.50")
    assert (same["SyncToken"], same["MetaData"]) == ("0", found["MetaData"])
    dearer = sales.changed("Item", found, UnitPrice=15)
    assert (dearer["SyncToken"], dearer["Sku"], dearer["UnitPrice"]) == ("1", "C-1", 15)
    body = {"Id": found["Id"], "SyncToken": "1", **service("Cleaning", account)}
    assert not {"Sku", "Description"} & set(sales.write("item", body))
    assert problem(sales.change("Item", found))["code"] == "5010"


def test_an_inactive_item_gives_its_name_away(sales: Sales, world: World) -> None:
    account = sales.account("Services")
    first = sales.write("item", service("Cleaning", account))
    gone = sales.changed("Item", first, Active=False)
    assert (gone["Name"], gone["Active"]) == ("Cleaning (deleted)", False)
    second = sales.write("item", service("Cleaning", account))
    twice = sales.changed("Item", second, Active=False)
    assert twice["Name"] == "Cleaning (deleted)"
    assert sales.rows("SELECT * FROM Item WHERE Name LIKE 'Cleaning%'") == []
    assert len(sales.rows("SELECT * FROM Item WHERE Active = false")) == 2
    back = sales.changed("Item", gone, Active=True, Name="Cleaning")
    assert (back["Name"], back["Active"]) == ("Cleaning", True)
    world.switches["inactive_name_frees"] = False
    sales.changed("Item", back, Active=False)
    assert problem(sales.books.post("item", service("Cleaning", account)))["code"] == "6240"


def test_a_missing_type_may_mean_a_service(sales: Sales, world: World) -> None:
    world.switches["item_without_type"] = "service"
    body = service("Cleaning", sales.account("Services"))
    del body["Type"]
    assert sales.write("item", body)["Type"] == "Service"


@pytest.mark.parametrize(
    ("switched", "statement", "shown"),
    [
        (True, "SELECT * FROM Item WHERE Sku = 'C-1'", False),
        (True, "SELECT *, Sku FROM Item WHERE Sku = 'C-1'", True),
        (True, "SELECT Id, Sku FROM Item WHERE Sku = 'C-1'", True),
        (False, "SELECT * FROM Item WHERE Sku = 'C-1'", True),
    ],
)
def test_a_star_may_leave_out_the_sku(
    sales: Sales, world: World, switched: bool, statement: str, shown: bool
) -> None:
    world.switches["item_star_leaves_out_sku"] = switched
    item = sales.write("item", service("Cleaning", sales.account("Services"), Sku="C-1"))
    assert item["Sku"] == sales.read("Item", item)["Sku"] == "C-1"
    assert ("Sku" in sales.rows(statement)[0]) is shown


def test_a_minimal_account_as_recorded(sales: Sales) -> None:
    found = sales.write("account", {"Name": "Petty Cash", "AccountType": "Bank"})
    assert (found["AccountSubType"], found["Classification"]) == ("CashOnHand", "Asset")
    assert (found["CurrentBalance"], found["SubAccount"], len(found["Id"])) == (0, False, 10)
    assert set(found["MetaData"]) == {"CreateTime"}
    assert "LastUpdatedTime" in sales.read("Account", found)["MetaData"]
    assert "LastUpdatedTime" in sales.changed("Account", found, Description="x")["MetaData"]
    assert sales.write("account", {"Name": "Savings", "AccountSubType": "Savings"})["AccountType"] == "Bank"


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"Name": "X"}, "2020"),
        ({"AccountType": "Bank"}, "2020"),
        ({"Name": 'The "Till"', "AccountType": "Bank"}, "2040"),
        ({"Name": "a:b", "AccountType": "Bank"}, "2040"),
        ({"Name": "checking", "AccountType": "Bank"}, "6240"),
        ({"Name": "X", "AccountType": "Wallet"}, "2170"),
        ({"Name": "X", "AccountSubType": "Wallet"}, "2170"),
        ({"Name": "X", "AccountType": "Bank", "AccountSubType": "UndepositedFunds"}, "6010"),
        ({"Name": "X", "AccountType": "Bank", "Description": "d" * 101}, "2050"),
        ({"Name": "X", "AccountType": "Bank", "Kind": "x"}, "2010"),
    ],
)
def test_accounts_that_are_refused(sales: Sales, fields: Json, code: str) -> None:
    answer = sales.books.post("account", fields)
    assert (answer.status_code, problem(answer)["code"]) == (400, code)


def test_an_inactive_account_cannot_be_used(sales: Sales) -> None:
    found = sales.changed(
        "Account", sales.write("account", {"Name": "Old Till", "AccountType": "Bank"}), Active=False
    )
    assert found["Name"] == "Old Till (deleted)"
    ann = sales.books.customer("Ann")
    assert problem(sales.pay(ann, 5, DepositToAccountRef={"value": found["Id"]}))["code"] == "610"
    answer = sales.books.post("item", service("Cleaning", found["Id"]))
    assert problem(answer)["code"] == "610"


def test_payment_methods(sales: Sales) -> None:
    found = sales.write("paymentmethod", {"Name": "ACH", "Type": "NON_CREDIT_CARD"})
    assert (found["Active"], found["Type"]) == (True, "NON_CREDIT_CARD")
    assert [
        problem(sales.books.post("paymentmethod", one))["code"]
        for one in (
            {"Name": "ach"},
            {"Name": "n" * 32},
            {"Name": "X", "Type": "CASH"},
            {"Type": "CREDIT_CARD"},
        )
    ] == ["6240", "2050", "2170", "2020"]
    gone = sales.changed("PaymentMethod", found, Active=False)
    assert gone["Name"] == "ACH (Deleted)"
    assert (
        problem(sales.pay(sales.books.customer("Ann"), 5, PaymentMethodRef={"value": gone["Id"]}))["code"]
        == "610"
    )
    assert [one["Name"] for one in sales.rows("SELECT * FROM PaymentMethod")] == ["Cash", "Check", "Visa"]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"DueDays": 1000}, "2140"),
        ({"DayOfMonthDue": 32}, "2140"),
        ({"DiscountPercent": 101}, "2140"),
        ({"Name": "net 30"}, "6240"),
    ],
)
def test_terms_that_are_refused(sales: Sales, fields: Json, code: str) -> None:
    assert problem(sales.books.post("term", {"Name": "Soon", **fields}))["code"] == code


def test_terms(sales: Sales) -> None:
    found = sales.write("term", {"Name": "Net 45", "DueDays": 45})
    assert (found["Type"], found["DueDays"]) == ("STANDARD", 45)


def test_lists_are_not_deleted(sales: Sales) -> None:
    for path in ("item?operation=delete", "account?operation=void", "term?include=void"):
        answer = sales.books.post(path, {"Id": "1", "SyncToken": "0"})
        assert (answer.status_code, problem(answer)["code"]) == (400, "500")
    assert problem(sales.room("DELETE", "records/Item/1"))["code"] == "500"


def test_person_and_program_see_one_list(sales: Sales) -> None:
    made = sales.person("POST", "records/Item", service("Cleaning", sales.account("Services")))
    renamed = sales.person("PATCH", f"records/Item/{made['Id']}", {"Name": "Washing"})
    assert renamed["SyncToken"] == "1"
    assert sales.read("Item", made)["Name"] == "Washing"
    assert (
        document(sales.room("PATCH", f"records/Item/{made['Id']}", {"Active": False}))["Name"]
        == "Washing (deleted)"
    )


def preferences(books: Books) -> Json:
    found: Json = document(books.get("preferences"))["Preferences"]
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
