"""Shared by all changes of a company's connections: they exclude each other, and syncing resumes afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction
from django.utils import timezone

from accounts.models import Company
from integrations import queue
from integrations.models import CompanyLease, CoperniqConnection, QuickBooksConnection, SyncRun

ARCHIVED = QuickBooksConnection.State.ARCHIVED


@contextmanager
def company_locked(company: Company) -> Iterator[None]:
    """A transaction that holds the company's row. On SQLite, transactions exclude each other anyway."""
    with transaction.atomic():
        Company.objects.select_for_update().get(pk=company.pk)
        yield


def release_held(company: Company) -> None:
    """Release the runs that were held for lack of access, in the transaction that restores it."""
    runs = SyncRun.objects.filter(company=company).exclude(connection__state=ARCHIVED)
    runs.release_after_reconnect()
    CompanyLease.notify(company.pk)


def resume_syncing(company: Company) -> None:
    """Poll at once for what happened meanwhile. Call it after the commit."""
    coperniq = CoperniqConnection.objects.filter(company=company).first()
    if coperniq is not None:
        coperniq.make_poll_due(timezone.now())
    queue.wake()
