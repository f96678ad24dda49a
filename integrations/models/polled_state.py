from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from django.db import models
from django.utils import timezone

from integrations.models.connections import CoperniqConnection, QuickBooksConnection
from integrations.models.leases import LONG_AGO


class PolledInvoice(models.Model):
    """A Coperniq invoice as the poller last read it, to detect changes of the invoice and of its payments.

    `payments_read_cents` is the paid amount, in cents, when its payments were last read; None if never.
    """

    company_path: ClassVar[str] = "connection__company"

    connection = models.ForeignKey(
        CoperniqConnection, on_delete=models.CASCADE, related_name="polled_invoices"
    )
    invoice_id = models.CharField(max_length=80)
    version = models.CharField(max_length=180)
    created_at = models.DateTimeField(null=True, blank=True)
    paid_cents = models.BigIntegerField(default=0)
    payments_read_cents = models.BigIntegerField(null=True, blank=True)
    missing_since = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["connection", "invoice_id"], name="one_row_per_seen_invoice")
        ]

    def __str__(self) -> str:
        return f"invoice {self.invoice_id}"

    @classmethod
    def forget(cls, company_id: int, invoice_id: str) -> None:
        """Forget the version of an invoice that was polled and then ignored; the full list is read again."""
        coperniq = CoperniqConnection.objects.filter(company=company_id)
        cls.objects.filter(connection__in=coperniq, invoice_id=invoice_id).update(version="")
        coperniq.update(next_invoice_sweep_at=timezone.now())


class LookupList(models.Model):
    """A cached list that changes seldom: items, accounts, payment methods, the catalog."""

    class Name(models.TextChoices):
        ITEMS = "items", "QuickBooks items"
        ACCOUNTS = "accounts", "QuickBooks accounts"
        METHODS = "methods", "QuickBooks payment methods"
        CATALOG = "catalog", "Coperniq catalog items"

    company_path: ClassVar[str] = "connection__company"

    connection = models.ForeignKey(
        QuickBooksConnection, on_delete=models.CASCADE, related_name="lookup_lists"
    )
    name = models.CharField(max_length=10, choices=Name)
    rows = models.JSONField(default=list)
    read_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["connection", "name"], name="one_list_of_a_name")]

    def __str__(self) -> str:
        return self.get_name_display()

    @classmethod
    def forget_items(cls, company_id: int, changed_at: datetime) -> None:
        """Let item lists that were read before `changed_at` be read again when they are next needed."""
        items = cls.objects.filter(connection__company=company_id, name=cls.Name.ITEMS)
        items.filter(read_at__lt=changed_at).update(read_at=LONG_AGO)

    @classmethod
    def keep(cls, connection: QuickBooksConnection, name: str, rows: list[dict[str, Any]]) -> None:
        values = {"rows": rows, "read_at": timezone.now()}
        cls.objects.update_or_create(connection=connection, name=name, defaults=values)


class ExternalPayment(models.Model):
    """Money that a person recorded in QuickBooks; it may be a duplicate of a payment in Coperniq.

    One row for each invoice that a payment pays, and one without an invoice for what of it is not applied, of payments
    on linked invoices and of linked customers and jobs. `amount_cents` is that part, `total_cents` the whole payment.
    `was_unapplied`: some of the payment was not applied when it was read before. `both_of_amount`: people said of a
    payment in Coperniq of that many cents that it is other money; `both_of_number`: of one with its number. `read_at` is
    the time when the read that it comes from began: what was read later replaces it, and never the reverse.
    """

    company_path: ClassVar[str] = "connection__company"

    connection = models.ForeignKey(
        QuickBooksConnection, on_delete=models.CASCADE, related_name="external_payments"
    )
    quickbooks_id = models.CharField(max_length=80)
    quickbooks_invoice_id = models.CharField(max_length=80, blank=True)
    customer_id = models.CharField(max_length=80, blank=True)
    amount_cents = models.BigIntegerField()
    total_cents = models.BigIntegerField(default=0)
    on = models.DateField()
    reference = models.CharField(max_length=80, blank=True)
    was_unapplied = models.BooleanField(default=False)
    both_of_amount = models.BigIntegerField(null=True, blank=True)
    both_of_number = models.BooleanField(default=False)
    read_at = models.DateTimeField(default=LONG_AGO)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "quickbooks_id", "quickbooks_invoice_id"], name="one_row_per_allocation"
            )
        ]
        indexes = [
            models.Index(fields=["connection", "quickbooks_invoice_id"], name="payments_of_an_invoice"),
            models.Index(fields=["connection", "customer_id"], name="payments_of_a_customer"),
        ]

    def __str__(self) -> str:
        return f"payment {self.quickbooks_id}"


class ExternalInvoice(models.Model):
    """An invoice that people made in QuickBooks for a linked customer or job and that was not linked when it was read.

    It may be the same bill as one in Coperniq. `read_at` is the time when the read that it comes from began.
    """

    company_path: ClassVar[str] = "connection__company"

    connection = models.ForeignKey(
        QuickBooksConnection, on_delete=models.CASCADE, related_name="external_invoices"
    )
    quickbooks_id = models.CharField(max_length=80)
    customer_id = models.CharField(max_length=80)
    number = models.CharField(max_length=40, blank=True)
    total_cents = models.BigIntegerField()
    on = models.DateField()
    read_at = models.DateTimeField(default=LONG_AGO)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "quickbooks_id"], name="one_row_per_external_invoice"
            )
        ]
        indexes = [
            models.Index(fields=["connection", "customer_id", "total_cents"], name="invoices_of_a_customer")
        ]

    def __str__(self) -> str:
        return f"invoice {self.number or self.quickbooks_id}"
