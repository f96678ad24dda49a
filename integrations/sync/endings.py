"""How one execution of a run ended, as data: the runner stores it in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from integrations.errors import Choice
from integrations.models import Outcome, PhaseEntry, RecordLink, RemoteWrite, RunState, SyncRun
from integrations.sync.plans import Change


@dataclass(frozen=True)
class Answered:
    """A vendor write that was answered: what closes its row."""

    write: RemoteWrite
    quickbooks_id: str
    quickbooks_version: str
    intuit_tid: str


@dataclass(frozen=True)
class Ending:
    """`silent`: nothing a reader of the log would miss. `entries`: what becomes of a phase entry; `asks`: what follows.

    `again`: the record is not done yet; what came out is stored, then it is planned anew in the same run.
    """

    state: RunState
    outcome: Outcome
    sentence: str
    cause: str = ""
    silent: bool = False
    changes: Sequence[Change] = ()
    quickbooks_id: str = ""
    record_name: str = ""
    intuit_tid: str = ""
    link: RecordLink | None = None
    answered: Answered | None = None
    entries: Sequence[PhaseEntry] = ()
    asks: Sequence[SyncRun] = ()
    choices: Sequence[Choice] = ()
    waits_for: tuple[str, str] = ("", "")
    not_before: datetime | None = None
    planned: list[dict[str, Any]] = field(default_factory=list)
    question: str = ""
    question_subject: str = ""
    again: bool = False
    other_links: Sequence[RecordLink] = ()


def done(sentence: str, warnings: Sequence[str] = (), **values: Any) -> Ending:
    if warnings:
        values = {"cause": "warning", **values}
    outcome = Outcome.DONE_WITH_WARNING if warnings else Outcome.DONE
    return Ending(RunState.DONE, outcome, " ".join([sentence, *warnings]), **values)


def nothing_to_do(sentence: str, **values: Any) -> Ending:
    return Ending(RunState.DONE, Outcome.NOTHING_TO_DO, sentence, **values)
