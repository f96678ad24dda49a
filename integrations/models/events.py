from __future__ import annotations

from collections.abc import Sequence
from functools import cache, lru_cache
from typing import Any, ClassVar, Self

import psycopg
from django.db import connection, models
from django.db.models import F, Q
from django.utils import timezone

from accounts.models import Company
from integrations.models.connections import QuickBooksConnection
from integrations.models.rules import PhaseTrigger


class InboundEventQuerySet(models.QuerySet["InboundEvent"]):
    def unplanned(self) -> Self:
        return self.filter(planned_at__isnull=True)

    def settle(self, outcome: str, reason: str = "") -> int:
        return self.update(planned_at=timezone.now(), outcome=outcome, reason=reason)

    def insert_for(
        self,
        connections: type[models.Model],
        column: str,
        states: Sequence[str],
        events: Sequence[tuple[str, InboundEvent]],
    ) -> int:
        """Insert each event for the company of the connection whose `column` has the value beside it; how many were new.

        Left out are repetitions and events whose connection is in none of `states`. One statement finds the company and
        inserts, so that no answer about a connection can be out of date when the event is stored. Written by hand:
        the ORM takes several times as long to build it, and a second statement for the company.
        """
        parameters: list[Any] = []
        nulls: list[tuple[bool, ...]] = []
        for value, event in events:
            values = [
                own if isinstance(own, str) else field.get_db_prep_save(own, connection)
                for field, own in ((each, getattr(event, each.attname)) for each in _columns_of_events())
            ]
            nulls.append(tuple(each is None for each in values))
            parameters += [*(each for each in values if each is not None), value, *states]
        statement = _insert_for(connections, column, len(states), tuple(nulls))
        if connection.vendor == "postgresql" and len(events) == 1:
            return _execute_prepared(statement, parameters)
        with connection.cursor() as cursor:
            cursor.execute(statement, parameters)
            return int(cursor.rowcount)


@cache
def _columns_of_events() -> Sequence[Any]:
    return [field for field in InboundEvent._meta.concrete_fields if field.name not in ("id", "company")]


@lru_cache(maxsize=100)
def _insert_for(
    connections: type[models.Model], column: str, states: int, nulls: Sequence[Sequence[bool]]
) -> str:
    """One select for each event; `nulls` says which of its values are None."""
    fields = _columns_of_events()
    placeholders = ", ".join(["%s"] * states)
    selects: list[str] = []
    for nulls_of_event in nulls:
        # Several selects have to agree on the types of their columns, and a bare NULL has none.
        shown = [
            f"CAST(NULL AS {field.db_type(connection)})" if is_null else "%s"
            for field, is_null in zip(fields, nulls_of_event, strict=True)
        ]
        selects.append(
            f"SELECT company_id, {', '.join(shown)} FROM {connections._meta.db_table} "  # noqa: S608 - names of our models
            f'WHERE "{column}" = %s AND state IN ({placeholders})'
        )
    columns = ", ".join(f'"{field.column}"' for field in fields)
    return (
        f'INSERT INTO {InboundEvent._meta.db_table} ("company_id", {columns}) '
        f"{' UNION ALL '.join(selects)} ON CONFLICT DO NOTHING"
    )


def _execute_prepared(statement: str, parameters: Sequence[object]) -> int:
    """The number of rows. PostgreSQL plans it once a connection: that takes longer than the insert."""
    connection.ensure_connection()
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        return cursor.execute(statement, parameters, prepare=True).rowcount


