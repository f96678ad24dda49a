from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F
from django.utils import timezone

from accounts.models import Company
from integrations.models.connections import QuickBooksConnection
from integrations.models.durability import recoverable
from integrations.models.enums import Direction, Kind
from integrations.models.runs import SyncRun


class Outcome(models.TextChoices):
    DONE = "done", "Done"
    DONE_WITH_WARNING = "done_with_warning", "Done with warning"
    NOTHING_TO_DO = "nothing_to_do", "Nothing to do"
    SKIPPED = "skipped", "Skipped"
    WAITING = "waiting", "Waiting"
    HELD = "held", "Needs attention"
    RETRYING = "retrying", "Retrying"


class SyncLogEntry(models.Model):
    """One event of one record, in a sentence for a bookkeeper. Never contains a secret."""

    company_path: ClassVar[str] = "company"

    company = models.ForeignKey(Company, on_delete=models.CASCADE, related_name="log")
    connection = models.ForeignKey(
        QuickBooksConnection, null=True, on_delete=models.SET_NULL, related_name="log"
    )
    run = models.ForeignKey(SyncRun, null=True, on_delete=models.SET_NULL, related_name="log")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    direction = models.CharField(max_length=4, choices=Direction)
    kind = models.CharField(max_length=10, choices=Kind)
    outcome = models.CharField(max_length=20, choices=Outcome)
    cause = models.CharField(max_length=60, blank=True)
    sentence = models.TextField()
    coperniq_id = models.CharField(max_length=80, blank=True)
    quickbooks_id = models.CharField(max_length=80, blank=True)
    record_name = models.CharField(max_length=500, blank=True)
    amount_cents = models.BigIntegerField(null=True, blank=True)
    changes = models.JSONField(default=list, blank=True)
    attempt = models.PositiveIntegerField(default=0)
    intuit_tid = models.CharField(max_length=80, blank=True)

    class Meta:
        verbose_name = "log entry"
        verbose_name_plural = "integration log"
        indexes = [
            models.Index(fields=["company", "-id"], name="log_of_a_company"),
            models.Index(fields=["company", "outcome", "-id"], name="log_by_outcome"),
            models.Index(fields=["company", "kind", "coperniq_id"], name="log_of_a_record"),
            models.Index(fields=["company", "quickbooks_id"], name="log_by_quickbooks_id"),
        ]

    def __str__(self) -> str:
        return self.sentence

    @property
    def title(self) -> str:
        return self.record_name or f"{self.get_kind_display()} {self.coperniq_id or self.quickbooks_id}"


class CallCount(models.Model):
    """Vendor calls of a company and day: QuickBooks meters reads by the month, Coperniq all calls by the day."""

    company_path: ClassVar[str] = "company"

    company = models.ForeignKey(Company, on_delete=models.CASCADE, related_name="calls")
    vendor = models.CharField(max_length=10)
    on = models.DateField()
    reads = models.PositiveIntegerField(default=0)
    writes = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name_plural = "call counts"
        constraints = [
            models.UniqueConstraint(fields=["company", "vendor", "on"], name="one_call_tally_a_day")
        ]

    def __str__(self) -> str:
        return f"{self.vendor} {self.on}: {self.reads} reads, {self.writes} writes"

    @classmethod
    def add(cls, company_id: int, vendor: str, *, reads: int, writes: int) -> None:
        of_day: dict[str, Any] = {"company_id": company_id, "vendor": vendor, "on": timezone.now().date()}
        more = {"reads": F("reads") + reads, "writes": F("writes") + writes}
        with recoverable():
            if not cls.objects.filter(**of_day).update(**more):
                cls.objects.get_or_create(**of_day)
                cls.objects.filter(**of_day).update(**more)
