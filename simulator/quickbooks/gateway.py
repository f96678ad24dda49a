"""The gateway before the API: who may enter, how often, and its own forms of errors.

docs/vendors/quickbooks-online.md, 2.1 and 9.
"""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict, deque
from datetime import datetime, timedelta
from uuid import uuid4

from flask import Response

from simulator.environment import Environment
from simulator.intuit.grants import ACCOUNTING, Intuit
from simulator.quickbooks import errors
from simulator.quickbooks.responses import (
    Json,
    Refused,
    envelope_time,
    fault_document,
    json_response,
    refusal,
)

PER_MINUTE, PER_SECOND, IN_FLIGHT, BATCHES_PER_MINUTE = 500, 10, 10, 40
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


class Gateway:
    def __init__(self, environment: Environment, intuit: Intuit) -> None:
        self._environment, self._intuit = environment, intuit
        self._tids = itertools.count(1)
        self._throttled = itertools.count()
        self._recent: dict[str, deque[datetime]] = defaultdict(deque)
        self._started: dict[str, deque[datetime]] = defaultdict(deque)
        self._batches: dict[str, deque[datetime]] = defaultdict(deque)
        self._inside: Counter[str] = Counter()

    def next_tid(self) -> str:
        return f"1-{next(self._tids):08x}-{uuid4().hex[:24]}"

    def enter(self, realm: str, authorization: str) -> Response | None:
        """None lets the request pass. Call it under the lock."""
        return self._unknown(realm, authorization) or self._too_many(realm)

    def arrive(self, realm: str) -> None:
        """Counted before any fault delays the request, so that slow ones pile up as in reality."""
        with self._environment.lock:
            self._inside[realm] += 1

    def leave(self, realm: str) -> None:
        with self._environment.lock:
            self._inside[realm] -= 1

    def _unknown(self, realm: str, authorization: str) -> Response | None:
        scheme, _, token = authorization.partition(" ")
        grant = self._intuit.grant_of_access_token(token) if scheme == "Bearer" else None
        if grant is None:
            return self.unauthorized(token)
        if grant.realm != realm or ACCOUNTING not in grant.scope.split():
            return self.forbidden()
        return None

    def _too_many(self, realm: str) -> Response | None:
        if not self._environment.switches["enforce_limits"]:
            return None
        now, recent, started = self._environment.clock.now(), self._recent[realm], self._started[realm]
        _forget(recent, now - MINUTE)
        _forget(started, now - SECOND)
        full = len(recent) >= PER_MINUTE or len(started) >= PER_SECOND
        if full or self._inside[realm] > IN_FLIGHT:
            return self.throttled()
        recent.append(now)
        started.append(now)
        return None

    def enter_batch(self, realm: str, items: int) -> Response | None:
        """Every item is metered as one call, and batches have a limit of their own. The request itself has entered."""
        if not self._environment.switches["enforce_limits"]:
            return None
        now, recent, batches = self._environment.clock.now(), self._recent[realm], self._batches[realm]
        _forget(batches, now - MINUTE)
        if len(recent) + items - 1 > PER_MINUTE or len(batches) >= BATCHES_PER_MINUTE:
            return self.throttled()
        batches.append(now)
        recent.extend([now] * (items - 1))
        return None

    def unauthorized(self, token: str) -> Response:
        """Echoes the token, as the real one does: a client that logs this body leaks it."""
        answer = self._lower_case(
            "AuthenticationFailed", "003200", 401, f"Token expired: {token}", "AUTHENTICATION"
        )
        answer.headers["WWW-Authenticate"] = 'Bearer realm="Intuit", error="invalid_token"'
        return answer

    def forbidden(self) -> Response:
        return self._lower_case("ApplicationAuthorizationFailed", "003100", 403, "", "SERVICE")

    def throttled(self) -> Response:
        answer = self._throttled_form()
        if self._environment.switches["throttle_retry_after"]:
            answer.headers["Retry-After"] = str(self._environment.switches["throttle_retry_after"])
        return answer

    def _throttled_form(self) -> Response:
        form = self._environment.switches["throttle_form"]
        as_xml = form == "xml" or (form == "alternate" and next(self._throttled) % 2 == 0)
        if as_xml:
            text = _THROTTLED_XML.format(time=envelope_time(self._environment.clock.at("quickbooks")))
            return Response(text, status=429, content_type="text/xml")
        detail = "The request limit was reached.  Try again later"
        return self._lower_case("ThrottleExceeded", "003001", 429, detail, "SERVICE")

    def faulted(self, name: str) -> Response:
        """The answers of the faults that a test asks for."""
        now = self._environment.clock.at("quickbooks")
        if name == "throttle":
            return self.throttled()
        if name == "expired_token":
            return self.unauthorized("AB01-demo-expired")
        if name == "forbidden":
            return self.forbidden()
        return _in_200(now) if name == "fault_in_200" else refusal(_REFUSALS[name](), now)

    def _lower_case(self, what: str, error_code: str, status: int, detail: str, kind: str) -> Response:
        message = f"message={what}; errorCode={error_code}; statusCode={status}"
        error = {"message": message, "detail": detail or None, "code": str(int(error_code)), "element": None}
        milliseconds = int(self._environment.clock.at("quickbooks").timestamp() * 1000)
        document: Json = {
            "warnings": None,
            "intuitObject": None,
            "fault": {"error": [error], "type": kind},
        }
        document |= {"report": None, "queryResponse": None, "batchItemResponse": [], "attachableResponse": []}
        document |= {
            "syncErrorResponse": None,
            "requestId": None,
            "time": milliseconds,
            "status": None,
            "cdcresponse": [],
        }
        return json_response(document, status, "application/json")


def _forget(moments: deque[datetime], until: datetime) -> None:
    while moments and moments[0] <= until:
        moments.popleft()


def _in_200(now: datetime) -> Response:
    reason: Refused = errors.application_error()
    return json_response({**fault_document(reason.problems, reason.kind), "time": envelope_time(now)})


_REFUSALS = {
    "stale": errors.stale,
    "duplicate_request_id": errors.duplicate_request,
    "error_500": errors.application_error,
}
_THROTTLED_XML = (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
    '<IntuitResponse time="{time}" xmlns="http://schema.intuit.com/finance/v3"><Fault type="SERVICE">'
    '<Error code="3001"><Message>message=ThrottleExceeded; errorCode=003001; statusCode=429</Message>'
    "<Detail>The request limit was reached.  Try again later</Detail></Error></Fault></IntuitResponse>"
)
