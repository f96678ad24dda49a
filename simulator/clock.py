"""The vendors' clocks: real time plus an offset, so that a test can live through a token's hundred days.

Each vendor may run ahead or behind by seconds of its own: no page promises that their clocks, or ours, agree.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Literal

Vendor = Literal["quickbooks", "coperniq"]
VENDORS: tuple[Vendor, ...] = ("quickbooks", "coperniq")


class Clock:
    def __init__(self) -> None:
        self._offset = timedelta()
        self._beside = dict.fromkeys(VENDORS, timedelta())

    def now(self) -> datetime:
        """What the simulator itself goes by: how long tokens live, how many calls a second holds."""
        return datetime.now(UTC) + self._offset

    def at(self, vendor: Vendor) -> datetime:
        """What the vendor writes on its records, answers and webhooks."""
        return self.now() + self._beside[vendor]

    def shift(self, by: timedelta) -> None:
        self._offset += by

    def set_beside(self, vendor: Vendor, by: timedelta) -> None:
        self._beside[vendor] = by

    def beside_seconds(self) -> dict[str, float]:
        return {f"{vendor}_seconds": by.total_seconds() for vendor, by in self._beside.items()}

    @property
    def offset_seconds(self) -> int:
        return int(self._offset.total_seconds())
