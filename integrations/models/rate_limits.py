from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.db import models
from django.db.models import F

Slots = Mapping[str, tuple[int, float]]


class RateLimitState(models.Model):
    """When calls to one QuickBooks company started or will start, and which process may have how many under way.

    Moments are seconds since the epoch. Changed by compare-and-set on `version`: no lock is held and nothing waits.
    """

    realm_id = models.CharField(max_length=40, unique=True)
    # As many as are allowed in a minute, the latest last.
    starts = models.JSONField(default=list)
    # {process: [how many, until when]}
    slots = models.JSONField(default=dict)
    version = models.PositiveBigIntegerField(default=0)

    def __str__(self) -> str:
        return f"pace of {self.realm_id}"

    @classmethod
    def of(cls, realm_id: str) -> RateLimitState:
        return cls.objects.get_or_create(realm_id=realm_id)[0]

    def swap(self, starts: Sequence[float], slots: Slots) -> bool:
        """False when somebody else was faster: this row is history then."""
        same = RateLimitState.objects.filter(pk=self.pk, version=self.version)
        values = {"starts": list(starts), "slots": dict(slots)}
        if not same.update(**values, version=F("version") + 1):
            return False
        self.starts, self.slots, self.version = values["starts"], values["slots"], self.version + 1
        return True
