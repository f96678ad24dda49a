from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
import responses

from integrations import errors
from integrations.coperniq.client import CoperniqClient
from integrations.coperniq.paging import PAGE_SIZE
from integrations.errors import UnexpectedShape
from tests.coperniq.conftest import API, params


def an_invoice(number: int, updated_at: str = "2026-03-31T17:04:22Z", **fields: object) -> dict[str, object]:
    return {"id": number, "uid": number, "amount": 10, "updatedAt": updated_at} | fields


def wrapped(*rows: dict[str, object], has_more: bool = False) -> dict[str, object]:
    return {"items": list(rows), "page": 1, "page_size": PAGE_SIZE, "has_more": has_more}


def test_an_invoice_is_read_by_id(api: CoperniqClient, vendor: responses.RequestsMock) -> None:
    vendor.get(f"{API}/invoices/700", json=an_invoice(700))
    assert api.read_invoice("700").number == "700"
    assert params(vendor) == {}


def test_a_deleted_invoice_is_missing(api: CoperniqClient, vendor: responses.RequestsMock) -> None:
    vendor.get(f"{API}/invoices/700", status=404, json={"message": "Not found"})
    with pytest.raises(errors.RecordMissing):
        api.read_invoice("700")


@pytest.mark.parametrize(
    "read",
    [
        lambda api: api.read_invoice("700"),
        lambda api: api.list_payments("700"),
    ],
)
def test_an_invoice_out_of_sight_is_missing_while_the_key_still_works(
    api: CoperniqClient, vendor: responses.RequestsMock, read: Callable[[CoperniqClient], object]
) -> None:
    for path in ("invoices/700", "invoices/700/payments"):
        vendor.get(f"{API}/{path}", status=403, json={"message": "Forbidden"})
    vendor.get(f"{API}/workflows", json=[])
    with pytest.raises(errors.RecordMissing):
        read(api)


def test_invoices_are_listed_page_by_page_each_as_last_seen_oldest_first(
    api: CoperniqClient, vendor: responses.RequestsMock
) -> None:
    first = wrapped(an_invoice(3, "2026-03-31T18:00:00Z"), an_invoice(1, status="SENT"), has_more=True)
    vendor.get(f"{API}/invoices", json=first)
    vendor.get(f"{API}/invoices", json=wrapped(an_invoice(1, status="PAID"), an_invoice(2)))
    moment = datetime(2026, 3, 31, 17, 4, 22, tzinfo=UTC)
    found = api.list_invoices(moment)
    assert [(invoice.id, getattr(invoice, "status", None)) for invoice in found] == [
        ("1", "PAID"),
        ("2", ""),
        ("3", ""),
    ]
    assert params(vendor, 1) == {
        "page": "2",
        "page_size": "100",
        "order_by": "asc",
        "updated_after": "2026-03-31T17:04:22.000Z",
    }


def test_bare_lists_of_invoices_are_read_too(api: CoperniqClient, vendor: responses.RequestsMock) -> None:
    vendor.get(f"{API}/invoices", json=[an_invoice(1)])
    assert [invoice.id for invoice in api.list_invoices(None)] == ["1"]
    assert "updated_after" not in params(vendor)


@pytest.mark.parametrize("wrap", [lambda row: [row], wrapped])
def test_payments_come_at_once(
    api: CoperniqClient, vendor: responses.RequestsMock, wrap: Callable[[dict[str, object]], object]
) -> None:
    vendor.get(f"{API}/invoices/700/payments", json=wrap({"id": 80, "amount": 2.5}))
    payment = api.list_payments("700")[0]
    assert (payment.id, payment.invoice_id, payment.amount_cents) == ("80", "700", 250)
    assert params(vendor) == {}


@pytest.mark.parametrize(
    "read",
    [
        lambda api: api.list_payments("700"),
        lambda api: api.list_catalog(),
    ],
)
def test_a_part_of_a_list_is_not_taken_for_all_of_it(
    api: CoperniqClient, vendor: responses.RequestsMock, read: Callable[[CoperniqClient], object]
) -> None:
    for path in ("invoices/700/payments", "catalog-items"):
        vendor.get(f"{API}/{path}", json=wrapped({"id": 80, "amount": 2.5}, has_more=True))
    with pytest.raises(UnexpectedShape, match="whole list"):
        read(api)


def test_the_catalog_comes_at_once(api: CoperniqClient, vendor: responses.RequestsMock) -> None:
    vendor.get(f"{API}/catalog-items", json=[{"id": n, "name": f"Item {n}"} for n in range(PAGE_SIZE + 1)])
    assert len(api.list_catalog()) == PAGE_SIZE + 1
    assert len(vendor.calls) == 1
    assert params(vendor) == {}


@pytest.mark.parametrize("bad", ["", "..", "700/payments"])
def test_an_id_cannot_lead_elsewhere(api: CoperniqClient, vendor: responses.RequestsMock, bad: str) -> None:
    for read in (api.read_invoice, api.list_payments):
        with pytest.raises(UnexpectedShape):
            read(bad)
    assert not vendor.calls


@pytest.mark.parametrize("seconds", [-30, 0, 30])
def test_the_clock_difference_has_a_sign(
    api: CoperniqClient, vendor: responses.RequestsMock, seconds: int
) -> None:
    assert api.clock_offset == timedelta(0)
    at = datetime.now(UTC) + timedelta(seconds=seconds)
    vendor.get(f"{API}/workflows", json=[], headers={"Date": format_datetime(at)})
    api.read_workflows()
    assert abs(api.clock_offset - timedelta(seconds=seconds)) < timedelta(seconds=10)
    assert api.clock_behind == max(-api.clock_offset, timedelta(0))
