from __future__ import annotations

from typing import ClassVar, Self

from django.db import models
from django.db.models import Q
from django.db.models.fields.json import KeyTextTransform
from django.utils import timezone

from integrations.models.compiled import CompiledQuery
from integrations.models.connections import QuickBooksConnection
from integrations.models.enums import Kind
from integrations.models.snapshots import (
    CoperniqInvoiceSnapshot,
    CoperniqPaymentSnapshot,
    ItemSnapshot,
    QuickBooksInvoiceSnapshot,
    QuickBooksPaymentSnapshot,
)
from integrations.models.sync_state import (
    STATE_TYPES,
    CustomerState,
    InvoiceState,
    PaymentState,
    SyncState,
)
from integrations.models.typed_json import TypedColumn


class RecordLinkQuerySet(models.QuerySet["RecordLink"]):
    def of(self, connection: QuickBooksConnection, kind: str) -> Self:
        return self.filter(connection=connection, kind=kind)

    def pushed(self, connection: QuickBooksConnection, kind: str, coperniq_id: str) -> RecordLink | None:
        return next(iter(_pushed.rows(connection.pk, str(kind), coperniq_id)), None)

    def pulled(
        self, connection: QuickBooksConnection, kind: str, quickbooks_id: str, allocation_invoice_id: str = ""
    ) -> RecordLink | None:
        """A payment is found by the invoice it is allocated to as well. Additional links are left out."""
        found = _pulled.rows(connection.pk, str(kind), quickbooks_id, allocation_invoice_id)
        return next(iter(found), None)

    def invoices_of_customer(self, connection: QuickBooksConnection, quickbooks_id: str) -> Self:
        """Those that belonged to it when they were last read, or before a person moved them."""
        of_customer = Q(quickbooks_snapshot__customer=quickbooks_id) | Q(sync_state__moved_from=quickbooks_id)
        return self.of(connection, Kind.INVOICE).filter(of_customer)


