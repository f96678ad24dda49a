from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import ClassVar, Self

from django.db import models
from django.utils import timezone
from django.utils.functional import cached_property

from integrations.models.connections import QuickBooksConnection
from integrations.models.frequency import Frequency, next_sync


class MatchingStrategy(models.TextChoices):
    """The labels are those of the user's guide."""

    ENRICH = "enrich", "Enrich: Update existing records with new information from Coperniq"
    REPLACE = "replace", "Replace: Replace existing records with Coperniq data"
    SKIP = "skip", "Skip: Leave existing records unchanged"


class MatchBy(models.TextChoices):
    """What makes a customer in QuickBooks the same as an account in Coperniq."""

    NAME_OR_EMAIL = "name_or_email", "Name or e-mail"
    EMAIL = "email", "E-mail alone"
    COMPANY_NAME = "company_name", "Company name"


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
    """Which side wins if both changed the same field."""

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


class SyncDirection(models.TextChoices):
    BOTH = "both", "Both ways"
    TO_QUICKBOOKS = "to_quickbooks", "To QuickBooks only"


class CustomersOn(models.TextChoices):
    """When the customer of an account is created in QuickBooks."""

    PHASE = "phase", "Once a project enters its trigger phase"
    INVOICE = "invoice", "With the first invoice, if no phase entry was before"


class Numbers(models.TextChoices):
    """Whose number a pushed invoice has in QuickBooks."""

    COPERNIQ = "coperniq", "Its number in Coperniq"
    QUICKBOOKS = "quickbooks", "QuickBooks' own"


class OnQuickBooksVoid(models.TextChoices):
    """What becomes of the Coperniq invoice when people void QuickBooks'."""

    DECLINE = "decline", "Decline it"
    HOLD = "hold", "Ask a person"


class SyncSettingsQuerySet(models.QuerySet["SyncSettings"]):
    def scheduling(self) -> Self:
        """Those whose connection's changes wait for a sync: not real-time, and no sync is in progress."""
        return self.filter(sync_since__isnull=True).exclude(frequency=Frequency.REALTIME)


