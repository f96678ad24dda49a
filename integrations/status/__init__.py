"""The state of a company's integration and its warnings: the same for page, command and JSON."""

from integrations.status.advice import Notice, warnings
from integrations.status.calls import calls_of, day_of, month_of
from integrations.status.changes import changes_of
from integrations.status.invoices import invoice_sync_of, of_jobs_added_by_hand
from integrations.status.report import (
    is_idle,
    quickbooks_webhook_address,
    run_counts,
    status_of,
    webhook_address,
)
from integrations.status.triggers import is_broken

__all__ = [
    "Notice",
    "calls_of",
    "changes_of",
    "day_of",
    "invoice_sync_of",
    "is_broken",
    "is_idle",
    "month_of",
    "of_jobs_added_by_hand",
    "quickbooks_webhook_address",
    "run_counts",
    "status_of",
    "warnings",
    "webhook_address",
]
