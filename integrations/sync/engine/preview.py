"""Hold a plan under preview until a person has released it."""

from __future__ import annotations

from integrations.errors import Choice
from integrations.models import Outcome, Question, RunState, SyncRun
from integrations.sync.engine.choices import DISCARD
from integrations.sync.engine.plan import Plan, RunResult

RELEASE = Choice("release", "Write this to QuickBooks", Question.PREVIEW)


def preview_result(run: SyncRun, plan: Plan) -> RunResult | None:
    """A plan a person has yet to release, or None when it may be carried out."""
    released = run.answer_to(Question.PREVIEW)
    if not run.preview or plan.write is None or released.subject == plan.write.fingerprint():
        return None
    changed = bool(released.key)
    sentence = (
        "What would be written has changed since it was released. Look at it again."
        if changed
        else f"Preview: “{plan.record_name}” would be written to QuickBooks as shown. Nothing was written."
    )
    return RunResult(
        RunState.HELD,
        Outcome.HELD,
        sentence,
        "preview_changed" if changed else "preview",
        record_name=plan.record_name,
        changes=plan.write.changes,
        choices=(RELEASE, DISCARD),
        planned=[plan.write.shown()],
        question=Question.PREVIEW,
        question_subject=plan.write.fingerprint(),
    )
