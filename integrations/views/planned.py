"""What a held run shows beside its sentence: what would be written, or what stands on either side."""

from __future__ import annotations

from typing import Any

from integrations.models import SyncRun

COMPARED = "compared"


def writes_of(run: SyncRun) -> list[dict[str, Any]]:
    """Each with its operation, entity and changes."""
    return [row for row in run.planned if COMPARED not in row]


def compared_of(run: SyncRun) -> list[dict[str, str]]:
    """Fields that wait for a person: {field, before, coperniq, quickbooks}."""
    return [row[COMPARED] for row in run.planned if COMPARED in row]
