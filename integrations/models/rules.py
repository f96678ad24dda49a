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


class PushFrom(models.TextChoices):
    CREATED = "created", "As soon as it is created"
    SENT = "sent", "Once it is sent"


class OnEnded(models.TextChoices):
    """What becomes of the QuickBooks invoice when Coperniq's is declined or archived."""

    VOID = "void", "Void it"
    DELETE = "delete", "Delete it"
    LEAVE = "leave", "Leave it"


class ClosedBooks(models.TextChoices):
    HOLD = "hold", "Ask a person"
    FIRST_OPEN_DAY = "first_open_day", "Date new documents to the first open day"


class MemoField(models.TextChoices):
    PRIVATE_NOTE = "private_note", "Memo on statement (not printed on the invoice)"
    CUSTOMER_MEMO = "customer_memo", "Message on invoice (the customer reads it)"


class Owner(models.TextChoices):
    """Whose edit counts when both sides changed the same field."""

    LATER = "later", "The later edit"
    COPERNIQ = "coperniq", "Coperniq"
    QUICKBOOKS = "quickbooks", "QuickBooks"
    ASK = "ask", "Ask a person"


class PaymentMethod(models.TextChoices):
    """Coperniq's own (docs/vendors/coperniq-api.md, 3.8)."""

    CASH = "CASH", "Cash"
    CHECK = "CHECK", "Check"
    ACH = "ACH", "ACH"
    CREDIT_CARD = "CREDIT_CARD", "Credit card"
    KLARNA = "KLARNA", "Klarna"
    AFFIRM = "AFFIRM", "Affirm"


class OnQuickBooksVoid(models.TextChoices):
    """What becomes of the Coperniq invoice when people void QuickBooks'."""

    DECLINE = "decline", "Decline it"
    HOLD = "hold", "Ask a person"


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

    invoice_sync = models.BooleanField("invoice and payment syncing", default=False)
    push_from = models.CharField("push invoices", max_length=10, choices=PushFrom, default=PushFrom.CREATED)
    on_declined = models.CharField(
        "when an invoice is declined", max_length=10, choices=OnEnded, default=OnEnded.VOID
    )
    on_archived = models.CharField(
        "when an invoice is archived", max_length=10, choices=OnEnded, default=OnEnded.LEAVE
    )
    closed_books = models.CharField(
        "when the books are closed", max_length=20, choices=ClosedBooks, default=ClosedBooks.HOLD
    )
    memo_field = models.CharField(
        "an invoice's description goes to", max_length=20, choices=MemoField, default=MemoField.PRIVATE_NOTE
    )
    fallback_item = models.CharField(
        "item for lines without a match",
        max_length=40,
        blank=True,
        help_text="Id of a QuickBooks item. Used where QuickBooks does not keep the amount of a line without an item.",
    )
    difference_item = models.CharField(
        "item for tax and differences",
        max_length=40,
        blank=True,
        help_text="Id of a QuickBooks item that takes what Coperniq's total has beyond its lines. Empty: ask.",
    )
    on_quickbooks_void = models.CharField(
        "when an invoice is voided in QuickBooks",
        max_length=10,
        choices=OnQuickBooksVoid,
        default=OnQuickBooksVoid.DECLINE,
    )
    unknown_method = models.CharField(
        "payment method Coperniq does not know",
        max_length=12,
        choices=PaymentMethod,
        default=PaymentMethod.CHECK,
        help_text="What a payment from QuickBooks is recorded as; the method's own name goes into its notes.",
    )
    # {Coperniq's payment method: id of a QuickBooks account}; absent: the account "Coperniq Payments".
    deposit_accounts = models.JSONField(default=dict, blank=True)
    # {field: Owner}; absent: the later edit.
    owners = models.JSONField("owner of a field", default=dict, blank=True)
    # {a payment's status in Coperniq: "send" or "leave"}, as a person once answered.
    payment_statuses = models.JSONField(default=dict, blank=True)

    OWNED: ClassVar = ("due_date", "memo", "lines")
    METHODS: ClassVar = tuple(PaymentMethod.values)

    class Meta:
        verbose_name_plural = "sync settings"

    def __str__(self) -> str:
        return f"Settings of {self.connection}"


class InvoiceSyncPeriodQuerySet(models.QuerySet["InvoiceSyncPeriod"]):
    def latest_of(self, connection: QuickBooksConnection) -> InvoiceSyncPeriod | None:
        return self.filter(connection=connection).order_by("-id").first()


class InvoiceSyncPeriod(models.Model):
    """One switch-on of invoice syncing. The latest is the cut-off: older invoices are not pushed by themselves."""

    company_path: ClassVar[str] = "connection__company"

    connection = models.ForeignKey(
        QuickBooksConnection, on_delete=models.CASCADE, related_name="invoice_sync_periods"
    )
    on_at = models.DateTimeField(default=timezone.now)
    off_at = models.DateTimeField(null=True, blank=True)

    objects = InvoiceSyncPeriodQuerySet.as_manager()

    def __str__(self) -> str:
        return f"on from {self.on_at:%Y-%m-%d %H:%M}" + (
            f" to {self.off_at:%Y-%m-%d %H:%M}" if self.off_at else ""
        )


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
