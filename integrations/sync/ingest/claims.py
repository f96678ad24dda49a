"""Ends of polls and reads that the database could not store: they are stored once it can."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable

from django.db import Error

logger = logging.getLogger(__name__)


class UnfinishedClaims:
    """Of this process; those of a process that has died are released by the supervisor."""

    def __init__(self) -> None:
        self._ends: deque[Callable[[], None]] = deque()

    def settle(self, end: Callable[[], None]) -> None:
        """Call `end`, which gives a claim back; if the database refuses, again with `settle_again`."""
        try:
            end()
        except Error:
            logger.exception("The end of a poll could not be stored; trying again")
            self._ends.append(end)

    def settle_again(self) -> None:
        for _ in range(len(self._ends)):
            self.settle(self._ends.popleft())
