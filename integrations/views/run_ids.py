"""A run knows the record it comes from; which one it is on the other side, its link does."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Q

from integrations.models import RecordLink, SyncRun


def completed(runs: Sequence[SyncRun]) -> list[SyncRun]:
    """With both ids, where both exist; for showing, never for saving."""
    known = ids_of([run for run in runs if not (run.coperniq_id and run.quickbooks_id)])
    for run in runs:
        theirs, ours = (
            known.get(key_of(run, run.coperniq_id, "")),
            known.get(key_of(run, "", run.quickbooks_id)),
        )
        run.quickbooks_id = run.quickbooks_id or theirs or ""
        run.coperniq_id = run.coperniq_id or ours or ""
    return list(runs)


def key_of(row: SyncRun | RecordLink, coperniq_id: str, quickbooks_id: str) -> tuple[int, str, str, str, str]:
    """Of a payment QuickBooks' id stands for several records, one for each invoice it pays."""
    return (
        row.connection_id,
        row.kind,
        coperniq_id,
        quickbooks_id,
        row.quickbooks_part if quickbooks_id else "",
    )


def ids_of(runs: Sequence[SyncRun]) -> dict[tuple[int, str, str, str, str], str]:
    ours = {run.coperniq_id for run in runs} - {""}
    theirs = {run.quickbooks_id for run in runs} - {""}
    if not (ours or theirs):
        return {}
    links = RecordLink.objects.filter(
        Q(coperniq_id__in=ours) | Q(quickbooks_id__in=theirs),
        connection__in={run.connection_id for run in runs},
    ).only("connection_id", "kind", "coperniq_id", "quickbooks_id", "quickbooks_part")
    found = {}
    for link in links:
        found[key_of(link, link.coperniq_id, "")] = link.quickbooks_id
        found[key_of(link, "", link.quickbooks_id)] = link.coperniq_id
    return found
