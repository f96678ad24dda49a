"""A plan and a run's result as data: preview, the log's field changes and the tests of the rules read the same plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from integrations.causes import Cause
from integrations.errors import Choice
from integrations.messages import Message
from integrations.models import Outcome, PhaseEntry, RecordLink, RemoteWrite, RunState, SyncRun, Vendor
from integrations.models.encryption import keyed_digest
from integrations.models.sync_state import SyncState
from integrations.models.typed_json import StoredData
from integrations.quickbooks.bodies import dump
from integrations.sync.engine.follow_ups import FollowUp


@dataclass(frozen=True)
class Change:
    """A changed field with its values before and after, as people read them. Never a secret."""

    field: str
    before: str
    after: str

    def as_dict(self) -> dict[str, str]:
        return {"field": self.field, "before": self.before, "after": self.after}


@dataclass(frozen=True)
class PlannedWrite:
    """`values` are payload fields by dotted path; `version` is the SyncToken the update is based on. Of a write to
    Coperniq `coperniq_id` is the target, "" for a create.

    `stands_for` names parts that exist only once another record is linked or created (path → "customer:12"), so that
    a write shown before that still equals the write carried out after it.
    """

    operation: str
    entity: str
    values: Mapping[str, object]
    changes: tuple[Change, ...]
    quickbooks_id: str = ""
    version: str = ""
    stands_for: Mapping[str, object] = field(default_factory=dict)
    vendor: str = Vendor.QUICKBOOKS
    coperniq_id: str = ""

    def shown(self) -> dict[str, object]:
        return {
            "operation": self.operation,
            "entity": self.entity,
            "quickbooks_id": self.quickbooks_id,
            "changes": [change.as_dict() for change in self.changes],
        }

    def fingerprint(self) -> str:
        """A digest that is equal for writes with the same effect; the version is left out."""
        values = {**self.values, **self.stands_for}
        content = {
            "operation": self.operation,
            "entity": self.entity,
            "id": self.quickbooks_id,
            "values": values,
        }
        if self.vendor == Vendor.COPERNIQ:
            content["coperniq_id"] = self.coperniq_id
        return keyed_digest(dump(content))


@dataclass(frozen=True)
class Prerequisite:
    """The write of a list entry that many records share, to be carried out before a plan that names the entry.

    `key` identifies the entry: its name, or the QuickBooks id of the item that a catalog item is for. In the plan,
    `stand_in` takes the place of the id of an entry that does not exist yet. `described_as` names the entry in
    `stands_for` of the plan's write, with all that is written of it: such a write is released with that content only.
    """

    write: PlannedWrite
    key: str
    response_data: StoredData | None = None
    described_as: str = ""

    @property
    def stand_in(self) -> str:
        return stand_in_for(self.write.entity, self.key)


def stand_in_for(entity: str, key: str) -> str:
    return f"new {entity}: {key}"


@dataclass(frozen=True)
class Plan:
    """What an action would do: at most one write, the prerequisites it names, and the link that results.

    `state` is stored with the link, which keeps its own if it is None; `other_links` are stored beside it. `learns`:
    the response shows how QuickBooks behaves. `replaces` is the link that this one takes the place of, because its
    record in Coperniq is gone, and `with_link` is stored in the transaction that stores the link. `response_data` is
    what the handler of the write's response needs. Without a write, `sentence`, `silent`, `again`, `asks` and
    `choices` become the result of the run. `follow_ups` are stored with the write, before it is sent.
    """

    record_name: str
    match_method: str
    write: PlannedWrite | None = None
    quickbooks_id: str = ""
    quickbooks_name: str = ""
    quickbooks_version: str = ""
    quickbooks_at: datetime | None = None
    quickbooks_snapshot: Mapping[str, object] = field(default_factory=dict)
    coperniq_snapshot: Mapping[str, object] = field(default_factory=dict)
    number: str = ""
    amount_cents: int | None = None
    warnings: tuple[Message, ...] = ()
    allocation_invoice_id: str = ""
    state: SyncState | None = None
    learns: bool = False
    response_data: StoredData | None = None
    other_links: tuple[RecordLink, ...] = ()
    replaces: RecordLink | None = None
    with_link: tuple[FollowUp, ...] = ()
    sentence: Message | None = None
    silent: bool = False
    again: bool = False
    asks: tuple[SyncRun, ...] = ()
    choices: tuple[Choice, ...] = ()
    follow_ups: tuple[FollowUp, ...] = ()
    prerequisites: tuple[Prerequisite, ...] = ()

    @classmethod
    def of(cls, link: RecordLink, record_name: str, **values: Any) -> Plan:
        """A plan that leaves the link as it is, except for `values`."""
        own = (
            "match_method",
            "number",
            "amount_cents",
            "coperniq_snapshot",
            "state",
            "allocation_invoice_id",
        )
        quickbooks = ("id", "name", "version", "at", "snapshot")
        names = [*own, *(f"quickbooks_{name}" for name in quickbooks)]
        return cls(record_name, **{name: getattr(link, name) for name in names} | values)


@dataclass(frozen=True)
class AnsweredWrite:
    """The values with which an answered write is closed."""

    write: RemoteWrite
    quickbooks_id: str
    quickbooks_version: str
    intuit_tid: str


@dataclass(frozen=True)
class RunResult:
    """The result of one execution.

    `silent` keeps it out of the log. `entries` are phase entries to save, `asks` runs to request. `again`: the record is
    not done yet; the result is stored, then the record is planned again in the same run. `follow_ups` are those of a
    plan that is not applied, because it ended in a question, a wait or a preview.
    """

    state: RunState
    outcome: Outcome
    sentence: str
    cause: str = ""
    parameters: Mapping[str, object] = field(default_factory=dict)
    silent: bool = False
    changes: Sequence[Change] = ()
    quickbooks_id: str = ""
    record_name: str = ""
    intuit_tid: str = ""
    link: RecordLink | None = None
    answered: AnsweredWrite | None = None
    entries: Sequence[PhaseEntry] = ()
    asks: Sequence[SyncRun] = ()
    choices: Sequence[Choice] = ()
    waits_for: tuple[str, str] = ("", "")
    not_before: datetime | None = None
    planned: list[dict[str, object]] = field(default_factory=list)
    question: str = ""
    question_subject: str = ""
    again: bool = False
    follow_ups: Sequence[FollowUp] = ()
    other_links: Sequence[RecordLink] = ()


def done(message: Message, warnings: Sequence[Message | str] = (), **values: Any) -> RunResult:
    """Done as planned, with a warning for each of `warnings`."""
    outcome = Outcome.DONE_WITH_WARNING if warnings else Outcome.DONE
    cause = Cause.WARNING if warnings else message.cause
    sentence = " ".join(str(each) for each in (message, *warnings))
    return RunResult(RunState.DONE, outcome, sentence, **{"cause": cause, **values})


def nothing_to_do(message: Message, **values: Any) -> RunResult:
    values = {"cause": message.cause, **values}
    return RunResult(RunState.DONE, Outcome.NOTHING_TO_DO, str(message), **values)
