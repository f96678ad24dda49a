from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import ClassVar, Self

from django.db import models
from django.db.models import F, Value
from django.db.models.functions import Greatest
from django.utils import timezone

from accounts.models import Company
from integrations.errors import LeaseLost
from integrations.models.processes import is_dead, this_process

LONG_AGO = datetime.fromisoformat("2000-01-01T00:00:00+00:00")


class CompanyLeaseQuerySet(models.QuerySet["CompanyLease"]):
    def free(self, now: datetime) -> Self:
        return self.filter(leased_until__lt=now)

    def release_dead_owners(self) -> int:
        """Leases of processes that were killed need not run out first."""
        leased = self.filter(leased_until__gt=timezone.now())
        dead = [lease.pk for lease in leased if is_dead(lease.driver)]
        return self.filter(pk__in=dead).update(leased_until=LONG_AGO)

    def renew(self, fences: Iterable[tuple[int, int]], until: datetime) -> None:
        """One statement for all leases a pump holds; a lease taken by somebody else is left alone."""
        held = models.Q(pk__in=[])
        for pk, fence in fences:
            held |= models.Q(pk=pk, fence=fence)
        # One given back meanwhile stays free.
        self.filter(held, leased_until__gt=timezone.now()).update(
            leased_until=Greatest(F("leased_until"), Value(until))
        )


class CompanyLease(models.Model):
    """Everything of one company happens in its lease, which one pump at a time may drive.

    `fence` rises with every taking: a driver that lost its lease finds a higher one and may write nothing more.
    `wake` rises with every nudge: a driver gives the lease back only if nothing was asked since it last looked.
    """

    company_path: ClassVar[str] = "company"

    company = models.OneToOneField(Company, on_delete=models.CASCADE, related_name="lease")
    leased_until = models.DateTimeField(default=LONG_AGO)
    driver = models.CharField(max_length=300, blank=True)
    # A vendor that asked for a pause meant the whole company.
    paused_until = models.DateTimeField(default=LONG_AGO)
    fence = models.PositiveBigIntegerField(default=0)
    wake = models.PositiveBigIntegerField(default=0)

    objects = CompanyLeaseQuerySet.as_manager()

    # Known to all threads of the driver, as soon as one of them has found out.
    is_lost = False

    def __str__(self) -> str:
        return f"CompanyLease of {self.company}"

    @property
    def is_paused(self) -> bool:
        return self.paused_until > timezone.now()

    @classmethod
    def notify(cls, company_id: int) -> None:
        if not cls.objects.filter(company_id=company_id).update(wake=F("wake") + 1):
            cls.objects.get_or_create(company_id=company_id)

    def take(self, now: datetime, duration: timedelta) -> bool:
        taken = (
            CompanyLease.objects.free(now)
            .filter(pk=self.pk)
            .update(leased_until=now + duration, fence=F("fence") + 1, driver=this_process())
        )
        if taken:
            self.refresh_from_db()
        return taken == 1

    def release_if_idle(self) -> bool:
        """False when somebody nudged meanwhile: look again before leaving."""
        return (
            CompanyLease.objects.filter(pk=self.pk, fence=self.fence, wake=self.wake).update(
                leased_until=LONG_AGO
            )
            == 1
        )

    def release(self) -> None:
        """Give it back with work left: whoever takes it next goes on."""
        CompanyLease.objects.filter(pk=self.pk, fence=self.fence).update(leased_until=LONG_AGO)

    def look(self) -> None:
        """Note how often we were nudged, before looking for work. Raises LaneLost."""
        ours = CompanyLease.objects.filter(pk=self.pk, fence=self.fence)
        wake = ours.values_list("wake", flat=True).first()
        if wake is None:
            self.is_lost = True
            raise LeaseLost
        self.wake = wake

    def pause(self, until: datetime) -> None:
        self.paused_until = until
        CompanyLease.objects.filter(pk=self.pk).update(paused_until=until)

    def assert_owned(self, until: datetime = LONG_AGO) -> None:
        """Called first in every transaction of the lease: whoever would take it has to wait for the commit."""
        lasting = Greatest(F("leased_until"), Value(until))
        if CompanyLease.objects.filter(pk=self.pk, fence=self.fence).update(leased_until=lasting) != 1:
            self.is_lost = True
            raise LeaseLost


class Heartbeat(models.Model):
    """When a part of the worker was last seen alive."""

    PUMP: ClassVar[str] = "pump"
    CANARY: ClassVar[str] = "canary"
    CLOCK: ClassVar[str] = "clock"

    name = models.CharField(max_length=40, unique=True)
    beat_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.name

    @classmethod
    def beat(cls, name: str) -> None:
        cls.objects.update_or_create(name=name, defaults={"beat_at": timezone.now()})

    @classmethod
    def latest(cls, *names: str) -> datetime | None:
        beats = cls.objects.filter(name__in=names).values_list("beat_at", flat=True)
        return max(beats, default=None)
