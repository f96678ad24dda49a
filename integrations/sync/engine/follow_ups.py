"""What a plan asks for beside its write, as data. Planning stores nothing; the engine stores these rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import copy
from dataclasses import dataclass
from typing import Protocol

from integrations.models import PolledInvoice, QuickBooksConnection, RecordLink, SyncRun, SyncSettings
from integrations.models.run_querysets import SyncRunQuerySet


class FollowUp(Protocol):
    """One change of the portal's own rows.

    A plan may be made several times, and each may ask for the change: storing it twice has the effect of storing it
    once. It is stored later than it was planned, so it must not undo what others have stored in between.
    """

    def store(self) -> None:
        """Called in a transaction of the engine that owns the company's lease."""


@dataclass(frozen=True)
class RequestedRun:
    run: SyncRun

    def store(self) -> None:
        SyncRun.objects.request(self.run)


@dataclass(frozen=True)
class RequeuedRuns:
    """Held runs to plan again, because this plan may have changed what they ask."""

    ids: tuple[int, ...]

    def store(self) -> None:
        SyncRun.objects.held().filter(pk__in=self.ids).requeue()


@dataclass(frozen=True)
class UpdatedLink:
    link_id: int
    values: Mapping[str, object]

    @classmethod
    def of(cls, link: RecordLink, *fields: str) -> UpdatedLink:
        """The named fields as they are now: later changes of `link` are not stored."""
        return cls(link.pk, {name: copy(getattr(link, name)) for name in fields})

    def store(self) -> None:
        RecordLink.objects.filter(pk=self.link_id).update(**self.values)


@dataclass(frozen=True)
class NewLink:
    """The link of an item that was found. Another thread may have stored it meanwhile."""

    link: RecordLink

    def store(self) -> None:
        RecordLink.objects.bulk_create([self.link], ignore_conflicts=True)


@dataclass(frozen=True)
class UpdatedConnection:
    connection_id: int
    values: Mapping[str, object]

    def store(self) -> None:
        QuickBooksConnection.objects.filter(pk=self.connection_id).update(**self.values)


@dataclass(frozen=True)
class DecidedPaymentStatus:
    """A person's answer for all payments of a status."""

    connection_id: int
    status: str
    decision: str

    def store(self) -> None:
        settings = SyncSettings.objects.get(connection=self.connection_id)
        settings.payment_statuses = {**settings.payment_statuses, self.status: self.decision}
        settings.save(update_fields=["payment_statuses"])


@dataclass(frozen=True)
class ForgottenInvoice:
    """A polled invoice that was skipped while syncing was off, so that it is read once it is on.

    `list_again`: Coperniq's list is read soon; else with its next change.
    """

    company_id: int
    invoice_id: str
    list_again: bool

    def store(self) -> None:
        forget = PolledInvoice.forget if self.list_again else PolledInvoice.forget_version
        forget(self.company_id, self.invoice_id)


def requeue(follow_ups: list[FollowUp], runs: SyncRunQuerySet) -> bool:
    """Add that these held runs are to be planned again; False if there are none."""
    ids = tuple(runs.order_by("pk").values_list("pk", flat=True))
    if ids:
        follow_ups.append(RequeuedRuns(ids))
    return bool(ids)


def store_follow_ups(follow_ups: Iterable[FollowUp]) -> None:
    for each in follow_ups:
        each.store()
