"""Intuit's webhooks: the two forms, the signature over the very bytes, batches over several companies."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime

import pytest
from flask.testing import FlaskClient

from simulator.webhooks import intuit_events
from simulator.world import World
from tests.simulator.clients import Books, Json
from tests.simulator.receiver import Receiver, settled

TOKEN = "00faeec4-08d0-4996-bb37-698ae19f0149"
LEGACY = (
    b'{"eventNotifications":[{"realmId":"1269959970","dataChangeEvent":{"entities":[{"name":"Vendor","id":"40",'
    b'"operation":"Update","lastUpdated":"2016-10-05T03:09:04.000Z"},{"name":"Customer","id":"43",'
    b'"operation":"Create","lastUpdated":"2016-10-05T03:07:04.000Z"}]}}]}'
)
CLOUD = (
    b'[{"specversion":"1.0","id":"88cd52aa-33b6-4351-9aa4-47572edbd068",'
    b'"source":"intuit.dsnBgbseACLLRZNxo2dfc4evmEJdxde58xeeYcZliOU=","type":"qbo.customer.created.v1",'
    b'"datacontenttype":"application/json","time":"2025-09-10T21:31:25.179851517Z","intuitentityid":"1234",'
    b'"intuitaccountid":"310687","data":{}}]'
)


@pytest.fixture
def told(client: FlaskClient, receiver: Receiver) -> Receiver:
    subscribe(client, receiver)
    return receiver


def subscribe(client: FlaskClient, receiver: Receiver, form: str = "cloudevents") -> None:
    wanted = {"url": receiver.url, "verifier_token": TOKEN, "form": form}
    assert client.put("/_control/webhooks/quickbooks", json=wanted).status_code == 200
    client.post("/_control/switches", json={"webhook_batch_seconds": 0.02, "webhook_retry_seconds": [0.01]})


def happen(world: World, *happenings: tuple[str, str, str, str]) -> None:
    for one in happenings:
        world.webhooks.quickbooks_changed(*one)


@pytest.mark.parametrize(
    ("body", "signature"),
    [
        (LEGACY, "6q+xGyMirJupwKTh2/WBl2NcdxzxqdIbk3sneKTxLWM="),
        (CLOUD, "ecphi9cO1hcWWCKe5n3jRkhLE6nrBJ6V6G29uxJhqqc="),
    ],
    ids=["legacy", "cloudevents"],
)
def test_the_signature_agrees_with_the_public_vectors(body: bytes, signature: str) -> None:
    assert intuit_events.signature(TOKEN, body) == signature


def test_a_created_customer_is_told_as_a_cloud_event(
    client: FlaskClient, told: Receiver, books: Books
) -> None:
    made = books.customer("Ann Lee")
    settled(client)
    event = told.bodies[0][0]
    assert event == {
        "specversion": "1.0",
        "id": event["id"],
        "source": "intuit.dsnBgbseACLLRZNxo2dfc4evmEJdxde58xeeYcZliOU=",
        "type": "qbo.customer.created.v1",
        "datacontenttype": "application/json",
        "time": event["time"],
        "intuitentityid": made["Id"],
        "intuitaccountid": books.realm,
        "data": {},
    }
    assert len(event["time"]) == len("2025-09-10T21:31:25.179851517Z")


def test_the_post_is_signed_over_its_very_bytes(client: FlaskClient, told: Receiver, books: Books) -> None:
    books.customer("Ann Lee")
    settled(client)
    expected = base64.b64encode(hmac.new(TOKEN.encode(), told.raw[0], hashlib.sha256).digest()).decode()
    assert told.headers[0]["intuit-signature"] == expected
    assert told.headers[0]["Content-Type"] == "application/json"


def test_events_of_a_moment_share_one_post_and_companies_mix(
    client: FlaskClient, world: World, told: Receiver
) -> None:
    happen(
        world,
        ("1", "Customer", "5", "Create"),
        ("2", "Customer", "5", "Update"),
        ("1", "Item", "6", "Delete"),
    )
    assert len(settled(client)) == 1
    assert [(one["intuitaccountid"], one["type"]) for one in told.bodies[0]] == [
        ("1", "qbo.customer.created.v1"),
        ("2", "qbo.customer.updated.v1"),
        ("1", "qbo.item.deleted.v1"),
    ]


def test_a_post_holds_a_hundred_events_at_most(client: FlaskClient, world: World, told: Receiver) -> None:
    happen(world, *(("1", "Customer", str(n), "Create") for n in range(101)))
    settled(client)
    assert [len(one) for one in told.bodies] == [100, 1]
    assert len({event["id"] for body in told.bodies for event in body}) == 101


def test_the_legacy_form_groups_by_company(client: FlaskClient, world: World, receiver: Receiver) -> None:
    subscribe(client, receiver, "legacy")
    happen(
        world,
        ("1", "Customer", "5", "Create"),
        ("2", "Vendor", "7", "Update"),
        ("1", "Customer", "5", "Update"),
    )
    settled(client)
    found = receiver.bodies[0]["eventNotifications"]
    assert [one["realmId"] for one in found] == ["1", "2"]
    entities = found[0]["dataChangeEvent"]["entities"]
    assert [(one["name"], one["id"], one["operation"]) for one in entities] == [
        ("Customer", "5", "Create"),
        ("Customer", "5", "Update"),
    ]
    assert entities[0]["lastUpdated"].endswith("Z")


@pytest.mark.parametrize(
    ("form", "shown"), [("zulu", "2026-01-02T03:04:05.678Z"), ("offset", "2026-01-02T03:04:05+0000")]
)
def test_last_updated_has_two_forms(world: World, form: str, shown: str) -> None:
    world.switches["webhook_last_updated"] = form
    event = intuit_events.Event("1", "Customer", "5", "Update", datetime(2026, 1, 2, 3, 4, 5, 678000, UTC))
    assert f'"lastUpdated":"{shown}"'.encode() in intuit_events.body([event], "legacy", world.switches)


def test_a_merge_names_the_record_that_is_gone(client: FlaskClient, world: World, told: Receiver) -> None:
    world.webhooks.quickbooks_changed("1", "Customer", "5", "Merge", deleted_id="6")
    settled(client)
    assert (told.bodies[0][0]["type"], told.bodies[0][0]["data"]) == (
        "qbo.customer.merged.v1",
        {"deletedid": "6"},
    )


def test_a_void_is_spelled_as_switched_and_the_content_type_may_differ(
    client: FlaskClient, world: World, told: Receiver
) -> None:
    settings = {"webhook_void_word": "voided", "webhook_content_type": "application/cloudevents+json"}
    client.post("/_control/switches", json=settings)
    happen(world, ("1", "Invoice", "5", "Void"))
    settled(client)
    assert told.bodies[0][0]["type"] == "qbo.invoice.voided.v1"
    assert told.headers[0]["Content-Type"] == "application/cloudevents+json"


@pytest.mark.parametrize(
    ("entity", "operation"),
    [
        ("CompanyInfo", "Update"),
        ("TaxCode", "Create"),
        ("Term", "Delete"),
        ("Customer", "Void"),
        ("Preferences", "Create"),
    ],
)
def test_what_intuit_never_tells_is_not_told(
    client: FlaskClient, world: World, told: Receiver, entity: str, operation: str
) -> None:
    happen(world, ("1", entity, "5", operation))
    assert settled(client) == []


def test_only_connected_companies_are_told_of_when_switched(
    client: FlaskClient, told: Receiver, books: Books
) -> None:
    client.post("/_control/switches", json={"webhook_connected_only": True})
    world: World = client.application.extensions["world"]
    happen(world, ("999", "Customer", "5", "Create"), (books.realm, "Customer", "6", "Create"))
    settled(client)
    assert [one["intuitentityid"] for one in told.bodies[0]] == ["6"]


def test_a_refused_post_is_repeated_alike(client: FlaskClient, world: World, told: Receiver) -> None:
    told.answers = [503]
    happen(world, ("1", "Customer", "5", "Create"))
    book = settled(client)
    assert [(one["status"], one["attempt"]) for one in book] == [(503, 1), (200, 2)]
    assert told.raw[0] == told.raw[1]
    assert book[0]["url"] == told.url


def test_a_person_in_quickbooks_is_told_of_too(client: FlaskClient, told: Receiver, books: Books) -> None:
    books.person("Vendor", DisplayName="Supply Co")
    settled(client)
    assert told.bodies[0][0]["type"] == "qbo.vendor.created.v1"


def test_an_empty_url_ends_the_subscription(client: FlaskClient, world: World, told: Receiver) -> None:
    client.put("/_control/webhooks/quickbooks", json={"url": ""})
    happen(world, ("1", "Customer", "5", "Create"))
    assert settled(client) == []


@pytest.mark.parametrize(
    "changed",
    [{"url": "nowhere"}, {"verifier_token": ""}, {"form": "xml"}, {"url": None}, {"verifier_token": None}],
)
def test_a_wrong_subscription_is_refused(client: FlaskClient, changed: Json) -> None:
    wanted = {"url": "http://127.0.0.1:1/x", "verifier_token": "t", "form": "legacy", **changed}
    assert client.put("/_control/webhooks/quickbooks", json=wanted).status_code == 400
