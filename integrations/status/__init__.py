"""How a company's integration is doing, and what it should be told: the same for page, command and JSON."""

from integrations.status.advice import Notice, warnings
from integrations.status.report import is_idle, run_counts, status_of, webhook_address
from integrations.status.triggers import is_broken

__all__ = ["Notice", "is_broken", "is_idle", "run_counts", "status_of", "warnings", "webhook_address"]
