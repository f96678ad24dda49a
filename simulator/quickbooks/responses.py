"""Response bodies as QuickBooks writes them, with exact money and Pacific time.

docs/vendors/quickbooks-online.md, 2 and 2.1.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from zoneinfo import ZoneInfo

from flask import Response

Json = dict[str, Any]
CENT = Decimal("0.01")


def cents(amount: Decimal | int) -> int:
    return int((Decimal(amount) * 100).quantize(Decimal(1), ROUND_HALF_UP))


def plain(amount: Decimal) -> Decimal | int:
    """Quantities and prices have no zeros behind the point that say nothing: 75, 4.5."""
    if amount == amount.to_integral_value():
        return int(amount)
    return amount.normalize()


PACIFIC = ZoneInfo("America/Los_Angeles")
_MARKED = re.compile(r'"\\u0000(-?[0-9.]+)\\u0000"')


@dataclass(frozen=True)
class Problem:
    """One entry of a Fault. `element` None leaves the key out, as some recorded faults do."""

    code: str
    message: str
    detail: str
    element: str | None = None

    def as_dict(self) -> dict[str, str]:
        shown = {"Message": self.message, "Detail": self.detail, "code": self.code}
        return shown if self.element is None else {**shown, "element": self.element}


class Refused(Exception):
    """A request QuickBooks turns down, nearly always with HTTP 400."""

    def __init__(
        self, *problems: Problem, kind: str = "ValidationFault", status: int = 400, timed: bool = True
    ) -> None:
        super().__init__(problems[0].detail)
        self.problems = problems
        self.kind = kind
        self.status = status
        self.timed = timed


def refused(code: str, message: str, detail: str, element: str | None = None) -> Refused:
    return Refused(Problem(code, message, detail, element))


def money(cents: int) -> Decimal | int:
    """Trailing zeros as recorded: 639.00, but a plain 0."""
    return Decimal(cents).scaleb(-2).quantize(Decimal("0.01")) if cents else 0


def stamp(moment: datetime) -> str:
    return moment.astimezone(PACIFIC).replace(microsecond=0).isoformat()


def envelope_time(moment: datetime) -> str:
    return moment.astimezone(PACIFIC).isoformat(timespec="milliseconds")


def write_json(document: object) -> str:
    """Decimals become JSON numbers digit by digit; the json module alone would send them through a float."""
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"), default=_mark)
    return _MARKED.sub(r"\1", text)


def _mark(value: object) -> str:
    if isinstance(value, Decimal):
        return f"\x00{value:f}\x00"
    raise TypeError(f"{type(value).__name__} has no JSON form here")


def json_response(
    document: object, status: int = 200, content_type: str = "application/json;charset=utf-8"
) -> Response:
    return Response(write_json(document), status=status, content_type=content_type)


def succeeded(content: Json, now: datetime) -> Response:
    answer = json_response({**content, "time": envelope_time(now)})
    answer.headers["Cache-Control"] = "max-age=0, no-cache, no-store, must-revalidate, private"
    answer.headers["Qbo-Version"] = "1988.128"
    return answer


def fault_document(problems: Sequence[Problem], kind: str) -> Json:
    return {"Fault": {"Error": [problem.as_dict() for problem in problems], "type": kind}}


def refusal(reason: Refused, now: datetime) -> Response:
    document = fault_document(reason.problems, reason.kind)
    if reason.timed:
        document["time"] = envelope_time(now)
    return json_response(document, reason.status, "application/json")
