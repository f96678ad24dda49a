"""What pages, JSON and commands tell about a batch."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from integrations.batches import estimate, findings_of, progress_of, total_cents
from integrations.models import Batch, BatchRecord, RunState


def batch_shape(batch: Batch) -> dict[str, Any]:
    progress, expected = progress_of(batch), estimate(batch)
    return {
        "id": batch.pk,
        "title": batch.title,
        "selection": batch.selection,
        "workflow": batch.workflow_id,
        "with_invoices": batch.with_invoices,
        "since": batch.since.isoformat() if batch.since else None,
        "record": batch.wanted,
        "state": batch.state,
        "created_at": batch.created_at.isoformat(),
        "created_by": batch.created_by.email if batch.created_by else "",
        "read_at": _iso(batch.read_at),
        "started_at": _iso(batch.started_at),
        "finished_at": _iso(batch.finished_at),
        "resumes_at": _iso(batch.resumes_at),
        "problem": problem_of(batch),
        "found": findings_of(batch),
        "total_cents": total_cents(batch),
        "progress": {**vars(progress), "total": progress.total, "percent": progress.percent},
        "estimate": vars(expected),
    }


def problem_of(batch: Batch) -> str:
    """Why it does not go on, "" if it does."""
    held = batch.runs.filter(coperniq_id=batch.run_key, state=RunState.HELD).order_by("-pk").first()
    return held.sentence if held is not None else ""


def record_shape(record: BatchRecord) -> dict[str, Any]:
    return {
        "kind": record.kind,
        "name": record.name,
        "number": record.number,
        "coperniq_id": record.coperniq_id,
        "amount_cents": record.amount_cents,
        "finding": record.finding,
        "quickbooks_name": record.quickbooks_name,
        "detail": record.detail,
        "status": getattr(record, "status", ""),
    }


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
