"""Reads all customers of QuickBooks and all accounts of Coperniq for the customer mapping, and compares them.

After connecting and by a button, page by page: each page is stored with the place where to go on, so that a killed
worker costs one page. Nothing is written to either vendor.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from integrations.connections.clients import CallMeter, coperniq_client, quickbooks_client
from integrations.connections.tokens import mark_access_lost, mark_key_refused
from integrations.connections.unlistable import record_unlistable
from integrations.coperniq.client import CoperniqClient
from integrations.coperniq.paging import MOST_PAGES
from integrations.errors import AccessLost, PortalError
from integrations.models import CustomerListRead, ListedCustomer, QuickBooksConnection, Vendor
from integrations.models.processes import this_process
from integrations.sync.customers.customer_lists import (
    forget_unlisted,
    listed_account,
    listed_customer,
    load_suggester,
    store_contact_names,
    store_listed,
    store_suggestions,
)
from integrations.sync.ingest.claims import UnfinishedClaims

logger = logging.getLogger(__name__)

Stage = CustomerListRead.Stage

_CLAIM = timedelta(minutes=10)
_SECONDS_AT_ONCE = 20.0
"""After that the job ends and is taken up again, so that the worker loop can end in time."""
_MOST_CUSTOMER_PAGES = 100
_COMPARED_AT_ONCE = 200
_REASON_LENGTH = 500
_PAUSE = timedelta(seconds=15)
_LONGEST_PAUSE = timedelta(minutes=15)

_unfinished = UnfinishedClaims()


class _ReadLost(Exception):
    """Another process has taken the read."""


def due_mapping_reads() -> Sequence[Callable[[], int]]:
    """Reads that are due, claimed for this worker; each is a job for the worker's pool."""
    _unfinished.settle_again()
    now = timezone.now()
    due = CustomerListRead.objects.due(now).select_related("connection__company__coperniq")
    return [_read_job(row) for row in due if row.claim(now, _CLAIM)]


def _read_job(row: CustomerListRead) -> Callable[[], int]:
    return lambda: _read(row)


def _read(row: CustomerListRead) -> int:
    """An error that is not foreseen is raised, but only after the claim is given back and the failure counted."""
    meter = CallMeter(row.connection.company_id)
    failed: str | None = ""
    try:
        row.refresh_from_db()
        _go_on(row, meter)
        failed = None
    except _ReadLost:
        failed = None
    except AccessLost as error:
        failed = error.sentence
        if error.vendor == "coperniq":
            mark_key_refused(row.connection.company.coperniq, error)
        else:
            mark_access_lost(row.connection, error)
    except PortalError as error:
        failed = error.sentence
        logger.warning("Customer lists of company %s: %s", row.connection.company_id, error.cause)
    finally:
        _unfinished.settle(lambda: meter.flush(now=True))
        _unfinished.settle(lambda: _finish(row, failed))
    return 1


def _finish(row: CustomerListRead, failed: str | None) -> None:
    now = timezone.now()
    failures = 0 if failed is None else row.failures + 1
    pause = min(_PAUSE * 2 ** min(failures - 1, 10), _LONGEST_PAUSE) if failures else timedelta(0)
    CustomerListRead.objects.filter(pk=row.pk, owner=this_process()).update(
        claimed_until=now,
        next_at=now + pause,
        failures=failures,
        failing_because=(failed or "")[:_REASON_LENGTH],
    )


def _go_on(row: CustomerListRead, meter: CallMeter) -> None:
    until = time.monotonic() + _SECONDS_AT_ONCE
    for _ in _steps(row, meter):
        if time.monotonic() >= until:
            return


def _steps(row: CustomerListRead, meter: CallMeter) -> Iterator[None]:
    """Each step is stored when it is yielded."""
    connection = row.connection
    if row.stage == Stage.CUSTOMERS:
        yield from _read_customers(row, connection, meter)
    client = coperniq_client(connection.company.coperniq, meter)
    while row.stage in (Stage.ACCOUNTS, Stage.CONTACTS):
        read = _read_accounts if row.stage == Stage.ACCOUNTS else _read_contacts
        read(row, connection, client)
        yield
    if row.stage == Stage.COMPARING:
        yield from _compare(row, connection)


def _read_customers(
    row: CustomerListRead, connection: QuickBooksConnection, meter: CallMeter
) -> Iterator[None]:
    """The last page and the end of the stage are one step: after it there would be another page, without rows."""
    client = quickbooks_client(connection, meter)
    most_pages = max(_MOST_CUSTOMER_PAGES - row.page + 1, 1)
    first_page = row.page
    try:
        for page in client.list_customers(None, most_pages, first_page):
            if row.page > first_page:
                yield
            found = [listed_customer(connection, each) for each in page if not each.parent_id]
            with transaction.atomic():
                _store_progress(row, page=row.page + 1, customers=row.customers + len(found))
                store_listed(connection, Vendor.QUICKBOOKS, found, row.number)
    finally:
        record_unlistable(connection, client)
    with transaction.atomic():
        _store_progress(row, stage=Stage.ACCOUNTS, page=1)
        forget_unlisted(connection, Vendor.QUICKBOOKS, row.number)
    yield


def _read_accounts(row: CustomerListRead, connection: QuickBooksConnection, client: CoperniqClient) -> None:
    """A page without new ids is the last one: it is what an answer that ignores paging would be."""
    accounts, is_full = client.list_accounts(row.page)
    mappings = dict(connection.mappings.values_list("quickbooks_field", "source"))
    found = [listed_account(connection, account, mappings) for account in accounts]
    with transaction.atomic():
        _store_progress(row)
        new = store_listed(connection, Vendor.COPERNIQ, found, row.number)
        is_last = not new or not is_full or row.page >= MOST_PAGES
        following = {"stage": Stage.CONTACTS, "page": 1} if is_last else {"page": row.page + 1}
        _store_progress(row, accounts=row.accounts + new, **following)
        if is_last:
            forget_unlisted(connection, Vendor.COPERNIQ, row.number)


def _read_contacts(row: CustomerListRead, connection: QuickBooksConnection, client: CoperniqClient) -> None:
    contacts, is_full = client.list_contacts(row.page)
    is_last = not is_full or row.page >= MOST_PAGES
    following = {"stage": Stage.COMPARING} if is_last else {"page": row.page + 1}
    with transaction.atomic():
        _store_progress(row, **following)
        store_contact_names(connection, contacts)


def _compare(row: CustomerListRead, connection: QuickBooksConnection) -> Iterator[None]:
    suggester = load_suggester(connection)
    accounts = ListedCustomer.objects.filter(connection=connection, vendor=Vendor.COPERNIQ).order_by("pk")
    while found := list(accounts.filter(pk__gt=row.compared_to)[:_COMPARED_AT_ONCE]):
        store_suggestions(connection, suggester, found)
        _store_progress(row, compared_to=found[-1].pk, compared=row.compared + len(found))
        yield
    _store_progress(row, stage=Stage.DONE, ended_at=timezone.now())


def _store_progress(row: CustomerListRead, **values: object) -> None:
    """Raises _ReadLost if the claim of this process has expired and another has gone on."""
    own = CustomerListRead.objects.filter(pk=row.pk, number=row.number, owner=this_process())
    if not own.update(**values, claimed_until=timezone.now() + _CLAIM):
        raise _ReadLost
    for name, value in values.items():
        setattr(row, name, value)
