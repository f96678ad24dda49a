import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.errors import UnexpectedShape, UnreadableJson
from integrations.json_reader import JsonReader, as_text, load_json

SCALARS = st.none() | st.booleans() | st.integers() | st.decimals() | st.text() | st.floats()
HOSTILE = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
)


def wild(value: object) -> JsonReader:
    return JsonReader({"it": value}, "Thing")


def test_every_number_is_a_decimal() -> None:
    assert load_json(b'{"a": 639.00, "b": 7}') == {"a": Decimal("639.00"), "b": Decimal(7)}
    assert str(load_json("639.00")) == "639.00"


def test_a_byte_order_mark_is_tolerated() -> None:
    assert load_json(b"\xef\xbb\xbf[]") == []


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<html>",
        b"NaN",
        b"[Infinity]",
        b"\xff\xfe[\x00]\x00",
        b'"\xe9"',
        b"[" * 200_000,
        b"1e99999999999999999999999",
    ],
)
def test_what_is_not_plain_json_is_unreadable(data: bytes) -> None:
    with pytest.raises(UnreadableJson):
        load_json(data)


@given(st.binary(max_size=60) | st.text(max_size=60))
def test_any_bytes_are_read_or_refused(data: bytes | str) -> None:
    try:
        load_json(data)
    except UnreadableJson:
        return


def test_a_text_is_read_and_a_number_is_a_text_too() -> None:
    assert wild("Jane").text("it") == "Jane"
    assert wild(Decimal("94042")).text("it") == "94042"


def test_no_text_reaches_us_that_no_database_can_hold() -> None:
    assert wild("a\x00b\ud800c").text("it") == "abc"


@pytest.mark.parametrize("value", [None, True, [], {}, ["Jane"]])
def test_what_is_no_text_is_refused_or_replaced_by_the_default(value: object) -> None:
    assert wild(value).text("it", "") == ""
    with pytest.raises(UnexpectedShape, match=r"Thing\.it"):
        wild(value).text("it")


def test_a_default_may_be_of_another_type() -> None:
    assert wild(None).text("it", None) is None


@pytest.mark.parametrize(
    ("value", "read"),
    [(Decimal(7), "7"), ("1150040002", "1150040002"), (" 60 ", "60"), (Decimal("1E+3"), "1000")],
)
def test_an_id_is_a_text_however_it_is_sent(value: object, read: str) -> None:
    assert wild(value).identifier("it") == read


@pytest.mark.parametrize("value", ["", "  ", "x" * 101, None, False, {}, Decimal("1E+90")])
def test_what_cannot_be_an_id_is_refused(value: object) -> None:
    with pytest.raises(UnexpectedShape, match="id"):
        wild(value).identifier("it")


@pytest.mark.parametrize(
    ("value", "cents"),
    [
        (Decimal("639.00"), 63900),
        (Decimal("0"), 0),
        (Decimal("-12.5"), -1250),
        ("25000", 2500000),
        (Decimal("28500.000000000004"), 2850000),
        (Decimal("0.1") + Decimal("0.2"), 30),
        (Decimal("100.000"), 10000),
    ],
)
def test_dollars_become_integer_cents(value: object, cents: int) -> None:
    found = wild(value).cents("it")
    assert found == cents
    assert isinstance(found, int)


@pytest.mark.parametrize(
    "value",
    [Decimal("10.005"), Decimal("0.001"), "ten", True, None, [], Decimal("1E+15"), "1e-999999", "NaN", 1.5],
)
def test_an_amount_is_never_guessed(value: object) -> None:
    assert wild(value).cents("it", None) is None
    with pytest.raises(UnexpectedShape, match="amount of money"):
        wild(value).cents("it")


@given(st.integers(min_value=-(10**14), max_value=10**14))
def test_cents_survive_the_way_through_json(cents: int) -> None:
    sign, whole = ("-" if cents < 0 else ""), abs(cents)
    document = load_json(f'{{"it": {sign}{whole // 100}.{whole % 100:02}}}')
    assert JsonReader(document).cents("it") == cents


def test_a_number_is_read_exactly() -> None:
    assert wild(Decimal("10.50")).decimal("it") == Decimal("10.5")
    assert wild("x").decimal("it", None) is None


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ("2026-05-05T02:05:12-07:00", datetime(2026, 5, 5, 9, 5, 12, tzinfo=UTC)),
        ("2026-05-05T02:05:12.193-07:00", datetime(2026, 5, 5, 9, 5, 12, 193000, tzinfo=UTC)),
        ("2015-10-05T14:42:19-0700", datetime(2015, 10, 5, 21, 42, 19, tzinfo=UTC)),
        ("2016-10-05T03:09:04.000Z", datetime(2016, 10, 5, 3, 9, 4, tzinfo=UTC)),
        ("2025-09-10T21:31:25.179851517Z", datetime(2025, 9, 10, 21, 31, 25, 179851, tzinfo=UTC)),
        (Decimal(1601391072830), datetime(2020, 9, 29, 14, 51, 12, 830000, tzinfo=UTC)),
    ],
)
def test_every_form_of_a_time_is_read(value: object, read: datetime) -> None:
    assert wild(value).moment("it") == read


