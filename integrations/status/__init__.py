"""The state of a company's integration and its warnings: the same for page, command and JSON."""

from integrations.messages.status import Notice
from integrations.status.advice import urgent_warnings, warnings
from integrations.status.calls import calls_of, day_of, month_of
from integrations.status.changes import changes_of
from integrations.status.checklist import Step, is_set_up, setup_steps
from integrations.status.figures import Figures, days_of, figures_of, months_of
from integrations.status.health import Health, Part, health_of, worker_is_alive
from integrations.status.invoices import (
    invoice_sync_of,
    is_on,
    kept_of,
    of_jobs_added_by_hand,
    open_differences_of,
)
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
    "Figures",
    "Health",
    "Notice",
    "Part",
    "Step",
    "calls_of",
    "changes_of",
    "day_of",
    "days_of",
    "figures_of",
    "health_of",
    "invoice_sync_of",
    "invoices_not_linked",
    "is_broken",
    "is_idle",
    "is_on",
    "is_set_up",
    "kept_of",
    "month_of",
    "months_of",
    "of_jobs_added_by_hand",
    "open_differences_of",
    "quickbooks_webhook_address",
    "run_counts",
    "setup_steps",
    "standing_of",
    "status_of",
    "urgent_warnings",
    "warnings",
    "webhook_address",
    "worker_is_alive",
]
