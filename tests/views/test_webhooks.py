"""Both vendors' webhooks: authentic or refused, stored once, and never a 500."""

from __future__ import annotations

import base64
import hashlib
import hmac
import io
import json
import logging
import secrets
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.db import InterfaceError, OperationalError
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import settings as pace
from hypothesis import strategies as st
from pytest_django import Settings

from accounts.models import Company
from config.log import MaskingFormatter
from integrations.models import CoperniqConnection, EventCount, InboundEvent, QuickBooksConnection
from integrations.views import webhooks
from tests.factories import OTHER_REALM, REALM, coperniq_connection, quickbooks_connection

pytestmark = pytest.mark.django_db

QUICKBOOKS = reverse("integrations:webhook_quickbooks")
VERIFIER = "00faeec4-08d0-4996-bb37-698ae19f0149"
LARGEST = 2 * 1024 * 1024
LEGACY_BODY = (
    '{"eventNotifications":[{"realmId":"1269959970","dataChangeEvent":{"entities":['
    '{"name":"Vendor","id":"40","operation":"Update","lastUpdated":"2016-10-05T03:09:04.000Z"},'
    '{"name":"Customer","id":"43","operation":"Create","lastUpdated":"2016-10-05T03:07:04.000Z"}]}}]}'
)
LEGACY_SIGNATURE = "6q+xGyMirJupwKTh2/WBl2NcdxzxqdIbk3sneKTxLWM="
HOSTILE = [
    "null", "1", '""', "[]", "{}", "[[]]", "[null]", "[1]", '["x"]', '[{"type":{}}]', '{"eventNotifications":1}',
    '{"eventNotifications":[null,{"realmId":[]},{"realmId":"1","dataChangeEvent":7}]}',
    '{"event":[],"record":"x"}', '{"event":{"eventId":{"a":1},"recordId":[1],"firedAt":1e400}}',
    '{"event":{"eventId":"\\u0000\\ud800","recordId":"\\u0000"}}', "[" * 100_000, '{"a":' * 50_000, "NaN",
    '{"event":{"recordId":1e999}}',
]  # fmt: skip


@pytest.fixture(autouse=True)
def verifier(settings: Settings) -> None:
    settings.INTUIT_WEBHOOK_VERIFIER_TOKENS = [VERIFIER]


@pytest.fixture
def acme_books(acme: Company) -> QuickBooksConnection:
    return quickbooks_connection(acme)


@pytest.fixture
def coperniq(acme: Company) -> CoperniqConnection:
    return coperniq_connection(acme)


def sign(body: bytes, token: str = VERIFIER) -> str:
    return base64.b64encode(hmac.new(token.encode(), body, hashlib.sha256).digest()).decode()


def ring(client: Client, body: object, signature: str | None = None) -> Any:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"intuit-signature": sign(raw) if signature is None else signature}
    return client.post(QUICKBOOKS, raw, content_type="application/json", headers=headers)


def cloud_event(
    id_: str = "event-1", realm: str = REALM, kind: str = "qbo.customer.updated.v1"
) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": id_,
        "type": kind,
        "time": "2026-11-20T10:00:00.123456789Z",
        "intuitentityid": "58",
        "intuitaccountid": realm,
        "data": {},
    }


def address(connection: CoperniqConnection) -> str:
    return reverse("integrations:webhook_coperniq", args=[connection.webhook_token])


def phase_started(event_id: str = "c-1", **event: Any) -> dict[str, Any]:
    fired = {
        "eventId": event_id,
        "triggerKey": "PROJECT_PHASE_STARTED",
        "recordId": 7,
        "phaseTemplateId": 101,
    }
    return {"event": {**fired, **event}, "record": {"id": 7, "type": "PROJECT"}}


def knock(client: Client, connection: CoperniqConnection, body: object) -> Any:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return client.post(address(connection), raw, content_type="application/json")


@pytest.mark.every_database
def test_a_signed_event_of_a_known_company_is_kept(client: Client, acme_books: QuickBooksConnection) -> None:
    answer = ring(client, [cloud_event()])
    assert (answer.status_code, answer.json()) == (200, {"kept": 1})
    event = InboundEvent.objects.get()
    assert (event.company, event.record_type, event.record_id) == (acme_books.company, "customer", "58")


def test_intuit_s_own_vector_is_authentic(client: Client, acme: Company) -> None:
    quickbooks_connection(acme, "1269959970")
    answer = ring(client, LEGACY_BODY.encode(), LEGACY_SIGNATURE)
    assert (answer.status_code, answer.json()) == (200, {"kept": 2})


