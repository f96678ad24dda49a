"""The catalog: written under the rules that others met, archived when deleted."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from tests.simulator.clients import Json, Office, document, refusal

SERVICE: Json = {
    "name": "External Item (QBO)",
    "type": "SERVICE",
    "category": "OTHER",
    "cost": 0,
    "price": 19.99,
}
PRODUCT: Json = {
    **SERVICE,
    "type": "PRODUCT",
    "category": "PV_MODULE",
    "manufacturer": "Sunfield",
}


def test_an_item_has_exactly_the_documented_fields(office: Office) -> None:
    sent = {"code": "P-1", "sku": "S-1", "description": "400 W", "tradeGroup": "ENERGY"}
    answer = office.call("POST", "catalog-items", {**PRODUCT, **sent, "preferredVendorId": 5})
    assert answer.status_code == 201
    made = document(answer)
    assert set(made) == {
        *("id", "name", "type", "catalog", "category", "manufacturer", "sku", "code", "description", "cost"),
        *("price", "image", "isArchived", "preferredVendorId", "createdById", "createdAt", "updatedAt"),
    }
    assert (made["catalog"], made["code"], made["sku"], str(made["price"])) == (
        *("ENERGY", "P-1", "S-1"),
        "19.99",
    )
    assert office.get("catalog-items") == [office.get(f"catalog-items/{made['id']}")] == [made]


@pytest.mark.parametrize("name", ["name", "type", "category", "cost", "price"])
def test_what_an_item_must_have(office: Office, name: str) -> None:
    assert refusal(office.call("POST", "catalog-items", SERVICE | {name: None}))[2] == name


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"type": "KIT"}, "type"),
        ({"category": "PV_MODULE"}, "category"),
        ({"tradeGroup": "ENERGY"}, "tradeGroup"),
        ({"tradeGroup": "SOLAR"}, "tradeGroup"),
        ({"price": "1"}, "price"),
        ({"name": " "}, "name"),
        ({**PRODUCT, "manufacturer": None}, "manufacturer"),
        ({**PRODUCT, "tradeGroup": "PLUMBING"}, "tradeGroup"),
        ({**PRODUCT, "category": "pv module"}, "category"),
    ],
)
def test_a_wrong_item_is_refused(office: Office, changed: Json, field: str) -> None:
    answer = office.call("POST", "catalog-items", SERVICE | changed)
    assert refusal(answer) == (400, "VALIDATION_ERROR", field)
    assert office.get("catalog-items") == []


def test_the_rules_met_in_live_use_can_be_off(office: Office) -> None:
    office.switch(service_trade_group="any", product_manufacturer="optional", category_trade_group="any")
    assert office.post("catalog-items", {**SERVICE, "tradeGroup": "ENERGY"})["catalog"] == "ENERGY"
    bare = {**PRODUCT, "manufacturer": None, "tradeGroup": "PLUMBING"}
    assert office.post("catalog-items", bare)["catalog"] == "PLUMBING"
    office.switch(product_categories="named")
    assert refusal(office.call("POST", "catalog-items", {**PRODUCT, "category": "TURBINE"}))[2] == "category"
    assert office.post("catalog-items", PRODUCT)["catalog"] == "ENERGY"


def test_codes_and_names_may_have_to_be_unique(office: Office) -> None:
    first = office.post("catalog-items", {**SERVICE, "code": "A"})
    office.post("catalog-items", {**SERVICE, "code": "A"})
    office.switch(duplicate_item_code="refuse")
    for sent, field in (({"code": "A"}, "code"), ({"code": "B"}, "name")):
        assert refusal(office.call("POST", "catalog-items", SERVICE | sent))[2] == field
    office.person("DELETE", f"catalog-items/{first['id']}")
    assert office.patch(f"catalog-items/{office.get('catalog-items')[0]['id']}", {"code": "A"})["code"] == "A"


def test_an_update_knows_neither_sku_nor_manufacturer(office: Office) -> None:
    made = office.post("catalog-items", {**PRODUCT, "sku": "S-1"})
    office.later()
    path = f"catalog-items/{made['id']}"
    found = office.patch(path, {"sku": "S-2", "manufacturer": "M", "code": "C", "price": 5, "name": "Panel"})
    assert (found["sku"], found["manufacturer"]) == ("S-1", "Sunfield")
    assert (found["code"], found["price"], found["name"]) == ("C", 5, "Panel")
    assert found["updatedAt"] > made["updatedAt"]
    office.switch(unknown_fields="refuse")
    assert refusal(office.call("PATCH", path, {"sku": "S-2"}))[2] == "sku"
    assert refusal(office.call("PATCH", path, {"type": "SERVICE"}))[2] == "category"


def test_a_deleted_item_vanishes_but_is_only_archived(client: FlaskClient, office: Office) -> None:
    made = office.post("catalog-items", SERVICE)
    path = f"catalog-items/{made['id']}"
    assert office.call("DELETE", path).status_code == 200
    assert office.get("catalog-items") == []
    for method in ("GET", "PATCH", "DELETE"):
        assert refusal(office.call(method, path, {})) == (404, "NOT_FOUND", "")
    state = document(client.get("/_control/state"))["coperniq"][office.key]
    assert [one["isArchived"] for one in state["catalogItems"]] == [True]
    office.person("PATCH", path, {"isArchived": False})
    office.switch(delete_body="record")
    assert document(office.call("DELETE", path))["isArchived"] is True


def test_a_person_needs_only_a_name(office: Office) -> None:
    made = office.item("Labor")
    assert [made[name] for name in ("type", "category", "catalog", "cost", "price")] == [
        *("SERVICE", "OTHER", "OTHER"),
        None,
        None,
    ]
    found = office.person("PATCH", f"catalog-items/{made['id']}", {"sku": "S", "manufacturer": "M"})
    assert (found["sku"], found["manufacturer"]) == ("S", "M")


def test_the_demo_sells_with_and_without_codes_and_has_an_old_invoice(client: FlaskClient) -> None:
    client.post("/_control/reset", json={"seed": "demo"})
    demo = Office(client, "demo-coperniq-key")
    items = {one["name"]: one for one in demo.get("catalog-items")}
    assert (items["Solar panel 400 W"]["code"], items["Solar panel 400 W"]["sku"]) == (
        "PV-400",
        "SUN-400-BLK",
    )
    assert [name for name, one in items.items() if one["code"] is None] == ["Site survey"]
    old = min(demo.get("invoices")["items"], key=lambda one: one["uid"])
    assert (old["status"], str(old["amount"]), old["amountPaid"]) == ("OVERDUE", "4968", 2000)
    assert old["createdAt"] < old["updatedAt"] < demo.get("projects")[0]["updatedAt"]
    assert (old["uid"], old["record"]["title"]) == (1001, "O'Brien Farmhouse")
    assert [one["paymentMethod"] for one in demo.get(demo.payments(old))] == ["CHECK"]
