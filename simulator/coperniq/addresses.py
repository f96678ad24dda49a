"""The geocoder: takes an American address line apart, and gives up rather than guess."""

from __future__ import annotations

import re

_LINE = re.compile(
    r"^(?P<street>.+?),\s*(?P<city>[^,]+),\s*(?P<state>[A-Z]{2})\s+(?P<zipcode>\d{5}(?:-\d{4})?)(?:,\s*USA?)?$"
)
PARTS = ("street", "city", "state", "zipcode")


def split(address: str) -> dict[str, str | None]:
    found = _LINE.match(address.strip())
    return {part: found[part] if found else None for part in PARTS}