@pytest.mark.every_database
def test_a_second_delivery_changes_nothing(client: Client, acme_books: QuickBooksConnection) -> None:
    for _ in range(2):
        assert ring(client, [cloud_event()]).status_code == 200
    assert InboundEvent.objects.count() == 1


@pytest.mark.parametrize("signature", ["", "wrong", "ü", LEGACY_SIGNATURE, "A" * 100_000])
def test_a_wrong_signature_is_refused(
    client: Client, acme_books: QuickBooksConnection, signature: str
) -> None:
    assert ring(client, [cloud_event()], signature).status_code == 401
    assert not InboundEvent.objects.exists()


def test_a_missing_signature_is_refused(client: Client, acme_books: QuickBooksConnection) -> None:
    assert client.post(QUICKBOOKS, b"[]", content_type="application/json").status_code == 401


def test_the_signature_is_of_the_bytes(client: Client, acme_books: QuickBooksConnection) -> None:
    signature = sign(json.dumps([cloud_event()]).encode())
    same_meaning = json.dumps([cloud_event()], indent=1).encode()
    assert ring(client, same_meaning, signature).status_code == 401


@pytest.mark.parametrize("tokens", [[], [""]])
def test_without_a_verifier_nobody_is_believed(client: Client, settings: Settings, tokens: list[str]) -> None:
    settings.INTUIT_WEBHOOK_VERIFIER_TOKENS = tokens
    assert ring(client, b"[]", sign(b"[]", "")).status_code == 401


def test_verifiers_can_be_rotated(
    client: Client, settings: Settings, acme_books: QuickBooksConnection
) -> None:
    settings.INTUIT_WEBHOOK_VERIFIER_TOKENS = ["demo-new-verifier", VERIFIER]
    body = json.dumps([cloud_event()]).encode()
    assert ring(client, body, sign(body, "demo-new-verifier")).status_code == 200
    assert ring(client, body, sign(body, VERIFIER)).status_code == 200


def test_signed_noise_is_refused(client: Client) -> None:
    assert ring(client, b"no json at all").status_code == 400


def test_what_is_unknown_is_counted_and_answered(client: Client, acme_books: QuickBooksConnection) -> None:
    body = [cloud_event(), cloud_event("2", OTHER_REALM), cloud_event("3", kind="qbo.x.y.v9"), {"bad": 1}]
    assert ring(client, body).json() == {"kept": 2}
    counts = dict(EventCount.objects.values_list("reason", "count"))
    assert counts == {"received": 3, "unknown company": 1, "unknown type": 1, "unreadable event": 1}


def test_disconnected_companies_get_no_events(client: Client, acme: Company) -> None:
    quickbooks_connection(acme, state=QuickBooksConnection.State.DISCONNECTED)
    assert ring(client, [cloud_event()]).json() == {"kept": 0}


def test_each_company_gets_its_own_events(client: Client, acme: Company, bolt: Company) -> None:
    quickbooks_connection(acme)
    quickbooks_connection(bolt, OTHER_REALM)
    ring(client, [cloud_event("1"), cloud_event("2", OTHER_REALM)])
    assert InboundEvent.objects.get(company=acme).key == "1"
    assert InboundEvent.objects.get(company=bolt).key == "2"


@pytest.mark.every_database
def test_coperniq_s_event_is_kept_and_makes_the_poll_due(
    client: Client, coperniq: CoperniqConnection
) -> None:
    CoperniqConnection.objects.update(next_poll_at=timezone.now() + timedelta(minutes=9))
    answer = knock(client, coperniq, phase_started())
    assert (answer.status_code, answer.json()) == (200, {"kept": 1})
    event = InboundEvent.objects.get()
    assert (event.name, event.record_type, event.record_id) == ("PROJECT_PHASE_STARTED", "project", "7")
    assert event.detail["phase_template_id"] == "101"
    coperniq.refresh_from_db()
    assert coperniq.next_poll_at <= timezone.now()
    assert coperniq.last_event_at is not None


@pytest.mark.every_database
def test_coperniq_may_repeat_itself(client: Client, coperniq: CoperniqConnection) -> None:
    knock(client, coperniq, phase_started())
    assert knock(client, coperniq, phase_started()).json() == {"kept": 0}
    assert InboundEvent.objects.count() == 1


def test_an_unknown_trigger_key_is_answered(client: Client, coperniq: CoperniqConnection) -> None:
    assert knock(client, coperniq, phase_started(triggerKey="SOMETHING_NEW")).status_code == 200


