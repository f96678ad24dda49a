from dataclasses import replace
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction
from typing import Any

import pytest
import simplejson
from hypothesis import given
from hypothesis import strategies as st

from integrations.coperniq.money import (
    CatalogItem,
    CoperniqInvoice,
    CoperniqInvoiceLine,
    CoperniqPayment,
    UnreadableInvoice,
    parse_catalog_item,
    parse_coperniq_invoice,
    parse_coperniq_payment,
    parse_listed_invoice,
)
from integrations.coperniq.records import LONG_AGO
from integrations.errors import UnexpectedShape
from integrations.json_reader import JsonReader, load_json

INVOICE = b"""{"id": 700, "uid": 1043, "type": "INVOICE", "status": "partially_paid", "description": "Deposit",
 "amount": 1250.50, "amountPaid": 250.5, "dueDate": "2026-05-01T00:00:00.000Z", "issueDate": "2026-04-01T00:00:00Z",
 "calculationMethod": "LINE_ITEMS", "percentage": null, "baseAmount": null, "isArchived": false,
 "account": {"id": 5, "title": "Jane Homeowner"}, "record": {"id": 10423, "uid": 3301, "title": "Roof"},
 "lineItems": [
  {"id": 1, "catalogItemId": 31, "quantity": 3, "unitCost": 100, "unitPrice": 450.1667, "description": "Panel",
   "catalogItem": {"id": 31, "name": "PV module", "manufacturer": "ACME", "sku": "PV-400", "type": "PRODUCT"}},
  {"id": 2, "catalogItemId": 32, "quantity": 1, "unitCost": 0, "unitPrice": -100, "description": null,
   "catalogItem": null}],
 "createdAt": "2026-03-31T17:04:22Z", "updatedAt": "2026-04-02T08:00:00.250Z"}"""

PAYMENT = b"""{"id": 80, "invoiceNumber": 12, "amount": 250.50, "status": "paid", "paymentMethod": "check",
 "paymentDate": "2026-04-02T00:00:00Z", "paymentReference": "1187", "notes": "by post", "isExternal": true,
 "createdAt": "2026-04-02T08:00:00Z", "updatedAt": "2026-04-02T08:00:01Z", "createdBy": {"id": 3}}"""

CENTS = st.integers(min_value=-(10**12), max_value=10**12)
AMOUNTS = st.decimals(min_value=-(10**9), max_value=10**9, places=6)


def sent(document: object) -> JsonReader:
    """As it comes over the wire, with every number a Decimal."""
    return JsonReader(load_json(simplejson.dumps(document)))


def invoice(**fields: object) -> CoperniqInvoice:
    document: Any = load_json(INVOICE)
    return parse_coperniq_invoice(sent(document | fields))


def line(quantity: str, unit_price: str) -> CoperniqInvoiceLine:
    return CoperniqInvoiceLine("", "", "", "", "", Decimal(quantity), Decimal(unit_price))


def test_an_invoice_is_read_whole() -> None:
    assert replace(invoice(), lines=()) == CoperniqInvoice(
        id="700",
        number="1043",
        title="",
        status="PARTIALLY_PAID",
        description="Deposit",
        total_cents=125050,
        paid_cents=25050,
        created_at=datetime(2026, 3, 31, 17, 4, 22, tzinfo=UTC),
        updated_at=datetime(2026, 4, 2, 8, 0, 0, 250000, tzinfo=UTC),
        due_at=datetime(2026, 5, 1, tzinfo=UTC),
        issued_at=datetime(2026, 4, 1, tzinfo=UTC),
        calculation_method="LINE_ITEMS",
        percentage=None,
        base_cents=None,
        is_archived=False,
        account_id="5",
        account_title="Jane Homeowner",
        record_id="10423",
        record_title="Roof",
        lines=(),
    )


def test_its_lines_come_in_order_with_their_items() -> None:
    panel, discount = invoice().lines
    assert panel == CoperniqInvoiceLine(
        "1", "31", "PV module", "PV-400", "Panel", Decimal(3), Decimal("450.1667"), Decimal(100)
    )
    assert discount == CoperniqInvoiceLine("2", "32", "", "", "", Decimal(1), Decimal(-100))
    assert (panel.amount_cents, discount.amount_cents) == (135050, -10000)


