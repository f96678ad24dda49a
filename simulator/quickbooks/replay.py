"""The requestid: a write that comes again gets the answer it got the first time, and changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

from flask import Response, g, request

from simulator.quickbooks import problems
from simulator.quickbooks.answers import Refused, refusal
from simulator.quickbooks.state import Remembered

if TYPE_CHECKING:
    from simulator.quickbooks.state import Company

LONGEST = 50


def once(company: Company, path: str, work: Callable[[], Response]) -> Response:
    """An empty requestid counts as none. Call it under the world's lock: two at once must not both work."""
    key = request.args.get("requestid", "")
    if len(key) > LONGEST:
        raise Refused(problems.too_long("requestid", LONGEST, len(key)))
    asked = (path, request.get_data())
    known = _remembered(company, key)
    if known is not None:
        return _again(company, known, asked)
    try:
        answer = work()
    except Refused as reason:
        answer = refusal(reason, company.environment.clock.at("quickbooks"))
        if not company.switch("requestid_remembers_refusals"):
            return answer
    if key:
        kept = Remembered(company.now(), asked, answer.status_code, answer.get_data(), answer.content_type)
        company.requests[key] = kept
    return answer


def _remembered(company: Company, key: str) -> Remembered | None:
    known = company.requests.get(key) if key else None
    if known is None:
        return None
    age = company.now() - known.at
    return known if age <= timedelta(seconds=float(company.switch("requestid_memory_seconds"))) else None


def _again(company: Company, known: Remembered, asked: tuple[str, bytes]) -> Response:
    if known.asked != asked and company.switch("requestid_other_body") == "refuse":
        raise problems.duplicate_request()
    g.replayed = True
    return Response(known.body, known.status, content_type=known.content_type)
