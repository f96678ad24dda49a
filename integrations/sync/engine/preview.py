"""Hold a plan under preview until a person has released it."""

from __future__ import annotations

from integrations.errors import Choice
from integrations.messages.engine import EngineMessage
from integrations.models import Outcome, Question, RunState, SyncRun
from integrations.sync.engine.choices import DISCARD
from integrations.sync.engine.plan import Plan, RunResult

RELEASE = Choice("release", "Write this to QuickBooks", Question.PREVIEW)


def preview_result(run: SyncRun, plan: Plan) -> RunResult | None:
    """The result that holds a plan until a person releases it; None if the plan may be executed."""
    released = run.answer_to(Question.PREVIEW)
    if not run.preview or plan.write is None or released.subject == plan.write.fingerprint():
        return None
    template = EngineMessage.PREVIEW_CHANGED if released.key else EngineMessage.PREVIEW
    message = template(name=plan.record_name)
    return RunResult(
        RunState.HELD,
        Outcome.HELD,
        message.text,
        message.cause,
        parameters=message.parameters,
        record_name=plan.record_name,
        changes=plan.write.changes,
        follow_ups=plan.follow_ups,
        choices=(RELEASE, DISCARD),
        planned=[write.shown() for write in (*(each.write for each in plan.prerequisites), plan.write)],
        question=Question.PREVIEW,
        question_subject=plan.write.fingerprint(),
    )
