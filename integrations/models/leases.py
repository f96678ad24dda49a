from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import ClassVar, Self

from django.db import connection, models
from django.db.models import F, Value
from django.db.models.functions import Greatest
from django.utils import timezone

from accounts.models import Company
from integrations.errors import LeaseLost
from integrations.models.durability import recoverable
from integrations.models.processes import is_dead, this_process

LONG_AGO = datetime.fromisoformat("2000-01-01T00:00:00+00:00")


class CompanyLeaseQuerySet(models.QuerySet["CompanyLease"]):
    def free(self, now: datetime) -> Self:
        return self.filter(leased_until__lt=now)

    def release_dead_owners(self) -> int:
        """Release the leases of processes that were killed, before they expire."""
        leased = self.filter(leased_until__gt=timezone.now())
        dead = [lease.pk for lease in leased if is_dead(lease.owner)]
        return self.filter(pk__in=dead).update(leased_until=LONG_AGO)

    def renew(self, fences: Iterable[tuple[int, int]], until: datetime) -> None:
        """Renew all leases of a worker with one statement, except those that were taken by another or released."""
        held = models.Q(pk__in=[])
        for pk, fence in fences:
            held |= models.Q(pk=pk, fence=fence)
        self.filter(held, leased_until__gt=timezone.now()).update(
            leased_until=Greatest(F("leased_until"), Value(until))
        )


class CompanyLease(models.Model):
    """Only the worker that has a company's lease executes its runs.

    `fence` is the fencing token: it rises with every taking, and every write of an owner is conditional on it.
    `notify_count` rises with every new run: the owner releases the lease only if it has not risen since the due runs
    were read.
    """

    company_path: ClassVar[str] = "company"

    company = models.OneToOneField(Company, on_delete=models.CASCADE, related_name="lease")
    leased_until = models.DateTimeField(default=LONG_AGO)
    owner = models.CharField(max_length=300, blank=True)
    # A vendor that asks for a pause limits the whole company.
    paused_until = models.DateTimeField(default=LONG_AGO)
    fence = models.PositiveBigIntegerField(default=0)
    notify_count = models.PositiveBigIntegerField(default=0)

    objects = CompanyLeaseQuerySet.as_manager()

    # Set by the first thread of the owner that finds out, and seen by all of them.
    is_lost = False

    def __str__(self) -> str:
        return f"Lease of {self.company}"

    @property
    def is_paused(self) -> bool:
        return self.paused_until > timezone.now()

    @classmethod
    def notify(cls, company_id: int) -> None:
        """Say that there may be new work. The lease is created with the first notification."""
        if not cls.objects.filter(company_id=company_id).update(notify_count=F("notify_count") + 1):
            cls.objects.get_or_create(company_id=company_id)

    def take(self, now: datetime, duration: timedelta) -> bool:
        """Become the owner; False if another worker was faster."""
        free = CompanyLease.objects.free(now).filter(pk=self.pk)
        with recoverable():
            taken = free.update(leased_until=now + duration, fence=F("fence") + 1, owner=this_process())
        if taken:
            self.refresh_from_db()
        return taken == 1

    def release_if_idle(self) -> bool:
        """Release the lease; False if there was a notification since `refresh`."""
        unchanged = CompanyLease.objects.filter(pk=self.pk, fence=self.fence, notify_count=self.notify_count)
        with recoverable():
            return unchanged.update(leased_until=LONG_AGO) == 1

    def release(self) -> None:
        """Release the lease though work is left; the next owner continues."""
        CompanyLease.objects.filter(pk=self.pk, fence=self.fence).update(leased_until=LONG_AGO)

    def refresh(self) -> None:
        """Read the notify count; to be called before due runs are read. Raises LeaseLost."""
        owned = CompanyLease.objects.filter(pk=self.pk, fence=self.fence)
        self.take_over_count(owned.values_list("notify_count", flat=True).first())

    def take_over_count(self, notify_count: int | None) -> None:
        """Remember the notify count as it was read while the lease was owned; None raises LeaseLost."""
        if notify_count is None:
            self.is_lost = True
            raise LeaseLost
        self.notify_count = notify_count

    def pause(self, until: datetime) -> None:
        self.paused_until = until
        CompanyLease.objects.filter(pk=self.pk).update(paused_until=until)

    def assert_owned(self, until: datetime = LONG_AGO) -> None:
        """Raise LeaseLost unless the lease is still owned, and extend it to `until` if that is later.

        Called first in every transaction of the owner: another worker that would take the lease waits for the commit.
        Written by hand: the ORM takes many times as long to build the statement as it is executed.
        """
        later = connection.ops.adapt_datetimefield_value(until)
        with connection.cursor() as cursor:
            cursor.execute(
                f"UPDATE {self._meta.db_table} SET leased_until = CASE WHEN leased_until < %s THEN %s "  # noqa: S608 - the name of our table
                "ELSE leased_until END WHERE id = %s AND fence = %s",
                [later, later, self.pk, self.fence],
            )
            if cursor.rowcount != 1:
                self.is_lost = True
                raise LeaseLost


class Heartbeat(models.Model):
    """When a part of the worker was last alive."""

    # A worker loop that ends when nothing is due.
    WORKER_LOOP: ClassVar[str] = "worker_loop"
    # The one worker loop that stays when nothing is due, see `hold`.
    QUEUE: ClassVar[str] = "queue"
    SUPERVISOR: ClassVar[str] = "supervisor"

    # How long `hold` keeps others out after its last heartbeat.
    LONGEST_SILENCE: ClassVar[timedelta] = timedelta(seconds=2)

    name = models.CharField(max_length=40, unique=True)
    beat_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.name

    @classmethod
    def record(cls, name: str) -> None:
        with recoverable():
            known = cls.objects.filter(name=name).update(beat_at=timezone.now())
        if not known:
            cls.objects.update_or_create(name=name, defaults={"beat_at": timezone.now()})

    @classmethod
    def hold(cls, name: str, last: datetime | None) -> datetime | None:
        """Record a heartbeat that one process alone may record, and return it; None if another process has that role.

        The role belongs to the process that recorded `last`. Anybody takes it when there was none for LONGEST_SILENCE.
        """
        now = timezone.now()
        mine = models.Q(beat_at=last) if last else models.Q(beat_at__lt=now - cls.LONGEST_SILENCE)
        with recoverable():
            if cls.objects.filter(mine, name=name).update(beat_at=now):
                return now
        created = last is None and cls.objects.get_or_create(name=name, defaults={"beat_at": now})[1]
        return now if created else None

    @classmethod
    def give_up(cls, name: str, last: datetime) -> None:
        """End the role of the process that recorded `last`, so that another one may `hold` it at once."""
        cls.objects.filter(name=name, beat_at=last).update(beat_at=LONG_AGO)

    @classmethod
    def is_recent(cls, name: str) -> bool:
        beat = cls.latest(name)
        return beat is not None and timezone.now() - beat < cls.LONGEST_SILENCE

    @classmethod
    def latest(cls, *names: str) -> datetime | None:
        beats = cls.objects.filter(name__in=names).values_list("beat_at", flat=True)
        return max(beats, default=None)