def test_a_percentage_of_a_sum_has_no_lines() -> None:
    found = invoice(
        calculationMethod="percentage", percentage=Decimal("12.5"), baseAmount=10004, lineItems=None
    )
    assert (found.calculation_method, found.percentage, found.base_cents) == (
        "PERCENTAGE",
        Decimal("12.5"),
        1000400,
    )
    assert found.lines == ()


def test_an_older_invoice_has_a_client_and_a_title() -> None:
    found = invoice(account=None, client={"id": 6, "title": "Pat"}, uid=None, title="Final bill")
    assert (found.account_id, found.account_title) == ("6", "Pat")
    assert (found.title, found.number) == ("Final bill", "Final bill")


@pytest.mark.parametrize(
    ("fields", "number"),
    [
        ({"uid": 1, "number": 2, "title": "three"}, "1"),
        ({"uid": "", "number": 2, "title": "three"}, "2"),
        ({"uid": None, "title": "three"}, "three"),
        ({"uid": None}, ""),
    ],
)
def test_its_number_is_the_first_field_that_is_given(fields: dict[str, object], number: str) -> None:
    assert invoice(**fields).number == number


def test_few_fields_are_required() -> None:
    found = parse_coperniq_invoice(sent({"id": 1, "amount": 0}))
    assert (found.id, found.total_cents, found.paid_cents, found.lines) == ("1", 0, 0, ())
    assert (found.account_id, found.record_id, found.record_title) == ("", "", "")
    assert (found.status, found.updated_at) == ("", LONG_AGO)


def test_the_record_may_be_given_by_its_id_alone() -> None:
    assert invoice(record=None, recordId="10423").record_id == "10423"


@pytest.mark.parametrize(
    "odd",
    [
        {"id": None},
        {"amount": None},
        {"amount": Decimal("12.345")},
        {"amountPaid": Decimal("12.345")},
        {"amountPaid": "much"},
        {"lineItems": [{"id": 1, "unitPrice": 1}]},
        {"lineItems": [{"id": 1, "quantity": 1, "unitPrice": "?"}]},
    ],
)
def test_an_amount_that_cannot_be_read_is_not_guessed(odd: dict[str, object]) -> None:
    with pytest.raises(UnexpectedShape):
        invoice(**odd)


def a_row(**fields: object) -> dict[str, object]:
    return {"quantity": 1, "unitPrice": 10} | fields


def test_lines_in_sections_follow_in_order_and_count_once() -> None:
    sections = [
        {"name": "Roof", "lineItems": [a_row(id=1), a_row(id=3), a_row()]},
        {"name": "Garage", "lineItems": [a_row(id=2), a_row()]},
    ]
    found = invoice(lineItems=[a_row(id=1), a_row(id=2)], sections=sections)
    assert [line.id for line in found.lines] == ["1", "2", "3", "", ""]


def test_a_line_knows_its_item_from_the_item_too() -> None:
    row = a_row(catalogItem={"id": 31, "name": "PV module"})
    assert invoice(lineItems=[row]).lines[0].catalog_item_id == "31"


@pytest.mark.parametrize(
    "fields",
    [
        {"id": 701},
        {"updatedAt": "2026-04-02T08:00:00.251Z"},
        {"status": "PAID"},
        {"amount": Decimal("1250.51")},
        {"amountPaid": Decimal("250.51")},
        {"isArchived": True},
    ],
)
def test_another_version_follows_every_change(fields: dict[str, object]) -> None:
    assert invoice(**fields).version != invoice().version
    assert invoice().version == invoice().version


def test_a_version_is_short_whatever_the_vendor_sends() -> None:
    found = replace(
        invoice(),
        id="9" * 100,
        status="S" * 500,
        total_cents=1 - 10**17,
        paid_cents=1 - 10**17,
        is_archived=True,
        updated_at=datetime.max.replace(tzinfo=UTC),
    )
    assert len(found.version) < 180


