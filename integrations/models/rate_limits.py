from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.db import models
from django.db.models import F

from integrations.models.durability import recoverable

Slots = Mapping[str, tuple[int, float]]


class RateLimitState(models.Model):
    """Reserved start times of calls to one QuickBooks company, and the slots for calls in progress by process.

    Times are seconds since the epoch. Rows are changed by compare-and-set on `version`, without a lock.
    """

    realm_id = models.CharField(max_length=40, unique=True)
    # As many as are allowed in a minute, in ascending order.
    starts = models.JSONField(default=list)
    # {process: [number of slots, reserved until]}
    slots = models.JSONField(default=dict)
    version = models.PositiveBigIntegerField(default=0)

    def __str__(self) -> str:
        return f"Rate limit of {self.realm_id}"

    @classmethod
    def of(cls, realm_id: str) -> RateLimitState:
        return cls.objects.get_or_create(realm_id=realm_id)[0]

    def swap(self, starts: Sequence[float], slots: Slots) -> bool:
        """Store new values; False if another process changed the row meanwhile: then it has to be read again."""
        same = RateLimitState.objects.filter(pk=self.pk, version=self.version)
        values = {"starts": list(starts), "slots": dict(slots)}
        with recoverable():
            if not same.update(**values, version=F("version") + 1):
                return False
        self.starts, self.slots, self.version = values["starts"], values["slots"], self.version + 1
        return True