class SyncSettings(models.Model):
    company_path: ClassVar[str] = "connection__company"

    connection = models.OneToOneField(QuickBooksConnection, on_delete=models.CASCADE, related_name="settings")
    frequency = models.CharField(
        "how often changes are synced",
        max_length=10,
        choices=Frequency,
        default=Frequency.REALTIME,
        help_text="Changes are noticed at once in any case; until the next sync their records are listed under Needs "
        "attention, where some or all of them can be synced at any time. What somebody retries, decides or sends is "
        "never delayed. A good start: manual until the customer mapping and the first records look right, then "
        "real-time.",
    )
    daily_at = models.TimeField(
        "time of the daily sync", default=time(17), help_text="In the company's time zone."
    )
    # Scheduled syncs later than this are due: the last sync began then, or these two settings were changed.
    synced_at = models.DateTimeField(default=timezone.now, editable=False)
    # Since when a sync is in progress: both sides are being read, and nothing waits.
    sync_since = models.DateTimeField(null=True, blank=True, editable=False)
    matching_strategy = models.CharField(
        max_length=10,
        choices=MatchingStrategy,
        default=MatchingStrategy.ENRICH,
        help_text="What happens when the customer already exists in QuickBooks. Enrich fills what is empty and updates "
        "what came from Coperniq before; what people entered in QuickBooks stays. Replace overwrites the mapped fields; "
        "an empty Coperniq value never erases anything. Skip links the existing customer and changes nothing in it; "
        "jobs are still created.",
    )
    match_by = models.CharField(
        "match customers by",
        max_length=20,
        choices=MatchBy,
        default=MatchBy.NAME_OR_EMAIL,
        help_text="What makes a customer in QuickBooks the same as an account in Coperniq that is not linked yet. What "
        "you accepted or rejected under Customer mapping counts in any case.",
    )
    link_same_named_job = models.BooleanField(
        "link an existing job of the same name",
        default=False,
        help_text="The job must be under the same customer and not linked yet. Otherwise a new job is created with "
        "“#2” behind its name.",
    )

    invoice_sync = models.BooleanField(
        "enable invoice and payment syncing",
        default=False,
        help_text="While this is off, nothing is sent or brought over. What is created in that time is not synced when "
        "you switch it on again, unless somebody sends or brings it over one by one; changes of what is linked already "
        "are made up for.",
    )
    invoice_preview = models.BooleanField(
        "preview only",
        default=False,
        help_text="What would be written to either side is shown under Needs attention, field by field. Releasing it "
        "writes it as shown; before that, no invoice or payment is written.",
    )
    direction = models.CharField(
        "direction of invoices and payments",
        max_length=15,
        choices=SyncDirection,
        default=SyncDirection.BOTH,
        help_text="To QuickBooks only: invoices, payments and changes that people enter in QuickBooks stay there. They "
        "are counted on this page, and you can bring each of them over, now or when both ways are on again. If both "
        "sides changed an invoice, the value of Coperniq counts, and the log names the one it replaced.",
    )
    # The last time in which nothing was brought over. `one_way_until` is empty while it lasts.
    one_way_since = models.DateTimeField(null=True, blank=True, editable=False)
    one_way_until = models.DateTimeField(null=True, blank=True, editable=False)
    customers_on = models.CharField(
        "create the customer of an invoice",
        max_length=10,
        choices=CustomersOn,
        default=CustomersOn.PHASE,
        help_text="With the first invoice: the invoice of a project that has no job in QuickBooks then belongs to the "
        "customer itself. The rules and questions about customers that QuickBooks has already are the same.",
    )
    line_item = models.CharField(
        "product or service on the lines",
        max_length=40,
        blank=True,
        help_text="One for all lines: Coperniq's own items are not looked for in QuickBooks.",
    )
    numbers = models.CharField(
        "number of an invoice in QuickBooks",
        max_length=10,
        choices=Numbers,
        default=Numbers.COPERNIQ,
    )
    push_from = models.CharField(
        "send an invoice to QuickBooks",
        max_length=10,
        choices=PushFrom,
        default=PushFrom.CREATED,
        help_text="QuickBooks has no drafts: an invoice that is still a draft in Coperniq is an open one there.",
    )
    on_declined = models.CharField(
        "if Coperniq declines an invoice",
        max_length=10,
        choices=OnEnded,
        default=OnEnded.VOID,
        help_text="What happens to it in QuickBooks. A paid invoice is never voided or deleted by itself: you are asked.",
    )
    on_archived = models.CharField(
        "if Coperniq archives an invoice",
        max_length=10,
        choices=OnEnded,
        default=OnEnded.LEAVE,
        help_text="What happens to it in QuickBooks.",
    )
    closed_books = models.CharField(
        "if the books are closed for its date",
        max_length=20,
        choices=ClosedBooks,
        default=ClosedBooks.HOLD,
        help_text="An invoice that is in QuickBooks already keeps its date.",
    )
    memo_field = models.CharField(
        "the description of an invoice goes to",
        max_length=20,
        choices=MemoField,
        default=MemoField.PRIVATE_NOTE,
    )
    coperniq_tag = models.BooleanField(
        "mark what comes from QuickBooks with a tag",
        default=False,
        help_text="In Coperniq the description of an invoice and the notes of a payment that were brought over then end "
        "with a short tag such as [QBO 155-2ec72d8a], which customers can see. With it they are recognized for certain "
        "after a lost answer or a restored backup; without it by the QuickBooks number, and you are asked if that "
        "leaves a doubt.",
    )
    fallback_item = models.CharField(
        "item for lines without a match",
        max_length=40,
        blank=True,
        help_text="Used if QuickBooks drops the amount of a line without an item. None: the line has no item.",
    )
    difference_item = models.CharField(
        "item for tax and differences",
        max_length=40,
        blank=True,
        help_text="If a total in Coperniq is more than its lines, the rest goes to this item. None: you are asked.",
    )
    on_quickbooks_void = models.CharField(
        "if an invoice is voided in QuickBooks",
        max_length=10,
        choices=OnQuickBooksVoid,
        default=OnQuickBooksVoid.DECLINE,
        help_text="What happens to it in Coperniq. If something is paid on it there, you are asked.",
    )
    unknown_method = models.CharField(
        "payments by a method Coperniq does not know",
        max_length=12,
        choices=PaymentMethod,
        default=PaymentMethod.CHECK,
        help_text="Coperniq records the payment as this; the name that QuickBooks has for the method goes into the "
        "payment's notes.",
    )
    # {Coperniq's payment method: id of a QuickBooks account}; absent: the account "Coperniq Payments".
    deposit_accounts = models.JSONField(default=dict, blank=True)
    # {field: Owner}; absent: the later edit.
    owners = models.JSONField("owner of a field", default=dict, blank=True)
    # {a payment's status in Coperniq: "send" or "leave"}, as a person once answered.
    payment_statuses = models.JSONField(default=dict, blank=True)

    objects = SyncSettingsQuerySet.as_manager()

    OWNED: ClassVar = {"due_date": "due date", "memo": "description", "lines": "lines"}

    class Meta:
        verbose_name_plural = "sync settings"

    def __str__(self) -> str:
        return f"Settings of {self.connection}"

    @property
    def next_sync_at(self) -> datetime | None:
        """None if none is scheduled. It is past if the worker has missed it: then it is due."""
        zone = self.connection.company.zone
        return next_sync(Frequency(self.frequency), self.daily_at, zone, self.synced_at)

    @property
    def is_one_way(self) -> bool:
        return self.direction == SyncDirection.TO_QUICKBOOKS

    def was_one_way_at(self, moment: datetime | None) -> bool:
        """Whether the moment lies in the last time in which nothing was brought over, by whole seconds."""
        if moment is None or self.one_way_since is None or self.one_way_until is None:
            return False
        return self.one_way_since.replace(microsecond=0) <= moment <= self.one_way_until


