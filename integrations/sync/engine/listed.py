"""What the lists of a batch have given of a record a moment ago, so that its run need not read it again."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils import timezone

from integrations.json_reader import JsonReader, load_json
from integrations.models import Action, BatchRecord, Kind, PolledInvoice, SyncRun

_LISTED = {
    Action.PUSH_CUSTOMER: Kind.CUSTOMER,
    Action.PUSH_JOB: Kind.JOB,
    Action.PUSH_INVOICE: Kind.INVOICE,
}


def listed_records(run: SyncRun) -> Mapping[str, JsonReader]:
    """By the path that a read of each would ask for. Empty after the first attempt, or if a newer version was seen."""
    kind = _LISTED.get(Action(run.action))
    if run.batch_id is None or kind is None or run.attempts > 1 or run.requested_count > 1:
        return {}
    record = BatchRecord.objects.filter(batch=run.batch_id, kind=kind, coperniq_id=run.coperniq_id).first()
    if record is None or not record.listed or not _is_current(run, record):
        return {}
    return {path: JsonReader(value, path) for path, value in read_listed(record).items()}


def _is_current(run: SyncRun, record: BatchRecord) -> bool:
    """Of an invoice the polls know the version; of others what a list gave within the hour counts."""
    if record.kind != Kind.INVOICE:
        return record.is_fresh(timezone.now())
    polled = PolledInvoice.objects.filter(
        connection__company=run.company_id, invoice_id=record.coperniq_id, missing_since__isnull=True
    )
    return polled.values_list("version", flat=True).first() == record.version


def read_listed(record: BatchRecord) -> dict[str, object]:
    found = load_json(record.listed) if record.listed else {}
    return found if isinstance(found, dict) else {}
