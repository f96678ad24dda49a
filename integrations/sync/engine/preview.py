"""Hold a plan under preview until a person has released it."""

from __future__ import annotations

from integrations.causes import Cause
from integrations.errors import Choice
from integrations.messages.choices import ChoiceLabel
from integrations.messages.engine import EngineMessage
from integrations.models import Kind, Outcome, Question, RunState, SyncRun, Vendor
from integrations.sync.engine.choices import DISCARD
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.plan import Plan, RunResult

RELEASE = Choice("release", ChoiceLabel.WRITE_TO_QUICKBOOKS(), Question.PREVIEW)
_RELEASE_TO_COPERNIQ = RELEASE._replace(label=ChoiceLabel.WRITE_TO_COPERNIQ())
PREVIEW_CAUSES = (Cause.PREVIEW, Cause.PREVIEW_CHANGED)
_DOCUMENTS = (Kind.INVOICE, Kind.PAYMENT)


def is_previewed(ctx: SyncContext, run: SyncRun) -> bool:
    """Customers and jobs by the trigger that requested the run, invoices and payments by the settings as they are now."""
    return run.preview or (run.kind in _DOCUMENTS and ctx.settings.invoice_preview)


def preview_result(ctx: SyncContext, run: SyncRun, plan: Plan) -> RunResult | None:
    """The result that holds a plan until a person releases it; None if the plan may be executed."""
    if plan.write is None or not is_previewed(ctx, run):
        return None
    fingerprint, released = plan.write.fingerprint(), run.answer_to(Question.PREVIEW)
    if released.subject == fingerprint:
        return None
    to_coperniq = plan.write.vendor == Vendor.COPERNIQ
    template = EngineMessage.PREVIEW_CHANGED if released.key else EngineMessage.PREVIEW
    message = template(name=plan.record_name, vendor=Vendor(plan.write.vendor).label)
    return RunResult(
        RunState.HELD,
        Outcome.HELD,
        message.text,
        message.cause,
        parameters=message.parameters,
        record_name=plan.record_name,
        changes=plan.write.changes,
        follow_ups=plan.follow_ups,
        choices=(_RELEASE_TO_COPERNIQ if to_coperniq else RELEASE, DISCARD),
        planned=[write.shown() for write in (*(each.write for each in plan.prerequisites), plan.write)],
        question=Question.PREVIEW,
        question_subject=fingerprint,
    )
