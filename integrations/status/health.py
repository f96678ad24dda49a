"""Whether the parts that syncing needs are at work: for /readyz, for the Home page, and as warnings on every page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Min
from django.utils import timezone

from integrations.messages.status import HealthMessage, Notice, StatusMessage
from integrations.models import CoperniqConnection, Heartbeat, InboundEvent, QuickBooksConnection

BEATS = (Heartbeat.WORKER_LOOP, Heartbeat.QUEUE, Heartbeat.SUPERVISOR)
SILENT_AFTER = timedelta(seconds=30)
LATE_AFTER = timedelta(seconds=30)
ENDS_SOON = timedelta(days=14)
QUIET_AFTER = timedelta(days=1)


@dataclass(frozen=True)
class Part:
    """A part's name, its state (`good`, `warn` or `bad`, as badges have it), what to say, and when or which day."""

    name: str
    state: str
    sentence: str
    at: datetime | None = None
    on: datetime | None = None


@dataclass(frozen=True)
class Health:
    """What is known of a company's parts at `now`. `unrouted` counts the events that have waited too long."""

    now: datetime
    beat_at: datetime | None
    unrouted: int
    unrouted_since: datetime | None
    quickbooks: QuickBooksConnection
    coperniq: CoperniqConnection | None

    @property
    def worker_is_silent(self) -> bool:
        return is_silent(self.beat_at, self.now)

    @property
    def poll_is_late(self) -> bool:
        """While a poll is under way, the next one is due only when it has had its time."""
        polled = self.coperniq is not None and self.coperniq.state == CoperniqConnection.State.CONNECTED
        return polled and self.now - self.coperniq.next_poll_at > LATE_AFTER  # type: ignore[union-attr]

    @property
    def authorization_ends(self) -> datetime | None:
        ends = (self.quickbooks.refresh_expires_at, self.quickbooks.refresh_hard_expires_at)
        return min((at for at in ends if at is not None), default=None)

    def notices(self) -> Iterator[Notice]:
        """A silent worker explains late polls and waiting events, so these are left out then."""
        zone = self.quickbooks.company.zone
        if self.worker_is_silent:
            beat_at = self.beat_at and self.beat_at.astimezone(zone)
            yield StatusMessage.WORKER_SILENT(since=beat_at) if beat_at else StatusMessage.NO_WORKER()
            return
        if self.poll_is_late:
            assert self.coperniq is not None
            yield StatusMessage.POLL_LATE(since=self.coperniq.next_poll_at.astimezone(zone))
        if self.unrouted_since:
            events = "1 event has" if self.unrouted == 1 else f"{self.unrouted:,} events have"
            yield StatusMessage.EVENTS_WAIT(events=events, since=self.unrouted_since.astimezone(zone))

    def parts(self) -> list[Part]:
        found = [self._worker()]
        if self.coperniq is not None:
            found += [self._polls(self.coperniq), self._webhook(self.coperniq)]
        return [*found, self._events(), self._authorization()]

    def _worker(self) -> Part:
        if self.worker_is_silent:
            return Part("Worker", "bad", HealthMessage.WORKER_SILENT, self.beat_at)
        return Part("Worker", "good", HealthMessage.WORKER_ALIVE, self.beat_at)

    def _polls(self, coperniq: CoperniqConnection) -> Part:
        name = "Checks for missed changes"
        if coperniq.state == CoperniqConnection.State.DISCONNECTED:
            return Part(name, "bad", HealthMessage.COPERNIQ_NOT_CONNECTED, coperniq.last_poll_ended_at)
        if coperniq.state != CoperniqConnection.State.CONNECTED:
            return Part(name, "bad", HealthMessage.KEY_REFUSED, coperniq.last_poll_ended_at)
        if coperniq.poll_failures:
            return Part(name, "bad", HealthMessage.POLLS_FAIL, coperniq.last_poll_ended_at)
        if self.poll_is_late:
            return Part(name, "warn", HealthMessage.POLL_LATE, coperniq.last_poll_ended_at)
        return Part(name, "good", HealthMessage.POLLED, coperniq.last_poll_ended_at)

    def _webhook(self, coperniq: CoperniqConnection) -> Part:
        name = "Coperniq webhook"
        if coperniq.last_event_at is None:
            return Part(name, "warn", HealthMessage.NO_EVENT_YET)
        if self.now - coperniq.last_event_at > QUIET_AFTER:
            return Part(name, "warn", HealthMessage.NO_EVENT_FOR_A_DAY, coperniq.last_event_at)
        return Part(name, "good", HealthMessage.LAST_EVENT, coperniq.last_event_at)

    def _events(self) -> Part:
        name = "Events"
        if self.unrouted:
            return Part(name, "warn", HealthMessage.EVENTS_WAIT.format(self.unrouted), self.unrouted_since)
        return Part(name, "good", HealthMessage.NO_EVENTS_WAIT)

    def _authorization(self) -> Part:
        name, ends = "QuickBooks authorization", self.authorization_ends
        if not self.quickbooks.is_connected:
            return Part(name, "bad", HealthMessage.NOT_AUTHORIZED)
        if ends is None:
            return Part(name, "good", HealthMessage.AUTHORIZED)
        state = "warn" if ends < self.now + ENDS_SOON else "good"
        return Part(name, state, HealthMessage.AUTHORIZATION_ENDS, on=ends)


def is_silent(beat_at: datetime | None, now: datetime) -> bool:
    return beat_at is None or now - beat_at >= SILENT_AFTER


def worker_is_alive() -> bool:
    return not is_silent(Heartbeat.latest(*BEATS), timezone.now())


def health_of(quickbooks: QuickBooksConnection, coperniq: CoperniqConnection | None) -> Health:
    """Of a live connection, in two queries."""
    now = timezone.now()
    waiting = InboundEvent.objects.unplanned().filter(
        company=quickbooks.company_id, received_at__lt=now - LATE_AFTER
    )
    found = waiting.aggregate(count=Count("id"), since=Min("received_at"))
    beat_at = Heartbeat.latest(*BEATS)
    return Health(now, beat_at, found["count"], found["since"], quickbooks, coperniq)
