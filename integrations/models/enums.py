"""Enums that runs, links, writes and the log share."""

from __future__ import annotations

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
    COMPARE_OPEN = "compare_open", "Compare what is open"
    RUN_BATCH = "run_batch", "Carry out the batch"

    @property
    def direction(self) -> Direction:
        return Direction.PULL if self in PULLS else Direction.PUSH

    @property
    def kind(self) -> Kind:
        return KINDS[self]


PULLS = (
    Action.PULL_INVOICE,
    Action.NOTICE_ALLOCATIONS,
    Action.PULL_PAYMENT,
    Action.NOTICE_CUSTOMER,
    Action.COMPARE_OPEN,
)
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
    Action.COMPARE_OPEN: Kind.INVOICE,
    Action.RUN_BATCH: Kind.JOB,
}
"""The kind of the record that an action is about; a QuickBooks customer may turn out to be a job."""


class Vendor(models.TextChoices):
    QUICKBOOKS = "quickbooks", "QuickBooks"
    COPERNIQ = "coperniq", "Coperniq"


class RunState(models.TextChoices):
    QUEUED = "queued", "Queued"
    RUNNING = "running", "Running"
    WAITING = "waiting", "Waiting"
    HELD = "held", "Needs attention"
    DONE = "done", "Done"
    CANCELLED = "cancelled", "Cancelled"


class Question(models.TextChoices):
    """What a held run asks a person. Each choice answers one of these."""

    PREVIEW = "preview", "Write this?"
    REENTRY = "reentry", "Update after the project entered its phase again?"
    ARCHIVED_ACCOUNT = "archived_account", "Push an archived account?"
    CUSTOMER = "customer", "Which customer is it, and under which name?"
    INACTIVE_JOB = "inactive_job", "Make the job active again?"
    MERGED_CUSTOMER = "merged_customer", "Move the links of a merged customer?"
    INELIGIBLE = "ineligible", "Sync a record that would be left out?"
    KEPT_IN_QUICKBOOKS = "kept_in_quickbooks", "Bring over what stayed in QuickBooks?"
    LONG_TEXT = "long_text", "Send a text that is too long?"
    CLOSED_PERIOD = "closed_period", "Date it after the closed period?"
    INVOICE_NUMBER = "invoice_number", "Same invoice, or another number?"
    CREATE_AGAIN = "create_again", "Create again what has ended in QuickBooks?"
    SIDE = "side", "Which side counts?"
    UNSUPPORTED_LINES = "unsupported_lines", "Leave lines that Coperniq cannot hold?"
    MOVED_IN_COPERNIQ = "moved_in_coperniq", "Go on with an invoice moved in Coperniq?"
    MOVED_IN_QUICKBOOKS = "moved_in_quickbooks", "Go on with an invoice moved in QuickBooks?"
    VOIDED_IN_QUICKBOOKS = "voided_in_quickbooks", "Decline an invoice voided in QuickBooks?"
    DELETED_IN_QUICKBOOKS = "deleted_in_quickbooks", "Decline an invoice deleted in QuickBooks?"
    PUSH_NOW = "push_now", "Push customer and job without a phase entry?"
    MISSING_IN_COPERNIQ = "missing_in_coperniq", "Void what Coperniq does not have any more?"
    PAYMENT_STATUS = "payment_status", "Record payments of this status?"
    SAME_PAYMENT = "same_payment", "Is it the same payment?"
    PAYMENT_CHANGED = "payment_changed", "Leave a payment changed in QuickBooks?"

    @classmethod
    def bound_to_subject(cls) -> tuple[Question, ...]:
        """Their answers hold for the plan or phase entry that was shown, whatever is requested later."""
        return (cls.PREVIEW, cls.REENTRY)


OPEN = (RunState.QUEUED, RunState.RUNNING, RunState.WAITING, RunState.HELD)


class ItemlessLines(models.TextChoices):
    """What QuickBooks makes of an invoice line without an item: its own reference contradicts itself.

    See docs/vendors/quickbooks-online.md, 5.2.
    """

    UNKNOWN = "unknown", "Not known yet"
    KEPT = "kept", "QuickBooks keeps its amount"
    IGNORED = "ignored", "QuickBooks drops its amount"
