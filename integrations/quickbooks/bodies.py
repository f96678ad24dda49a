"""Builds the JSON bodies of writes, with amounts as exact decimals and never as floats.

See docs/vendors/quickbooks-online.md, 2.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from simplejson import RawJSON
from simplejson import dumps as dump_json


def money(cents: int) -> Decimal:
    """Cents as dollars: 1234 → Decimal("12.34"), always with two decimals."""
    return Decimal(f"{cents}e-2")


def dump(payload: object) -> str:
    """The payload as JSON, the same text for the same payload; Decimals keep their digits.

    Raises TypeError for a float and ValueError for a Decimal that is not finite.
    """
    return dump_json(_writable(payload), sort_keys=True, ensure_ascii=False)


def _writable(value: object) -> object:
    if isinstance(value, Decimal):
        return RawJSON(_plain(value))
    if isinstance(value, float):
        raise TypeError("an amount has become a float")
    if isinstance(value, Mapping):
        return {key: _writable(below) for key, below in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_writable(below) for below in value]
    return value


def _plain(number: Decimal) -> str:
    if not number.is_finite():
        raise ValueError("an amount is no number")
    return f"{number:f}"
