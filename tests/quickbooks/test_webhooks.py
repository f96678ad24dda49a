import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.errors import UnreadableWebhook
from integrations.quickbooks.webhooks import Notification, is_authentic, parse_notifications

TOKEN = "00faeec4-08d0-4996-bb37-698ae19f0149"

# docs/vendors/quickbooks-online.md, 10.5: the public vector, and one of the same token for the current form.
LEGACY = (
    b'{"eventNotifications":[{"realmId":"1269959970","dataChangeEvent":{"entities":['
    b'{"name":"Vendor","id":"40","operation":"Update","lastUpdated":"2016-10-05T03:09:04.000Z"},'
    b'{"name":"Customer","id":"43","operation":"Create","lastUpdated":"2016-10-05T03:07:04.000Z"}]}}]}'
)
LEGACY_SIGNATURE = "6q+xGyMirJupwKTh2/WBl2NcdxzxqdIbk3sneKTxLWM="
CLOUD = (
    b'[{"specversion":"1.0","id":"88cd52aa-33b6-4351-9aa4-47572edbd068",'
    b'"source":"intuit.dsnBgbseACLLRZNxo2dfc4evmEJdxde58xeeYcZliOU=","type":"qbo.customer.created.v1",'
    b'"datacontenttype":"application/json","time":"2025-09-10T21:31:25.179851517Z",'
    b'"intuitentityid":"1234","intuitaccountid":"310687","data":{}}]'
)
CLOUD_SIGNATURE = "ecphi9cO1hcWWCKe5n3jRkhLE6nrBJ6V6G29uxJhqqc="

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=8)
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
EVENT_KEYS = ["id", "type", "time", "intuitentityid", "intuitaccountid", "data"]
ENTITY_KEYS = ["name", "id", "operation", "lastUpdated", "deletedId"]


def only(body: object) -> Notification:
    delivery = parse_notifications(json.dumps(body).encode())
    assert delivery.unreadable == 0
    return delivery.notifications[0]


def a_cloud_event(**changes: object) -> dict[str, object]:
    event: dict[str, object] = json.loads(CLOUD)[0]
    return event | changes


def a_legacy_body(**changes: object) -> dict[str, object]:
    entity = {"name": "Customer", "id": "1", "operation": "Update", "lastUpdated": "2015-10-05T14:42:19-0700"}
    return {"eventNotifications": [{"realmId": "1", "dataChangeEvent": {"entities": [entity | changes]}}]}


@pytest.mark.parametrize(("body", "signature"), [(LEGACY, LEGACY_SIGNATURE), (CLOUD, CLOUD_SIGNATURE)])
def test_the_published_signatures_are_authentic(body: bytes, signature: str) -> None:
    assert is_authentic(body, signature, [TOKEN])
    assert is_authentic(body, signature, ["an-older-token", TOKEN])


@pytest.mark.parametrize("signature", ["", "ü", "\ud800", LEGACY_SIGNATURE, CLOUD_SIGNATURE[:-2] + "x="])
def test_another_signature_is_not_authentic(signature: str) -> None:
    assert not is_authentic(CLOUD, signature, [TOKEN])


def test_a_changed_body_is_not_authentic() -> None:
    assert not is_authentic(CLOUD + b"\n", CLOUD_SIGNATURE, [TOKEN])


def test_nobody_is_authentic_without_a_token() -> None:
    assert not is_authentic(CLOUD, CLOUD_SIGNATURE, [])


def test_an_empty_token_signs_nothing() -> None:
    forged = base64.b64encode(hmac.new(b"", CLOUD, hashlib.sha256).digest()).decode()
    assert not is_authentic(CLOUD, forged, ["", TOKEN])


def test_a_cloud_event_is_read() -> None:
    assert parse_notifications(CLOUD).notifications == (
        Notification(
            event_id="88cd52aa-33b6-4351-9aa4-47572edbd068",
            realm_id="310687",
            entity="Customer",
            record_id="1234",
            operation="created",
            occurred_at=datetime(2025, 9, 10, 21, 31, 25, 179851, tzinfo=UTC),
            deleted_id="",
        ),
    )


def test_a_legacy_delivery_is_read() -> None:
    vendor, customer = parse_notifications(LEGACY).notifications
    assert (vendor.entity, vendor.record_id, vendor.operation, vendor.realm_id) == (
        "Vendor",
        "40",
        "updated",
        "1269959970",
    )
    assert (customer.entity, customer.record_id, customer.operation) == ("Customer", "43", "created")
    assert customer.occurred_at == datetime(2016, 10, 5, 3, 7, 4, tzinfo=UTC)


@pytest.mark.parametrize(
    ("named", "operation"),
    [
        ("updated", "updated"),
        ("deleted", "deleted"),
        ("merged", "merged"),
        ("void", "voided"),
        ("voided", "voided"),
        ("emailed", "emailed"),
        ("polished", "unknown"),
    ],
)
def test_operations_of_both_forms_have_one_name(named: str, operation: str) -> None:
    assert only([a_cloud_event(type=f"qbo.invoice.{named}.v1")]).operation == operation
    assert only(a_legacy_body(operation=named.capitalize())).operation == operation


