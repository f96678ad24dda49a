"""What all control endpoints share: JSON in, JSON out, and 400 with a sentence for a request that is wrong."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from flask import Blueprint, Response, jsonify, request

Answer = Response | tuple[Response, int]


def read_body() -> dict[str, Any]:
    """Numbers with a fraction arrive as Decimal."""
    found = json.loads(request.get_data() or b"{}", parse_float=Decimal)
    if not isinstance(found, dict):
        raise ValueError("the body must be a JSON object")
    return found


def refused(why: str, status: int = 400) -> Answer:
    return jsonify({"error": why}), status


def control_blueprint(name: str, import_name: str) -> Blueprint:
    blueprint = Blueprint(name, import_name)
    blueprint.register_error_handler(KeyError, lambda missing: refused(f"missing {missing}"))
    blueprint.register_error_handler(ValueError, lambda wrong: refused(str(wrong)))
    return blueprint
