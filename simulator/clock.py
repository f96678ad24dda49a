"""The vendors' clocks: real time plus an offset, so that a test can live through a token's hundred days.

Time may stand still, so that several changes fall into one second however long a test takes over them. Each vendor may
run ahead or behind by seconds of its own: no page promises that their clocks, or ours, agree.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Literal

Vendor = Literal["quickbooks", "coperniq"]
VENDORS: tuple[Vendor, ...] = ("quickbooks", "coperniq")


class Clock:
    def __init__(self) -> None:
        self._offset = timedelta()
        self._stopped_at: datetime | None = None
        self._beside = dict.fromkeys(VENDORS, timedelta())

    def now(self) -> datetime:
        """What the simulator itself goes by: how long tokens live, how many calls a second holds."""
        return self._stopped_at or datetime.now(UTC) + self._offset

    def at(self, vendor: Vendor) -> datetime:
        """What the vendor writes on its records, answers and webhooks."""
        return self.now() + self._beside[vendor]

    def shift(self, by: timedelta) -> None:
        self._offset += by
        if self._stopped_at is not None:
            self._stopped_at += by

    def stop(self) -> None:
        """At the beginning of a second; shifts still move it."""
        self._stopped_at = self.now().replace(microsecond=0)

    def go_on(self) -> None:
        """From where it stands."""
        if self._stopped_at is not None:
            self._offset, self._stopped_at = self._stopped_at - datetime.now(UTC), None

    @property
    def stopped(self) -> bool:
        return self._stopped_at is not None

    def set_beside(self, vendor: Vendor, by: timedelta) -> None:
        self._beside[vendor] = by

    def beside_seconds(self) -> dict[str, float]:
        return {f"{vendor}_seconds": by.total_seconds() for vendor, by in self._beside.items()}

    @property
    def offset_seconds(self) -> int:
        return int(self._offset.total_seconds())
