"""What a held run shows beside its sentence: the planned writes, or the values on both sides."""

from __future__ import annotations

from typing import Any

from integrations.models import SyncRun

COMPARED = "compared"


def writes_of(run: SyncRun) -> list[dict[str, Any]]:
    """Each with its operation, entity and changes."""
    return [row for row in run.planned if COMPARED not in row]


def compared_of(run: SyncRun) -> list[dict[str, str]]:
    """Fields a person decides about: {field, before, coperniq, quickbooks}."""
    return [row[COMPARED] for row in run.planned if COMPARED in row]
