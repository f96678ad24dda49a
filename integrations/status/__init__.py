"""The state of a company's integration and its warnings: the same for page, command and JSON."""

from integrations.messages.status import Notice
from integrations.status.advice import looks_that_fail, warnings
from integrations.status.calls import calls_of, day_of, month_of
from integrations.status.changes import changes_of
from integrations.status.invoices import invoice_sync_of, kept_of, of_jobs_added_by_hand, open_differences_of
from integrations.status.report import (
    is_idle,
    quickbooks_webhook_address,
    run_counts,
    status_of,
    webhook_address,
)
from integrations.status.standing import invoices_not_linked, standing_of
from integrations.status.triggers import is_broken

__all__ = [
    "Notice",
    "calls_of",
    "changes_of",
    "day_of",
    "invoice_sync_of",
    "invoices_not_linked",
    "is_broken",
    "is_idle",
    "kept_of",
    "looks_that_fail",
    "month_of",
    "of_jobs_added_by_hand",
    "open_differences_of",
    "quickbooks_webhook_address",
    "run_counts",
    "standing_of",
    "status_of",
    "warnings",
    "webhook_address",
]
