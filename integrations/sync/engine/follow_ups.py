"""What a plan asks for beside its write, as data. Planning stores nothing; the engine stores these rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import copy
from dataclasses import dataclass
from typing import Protocol

from django.db.models import Q

from integrations.models import QuickBooksConnection, RecordLink, SyncRun, SyncSettings
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
    """Held or waiting runs to plan again, because this plan may have changed what they ask or wait for."""

    ids: tuple[int, ...]

    def store(self) -> None:
        SyncRun.objects.filter(pk__in=self.ids).requeue()


@dataclass(frozen=True)
class RelinkedRecords:
    """Both records of a link now, and those that it had before: what people are asked about them is planned again."""

    connection_id: int
    kind: str
    coperniq_ids: tuple[str, str]
    quickbooks_ids: tuple[str, str]

    @classmethod
    def of(cls, link: RecordLink, coperniq_id: str, quickbooks_id: str) -> RelinkedRecords:
        """The other two ids are those of before."""
        return cls(
            link.connection_id,
            link.kind,
            (coperniq_id, link.coperniq_id),
            (quickbooks_id, link.quickbooks_id),
        )

    def store(self) -> None:
        held = SyncRun.objects.held().filter(connection=self.connection_id, kind=self.kind)
        held.filter(Q(coperniq_id__in=self.coperniq_ids) | Q(quickbooks_id__in=self.quickbooks_ids)).requeue()
        for coperniq_id, quickbooks_id in zip(self.coperniq_ids, self.quickbooks_ids, strict=True):
            held.naming(coperniq_id=coperniq_id, quickbooks_id=quickbooks_id).requeue()


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


def requeue(follow_ups: list[FollowUp], runs: SyncRunQuerySet) -> bool:
    """Add that these held or waiting runs are to be planned again; False if there are none."""
    ids = tuple(runs.order_by("pk").values_list("pk", flat=True))
    if ids:
        follow_ups.append(RequeuedRuns(ids))
    return bool(ids)


def store_follow_ups(follow_ups: Iterable[FollowUp]) -> None:
    for each in follow_ups:
        each.store()
