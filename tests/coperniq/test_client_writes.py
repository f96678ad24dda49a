"""Coperniq has no idempotency key: whatever may have been done must not look like a refusal."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import requests
import responses

from integrations import errors
from integrations.coperniq.client import CoperniqClient
from integrations.coperniq.money import UnreadableInvoice
from integrations.errors import OutcomeUnknown, UnexpectedShape, VendorError
from integrations.http import Call
from tests.coperniq.conftest import API, params
from tests.coperniq.test_client_money import an_invoice, wrapped

BODY = '{"description": "QBO #1042: Zoë ☀",  "lineItems": [{"unitPrice": 100.00}]}'
Write = Callable[[CoperniqClient], object]
WRITES: dict[str, tuple[str, str, Write]] = {
    "create an invoice": ("POST", "invoices", lambda api: api.create_invoice(BODY)),
    "update an invoice": ("PATCH", "invoices/700", lambda api: api.update_invoice("700", BODY)),
    "record a payment": ("POST", "invoices/700/payments", lambda api: api.create_payment("700", BODY)),
    "create an item": ("POST", "catalog-items", lambda api: api.create_catalog_item(BODY)),
    "update an item": ("PATCH", "catalog-items/31", lambda api: api.update_catalog_item("31", BODY)),
}
EACH = pytest.mark.parametrize("what", WRITES)


def refusal(api: CoperniqClient, write: Write) -> VendorError:
    with pytest.raises(VendorError) as caught:
        write(api)
    return caught.value


@EACH
def test_a_body_goes_over_the_wire_byte_for_byte(
    api: CoperniqClient, vendor: responses.RequestsMock, what: str
) -> None:
    method, path, write = WRITES[what]
    vendor.add(method, f"{API}/{path}", json=an_invoice(700, amount=12.5), status=201)
    assert getattr(write(api), "id", "") == "700"
    sent = vendor.calls[0].request
    assert sent.body == BODY.encode()
    assert params(vendor) == {}
    headers = dict(sent.headers)
    assert headers["Content-Type"] in ("application/json", b"application/json")
    assert headers["x-api-key"] in ("demo-key", b"demo-key")
    assert api.calls_made == 1


def test_what_was_stored_is_answered(api: CoperniqClient, vendor: responses.RequestsMock) -> None:
    vendor.post(f"{API}/invoices", status=201, json=an_invoice(700, status="SENT", amount=12.5))
    vendor.post(f"{API}/invoices/700/payments", status=201, json={"id": 80, "amount": 2.5})
    vendor.patch(f"{API}/catalog-items/31", json={"id": 31, "name": "Panel", "price": 10.25})
    invoice = api.create_invoice(BODY)
    assert (invoice.status, invoice.total_cents) == ("SENT", 1250)
    payment = api.create_payment("700", BODY)
    assert (payment.id, payment.invoice_id, payment.amount_cents) == ("80", "700", 250)
    item = api.update_catalog_item("31", BODY)
    assert (item.name, item.price_cents) == ("Panel", 1025)


def test_a_write_is_counted_as_one() -> None:
    calls: list[Call] = []
    api = CoperniqClient(api_url=API, api_key="demo-key", on_call=calls.append)
    with responses.RequestsMock() as vendor:
        vendor.post(
            f"{API}/invoices", status=201, json=an_invoice(700), headers={"X-RateLimit-Remaining": "7"}
        )
        api.create_invoice(BODY)
    assert [(call.method, call.path, call.write, call.status) for call in calls] == [
        ("POST", "/v1/invoices", True, 201)
    ]
    assert (api.calls_remaining, api.clock_offset) == (7, timedelta(0))


@EACH
@pytest.mark.parametrize("status", [302, 408, 500, 502, 503, 504])
def test_a_write_that_broke_down_has_an_unknown_outcome_and_is_sent_once(
    api: CoperniqClient, vendor: responses.RequestsMock, what: str, status: int
) -> None:
    method, path, write = WRITES[what]
    vendor.add(method, f"{API}/{path}", status=status, json={"message": "no", "code": "GRAPHQL_ERROR"})
    error = refusal(api, write)
    assert type(error) is OutcomeUnknown
    assert (error.status, error.code, error.detail) == (status, "GRAPHQL_ERROR", "no")
    assert len(vendor.calls) == 1


@EACH
@pytest.mark.parametrize("lost", [requests.ReadTimeout(), requests.ConnectionError()])
def test_a_write_whose_answer_is_lost_is_sent_once(
    api: CoperniqClient, vendor: responses.RequestsMock, what: str, lost: Exception
) -> None:
    method, path, write = WRITES[what]
    vendor.add(method, f"{API}/{path}", body=lost)
    assert type(refusal(api, write)) is OutcomeUnknown
    assert len(vendor.calls) == 1


@EACH
@pytest.mark.parametrize("body", ["", "<html>", "{}", "[]", "null", '{"id": null}', '{"amount": 10}'])
def test_a_write_whose_answer_cannot_be_read_has_an_unknown_outcome(
    api: CoperniqClient, vendor: responses.RequestsMock, what: str, body: str
) -> None:
    method, path, write = WRITES[what]
    vendor.add(method, f"{API}/{path}", status=201, body=body)
    assert type(refusal(api, write)) is OutcomeUnknown


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, errors.Refused),
        (409, errors.Refused),
        (422, errors.Refused),
        (401, errors.AccessLost),
        (404, errors.RecordMissing),
        (429, errors.Throttled),
    ],
)
@EACH
def test_a_refused_write_says_why(
    api: CoperniqClient,
    vendor: responses.RequestsMock,
    what: str,
    status: int,
    kind: type[VendorError],
) -> None:
    method, path, write = WRITES[what]
    answer = {"message": "must be positive", "code": "VALIDATION_ERROR", "field": "amount"}
    vendor.add(method, f"{API}/{path}", status=status, json=answer)
    error = refusal(api, write)
    assert type(error) is kind
    assert (error.status, error.code) == (status, "VALIDATION_ERROR")
    assert error.detail == "amount: must be positive"
    assert len(vendor.calls) == 1


@EACH
def test_a_write_to_what_the_key_may_not_see_concerns_that_record_alone(
    api: CoperniqClient, vendor: responses.RequestsMock, what: str
) -> None:
    method, path, write = WRITES[what]
    vendor.add(method, f"{API}/{path}", status=403, json={"message": "Forbidden"})
    vendor.get(f"{API}/workflows", json=[])
    error = refusal(api, write)
    assert type(error) is errors.RecordMissing
    assert error.status == 403


@EACH
def test_a_write_with_a_key_that_opens_nothing_means_access_is_lost(
    api: CoperniqClient, vendor: responses.RequestsMock, what: str
) -> None:
    method, path, write = WRITES[what]
    vendor.add(method, f"{API}/{path}", status=403, json={"message": "Forbidden"})
    vendor.get(f"{API}/workflows", status=403, json={"message": "Forbidden"})
    assert type(refusal(api, write)) is errors.AccessLost


@pytest.mark.parametrize("bad", ["", "..", "700/payments"])
def test_an_id_cannot_lead_a_write_elsewhere(
    api: CoperniqClient, vendor: responses.RequestsMock, bad: str
) -> None:
    for write in (api.update_invoice, api.create_payment, api.update_catalog_item):
        with pytest.raises(UnexpectedShape):
            write(bad, BODY)
    with pytest.raises(UnexpectedShape):
        api.list_invoices_of("projects", bad)
    assert not vendor.calls


@pytest.mark.parametrize("wrap", [lambda *rows: list(rows), wrapped])
def test_the_invoices_of_one_record_are_read_in_either_shape(
    api: CoperniqClient, vendor: responses.RequestsMock, wrap: Callable[..., object]
) -> None:
    vendor.get(f"{API}/accounts/5/invoices", json=wrap(an_invoice(2), an_invoice(1, amount=0.001)))
    odd, good = api.list_invoices_of("accounts", "5")
    assert isinstance(odd, UnreadableInvoice)
    assert (odd.id, good.id) == ("1", "2")
    assert params(vendor) == {"page": "1", "page_size": "100", "order_by": "asc"}


def test_the_invoices_of_one_record_come_page_by_page(
    api: CoperniqClient, vendor: responses.RequestsMock
) -> None:
    vendor.get(f"{API}/projects/10423/invoices", json=wrapped(an_invoice(1), has_more=True))
    vendor.get(f"{API}/projects/10423/invoices", json=wrapped(an_invoice(2)))
    assert [invoice.id for invoice in api.list_invoices_of("projects", "10423")] == ["1", "2"]
    assert params(vendor, 1)["page"] == "2"


def test_the_invoices_of_a_record_out_of_sight_are_missing(
    api: CoperniqClient, vendor: responses.RequestsMock
) -> None:
    vendor.get(f"{API}/projects/10423/invoices", status=403, json={"message": "Forbidden"})
    vendor.get(f"{API}/workflows", json=[])
    with pytest.raises(errors.RecordMissing):
        api.list_invoices_of("projects", "10423")
