"""The words runs, links, writes and the log have in common."""

from django.db import models


class Direction(models.TextChoices):
    PUSH = "push", "To QuickBooks"
    PULL = "pull", "To Coperniq"


class Kind(models.TextChoices):
    CUSTOMER = "customer", "Customer"
    JOB = "job", "Job"
    INVOICE = "invoice", "Invoice"
    PAYMENT = "payment", "Payment"
    ITEM = "item", "Item"


class Action(models.TextChoices):
    NOTICE_ENTRY = "notice_entry", "Look for a phase entry"
    PUSH_CUSTOMER = "push_customer", "Push the customer"
    PUSH_JOB = "push_job", "Push the job"
    PUSH_INVOICE = "push_invoice", "Push the invoice"
    NOTICE_PAYMENTS = "notice_payments", "Look for payments"
    PUSH_PAYMENT = "push_payment", "Push the payment"
    PULL_INVOICE = "pull_invoice", "Bring the invoice over"
    NOTICE_ALLOCATIONS = "notice_allocations", "Look what a payment pays"
    PULL_PAYMENT = "pull_payment", "Bring the payment over"
    NOTICE_CUSTOMER = "notice_customer", "Look at a customer of QuickBooks"

    @property
    def direction(self) -> Direction:
        return Direction.PULL if self in PULLS else Direction.PUSH

    @property
    def kind(self) -> Kind:
        return KINDS[self]


PULLS = (Action.PULL_INVOICE, Action.NOTICE_ALLOCATIONS, Action.PULL_PAYMENT, Action.NOTICE_CUSTOMER)
KINDS = {
    Action.NOTICE_ENTRY: Kind.JOB,
    Action.PUSH_CUSTOMER: Kind.CUSTOMER,
    Action.PUSH_JOB: Kind.JOB,
    Action.PUSH_INVOICE: Kind.INVOICE,
    Action.NOTICE_PAYMENTS: Kind.INVOICE,
    Action.PUSH_PAYMENT: Kind.PAYMENT,
    Action.PULL_INVOICE: Kind.INVOICE,
    Action.NOTICE_ALLOCATIONS: Kind.PAYMENT,
    Action.PULL_PAYMENT: Kind.PAYMENT,
    Action.NOTICE_CUSTOMER: Kind.CUSTOMER,
}
"""What is looked at; a customer of QuickBooks may turn out to be a job."""

MONEY_ACTIONS = (
    Action.PUSH_INVOICE,
    Action.NOTICE_PAYMENTS,
    Action.PUSH_PAYMENT,
    Action.PULL_INVOICE,
    Action.NOTICE_ALLOCATIONS,
    Action.PULL_PAYMENT,
)


class Vendor(models.TextChoices):
    QUICKBOOKS = "quickbooks", "QuickBooks"
    COPERNIQ = "coperniq", "Coperniq"


class RunState(models.TextChoices):
    QUEUED = "queued", "Queued"
    RUNNING = "running", "Running"
    WAITING = "waiting", "Waiting"
    HELD = "held", "Held"
    DONE = "done", "Done"
    CANCELLED = "cancelled", "Cancelled"


RECONNECT = "reconnect"
OPEN = (RunState.QUEUED, RunState.RUNNING, RunState.WAITING, RunState.HELD)


class ItemlessLines(models.TextChoices):
    """What QuickBooks makes of an invoice line without an item: its own reference contradicts itself.

    See docs/vendors/quickbooks-online.md, 5.2.
    """

    UNKNOWN = "unknown", "Not known yet"
    KEPT = "kept", "QuickBooks keeps its amount"
    IGNORED = "ignored", "QuickBooks drops its amount"
