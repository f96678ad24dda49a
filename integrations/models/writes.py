from __future__ import annotations

import uuid
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import ClassVar, Self

from django.db import models
from django.db.models import Q
from django.utils import timezone

from integrations.models.connections import QuickBooksConnection
from integrations.models.encryption import decrypt, encrypt
from integrations.models.enums import Kind, Vendor
from integrations.models.links import RecordLink
from integrations.models.runs import SyncRun
from integrations.models.typed_json import StoredData, TypedColumn


def new_request_id() -> str:
    return uuid.uuid4().hex


ECHO_TOLERANCE = timedelta(seconds=2)
"""Between the timestamp of a record and the time that QuickBooks reports for the event."""
_OPEN_TO_QUICKBOOKS = Q(state__in=["prepared", "sent"], vendor="quickbooks")


@dataclass(frozen=True)
class LinkValues(StoredData):
    """Fields of the link that a plan sets, each called as on the link."""

    coperniq_name: str = ""
    coperniq_account_id: str = ""
    coperniq_parent_id: str = ""
    number: str = ""
    amount_cents: int | None = None

    def apply_to(self, link: RecordLink) -> None:
        for each in fields(self):
            setattr(link, each.name, getattr(self, each.name))


class RemoteWriteQuerySet(models.QuerySet["RemoteWrite"]):
    def open(self) -> Self:
        return self.filter(state__in=RemoteWrite.OPEN)

    def is_answer_to_own(self, link: RecordLink, at: datetime) -> bool:
        """Whether a change that QuickBooks reports for the time `at` is the portal's own write, or older than it.

        The link then has the version that QuickBooks answered to that write. A version that was read may have been
        followed by another one in the same second, and a time does not tell the two apart.
        """
        if link.quickbooks_at is None or at < link.quickbooks_at:
            return link.quickbooks_at is not None
        answered = self.filter(
            connection=link.connection_id,
            kind=link.kind,
            quickbooks_id=link.quickbooks_id,
            quickbooks_version=link.quickbooks_version,
            vendor=Vendor.QUICKBOOKS,
            state=RemoteWrite.State.ANSWERED,
        )
        return at <= link.quickbooks_at + ECHO_TOLERANCE and answered.exists()


class RemoteWrite(models.Model):
    """A write to a vendor, stored before it is sent. Its request id belongs to this one body.

    Open writes belong to the record: they are resolved before anything else is written to it.
    """

    class State(models.TextChoices):
        # No write is stored in this state any more. Rows of earlier versions that have it were never sent.
        PREPARED = "prepared", "Prepared"
        SENT = "sent", "Sent, no answer yet"
        ANSWERED = "answered", "Answered"
        REFUSED = "refused", "Refused"
        ABANDONED = "abandoned", "Looked for and not found"

    OPEN: ClassVar = (State.PREPARED, State.SENT)
    company_path: ClassVar[str] = "connection__company"

    connection = models.ForeignKey(QuickBooksConnection, on_delete=models.CASCADE, related_name="writes")
    run = models.ForeignKey(SyncRun, null=True, on_delete=models.SET_NULL, related_name="writes")
    vendor = models.CharField("goes to", max_length=10, choices=Vendor, default=Vendor.QUICKBOOKS)
    kind = models.CharField(max_length=10, choices=Kind)
    # The source of a write to QuickBooks; the target of a write to Coperniq, "" until it is created.
    coperniq_id = models.CharField(max_length=80, blank=True)
    entity = models.CharField(max_length=40)
    # Of a write that creates an entry of a list that many records share, such as an account: it belongs to no record.
    shared_entry_name = models.CharField(max_length=80, blank=True)
    operation = models.CharField(max_length=20)
    # The source of a write to Coperniq; the target of a write to QuickBooks, "" until it is created.
    quickbooks_id = models.CharField(max_length=80, blank=True)
    allocation_invoice_id = models.CharField(max_length=80, blank=True)
    match_method = models.CharField(max_length=20, blank=True)
    request_id = models.CharField(max_length=50, unique=True, default=new_request_id)
    body_encrypted = models.TextField()
    changes = models.JSONField(default=list)
    # What the response is handled with, in case it arrives after a restart: values of the link, its state, None if it
    # keeps its own, and what the handler of this entity needs.
    link_data = models.JSONField(default=dict)
    sync_state = models.JSONField(null=True)
    response_data = models.JSONField(default=dict)
    warnings = models.JSONField(default=list)
    coperniq_snapshot = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=State, default=State.PREPARED)
    sends = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)
    sent_at = models.DateTimeField(null=True, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    quickbooks_version = models.CharField(max_length=20, blank=True)
    intuit_tid = models.CharField(max_length=80, blank=True)
    error_code = models.CharField(max_length=20, blank=True)
    error_text = models.TextField(blank=True)

    objects = RemoteWriteQuerySet.as_manager()

    link_values = TypedColumn("link_data", LinkValues)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "kind", "coperniq_id"],
                condition=_OPEN_TO_QUICKBOOKS & Q(shared_entry_name=""),
                name="one_open_write_per_record",
            ),
            models.UniqueConstraint(
                fields=["connection", "entity", "shared_entry_name"],
                condition=_OPEN_TO_QUICKBOOKS & ~Q(shared_entry_name=""),
                name="one_open_write_per_shared_entry",
            ),
            models.UniqueConstraint(
                fields=["connection", "kind", "quickbooks_id", "allocation_invoice_id"],
                condition=Q(state__in=["prepared", "sent"], vendor="coperniq"),
                name="one_open_write_to_coperniq",
            ),
        ]
        indexes = [
            models.Index(fields=["connection", "kind", "coperniq_id"], name="writes_of_a_record"),
            models.Index(fields=["connection", "kind", "quickbooks_id"], name="writes_to_a_record"),
        ]

    def __str__(self) -> str:
        return f"{self.operation} {self.entity} for {self.kind} {self.coperniq_id}"

    @property
    def body(self) -> str:
        return decrypt(self.body_encrypted)

    @body.setter
    def body(self, text: str) -> None:
        self.body_encrypted = encrypt(text)

    def count_send(self) -> None:
        """Mark the write as sent once more; the caller saves it."""
        self.state, self.sends = self.State.SENT, self.sends + 1
        self.sent_at = self.sent_at or timezone.now()

    def close(self, state: State, *, at: datetime | None = None, **values: object) -> None:
        """Close an answered, refused or abandoned write and delete its body, which is not needed any more."""
        self.state, self.answered_at, self.body_encrypted = state, at or timezone.now(), ""
        for name, value in values.items():
            setattr(self, name, value)
        self.save(update_fields=["state", "answered_at", "body_encrypted", *values])
