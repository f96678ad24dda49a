"""What a person typed into a form."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from flask import request

from simulator.coperniq.errors import invalid


def text(name: str) -> str:
    """Browsers send every line break as two characters."""
    return request.form.get(name, "").strip().replace("\r\n", "\n")


def number(name: str, label: str = "") -> Decimal | None:
    """As a person types it: with a dollar sign and thousands commas, or not at all."""
    typed = text(name).replace("$", "", 1).replace(",", "")
    if not typed:
        return None
    try:
        found = Decimal(typed)
    except InvalidOperation as reason:
        raise invalid(name, f"{label or name} must be a number") from reason
    if not found.is_finite():
        raise invalid(name, f"{label or name} must be a number")
    return found
