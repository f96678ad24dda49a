import json
import re
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.json_reader import load_json
from integrations.quickbooks.bodies import dump, money

CENTS = st.integers(min_value=-(10**17), max_value=10**17)
NUMBERS = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**15), max_value=10**15)
PAYLOADS = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**15), 10**15) | st.text() | NUMBERS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


def as_sent(value: object) -> object:
    """What the other side reads."""
    if isinstance(value, dict):
        return {key: as_sent(below) for key, below in value.items()}
    if isinstance(value, list):
        return [as_sent(below) for below in value]
    return Decimal(value) if isinstance(value, int) and not isinstance(value, bool) else value


@pytest.mark.parametrize(
    ("number", "written"),
    [
        ("12.34", "12.34"),
        ("12.30", "12.30"),
        ("0", "0"),
        ("-0.01", "-0.01"),
        ("1E+3", "1000"),
        ("1E-7", "0.0000001"),
        ("0E-2", "0.00"),
        ("123456789012345.67891", "123456789012345.67891"),
    ],
)
def test_numbers_are_written_digit_by_digit(number: str, written: str) -> None:
    assert dump({"Amount": Decimal(number)}) == f'{{"Amount": {written}}}'


def test_a_body_is_always_the_same_text() -> None:
    payload = {"b": [Decimal("1.0"), {"d": "Zoë ☀", "c": 1}], "a": True, "e": None, "f": (Decimal(2),)}
    written = '{"a": true, "b": [1.0, {"c": 1, "d": "Zoë ☀"}], "e": null, "f": [2]}'
    assert dump(payload) == dump(dict(reversed(payload.items()))) == written


@pytest.mark.parametrize("broken", [1.0, [0.1], {"a": float("nan")}])
def test_a_float_is_not_written(broken: object) -> None:
    with pytest.raises(TypeError, match="float"):
        dump({"Amount": broken})


@pytest.mark.parametrize("broken", ["NaN", "Infinity", "-Infinity", "sNaN"])
def test_what_is_no_number_is_not_written(broken: str) -> None:
    with pytest.raises(ValueError, match="no number"):
        dump({"Amount": Decimal(broken)})


@pytest.mark.parametrize(
    ("cents", "amount"), [(1234, "12.34"), (0, "0.00"), (5, "0.05"), (-1, "-0.01"), (1200, "12.00")]
)
def test_cents_become_dollars_with_both_decimals(cents: int, amount: str) -> None:
    assert str(money(cents)) == amount


@given(CENTS)
def test_every_cent_arrives(cents: int) -> None:
    written = dump({"TotalAmt": money(cents)})
    assert re.fullmatch(r'\{"TotalAmt": -?\d+\.\d\d\}', written)
    assert load_json(written) == {"TotalAmt": Decimal(cents) / 100}


@given(st.dictionaries(st.text(max_size=4), PAYLOADS, max_size=4))
def test_what_is_written_is_read_as_it_was(payload: dict[str, object]) -> None:
    written = dump(payload)
    assert load_json(written) == as_sent(payload)
    json.loads(written)
