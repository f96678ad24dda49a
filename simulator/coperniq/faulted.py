"""The words Coperniq has for the faults that are answers; a gateway's 403 has no code."""

from __future__ import annotations

from flask import Response, jsonify

_BODIES = {
    "throttle": (429, {"message": "Rate limit exceeded", "code": "RATE_LIMIT_EXCEEDED"}),
    "error_500": (500, {"message": "Internal server error", "code": "INTERNAL_SERVER_ERROR"}),
    "expired_token": (401, {"message": "Missing or invalid API key", "code": "UNAUTHORIZED"}),
    "forbidden": (403, {"message": "Forbidden"}),
}


def faulted(name: str) -> Response:
    status, body = _BODIES[name]
    answer = jsonify(body)
    answer.status_code = status
    return answer