def test_the_token_is_in_no_log(
    client: Client, coperniq: CoperniqConnection, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    for body in (b"no json", b"x" * (LARGEST + 1), phase_started()):
        knock(client, coperniq, body)
    client.get(address(coperniq))
    for path in (
        f"{address(coperniq)}x/",
        address(coperniq).rstrip("/"),
        f"/webhooks/other/{coperniq.webhook_token}/",
    ):
        client.post(path, b"{}", content_type="application/json")
        client.get(path)
    assert client.get(address(coperniq), headers={"host": "evil.example"}).status_code == 400
    assert coperniq.webhook_token not in caplog.text


@pytest.mark.parametrize(
    "prefix",
    ["/webhooks/coperniq/", "/integrations/webhooks//Coperniq/", "https://x.example/webhooks/coperniq/"],
)
def test_the_log_masks_a_token_wherever_a_line_comes_from(prefix: str) -> None:
    line = logging.LogRecord("any", logging.INFO, "", 0, "Not Found: %s", (f"{prefix}secret-_1/x/",), None)
    assert MaskingFormatter("{message}", style="{").format(line) == f"Not Found: {prefix}***/x/"


@pytest.mark.every_database
@pytest.mark.parametrize("token", ["x", "x" * 5000, "ü%00", "..%2f..", "%ED%A0%80"])
def test_an_unknown_address_does_not_exist(client: Client, coperniq: CoperniqConnection, token: str) -> None:
    answer = client.post(f"/webhooks/coperniq/{token}/", b"{}", content_type="application/json")
    assert answer.status_code == 404
    assert not InboundEvent.objects.exists()


def test_the_token_is_in_no_row_as_it_is(coperniq: CoperniqConnection) -> None:
    row = CoperniqConnection.objects.values().get()
    assert coperniq.webhook_token not in str(row)


def test_a_disconnected_company_is_answered_and_ignored(client: Client, coperniq: CoperniqConnection) -> None:
    CoperniqConnection.objects.update(state=CoperniqConnection.State.DISCONNECTED)
    assert knock(client, coperniq, phase_started()).json() == {"kept": 0}
    assert not InboundEvent.objects.exists()


def test_a_refused_key_loses_no_event(client: Client, coperniq: CoperniqConnection) -> None:
    CoperniqConnection.objects.update(state=CoperniqConnection.State.REFUSED)
    assert knock(client, coperniq, phase_started()).json() == {"kept": 1}


def test_coperniq_s_noise_is_refused(client: Client, coperniq: CoperniqConnection) -> None:
    assert knock(client, coperniq, b"no json at all").status_code == 400


@pytest.mark.every_database
@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_bodies_are_no_error_of_ours(
    client: Client, acme_books: QuickBooksConnection, coperniq: CoperniqConnection, text: str
) -> None:
    assert ring(client, text.encode()).status_code in (200, 400)
    assert knock(client, coperniq, text.encode()).status_code in (200, 400)


hostile_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(["event", "record", "eventId", "recordId", "id", "type", "time", "intuitentityid",
                         "intuitaccountid", "eventNotifications", "realmId", "dataChangeEvent", "entities"]),
        inner, max_size=4,
    ),
    max_leaves=12,
)  # fmt: skip


@pytest.mark.every_database
@pace(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=hostile_json)
def test_no_json_is_an_error_of_ours(client: Client, coperniq: CoperniqConnection, body: object) -> None:
    raw = json.dumps(body).encode()
    assert ring(client, raw).status_code in (200, 400)
    assert knock(client, coperniq, raw).status_code in (200, 400)


@pytest.mark.parametrize("extra", [0, 1])
def test_two_mebibytes_are_the_limit(client: Client, coperniq: CoperniqConnection, extra: int) -> None:
    body = b'{"a":"' + b"x" * (LARGEST - 8 + extra) + b'"}'
    assert len(body) == LARGEST + extra
    expected = 413 if extra else 200
    assert ring(client, body).status_code == (413 if extra else 400)
    assert knock(client, coperniq, body).status_code == expected