class InvoiceSyncPeriodQuerySet(models.QuerySet["InvoiceSyncPeriod"]):
    def latest_of(self, connection: QuickBooksConnection) -> InvoiceSyncPeriod | None:
        return self.filter(connection=connection).order_by("-id").first()

    def first_of(self, connection: QuickBooksConnection) -> InvoiceSyncPeriod | None:
        return self.filter(connection=connection).order_by("id").first()


class InvoiceSyncPeriod(models.Model):
    """The time from one switch-on of invoice syncing to the next switch-off. What is created in it is accepted."""

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

    def accepts(self, moment: datetime, clock_offset: timedelta = timedelta()) -> bool:
        """Whether syncing was on at this moment, in this or another period of the connection.

        `moment` is by a clock that is `clock_offset` ahead of the portal's. Both ends count by whole seconds.
        """
        at = moment - clock_offset
        return self._covers(at) or any(period._covers(at) for period in self._others)

    @cached_property
    def _others(self) -> list[InvoiceSyncPeriod]:
        return list(InvoiceSyncPeriod.objects.filter(connection=self.connection_id).exclude(pk=self.pk))

    def _covers(self, at: datetime) -> bool:
        return self.on_at.replace(microsecond=0) <= at and (self.off_at is None or at <= self.off_at)


class PhaseTrigger(models.Model):
    """A project that starts this phase after `saved_at` is pushed to QuickBooks."""

    company_path: ClassVar[str] = "connection__company"

    connection = models.ForeignKey(QuickBooksConnection, on_delete=models.CASCADE, related_name="triggers")
    workflow_id = models.CharField("workflow", max_length=40)
    workflow_name = models.CharField(max_length=300, blank=True)
    phase_template_id = models.CharField(
        "phase",
        max_length=40,
        help_text="Projects that enter it from now on are pushed; one that is already in it is not.",
    )
    phase_name = models.CharField(max_length=300, blank=True)
    reentry = models.CharField(
        "when a project enters it again", max_length=10, choices=Reentry, default=Reentry.UPDATE
    )
    preview = models.BooleanField(
        "preview only",
        default=False,
        help_text="What would be written is shown under Needs attention, field by field, and nothing is written until "
        "somebody releases it.",
    )
    saved_at = models.DateTimeField(default=timezone.now)
    # As the last full scan found: {phase_template_id, count of projects in or past it, ids of those not linked}.
    standing = models.JSONField(default=dict, blank=True, editable=False)
    standing_read_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["connection", "workflow_id"], name="one_trigger_per_workflow")
        ]

    def __str__(self) -> str:
        return f"{self.workflow_name or self.workflow_id}: {self.phase_name or self.phase_template_id}"


class FieldMapping(models.Model):
    """Which Coperniq value feeds a QuickBooks customer field; `custom:<key>` is a custom property."""

    company_path: ClassVar[str] = "connection__company"
    FIELDS: ClassVar = {
        "DisplayName": ("Display name", "name"),
        "GivenName": ("First name", "first_name"),
        "FamilyName": ("Last name", "last_name"),
        "PrimaryEmailAddr.Address": ("E-mail", "email"),
        "PrimaryPhone.FreeFormNumber": ("Phone", "phone"),
        "BillAddr.Line1": ("Street", "street"),
        "BillAddr.City": ("City", "city"),
        "BillAddr.CountrySubDivisionCode": ("State", "state"),
        "BillAddr.PostalCode": ("Zip", "zip_code"),
        "PrimaryTaxIdentifier": ("Tax number", "custom:tax_number"),
        "CompanyName": ("Company name", "custom:company_name"),
    }
    NAMES: ClassVar = {path: name for path, (name, _) in FIELDS.items()}
    DEFAULTS: ClassVar = {path: source for path, (_, source) in FIELDS.items()}
    SOURCES: ClassVar = (
        "name", "title", "first_name", "last_name", "email", "phone",
        "street", "city", "state", "zip_code", "number",
    )  # fmt: skip

    connection = models.ForeignKey(QuickBooksConnection, on_delete=models.CASCADE, related_name="mappings")
    quickbooks_field = models.CharField("QuickBooks field", max_length=60, choices=list(NAMES.items()))
    source = models.CharField(
        "Coperniq field",
        max_length=120,
        blank=True,
        help_text="One of: "
        + ", ".join(SOURCES)
        + "; or custom: followed by the key of a custom property. Empty leaves the field alone.",
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["connection", "quickbooks_field"], name="one_source_per_field")
        ]

    def __str__(self) -> str:
        return f"{self.quickbooks_field} ← {self.source or 'nothing'}"
