"""Whether there are earlier writes that concern a run. Usually there are none, and then nothing more is looked up."""

from __future__ import annotations

from django.db.models import Count, Q

from integrations.models import Direction, RemoteWrite, SyncRun, Vendor, WriteCounts


def own_writes(run: SyncRun) -> Q:
    """The writes of this record in both directions."""
    to_coperniq = Q(
        vendor=Vendor.COPERNIQ,
        quickbooks_id=run.quickbooks_id,
        allocation_invoice_id=run.allocation_invoice_id,
    )
    if run.direction == Direction.PUSH:
        return Q(coperniq_id=run.coperniq_id)
    return to_coperniq | Q(coperniq_id=run.coperniq_id) if run.coperniq_id else to_coperniq


def count_writes(run: SyncRun) -> WriteCounts:
    """Counted once for each execution, and again after this run has stored a write."""
    if run.write_counts is None:
        of_record = Q(connection=run.connection_id, kind=run.kind, shared_entry_name="") & own_writes(run)
        of_run = Q(run=run)
        found = RemoteWrite.objects.filter(of_run | of_record).aggregate(
            of_run=Count("pk", filter=of_run),
            open=Count("pk", filter=of_record & Q(state__in=RemoteWrite.OPEN)),
            of_record=Count("pk", filter=of_record & Q(coperniq_id=run.coperniq_id)),
        )
        run.write_counts = WriteCounts(coperniq_id=run.coperniq_id, **found)
    return run.write_counts