class RecordLink(models.Model):
    """A pair of linked records, with a snapshot of the mapped fields of each as its vendor last returned them.

    A side has changed if it differs from its own snapshot. What else is remembered is in `sync_state`, read and set as
    the dataclass of the link's kind: `customer_state` (also of jobs), `invoice_state`, `payment_state`. So are the
    snapshots of invoices, payments and items; those of customers and jobs are values by path.
    """

    class MatchMethod(models.TextChoices):
        CREATED = "created", "Created by the portal"
        NAME = "name", "Same name"
        EMAIL = "email", "Same e-mail"
        CHOSEN = "chosen", "Chosen by a person"
        ADOPTED = "adopted", "Found after a lost answer"
        CODE = "code", "Same item code"
        SAME_PAYMENT = "same_money", "Same payment on both sides"
        PULLED = "pulled", "Brought over from QuickBooks"

    company_path: ClassVar[str] = "connection__company"

    connection = models.ForeignKey(QuickBooksConnection, on_delete=models.CASCADE, related_name="links")
    kind = models.CharField(max_length=10, choices=Kind)
    coperniq_id = models.CharField(max_length=80)
    quickbooks_id = models.CharField(max_length=80)
    coperniq_name = models.CharField(max_length=500, blank=True)
    quickbooks_name = models.CharField(max_length=1024, blank=True)
    coperniq_account_id = models.CharField(max_length=40, blank=True)
    coperniq_parent_id = models.CharField(max_length=80, blank=True)  # the invoice of a payment
    # The QuickBooks invoice that a payment is allocated to; one payment may pay several, with a link for each.
    allocation_invoice_id = models.CharField(max_length=80, blank=True)
    # Of a customer or job that another account or project was linked to first; both got there by a merge in QuickBooks.
    is_additional = models.BooleanField(default=False)
    number = models.CharField(max_length=40, blank=True)
    amount_cents = models.BigIntegerField(null=True, blank=True)
    # Of an invoice: open in Coperniq less open in QuickBooks, as the log said it last.
    open_difference_cents = models.BigIntegerField(default=0)
    match_method = models.CharField(max_length=10, choices=MatchMethod)
    quickbooks_version = models.CharField(max_length=20, blank=True)
    # LastUpdatedTime of the last response: events of an earlier time are known already.
    quickbooks_at = models.DateTimeField(null=True, blank=True)
    coperniq_snapshot = models.JSONField(default=dict, blank=True)
    quickbooks_snapshot = models.JSONField(default=dict, blank=True)
    # The document's own day in QuickBooks, as an ISO text, of invoices and payments: by it they are summed up.
    dated_on = models.GeneratedField(
        expression=KeyTextTransform("on", "quickbooks_snapshot"),
        output_field=models.CharField(max_length=10, null=True),
        db_persist=True,
    )
    sync_state = models.JSONField(default=dict, blank=True)
    linked_at = models.DateTimeField(default=timezone.now)
    synced_at = models.DateTimeField(default=timezone.now)

    objects = RecordLinkQuerySet.as_manager()

    customer_state = TypedColumn("sync_state", CustomerState)
    invoice_state = TypedColumn("sync_state", InvoiceState)
    payment_state = TypedColumn("sync_state", PaymentState)
    coperniq_invoice = TypedColumn("coperniq_snapshot", CoperniqInvoiceSnapshot)
    quickbooks_invoice = TypedColumn("quickbooks_snapshot", QuickBooksInvoiceSnapshot)
    coperniq_payment = TypedColumn("coperniq_snapshot", CoperniqPaymentSnapshot)
    quickbooks_payment = TypedColumn("quickbooks_snapshot", QuickBooksPaymentSnapshot)
    quickbooks_item = TypedColumn("quickbooks_snapshot", ItemSnapshot)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "kind", "coperniq_id"], name="one_link_per_coperniq_record"
            ),
            # Several catalog items may stand for one QuickBooks item.
            models.UniqueConstraint(
                fields=["connection", "kind", "quickbooks_id", "allocation_invoice_id"],
                condition=~Q(kind=Kind.ITEM) & Q(is_additional=False),
                name="one_link_per_quickbooks_record",
            ),
        ]
        indexes = [
            models.Index(fields=["connection", "kind", "coperniq_parent_id"], name="links_of_a_parent"),
            models.Index(fields=["connection", "kind", "quickbooks_id"], name="links_to_a_record"),
            models.Index(
                fields=["connection", "kind", "coperniq_account_id", "amount_cents"],
                name="links_of_an_account",
            ),
            models.Index(fields=["connection", "kind", "dated_on"], name="links_by_day"),
            models.Index(
                fields=["connection"], condition=~Q(open_difference_cents=0), name="links_with_a_difference"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.coperniq_id} ↔ {self.quickbooks_id}"

    @property
    def state(self) -> SyncState:
        return STATE_TYPES[self.kind].from_json(self.sync_state)

    @property
    def display_number(self) -> str:
        """The invoice number for people: that of QuickBooks, else that of Coperniq."""
        return self.number or self.coperniq_name.removeprefix("Invoice ") or "without a number"


def _build_pushed(connection_id: int, kind: str, coperniq_id: str) -> RecordLinkQuerySet:
    return RecordLink.objects.filter(connection=connection_id, kind=kind, coperniq_id=coperniq_id)


def _build_pulled(
    connection_id: int, kind: str, quickbooks_id: str, allocation_invoice_id: str
) -> RecordLinkQuerySet:
    found = RecordLink.objects.filter(connection=connection_id, kind=kind, quickbooks_id=quickbooks_id)
    return found.filter(allocation_invoice_id=allocation_invoice_id, is_additional=False).order_by("pk")[:1]


_pushed, _pulled = CompiledQuery(_build_pushed), CompiledQuery(_build_pulled)
