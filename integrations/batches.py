"""Records sent together: what people do with a batch, and how far it has come. The worker carries it out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from math import ceil
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Case, CharField, Count, Exists, OuterRef, Q, QuerySet, Sum, Value, When
from django.utils import timezone

from accounts.audit import log_action
from accounts.models import User
from integrations import queue
from integrations.connections.budget import CALLS_A_DAY, SCARCE, calls_used
from integrations.messages.batches import BatchMessage
from integrations.models import (
    SENT,
    Action,
    Batch,
    BatchRecord,
    CompanyLease,
    Finding,
    Kind,
    QuickBooksConnection,
    RecordLink,
    RunState,
    Selection,
    SyncRun,
    SyncSettings,
)

QUICKBOOKS_CALLS_A_MINUTE = 490


def create_batch(connection: QuickBooksConnection, user: User | None, **chosen: Any) -> Batch:
    """Store a batch and let the worker look at its records. `chosen` are fields of the row.

    Raises ValidationError by field, also while another one is under way.
    """
    batch = Batch(connection=connection, created_by=user, **chosen)
    _check(batch)
    try:
        with transaction.atomic():
            batch.save()
            _log(batch, user, "look at")
            _request_run(batch)
    except IntegrityError as error:
        other = Batch.objects.unfinished().filter(connection=connection).exclude(selection=Selection.RECORD)
        title = "; ".join(each.title for each in other[:1])
        raise ValidationError({"selection": BatchMessage.ANOTHER_IS_UNDER_WAY(title=title).text}) from error
    queue.wake()
    return batch


def _check(batch: Batch) -> None:
    if batch.selection not in Selection.values:
        raise ValidationError({"selection": BatchMessage.UNKNOWN_SELECTION().text})
    with_invoices = batch.selection == Selection.INVOICES or batch.with_invoices
    if (
        with_invoices
        and not SyncSettings.objects.filter(connection=batch.connection, invoice_sync=True).exists()
    ):
        raise ValidationError({"with_invoices": BatchMessage.SYNC_IS_OFF().text})
    triggers = batch.connection.triggers.all()
    if batch.workflow_id:
        triggers = triggers.filter(workflow_id=batch.workflow_id)
    if batch.selection == Selection.PROJECTS and not triggers.exists():
        raise ValidationError({"workflow": BatchMessage.NO_TRIGGER().text})
    if batch.selection == Selection.INVOICES and not isinstance(batch.since, date):
        raise ValidationError({"since": BatchMessage.NO_SINCE().text})
    if batch.selection == Selection.RECORD and not batch.wanted.strip():
        raise ValidationError({"record": BatchMessage.NO_RECORD().text})


def start(batch: Batch, user: User | None, *, anyway: bool = False) -> None:
    """Begin to send what the look has shown. Raises ValidationError if it is not ready."""
    if batch.state != Batch.State.READY:
        raise ValidationError(BatchMessage.NOT_READY().text)
    batch.anyway = anyway
    if not to_send(batch).exists():
        raise ValidationError(BatchMessage.NOTHING_TO_SEND().text)
    _move(batch, user, "start", Batch.State.RUNNING, started_at=timezone.now(), anyway=anyway)


def pause(batch: Batch, user: User | None) -> None:
    """Request nothing more. What has been requested, at most some forty runs, is finished."""
    if batch.state != Batch.State.RUNNING:
        raise ValidationError(BatchMessage.NOT_READY().text)
    _move(batch, user, "pause", Batch.State.PAUSED)


def resume(batch: Batch, user: User | None) -> None:
    if batch.state != Batch.State.PAUSED:
        raise ValidationError(BatchMessage.NOT_READY().text)
    _move(batch, user, "resume", Batch.State.RUNNING, resumes_at=None)


def cancel(batch: Batch, user: User | None) -> None:
    """Request nothing more, and cancel the runs that have not begun. What is done, held or waiting stands."""
    if batch.state in (Batch.State.DONE, Batch.State.CANCELLED):
        raise ValidationError(BatchMessage.NOT_READY().text)
    with transaction.atomic():
        CompanyLease.notify(batch.connection.company_id)
        _move(batch, user, "cancel", Batch.State.CANCELLED, finished_at=timezone.now())
        not_begun = batch.runs.filter(state=RunState.QUEUED, executed_count=0, event__isnull=True)
        now = timezone.now()
        not_begun.update(state=RunState.CANCELLED, finished_at=now, updated_at=now)


def _move(batch: Batch, user: User | None, verb: str, state: Batch.State, **values: Any) -> None:
    """The run that carries it out is requested in the same transaction, so that neither is there alone."""
    with transaction.atomic():
        if not batch.move(state, **values):
            raise ValidationError(BatchMessage.NOT_READY().text)
        _log(batch, user, verb)
        if state == Batch.State.RUNNING:
            _request_run(batch)
    queue.wake()


def _request_run(batch: Batch) -> None:
    run = SyncRun.of(
        batch.connection, Action.RUN_BATCH, coperniq_id=batch.run_key, record_name=batch.title, batch=batch
    )
    SyncRun.objects.request(run)


def _log(batch: Batch, user: User | None, verb: str) -> None:
    log_action(company=batch.connection.company, user=user, verb=verb, target=str(batch))


def to_send(batch: Batch) -> QuerySet[BatchRecord]:
    """The records whose runs are requested. One that was chosen by itself is synced again although it is linked."""
    findings = [each.value for each in SENT]
    if batch.selection == Selection.RECORD:
        findings += [Finding.LINKED]
        if not batch.anyway:
            findings.remove(Finding.WAITS)
        return batch.records.filter(finding__in=findings).exclude(kind=Kind.CUSTOMER, parent_id__gt="")
    return batch.records.filter(finding__in=findings).exclude(kind=Kind.CUSTOMER)


@dataclass(frozen=True)
class Progress:
    """Numbers of records. `left_out`: requested, and neither linked nor waiting for anything."""

    done: int = 0
    attention: int = 0
    waiting: int = 0
    left_out: int = 0
    to_do: int = 0

    @property
    def total(self) -> int:
        return self.done + self.attention + self.waiting + self.left_out + self.to_do

    @property
    def percent(self) -> int:
        return 100 * (self.total - self.to_do) // self.total if self.total else 100


def progress_of(batch: Batch) -> Progress:
    rows = with_status(batch, to_send(batch)).order_by()
    return Progress(**dict(rows.values_list("status").annotate(Count("pk"))))


def with_status(batch: Batch, records: QuerySet[BatchRecord]) -> QuerySet[Any]:
    """Each with its `status`, a field of Progress. A project needs attention if its customer does.

    Customers are not requested themselves, but come with their projects.
    """
    links = RecordLink.objects.filter(
        connection=batch.connection_id, kind=OuterRef("kind"), coperniq_id=OuterRef("coperniq_id")
    )
    own = SyncRun.objects.filter(connection=batch.connection_id, coperniq_id=OuterRef("coperniq_id"))
    customers = SyncRun.objects.filter(
        connection=batch.connection_id, action=Action.PUSH_CUSTOMER, coperniq_id=OuterRef("account_id")
    )
    own, held = own.filter(kind=OuterRef("kind")).open(), Q(state=RunState.HELD)
    is_job = Q(kind=Kind.JOB)
    return records.annotate(
        status=Case(
            When(Exists(own.unfinished()) & Q(requested_at__isnull=False), then=Value("to_do")),
            When(Exists(own.filter(held)), then=Value("attention")),
            When(Exists(links), requested_at__isnull=False, then=Value("done")),
            When(Exists(links), kind=Kind.CUSTOMER, then=Value("done")),
            When(requested_at__isnull=True, then=Value("to_do")),
            When(is_job & Exists(customers.filter(held)), then=Value("attention")),
            When(is_job & Exists(customers.unfinished()), then=Value("to_do")),
            When(Exists(own), then=Value("waiting")),
            default=Value("left_out"),
            output_field=CharField(),
        )
    )


@dataclass(frozen=True)
class Estimate:
    """What sending will take. `days`: how many days of Coperniq's calls; `minutes`: of QuickBooks' pace."""

    quickbooks_calls: int
    coperniq_calls: int
    minutes: int
    days: int


def estimate(batch: Batch) -> Estimate:
    """Of what is still to be sent.

    A customer costs a look at what has changed and a write, a job a write, an invoice a write and, where QuickBooks
    numbers, a look-up. In Coperniq a project is read, and the payments of a paid invoice; the rest the lists have given.
    """
    left = to_send(batch).filter(requested_at__isnull=True)
    jobs, invoices = left.filter(kind=Kind.JOB).count(), left.filter(kind=Kind.INVOICE).count()
    paid = left.filter(kind=Kind.INVOICE, paid_cents__gt=0).count()
    per_invoice = 1 if batch.connection.custom_txn_numbers else 2
    new = batch.records.filter(kind=Kind.CUSTOMER, finding__in=[each.value for each in SENT]).count()
    quickbooks_calls = jobs + 2 * min(new, jobs) + invoices * per_invoice + 2 * paid
    reread = 0 if batch.read_at and (timezone.now() - batch.read_at).total_seconds() < 3600 else 3
    coperniq_calls = jobs + min(new, jobs) * reread + paid + _unknown_invoices(batch, left)
    today = max(CALLS_A_DAY - SCARCE - calls_used(batch.connection.company_id), 0)
    more_days = ceil(max(coperniq_calls - today, 0) / (CALLS_A_DAY - SCARCE))
    minutes = ceil(quickbooks_calls / QUICKBOOKS_CALLS_A_MINUTE) if quickbooks_calls else 0
    return Estimate(quickbooks_calls, coperniq_calls, minutes, 1 + more_days if quickbooks_calls else 0)


def _unknown_invoices(batch: Batch, left: QuerySet[BatchRecord]) -> int:
    """Invoices that a list did not give whole: each is read."""
    return left.filter(kind=Kind.INVOICE, listed="").count()


def findings_of(batch: Batch) -> Mapping[str, Mapping[str, int]]:
    """{kind: {finding: how many}}"""
    counted: dict[str, dict[str, int]] = {}
    rows = batch.records.order_by().values_list("kind", "finding").annotate(Count("pk"))
    for kind, finding, count in rows:
        counted.setdefault(kind, {})[finding] = count
    return counted


def total_cents(batch: Batch) -> int:
    """Of the invoices that are sent."""
    invoices = to_send(batch).filter(kind=Kind.INVOICE)
    return invoices.aggregate(cents=Sum("amount_cents"))["cents"] or 0
