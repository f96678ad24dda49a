"""Contacts, sites, and the lists that are only read."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from tests.simulator.clients import Json, Office, document, refusal

LINE = "1 Elm St, Austin, TX 78701"


def test_a_contact_is_created_with_201_and_one_name(office: Office) -> None:
    account = office.account("Ann")
    wanted = {
        "name": "Ann Lee",
        "emails": ["a@example.com", "b@example.com"],
        "accountIds": [str(account["id"])],
    }
    answer = office.call("POST", "contacts", wanted)
    assert answer.status_code == 201
    made = office.get("contacts")[0]
    assert (made["name"], made["emails"], made["phones"]) == (
        "Ann Lee",
        ["a@example.com", "b@example.com"],
        [],
    )
    assert made["accounts"] == [{"id": account["id"], "title": "Ann"}]
    assert set(made["createdByUser"]) == {"id"}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "name"),
        ({"name": " "}, "name"),
        ({"name": "A", "emails": "a@example.com"}, "emails"),
        ({"name": "A", "emails": ["nobody"]}, "emails"),
        ({"name": "A", "phones": [5]}, "phones"),
        ({"name": "A", "accountIds": [1]}, "accountIds"),
        ({"name": "A", "projectIds": [1]}, "projectIds"),
    ],
)
def test_a_wrong_field_of_a_contact_is_named(office: Office, body: Json, field: str) -> None:
    assert refusal(office.call("POST", "contacts", body)) == (400, "VALIDATION_ERROR", field)


@pytest.mark.parametrize("both", ["a@harbor.example, b@harbor.example", "a@harbor.example;b@harbor.example"])
def test_two_addresses_in_one_field_are_refused_unless_switched(office: Office, both: str) -> None:
    account, project = office.account("Ann"), office.project("Roof")
    writes: list[tuple[str, str, Json]] = [
        ("POST", "contacts", {"name": "A", "emails": [both]}),
        ("POST", "accounts", {"title": "B", "address": [LINE], "primaryEmail": both}),
        ("PATCH", f"accounts/{account['id']}", {"primaryEmail": both}),
        ("PATCH", f"projects/{project['id']}", {"primaryEmail": both}),
    ]
    for method, path, body in writes:
        field = "emails" if path == "contacts" else "primaryEmail"
        assert refusal(office.call(method, path, body)) == (400, "VALIDATION_ERROR", field)
        assert refusal(office.room(method, path, body))[2] == field
    office.switch(email_lists="accept")
    shown = [document(office.call(*one)) for one in writes]
    assert [one.get("primaryEmail") or one["emails"][0] for one in shown] == [both] * 4
    assert office.person("PATCH", f"accounts/{account['id']}", {"primaryEmail": both})["primaryEmail"] == both
    assert office.titles(primaryEmail="b@harbor.example") == ["B", "Ann"]
    for wrong in ("a@harbor.example,", "a@harbor.example; nobody", ";"):
        answer = office.call("PATCH", f"accounts/{account['id']}", {"primaryEmail": wrong})
        assert refusal(answer)[2] == "primaryEmail"


def test_a_contact_is_changed_and_deleted(office: Office) -> None:
    path = f"contacts/{office.post('contacts', {'name': 'Ann'})['id']}"
    assert office.patch(path, {"phones": ["5"]})["phones"] == ["5"]
    assert office.call("DELETE", path).status_code == 200
    assert refusal(office.call("GET", path)) == (404, "NOT_FOUND", "")


def test_a_changed_contact_does_not_move_its_account_unless_switched(office: Office) -> None:
    account = office.account("Ann", primaryEmail="ann@example.com", address=[LINE])
    contact, site = office.get("contacts")[0], office.get("sites")[0]
    for moves in (False, True):
        office.switch(children_touch_account=moves)
        for path in (f"contacts/{contact['id']}", f"sites/{site['id']}"):
            before = office.get(f"accounts/{account['id']}")["updatedAt"]
            office.later()
            office.patch(path, {"title": "Owner"})
            assert (office.get(f"accounts/{account['id']}")["updatedAt"] > before) is moves


def test_the_address_of_an_account_becomes_a_site_taken_apart(office: Office) -> None:
    account = office.account("Ann", address=[LINE])
    sites = office.get("sites", accountId=account["id"])
    assert [(one["street"], one["city"], one["state"], one["zipcode"]) for one in sites] == [
        ("1 Elm St", "Austin", "TX", "78701")
    ]
    office.switch(account_makes_site=False)
    assert office.get("sites", accountId=office.account("Bo", address=[LINE])["id"]) == []


def test_a_site_that_is_there_already_is_answered_with_200_a_new_one_with_201(office: Office) -> None:
    office.switch(account_makes_site=False)
    wanted = {"accountId": office.account("Ann")["id"], "fullAddress": LINE}
    assert [office.call("POST", "sites", wanted).status_code for _ in range(2)] == [201, 200]
    assert len(office.get("sites")) == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [({}, "accountId"), ({"accountId": 1}, "accountId"), ({"accountId": None}, "accountId")],
)
def test_a_site_needs_its_account(office: Office, body: Json, field: str) -> None:
    assert refusal(office.call("POST", "sites", {"fullAddress": LINE, **body})) == (
        400,
        "VALIDATION_ERROR",
        field,
    )


def test_a_site_needs_an_address_or_a_place(office: Office) -> None:
    account = office.account("Ann")
    answer = office.call("POST", "sites", {"accountId": account["id"]})
    assert refusal(answer) == (400, "VALIDATION_ERROR", "fullAddress")
    made = office.post("sites", {"accountId": account["id"], "geoLocation": "30.2,-97.7"})
    assert (made["geoLocation"], made["fullAddress"], made["city"]) == ("30.2,-97.7", None, None)


def test_an_address_the_geocoder_does_not_know_has_no_parts(office: Office) -> None:
    made = office.post("sites", {"accountId": office.account("Ann")["id"], "fullAddress": "somewhere"})
    assert (made["fullAddress"], made["street"], made["zipcode"]) == ("somewhere", None, None)


def test_sites_are_filtered_by_their_parts_and_paged(office: Office) -> None:
    ann = office.account("Ann", address=[LINE])
    office.account("Bo", address=["2 Oak St, Buda, TX 78610"])
    assert [one["accountId"] for one in office.get("sites", city="Austin")] == [ann["id"]]
    assert len(office.get("sites", state="TX")) == 2
    assert len(office.get("sites", zipcode="78610", page=2)) == 0
    assert len(office.get("sites", page_size=1)) == 1


def test_a_moved_site_is_another_site(office: Office) -> None:
    office.account("Ann", address=[LINE])
    bo = office.account("Bo")
    old = office.get("sites")[0]
    moved = office.post(f"sites/{old['id']}/move", {"accountId": bo["id"]})
    assert (moved["accountId"], moved["fullAddress"]) == (bo["id"], LINE)
    assert moved["id"] != old["id"]
    assert refusal(office.call("GET", f"sites/{old['id']}")) == (404, "NOT_FOUND", "")


def test_a_changed_address_is_taken_apart_again(office: Office) -> None:
    office.account("Ann", address=[LINE])
    path = f"sites/{office.get('sites')[0]['id']}"
    assert office.patch(path, {"fullAddress": "2 Oak St, Buda, TX 78610"})["city"] == "Buda"
    assert office.call("DELETE", path).status_code == 200
    assert office.get("sites") == []


def test_properties_are_listed_by_record_type_with_their_aliases(office: Office) -> None:
    office.person("POST", "properties", {"recordType": "account", "name": "Tax", "keyName": "tax"})
    found = office.get("properties")
    assert list(found) == ["account", "opportunity", "project", "vendor", "ahj", "client", "request"]
    assert found["client"] == found["account"]
    assert found["account"][0] == {
        "name": "Tax",
        "type": "TEXT",
        "keyName": "tax",
        "isMultiple": False,
        "options": [],
        "defaultValue": [],
        "isCustom": True,
    }
    assert list(office.get("properties", record_type="account,project")) == ["account", "project"]
    answer = office.call("GET", "properties", record_type="thing")
    assert refusal(answer) == (400, "VALIDATION_ERROR", "record_type")


def test_the_catalog_comes_whole_whatever_the_page(client: FlaskClient) -> None:
    client.post("/_control/reset", json={"seed": "demo"})
    demo = Office(client, "demo-coperniq-key")
    items = demo.get("catalog-items", page_size=1)
    assert len(items) == 9
    assert demo.get(f"catalog-items/{items[0]['id']}") == items[0]
    assert refusal(demo.call("GET", "catalog-items/1")) == (404, "NOT_FOUND", "")


def test_before_the_renaming_a_site_named_its_client(office: Office) -> None:
    office.switch(legacy_shape=True)
    made = office.post("sites", {"clientId": office.account("Ann")["id"], "fullAddress": LINE})
    assert "accountId" not in made
    assert made["clientId"] == office.get("clients")[0]["id"]


def test_a_site_known_by_its_place_alone_moves_with_it(office: Office) -> None:
    made = office.post("sites", {"accountId": office.account("Ann")["id"], "geoLocation": "30.2,-97.7"})
    bo = office.account("Bo")
    assert office.post(f"sites/{made['id']}/move", {"accountId": bo["id"]})["geoLocation"] == "30.2,-97.7"
