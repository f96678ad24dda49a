from __future__ import annotations

from collections.abc import Mapping

from django.db import models
from django.db.models import F

Seats = Mapping[str, tuple[int, float]]


class CallPace(models.Model):
    """When the next call to one QuickBooks company may start, and which process may have how many under way.

    Moments are seconds since the epoch. Changed by compare-and-set on `version`: no lock is held and nothing waits.
    """

    realm_id = models.CharField(max_length=40, unique=True)
    next_at = models.FloatField(default=0.0)
    # {process: [how many, until when]}
    seats = models.JSONField(default=dict)
    version = models.PositiveBigIntegerField(default=0)

    def __str__(self) -> str:
        return f"pace of {self.realm_id}"

    @classmethod
    def of(cls, realm_id: str) -> CallPace:
        return cls.objects.get_or_create(realm_id=realm_id)[0]

    def swap(self, next_at: float, seats: Seats) -> bool:
        """False when somebody else was faster: this row is history then."""
        same = CallPace.objects.filter(pk=self.pk, version=self.version)
        if not same.update(next_at=next_at, seats=dict(seats), version=F("version") + 1):
            return False
        self.next_at, self.seats, self.version = next_at, dict(seats), self.version + 1
        return True
