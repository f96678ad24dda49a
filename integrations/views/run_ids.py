"""Complete the ids of runs from their links: a run stores the id of the record it comes from."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Q

from integrations.models import RecordLink, SyncRun


def completed(runs: Sequence[SyncRun]) -> list[SyncRun]:
    """The runs with both ids, where both exist; to be shown, never saved."""
    known = ids_of([run for run in runs if not (run.coperniq_id and run.quickbooks_id)])
    for run in runs:
        quickbooks_id = known.get(key_of(run, run.coperniq_id, ""), "")
        coperniq_id = known.get(key_of(run, "", run.quickbooks_id), "")
        run.quickbooks_id = run.quickbooks_id or quickbooks_id
        run.coperniq_id = run.coperniq_id or coperniq_id
    return list(runs)


def key_of(row: SyncRun | RecordLink, coperniq_id: str, quickbooks_id: str) -> tuple[int, str, str, str, str]:
    """A QuickBooks payment is linked once for each invoice it pays, so its id needs the invoice's."""
    return (
        row.connection_id,
        row.kind,
        coperniq_id,
        quickbooks_id,
        row.allocation_invoice_id if quickbooks_id else "",
    )


def ids_of(runs: Sequence[SyncRun]) -> dict[tuple[int, str, str, str, str], str]:
    coperniq_ids = {run.coperniq_id for run in runs} - {""}
    quickbooks_ids = {run.quickbooks_id for run in runs} - {""}
    if not (coperniq_ids or quickbooks_ids):
        return {}
    links = RecordLink.objects.filter(
        Q(coperniq_id__in=coperniq_ids) | Q(quickbooks_id__in=quickbooks_ids),
        connection__in={run.connection_id for run in runs},
    ).only("connection_id", "kind", "coperniq_id", "quickbooks_id", "allocation_invoice_id")
    found = {}
    for link in links:
        found[key_of(link, link.coperniq_id, "")] = link.quickbooks_id
        found[key_of(link, "", link.quickbooks_id)] = link.coperniq_id
    return found
