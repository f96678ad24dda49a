"""What was in Coperniq before, and is not in QuickBooks: from what the last scans have stored."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Exists, OuterRef

from integrations.models import Kind, PhaseTrigger, PolledInvoice, QuickBooksConnection, RecordLink


@dataclass(frozen=True)
class Standing:
    """Projects in or past a trigger phase, and how many of them have no job in QuickBooks."""

    workflow_id: str
    workflow: str
    phase: str
    count: int
    unlinked: int
    read_at: datetime


def standing_of(connection: QuickBooksConnection, triggers: Iterable[PhaseTrigger]) -> list[Standing]:
    """Of the triggers that a scan has seen with the phase they have now."""
    found = []
    for trigger in triggers:
        stored = trigger.standing
        if stored.get("phase_template_id") != trigger.phase_template_id or trigger.standing_read_at is None:
            continue
        links = RecordLink.objects.of(connection, Kind.JOB).filter(coperniq_id__in=stored["unlinked"])
        unlinked = len(stored["unlinked"]) - links.values("coperniq_id").distinct().count()
        phase = trigger.phase_name or "its trigger phase"
        names = (trigger.workflow_id, trigger.workflow_name, phase)
        found.append(Standing(*names, stored["count"], unlinked, trigger.standing_read_at))
    return found


def invoices_not_linked(connection: QuickBooksConnection) -> int:
    """Of all that Coperniq has shown, declined and draft ones too."""
    links = RecordLink.objects.of(connection, Kind.INVOICE).filter(coperniq_id=OuterRef("invoice_id"))
    polled = PolledInvoice.objects.filter(
        connection__company=connection.company_id, missing_since__isnull=True
    )
    return polled.filter(~Exists(links)).count()