class InboundEvent(models.Model):
    """A signal that a record may have changed. It names the record; its state is read from the vendor."""

    class Source(models.TextChoices):
        COPERNIQ_WEBHOOK = "coperniq_webhook", "Coperniq webhook"
        COPERNIQ_POLL = "coperniq_poll", "Coperniq poll"
        QUICKBOOKS_WEBHOOK = "quickbooks_webhook", "QuickBooks webhook"
        QUICKBOOKS_CDC = "quickbooks_cdc", "QuickBooks change data"
        PERSON = "person", "A person"

    class Outcome(models.TextChoices):
        PLANNED = "planned", "Planned"
        IGNORED = "ignored", "Ignored"
        KEPT = "kept", "Kept, not acted upon"

    company_path: ClassVar[str] = "company"
    PHASE_STARTED: ClassVar[str] = "PROJECT_PHASE_STARTED"  # Coperniq's own trigger key
    PROJECT_SEEN: ClassVar[str] = "PROJECT_SEEN"  # the poller's word for a project that has changed
    INVOICE_SEEN: ClassVar[str] = "INVOICE_SEEN"  # and for an invoice

    BALANCE_CHANGED: ClassVar[str] = "balance"  # of an invoice in change data, without an edit of its fields

    # Found by indexes that begin with it.
    company = models.ForeignKey(Company, on_delete=models.CASCADE, related_name="events", db_index=False)
    source = models.CharField(max_length=20, choices=Source)
    key = models.CharField(max_length=200)
    name = models.CharField(max_length=80, blank=True)
    record_type = models.CharField(max_length=40, blank=True)
    record_id = models.CharField(max_length=80, blank=True)
    detail = models.JSONField(default=dict, blank=True)
    occurred_at = models.DateTimeField(null=True, blank=True)
    received_at = models.DateTimeField(default=timezone.now)
    planned_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=10, choices=Outcome, blank=True)
    reason = models.CharField(max_length=200, blank=True)

    objects = InboundEventQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["company", "source", "key"], name="one_row_per_event")]
        indexes = [
            models.Index(fields=["id"], condition=Q(planned_at__isnull=True), name="unplanned_events"),
            models.Index(
                fields=["company", "record_type"],
                condition=Q(planned_at__isnull=True),
                name="unplanned_events_of_a_type",
            ),
            models.Index(fields=["company", "record_type", "record_id"], name="events_of_a_record"),
            models.Index(
                fields=["company", "source", "record_type", "received_at"], name="events_received_since"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.record_type} {self.record_id}".strip()


class EventCount(models.Model):
    """Counts authentic notifications that were not stored: of unknown companies or types, or unreadable."""

    source = models.CharField(max_length=20, choices=InboundEvent.Source)
    reason = models.CharField(max_length=80)
    on = models.DateField()
    count = models.PositiveBigIntegerField(default=0)

    class Meta:
        verbose_name_plural = "event counts"
        constraints = [models.UniqueConstraint(fields=["source", "reason", "on"], name="one_tally_a_day")]

    def __str__(self) -> str:
        return f"{self.source}: {self.reason}, {self.count} times on {self.on}"

    @classmethod
    def add(cls, source: str, reason: str, count: int) -> None:
        key: dict[str, Any] = {"source": source, "reason": reason, "on": timezone.now().date()}
        if not cls.objects.filter(**key).update(count=F("count") + count):
            cls.objects.get_or_create(**key)
            cls.objects.filter(**key).update(count=F("count") + count)


class PhaseEntry(models.Model):
    """A start of a trigger phase by a project: executed once, however often it is reported."""

    company_path: ClassVar[str] = "connection__company"

    connection = models.ForeignKey(QuickBooksConnection, on_delete=models.CASCADE, related_name="entries")
    trigger = models.ForeignKey(PhaseTrigger, null=True, on_delete=models.SET_NULL, related_name="entries")
    project_id = models.CharField(max_length=40)
    phase_instance_id = models.CharField(max_length=40)
    phase_template_id = models.CharField(max_length=40)
    started_at = models.DateTimeField()
    noticed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name_plural = "phase entries"
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "phase_instance_id", "started_at"], name="one_entry_per_start"
            )
        ]
        indexes = [models.Index(fields=["connection", "project_id"], name="entries_of_a_project")]

    def __str__(self) -> str:
        return f"project {self.project_id} at {self.started_at:%Y-%m-%d %H:%M}"
