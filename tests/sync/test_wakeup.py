"""A waiting worker loop sees at once what others have committed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connections
from django.utils import timezone

from integrations import queue
from integrations.models import CompanyLease, Heartbeat
from integrations.wakeup import Wakeup
from tests.factories import company

pytestmark = [pytest.mark.every_database, pytest.mark.django_db(transaction=True)]

LONG_SECONDS = 10.0


@pytest.fixture
def busy_lease() -> CompanyLease:
    return CompanyLease.objects.create(company=company("busy"), notify_count=100)


@pytest.fixture
def quiet() -> CompanyLease:
    return CompanyLease.objects.create(company=company("quiet"))


@pytest.fixture
def wakeup(busy_lease: CompanyLease, quiet: CompanyLease) -> Wakeup:
    """Has seen all there is."""
    Heartbeat.record(Heartbeat.QUEUE)
    waiting = Wakeup()
    waiting.wait(0.1)
    waiting.wait(0.1)
    return waiting


Commit = Callable[..., None]


@pytest.fixture
def elsewhere() -> Iterator[Commit]:
    """Commits something as another process would, with a connection of its own."""
    with ThreadPoolExecutor(1) as pool:
        yield lambda *changes: [pool.submit(change).result() for change in changes].clear()
        pool.submit(connections.close_all).result()


def is_woken(wakeup: Wakeup) -> bool:
    began = time.monotonic()
    wakeup.wait(LONG_SECONDS)
    return time.monotonic() - began < LONG_SECONDS / 2


def test_a_request_is_seen_though_another_lease_is_taken_meanwhile(
    wakeup: Wakeup, elsewhere: Commit, busy_lease: CompanyLease, quiet: CompanyLease
) -> None:
    elsewhere(
        lambda: busy_lease.take(timezone.now(), timedelta(minutes=1)),
        lambda: CompanyLease.notify(quiet.company_id),
        queue.wake,
    )
    assert is_woken(wakeup)


def test_a_request_is_seen_though_the_last_one_has_only_just_been(
    wakeup: Wakeup, elsewhere: Commit, quiet: CompanyLease
) -> None:
    for _ in range(5):
        elsewhere(lambda: CompanyLease.notify(quiet.company_id), queue.wake)
        assert is_woken(wakeup)
