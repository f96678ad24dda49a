"""What one pushed invoice costs the worker: `python -m tests.bench.statements`; `--profile` shows where its time goes.

The steady state: links of customer and job exist, the lists are read, many invoices of one company are due, and the
owner of its lease executes one after the other, with the rate limiter of production. The simulator answers in the same
process, and its time is left out. The cost of an invoice is the difference between a longer and a shorter backlog: what
a poll and a lease cost once is left out. BEGIN, COMMIT and savepoints count as statements.
"""

from __future__ import annotations

import argparse
import cProfile
import os
import pstats
import re
import sys
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from unittest import mock

import django

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()

from django.conf import settings
from django.db import connections
from django.test.utils import override_settings, setup_test_environment
from django.utils import timezone

from integrations.models import CoperniqConnection, SyncRun
from integrations.sync.engine.scheduler import run_company
from integrations.sync.engine.worker import find_due_leases
from integrations.sync.ingest.coperniq_projects import due_coperniq_polls
from integrations.sync.ingest.router import route_pending_events
from tests.invoice_harness import InvoiceHarness, open_invoice_harness
from tests.portal_harness import open_portal
from tests.sync.in_process import InProcess, Wire

SHORT, LONG = 10, 40
PRODUCT = f"{os.sep}integrations{os.sep}"
Statements = Counter[tuple[str, str]]


def caller() -> str:
    """The innermost line of the product, as file:line."""
    for frame, line in traceback.walk_stack(sys._getframe(1)):
        name = frame.f_code.co_filename
        if PRODUCT in name and "migrations" not in name:
            return f"{name.partition(PRODUCT)[2]}:{line} {frame.f_code.co_name}"
    return "?"


def words_of(sql: str) -> str:
    """What a statement does and to which table."""
    found = re.match(r"\s*(SELECT|INSERT INTO|UPDATE|DELETE FROM|\w+)", sql)
    verb = found[1] if found else sql[:20]
    table = re.search(r'(?:FROM|INTO|UPDATE) "(\w+)"', sql)
    return f"{verb.split()[0]} {table[1].replace('integrations_', '') if table else ''}".strip()


@contextmanager
def counted(found: Statements) -> Iterator[None]:
    """Counts in `found` what this thread sends to the database, with the beginning and end of transactions."""
    database: Any = connections["default"]
    commit = database._commit

    def note(execute: Any, sql: str, *more: Any) -> Any:
        found[caller(), words_of(sql)] += 1
        return execute(sql, *more)

    def note_commit() -> None:
        found[caller(), "COMMIT"] += 1
        commit()

    with database.execute_wrapper(note), mock.patch.object(database, "_commit", note_commit):
        yield


def push(
    portal: InvoiceHarness, invoices: int, found: Statements, profile: cProfile.Profile | None = None
) -> float:
    """From the poll that sees so many new invoices to the log entry of the last; returns seconds of processor."""
    for number in range(invoices):
        portal.invoice(("Permit", 1, 100 + number))
    CoperniqConnection.objects.update(next_poll_at=timezone.now())
    with counted(found), vendor_seconds() as answering:
        began = time.thread_time()
        if profile is not None:
            profile.enable()
        for poll in due_coperniq_polls():
            poll()
        while route_pending_events():
            pass
        (lease,) = find_due_leases()
        assert lease.take(timezone.now(), timedelta(seconds=settings.LEASE_SECONDS))
        run_company(lease, time.monotonic() + 600)
        if profile is not None:
            profile.disable()
        spent = time.thread_time() - began
    assert not SyncRun.objects.open().exists()
    return spent - sum(answering)


@contextmanager
def vendor_seconds() -> Iterator[list[float]]:
    """Seconds of processor that the simulator in this process takes for its answers."""
    seconds: list[float] = []
    send = Wire.send

    def timed(*given: Any, **named: Any) -> Any:
        began = time.thread_time()
        try:
            return send(*given, **named)
        finally:
            seconds.append(time.thread_time() - began)

    with mock.patch.object(Wire, "send", timed):
        yield seconds


def cost_of_an_invoice(
    portal: InvoiceHarness, profile: cProfile.Profile | None = None
) -> tuple[Statements, float]:
    """Statements by the line of the product that causes them, and milliseconds of processor, of one invoice."""
    short, long = Statements(), Statements()
    push(portal, 2, Statements())
    less = push(portal, SHORT, short)
    more = push(portal, LONG, long, profile)
    long.subtract(short)
    each = Statements({key: count / (LONG - SHORT) for key, count in long.items() if count})
    return each, (more - less) * 1000 / (LONG - SHORT)


@contextmanager
def opened() -> Iterator[InvoiceHarness]:
    """A company on a database of its own."""
    setup_test_environment()
    database = connections["default"]
    before = database.settings_dict["NAME"]
    database.creation.create_test_db(verbosity=0, autoclobber=True)
    simulator = InProcess()
    simulator.reset()
    try:
        with override_settings(**simulator.settings()), simulator.connected():
            portal = open_invoice_harness(open_portal(simulator))
            portal.book_item("Permit")
            yield portal
    finally:
        database.creation.destroy_test_db(before, verbosity=0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--profile", action="store_true")
    profile = cProfile.Profile() if parser.parse_args().profile else None
    with opened() as portal:
        each, ms = cost_of_an_invoice(portal, profile)
    for (where, what), count in sorted(each.items(), key=lambda item: (-item[1], item[0])):
        sys.stdout.write(f"{count:6.2f}  {what:34} {where}\n")
    sys.stdout.write(f"{sum(each.values()):6.2f}  statements an invoice, {ms:.1f} ms of processor\n")
    if profile is not None:
        pstats.Stats(profile).sort_stats("tottime").print_stats(70)


if __name__ == "__main__":
    main()