@pytest.mark.parametrize(
    "value",
    [
        "2026-05-05T02:05:12",
        "soon",
        "",
        None,
        Decimal("9E+14"),
        Decimal("NaN"),
        "0001-01-01T00:00:00+14:00",
        {},
    ],
)
def test_a_time_without_a_zone_or_sense_is_none(value: object) -> None:
    assert wild(value).moment("it", None) is None


def test_a_date_is_read() -> None:
    assert wild("2025-12-31").day("it") == date(2025, 12, 31)
    assert wild("2025-13-31").day("it", None) is None
    assert wild(Decimal(2025)).day("it", None) is None


@pytest.mark.parametrize(
    ("value", "read"),
    [(True, True), (False, False), ("true", True), ("False", False), ("yes", None), (Decimal(1), None)],
)
def test_yes_and_no_are_read(value: object, read: bool | None) -> None:
    assert wild(value).flag("it", None) is read


def test_children_of_anything_can_be_asked_for() -> None:
    document = JsonReader({"Line": [{"Id": "1"}, "odd"], "Name": "x"}, "Invoice")
    assert [row.path for row in document.children("Line")] == ["Invoice.Line[0]", "Invoice.Line[1]"]
    assert document.children("Name") == []
    assert document.child("No").child("Way").value is None
    assert JsonReader({"a": {"b": "c"}}).text_at("a.b") == "c"
    assert JsonReader({"a": "b"}).text_at("a.b.c") == ""
    assert JsonReader({}).child("top").path == "top"


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ("x", "x"),
        (["1 Main St", "Austin"], "1 Main St, Austin"),
        ([None, "x", {}], "x"),
        (True, "Yes"),
        (False, "No"),
        (Decimal("2.50"), "2.50"),
        ({}, ""),
        (None, ""),
    ],
)
def test_anything_has_a_readable_text(value: object, read: str) -> None:
    assert as_text(value) == read


READERS: list[Callable[[JsonReader], Any]] = [
    lambda found: found.text("it"),
    lambda found: found.identifier("it"),
    lambda found: found.decimal("it"),
    lambda found: found.cents("it"),
    lambda found: found.moment("it"),
    lambda found: found.day("it"),
    lambda found: found.flag("it"),
]


@pytest.mark.parametrize("reader", READERS)
@given(value=HOSTILE)
def test_a_hostile_value_is_read_or_refused_and_nothing_else(
    reader: Callable[[JsonReader], Any], value: object
) -> None:
    try:
        assert reader(wild(value)) is not None
    except UnexpectedShape:
        return


@given(HOSTILE)
def test_walking_through_a_hostile_document_never_fails(value: object) -> None:
    found = JsonReader(value)
    assert isinstance(found.text_at("a.b"), str)
    assert isinstance(as_text(value), str)
    assert all(isinstance(row, JsonReader) for row in found.rows())


@pytest.mark.parametrize(("value", "cents"), [(None, 0), (0, 0), (Decimal("-12.34"), -1234)])
def test_no_amount_is_nothing(value: object, cents: int) -> None:
    assert wild(value).cents_or_zero("it") == cents


@pytest.mark.parametrize("odd", ["", "much", Decimal("0.001"), [1], True])
def test_an_odd_amount_is_not_nothing(odd: object) -> None:
    with pytest.raises(UnexpectedShape, match=r"Thing\.it"):
        wild(odd).cents_or_zero("it")


@pytest.mark.parametrize(
    ("element", "bytes_"), [('{"id":1},', 31 << 20), ("[],", 2 << 20), ("1,", 31 << 20), ('"",', 8 << 20)]
)
def test_more_values_than_any_answer_has_are_not_parsed(element: str, bytes_: int) -> None:
    body = "[" + element * (bytes_ // len(element)) + "1]"
    with pytest.raises(UnreadableJson):
        load_json(body.encode())


def test_a_page_of_a_thousand_full_records_is_read() -> None:
    line = {
        "Id": "1",
        "Description": "Panels, rails, optimizers, labor",
        "Amount": 1234.56,
        "DetailType": "SalesItemLineDetail",
        "SalesItemLineDetail": {
            "ItemRef": {"value": "7", "name": "Panel"},
            "UnitPrice": 617.28,
            "Qty": 2,
            "TaxCodeRef": {"value": "NON"},
        },
    }
    invoice = {f"Field{n}": {"value": str(n), "name": "a, b"} for n in range(40)} | {"Line": [line] * 50}
    body = json.dumps({"QueryResponse": {"Invoice": [invoice] * 1000}}).encode()
    assert len(JsonReader(load_json(body)).child("QueryResponse").children("Invoice")) == 1000
