"""The vendors' own clock: real time plus an offset, so that a test can live through a token's hundred days."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class Clock:
    def __init__(self) -> None:
        self._offset = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self._offset

    def shift(self, by: timedelta) -> None:
        self._offset += by

    @property
    def offset_seconds(self) -> int:
        return int(self._offset.total_seconds())