@pytest.mark.parametrize(
    ("quantity", "unit_price", "cents"),
    [
        ("3", "0.335", 101),
        ("1", "0.005", 1),
        ("1", "-0.005", -1),
        ("1", "0.0049999999999999999999", 0),
        ("0.5", "0.01", 1),
        ("999999999999999", "0.01", 999999999999999),
        ("0.00000000000000000001", "0.00000000000000000001", 0),
        ("0", "-12", 0),
        ("1E+3", "1E-2", 1000),
        ("999999999.999999", "999999999.999999", 99999999999999800000),
    ],
)
def test_an_amount_is_rounded_once_half_up(quantity: str, unit_price: str, cents: int) -> None:
    with localcontext(prec=4):
        assert line(quantity, unit_price).amount_cents == cents


@given(AMOUNTS, AMOUNTS)
def test_an_amount_is_never_half_a_cent_away(quantity: Decimal, unit_price: Decimal) -> None:
    exact = Fraction(quantity) * Fraction(unit_price) * 100
    found = CoperniqInvoiceLine("", "", "", "", "", quantity, unit_price).amount_cents
    assert abs(found - exact) <= Fraction(1, 2)
    assert found == -CoperniqInvoiceLine("", "", "", "", "", -quantity, unit_price).amount_cents


@given(CENTS)
def test_whole_cents_stay_as_they_are(cents: int) -> None:
    dollars = (Decimal(cents) / 100).quantize(Decimal("0.01"), ROUND_HALF_UP)
    assert CoperniqInvoiceLine("", "", "", "", "", Decimal(1), dollars).amount_cents == cents
    assert parse_coperniq_payment(sent({"id": 1, "amount": dollars}), "700").amount_cents == cents


def test_a_payment_is_read_whole() -> None:
    assert parse_coperniq_payment(JsonReader(load_json(PAYMENT)), "700") == CoperniqPayment(
        id="80",
        number="12",
        invoice_id="700",
        amount_cents=25050,
        status="PAID",
        method="CHECK",
        paid_at=datetime(2026, 4, 2, tzinfo=UTC),
        reference="1187",
        notes="by post",
        is_external=True,
        created_at=datetime(2026, 4, 2, 8, 0, tzinfo=UTC),
        updated_at=datetime(2026, 4, 2, 8, 0, 1, tzinfo=UTC),
    )


def test_a_refund_is_negative_and_the_rest_may_be_missing() -> None:
    found = parse_coperniq_payment(sent({"id": 81, "amount": Decimal("-10.00")}), "700")
    assert (found.amount_cents, found.method, found.paid_at, found.is_external) == (-1000, "", None, False)


@pytest.mark.parametrize("amount", [None, "?", Decimal("0.001")])
def test_a_payment_of_no_readable_amount_is_refused(amount: object) -> None:
    with pytest.raises(UnexpectedShape, match="amount"):
        parse_coperniq_payment(sent({"id": 81, "amount": amount}), "700")


def test_a_catalog_item_is_read_whole() -> None:
    row = b"""{"id": 31, "name": "PV module", "type": "product", "catalog": "ENERGY", "code": "A-1", "sku": "PV-400",
     "description": "400 W", "cost": 99.99, "price": 150, "isArchived": true}"""
    assert parse_catalog_item(JsonReader(load_json(row))) == CatalogItem(
        "31", "PV module", "A-1", "PV-400", "PRODUCT", "400 W", 15000, 9999, True
    )


def test_an_odd_price_does_not_make_the_catalog_unreadable() -> None:
    found = parse_catalog_item(sent({"id": 31, "price": Decimal("0.125"), "cost": None}))
    assert (found.price_cents, found.cost_cents, found.is_archived) == (None, None, False)


def test_an_odd_invoice_of_a_list_is_named_and_stops_nobody() -> None:
    row = {"id": "7", "amount": "1.005", "account": {"id": "3"}, "updatedAt": "2026-03-31T17:04:22Z"}
    found = parse_listed_invoice(JsonReader(row, "invoices[0]"))
    assert isinstance(found, UnreadableInvoice)
    assert (found.id, found.account_id, found.version) == ("7", "3", "7/20260331170422000000/odd")