@pytest.mark.parametrize("element", [b"{},", b"[],", b'{"data":{}},'])
def test_a_signed_body_of_more_events_than_fit_is_not_parsed(client: Client, element: bytes) -> None:
    body = b"[" + element * (LARGEST // len(element) - 1) + b"{}]"
    assert ring(client, body).status_code == 400
    assert not InboundEvent.objects.exists()


class Endless(io.RawIOBase):
    """A sender that never stops; notes how much was taken from it."""

    def __init__(self) -> None:
        self.taken = 0

    def read(self, size: int = -1, /) -> bytes:
        assert size >= 0
        self.taken += size
        return b"x" * size


def test_a_body_of_unknown_length_is_never_read_past_the_limit(rf: RequestFactory) -> None:
    endless = Endless()
    request = rf.post(QUICKBOOKS, content_type="application/json")
    request.META.update({"wsgi.input": endless, "wsgi.input_terminated": True, "CONTENT_LENGTH": ""})
    assert webhooks.quickbooks(request).status_code == 413
    assert endless.taken == LARGEST + 1


def test_a_chunked_body_is_read(rf: RequestFactory, acme_books: QuickBooksConnection) -> None:
    body = json.dumps([cloud_event()]).encode()
    request = rf.post(QUICKBOOKS, content_type="application/json", headers={"intuit-signature": sign(body)})
    request.META.update({"wsgi.input": io.BytesIO(body), "wsgi.input_terminated": True, "CONTENT_LENGTH": ""})
    assert webhooks.quickbooks(request).status_code == 200
    assert InboundEvent.objects.count() == 1


def test_a_declared_excess_is_not_read_at_all(rf: RequestFactory) -> None:
    endless = Endless()
    request = rf.post(QUICKBOOKS, content_type="application/json")
    request.META.update({"wsgi.input": endless, "CONTENT_LENGTH": str(LARGEST + 1)})
    assert webhooks.quickbooks(request).status_code == 413
    assert endless.taken == 0


@pytest.mark.parametrize("length", ["-1", "many", "²", "9" * 400])
def test_nonsense_about_the_length_is_no_error_of_ours(rf: RequestFactory, length: str) -> None:
    request = rf.post(QUICKBOOKS, content_type="application/json")
    request.META["CONTENT_LENGTH"] = length
    assert webhooks.quickbooks(request).status_code in (401, 413)


class Broken(io.RawIOBase):
    def read(self, size: int = -1, /) -> bytes:
        raise OSError("the sender is gone")


def test_a_sender_that_hangs_up_is_no_error_of_ours(rf: RequestFactory) -> None:
    request = rf.post(QUICKBOOKS, content_type="application/json")
    request.META.update({"wsgi.input": Broken(), "wsgi.input_terminated": True, "CONTENT_LENGTH": ""})
    assert webhooks.quickbooks(request).status_code == 400


@pytest.mark.every_database
@pytest.mark.parametrize("error", [OperationalError, InterfaceError])
def test_a_database_that_is_down_asks_the_sender_to_come_again(
    client: Client,
    acme_books: QuickBooksConnection,
    coperniq: CoperniqConnection,
    monkeypatch: pytest.MonkeyPatch,
    error: type[Exception],
) -> None:
    def down(*_: object) -> None:
        raise error("secret details of the server")

    monkeypatch.setattr(webhooks, "receive_quickbooks", down)
    monkeypatch.setattr(webhooks, "receive_coperniq", down)
    for answer in (ring(client, [cloud_event()]), knock(client, coperniq, phase_started())):
        assert answer.status_code == 503
        assert b"secret" not in answer.content


@pytest.mark.parametrize("method", ["get", "put", "delete", "head", "options", "patch"])
def test_doorbells_are_only_rung(client: Client, coperniq: CoperniqConnection, method: str) -> None:
    for page in (QUICKBOOKS, address(coperniq)):
        assert getattr(client, method)(page).status_code == 405


def test_doorbells_need_no_form_and_leave_no_cookie(coperniq: CoperniqConnection) -> None:
    client = Client(enforce_csrf_checks=True)
    for answer in (ring(client, b"[]"), knock(client, coperniq, phase_started()), ring(client, b"[]", "x")):
        assert answer.status_code in (200, 401)
        assert not answer.cookies
    assert not client.cookies


def test_the_limit_is_the_one_of_the_settings() -> None:
    assert django_settings.DATA_UPLOAD_MAX_MEMORY_SIZE == LARGEST


def test_the_log_masks_a_token_in_an_address_that_was_typed_wrong() -> None:
    def logged(text: str) -> str:
        line = logging.LogRecord("django.request", logging.WARNING, "", 0, text, (), None)
        return MaskingFormatter("{message}", style="{").format(line)

    for path in ("/webhook/coperniq/{}/", "/coperniq/{}", "/x/?next=%2Fhooks%2F{}", "/hooks//{}?a=1"):
        token = secrets.token_urlsafe(32)
        assert logged(f"Not Found: {path.format(token)}") == f"Not Found: {path.format('***')}"
    kept = 'File "/srv/a-folder/test_that_has_a_name_of_more_than_forty_letters.py", line 3, run 5f0c'
    assert logged(kept) == kept
