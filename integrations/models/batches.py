"""A batch: records that a person chose to send together, looked at before anything is written."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from integrations.models.connections import QuickBooksConnection
from integrations.models.enums import Kind

_LIST_VALID = timedelta(hours=1)


BATCH_ID = "batch:"  # before the number of a batch, as the record of the run that carries it out


class Selection(models.TextChoices):
    PROJECTS = "projects", "Projects in or past their trigger phase"
    INVOICES = "invoices", "Open invoices"
    ITEMS = "items", "Catalog items"
    RECORD = "record", "One record"


class Finding(models.TextChoices):
    """What the look at a record found."""

    UNKNOWN = "", "Not looked at yet"
    CREATE = "create", "Will be created"
    MATCH = "match", "Will be linked"
    LINKED = "linked", "Already linked"
    WAITS = "waits", "Will wait"
    ATTENTION = "attention", "Needs attention"
    ASKED = "asked", "Under way already"
    SKIPPED = "skipped", "Skipped"


SENT = (Finding.CREATE, Finding.MATCH, Finding.WAITS, Finding.ATTENTION)
"""What a batch sends. A record that needs attention ends with its question under Needs attention."""


class BatchQuerySet(models.QuerySet["Batch"]):
    def unfinished(self) -> Self:
        return self.filter(state__in=Batch.UNFINISHED)


class Batch(models.Model):
    """Records of one connection that are sent together.

    `cursor` is what the worker has read so far: stage, page, and the first id of the page before.
    """

    class State(models.TextChoices):
        READING = "reading", "Looking at it"
        READY = "ready", "Ready to start"
        RUNNING = "running", "Running"
        PAUSED = "paused", "Paused"
        DONE = "done", "Done"
        CANCELLED = "cancelled", "Cancelled"

    UNFINISHED: ClassVar = (State.READING, State.RUNNING, State.PAUSED)
    company_path: ClassVar[str] = "connection__company"

    connection = models.ForeignKey(QuickBooksConnection, on_delete=models.CASCADE, related_name="batches")
    selection = models.CharField("what is sent", max_length=10, choices=Selection)
    workflow_id = models.CharField("workflow", max_length=40, blank=True)
    with_invoices = models.BooleanField("with their invoices", default=False)
    since = models.DateField("created on or after", null=True, blank=True)
    wanted = models.CharField("record", max_length=500, blank=True)
    anyway = models.BooleanField("although it would be left out", default=False)
    state = models.CharField(max_length=10, choices=State, default=State.READING)
    cursor = models.JSONField(default=dict, blank=True)
    resumes_at = models.DateTimeField("goes on at", null=True, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now)
    read_at = models.DateTimeField("looked at", null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = BatchQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "batches"
        constraints = [
            models.UniqueConstraint(
                fields=["connection"],
                condition=Q(state__in=["reading", "running", "paused"]) & ~Q(selection="record"),
                name="one_unfinished_batch",
            )
        ]

    def __str__(self) -> str:
        return f"batch {self.pk}: {self.title}"

    @property
    def title(self) -> str:
        if self.selection == Selection.PROJECTS:
            return "Projects in or past their trigger phase" + (
                ", with their invoices" if self.with_invoices else ""
            )
        if self.selection == Selection.INVOICES:
            return f"Open invoices created since {self.since:%b %-d, %Y}" if self.since else "Open invoices"
        if self.selection == Selection.RECORD:
            is_address = "://" in self.wanted
            shown = self.wanted.replace(":id=", " with id ").replace(":", " ", 1)
            return f"Sync now: {self.wanted if is_address else shown}"
        return "Catalog items"

    @property
    def run_key(self) -> str:
        """The `coperniq_id` of the run that carries the batch out."""
        return f"{BATCH_ID}{self.pk}"

    def move(self, state: State, **values: Any) -> bool:
        """Change the state; False if another process has changed it meanwhile."""
        moved = Batch.objects.filter(pk=self.pk, state=self.state).update(state=state, **values)
        if moved:
            self.state = state
            for name, value in values.items():
                setattr(self, name, value)
        return moved == 1


class BatchRecord(models.Model):
    """One record of a batch: what the look at it found, and whether its run was requested.

    A customer is requested by its project's run. `listed` is the record's JSON as a list gave it at `listed_at`,
    `version` says which version of an invoice that was. Amounts are in cents.
    """

    company_path: ClassVar[str] = "batch__connection__company"

    batch = models.ForeignKey(Batch, on_delete=models.CASCADE, related_name="records")
    kind = models.CharField(max_length=10, choices=Kind)
    coperniq_id = models.CharField(max_length=80)
    account_id = models.CharField(max_length=40, blank=True)
    parent_id = models.CharField("project", max_length=80, blank=True)
    name = models.CharField(max_length=500, blank=True)
    number = models.CharField(max_length=40, blank=True)
    amount_cents = models.BigIntegerField(null=True, blank=True)
    paid_cents = models.BigIntegerField(default=0)
    finding = models.CharField(max_length=10, choices=Finding, blank=True, default="")
    detail = models.TextField(blank=True)
    quickbooks_name = models.CharField(max_length=1024, blank=True)
    version = models.CharField(max_length=180, blank=True)
    listed = models.TextField(blank=True)
    listed_at = models.DateTimeField(null=True, blank=True)
    requested_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["batch", "kind", "coperniq_id"], name="one_row_per_batch_record")
        ]
        indexes = [
            models.Index(
                fields=["batch", "kind", "id"],
                condition=Q(requested_at__isnull=True),
                name="unrequested_batch_records",
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.number or self.coperniq_id}"

    def is_fresh(self, now: datetime) -> bool:
        """Whether the list is recent enough to stand for a read of the record."""
        return self.listed_at is not None and now - self.listed_at < _LIST_VALID
