from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils import timezone

from integrations.models.connections import QuickBooksConnection


class MatchingStrategy(models.TextChoices):
    ENRICH = "enrich", "Enrich"
    REPLACE = "replace", "Replace"
    SKIP = "skip", "Skip"


class Reentry(models.TextChoices):
    UPDATE = "update", "Update the customer and job again"
    ONCE = "once", "Do nothing"
    ASK = "ask", "Ask a person"


class SyncSettings(models.Model):
    company_path: ClassVar[str] = "connection__company"

    connection = models.OneToOneField(QuickBooksConnection, on_delete=models.CASCADE, related_name="settings")
    matching_strategy = models.CharField(
        max_length=10, choices=MatchingStrategy, default=MatchingStrategy.ENRICH
    )
    link_same_named_job = models.BooleanField(
        "link an existing job of the same name",
        default=False,
        help_text="Instead of appending “#2”, link an unlinked job of exactly that name under the same customer.",
    )

    class Meta:
        verbose_name_plural = "sync settings"

    def __str__(self) -> str:
        return f"Settings of {self.connection}"


class PhaseTrigger(models.Model):
    """A project that starts this phase after `saved_at` is pushed to the books."""

    company_path: ClassVar[str] = "connection__company"

    connection = models.ForeignKey(QuickBooksConnection, on_delete=models.CASCADE, related_name="triggers")
    workflow_id = models.CharField(max_length=40)
    workflow_name = models.CharField(max_length=300, blank=True)
    phase_template_id = models.CharField(max_length=40)
    phase_name = models.CharField(max_length=300, blank=True)
    reentry = models.CharField("on re-entry", max_length=10, choices=Reentry, default=Reentry.UPDATE)
    preview = models.BooleanField(default=False, help_text="Show what would be written, and write nothing.")
    saved_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["connection", "workflow_id"], name="one_trigger_per_workflow")
        ]

    def __str__(self) -> str:
        return f"{self.workflow_name or self.workflow_id}: {self.phase_name or self.phase_template_id}"


class FieldMapping(models.Model):
    """Which Coperniq value feeds a QuickBooks customer field; `custom:<key>` is a custom property."""

    company_path: ClassVar[str] = "connection__company"
    DEFAULTS: ClassVar[dict[str, str]] = {
        "DisplayName": "name",
        "GivenName": "first_name",
        "FamilyName": "last_name",
        "PrimaryEmailAddr.Address": "email",
        "PrimaryPhone.FreeFormNumber": "phone",
        "BillAddr.Line1": "street",
        "BillAddr.City": "city",
        "BillAddr.CountrySubDivisionCode": "state",
        "BillAddr.PostalCode": "zip_code",
        "PrimaryTaxIdentifier": "custom:tax_number",
        "CompanyName": "custom:company_name",
    }
    SOURCES: ClassVar = (
        "name", "title", "first_name", "last_name", "email", "phone",
        "street", "city", "state", "zip_code", "number",
    )  # fmt: skip

    connection = models.ForeignKey(QuickBooksConnection, on_delete=models.CASCADE, related_name="mappings")
    quickbooks_field = models.CharField(max_length=60, choices=[(path, path) for path in DEFAULTS])
    source = models.CharField(
        "Coperniq field",
        max_length=120,
        blank=True,
        help_text="One of: "
        + ", ".join(SOURCES)
        + "; or custom:<property key>. Empty leaves the field alone.",
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["connection", "quickbooks_field"], name="one_source_per_field")
        ]

    def __str__(self) -> str:
        return f"{self.quickbooks_field} ← {self.source or 'nothing'}"