def test_entities_are_spelled_as_in_the_api_where_known() -> None:
    assert only([a_cloud_event(type="qbo.paymentmethod.updated.v1")]).entity == "PaymentMethod"
    assert only([a_cloud_event(type="qbo.gadget.updated.v2")]).entity == "gadget"
    assert only([a_cloud_event(type="something")]).entity == ""


def test_a_merge_names_the_record_that_is_gone() -> None:
    merged = only([a_cloud_event(type="qbo.customer.merged.v1", data={"deletedid": "27"})])
    assert (merged.record_id, merged.deleted_id) == ("1234", "27")
    assert only(a_legacy_body(operation="Merge", deletedId="2")).deleted_id == "2"


def test_other_data_of_an_event_does_no_harm() -> None:
    assert (
        only(
            [a_cloud_event(data={"alternative_ids": [{"id": "djQ", "namespace": "Intuit.sbseg.v4"}]})]
        ).deleted_id
        == ""
    )


def test_legacy_events_get_the_same_id_every_time_and_each_its_own() -> None:
    first, again = parse_notifications(LEGACY).notifications, parse_notifications(LEGACY).notifications
    assert [event.event_id for event in first] == [event.event_id for event in again]
    others = [
        only(a_legacy_body(**change))
        for change in (
            {},
            {"id": "2"},
            {"operation": "Create"},
            {"lastUpdated": "2015-10-05T14:42:20-0700"},
            {"name": "Vendor"},
            {"deletedId": "9"},
        )
    ]
    assert len({event.event_id for event in others}) == len(others)
    assert all(len(event.event_id) <= 100 for event in others)


@pytest.mark.parametrize("id_", [None, "", "x" * 101, {}])
def test_an_event_without_a_usable_id_gets_a_stable_one(id_: object) -> None:
    event = a_cloud_event(id=id_)
    assert only([event]).event_id == only([event]).event_id
    assert 0 < len(only([event]).event_id) <= 100


def test_long_ids_stay_apart() -> None:
    assert only([a_cloud_event(id="x" * 101)]).event_id != only([a_cloud_event(id="x" * 102)]).event_id


@pytest.mark.parametrize(
    "bad",
    [
        None,
        7,
        "event",
        [],
        {},
        {"type": "qbo.customer.created.v1"},
        a_cloud_event(intuitaccountid=None),
        a_cloud_event(intuitentityid={}),
        a_cloud_event(type=None),
        a_cloud_event(type="x" * 200),
    ],
)
def test_one_bad_event_is_counted_and_the_rest_goes_on(bad: object) -> None:
    delivery = parse_notifications(json.dumps([bad, a_cloud_event()]).encode())
    assert delivery.unreadable == 1
    assert [event.record_id for event in delivery.notifications] == ["1234"]


@pytest.mark.parametrize(
    "group",
    [
        None,
        {},
        {"realmId": "1"},
        {"realmId": "1", "dataChangeEvent": {"entities": [{"id": "1"}]}},
        {"dataChangeEvent": {"entities": [{"name": "Customer", "id": "1"}]}},
    ],
)
def test_one_bad_legacy_group_is_counted_and_the_rest_goes_on(group: object) -> None:
    body = json.loads(LEGACY)
    body["eventNotifications"].insert(0, group)
    delivery = parse_notifications(json.dumps(body).encode())
    assert (delivery.unreadable, len(delivery.notifications)) == (1, 2)


def test_an_empty_delivery_is_fine() -> None:
    assert parse_notifications(b"[]").notifications == ()
    assert parse_notifications(b'{"eventNotifications": []}').notifications == ()


@pytest.mark.parametrize(
    "body", [b"", b"<xml/>", b"\xff", b"null", b"7", b"{}", b'{"eventNotifications": {}}', b"[" * 100_000]
)
def test_what_is_no_delivery_is_unreadable(body: bytes) -> None:
    with pytest.raises(UnreadableWebhook):
        parse_notifications(body)


@given(st.binary(max_size=80) | JSON.map(lambda value: json.dumps(value).encode()))
def test_any_body_is_read_or_unreadable(body: bytes) -> None:
    try:
        parse_notifications(body)
    except UnreadableWebhook:
        return


@given(st.lists(st.dictionaries(st.sampled_from(EVENT_KEYS), JSON), max_size=3))
def test_hostile_cloud_events_are_counted(events: list[object]) -> None:
    delivery = parse_notifications(json.dumps(events).encode())
    assert len(delivery.notifications) + delivery.unreadable == len(events)


@given(JSON, st.lists(JSON | st.dictionaries(st.sampled_from(ENTITY_KEYS), JSON), min_size=1, max_size=3))
def test_hostile_legacy_events_are_counted(realm: object, entities: list[object]) -> None:
    body = {"eventNotifications": [{"realmId": realm, "dataChangeEvent": {"entities": entities}}]}
    delivery = parse_notifications(json.dumps(body).encode())
    assert len(delivery.notifications) + delivery.unreadable == len(entities)
