"""Runs of a record with choices for a person: held ones, and waiting or finished ones with a choice left."""

from __future__ import annotations

from accounts.models import Company
from accounts.scoping import rows_of
from integrations.models import SyncLogEntry, SyncRun
from integrations.run_decisions import DECIDABLE
from integrations.views.timeline import AT_MOST, same_record


def offering(company: Company, entry: SyncLogEntry) -> list[SyncRun]:
    """The newest run of each action, if it has choices. The questions of older runs are out of date."""
    story = rows_of(company, SyncLogEntry.objects.filter(same_record(entry), run__isnull=False))
    ids = set(story.order_by("-pk").values_list("run_id", flat=True)[:AT_MOST])
    newest: dict[str, SyncRun] = {}
    for run in SyncRun.objects.filter(pk__in=ids).select_related("company").order_by("-pk"):
        newest.setdefault(run.action, run)
    return [run for run in newest.values() if offers(run)]


def offers(run: SyncRun) -> bool:
    return run.state in DECIDABLE and bool(run.choices)
