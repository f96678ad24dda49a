"""What every change of a company's connections shares: one at a time, and work goes on afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction
from django.utils import timezone

from accounts.models import Company
from integrations import queue
from integrations.models import CoperniqConnection, Lane, QuickBooksConnection, SyncRun

SEALED = QuickBooksConnection.State.SEALED


@contextmanager
def company_locked(company: Company) -> Iterator[None]:
    """A transaction that waits for others of this company. On SQLite every transaction already takes its turn."""
    with transaction.atomic():
        Company.objects.select_for_update().get(pk=company.pk)
        yield


def release_held(company: Company) -> None:
    """Part of the transaction that restores access: what was held for want of it may run again."""
    runs = SyncRun.objects.filter(company=company).exclude(connection__state=SEALED)
    runs.release_after_reconnect()
    Lane.nudge(company.pk)


def go_on(company: Company) -> None:
    """After the commit: look at once for what happened meanwhile."""
    keyed = CoperniqConnection.objects.filter(company=company).first()
    if keyed is not None:
        keyed.make_poll_due(timezone.now())
    queue.wake()
