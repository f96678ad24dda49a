"""Change data capture.

docs/vendors/quickbooks-online.md, 8.3. One answer holds all that changed since a moment, deletions included.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from simulator.quickbooks import errors
from simulator.quickbooks.company import Company, Record
from simulator.quickbooks.company_info import single_rows
from simulator.quickbooks.email_addresses import refuse_unreadable
from simulator.quickbooks.entities import MODELLED, entity_of_path
from simulator.quickbooks.rendering import render
from simulator.quickbooks.responses import PACIFIC, Json, Refused, refused, stamp

UNSUPPORTED = {"JournalCode", "TaxAgency", "TimeActivity", "TaxCode", "TaxRate"}
LOOK_BACK = timedelta(days=30)


@dataclass(frozen=True)
class Change:
    """`record` None: it was deleted, and nothing but its number is left."""

    entity: str
    id: str
    at: datetime
    record: Record | None = None
    single: Json | None = None


def answer_cdc(company: Company, arguments: Mapping[str, str]) -> Json:
    """The content of the envelope. A kind without changes is an empty object in its place."""
    names = _entities(company, arguments.get("entities", ""))
    since = _since(company, arguments.get("changedSince", ""))
    changes = [one for name in names for one in _changes(company, name) if _falls_in(company, one.at, since)]
    kept = _within_limit(company, names, changes)
    refuse_unreadable(company, [one.record for one in kept if one.record is not None])
    answers = [_answer_of(company, name, [one for one in kept if one.entity == name]) for name in names]
    return {"CDCResponse": [{"QueryResponse": answers}]}


def _entities(company: Company, given: str) -> list[str]:
    """In any case of letters, as a recording asks for `estimate`; each once."""
    asked = [one.strip() for one in given.split(",") if one.strip()]
    if not asked:
        raise errors.missing("entities")
    names = [entity_of_path(one.lower()) for one in asked]
    for name, spelled in zip(names, asked, strict=True):
        if name in UNSUPPORTED or name == spelled.lower():
            raise _bad_entity(str(company.switch("cdc_bad_entity_code")), spelled)
    return list(dict.fromkeys(names))


def _bad_entity(code: str, name: str) -> Refused:
    if code == "500":
        return errors.unsupported_operation(f"cdc of {name}")
    return refused(code, "Invalid query", f"QueryValidationError: invalid context declaration: {name}")


def _since(company: Company, given: str) -> datetime:
    """A day alone, or a moment without a zone, is read in the company's zone."""
    if not given:
        raise errors.missing("changedSince")
    try:
        moment = datetime.fromisoformat(given)
    except ValueError:
        raise errors.bad_date("2060", "changedSince", given) from None
    since = moment if moment.tzinfo else moment.replace(tzinfo=PACIFIC)
    earliest = company.now() - LOOK_BACK
    way = company.switch("cdc_before_30_days")
    if since < earliest and way == "refuse":
        detail = f"changedSince lies at most 30 days back. Supplied value:{given}"
        raise refused("2060", "Invalid Date", detail, "changedSince")
    return max(since, earliest) if way == "cut" else since


def _falls_in(company: Company, at: datetime, since: datetime) -> bool:
    lag = timedelta(seconds=float(company.switch("cdc_lag_seconds")))
    started = at >= since if company.switch("cdc_since_inclusive") else at > since
    return started and (not lag or at <= company.now() - lag)


def _changes(company: Company, name: str) -> list[Change]:
    if name not in MODELLED:
        rows = single_rows(company).get(name, [])
        return [Change(name, "1", _moment(row), single=row) for row in rows]
    gone = [Change(name, id_, at) for id_, at in company.deleted[name].items()]
    return [*(Change(name, one.id, one.updated, one) for one in company.records[name].values()), *gone]


def _moment(row: Json) -> datetime:
    return datetime.fromisoformat(row["MetaData"]["LastUpdatedTime"])


def _within_limit(company: Company, names: list[str], changes: list[Change]) -> list[Change]:
    """The oldest first. No page follows: what is over the limit is left out."""
    ranked = sorted(changes, key=lambda one: (one.at, one.entity, int(one.id)))
    if company.switch("cdc_limit_counts") == "per_entity":
        return [one for name in names for one in _cut(company, [own for own in ranked if own.entity == name])]
    return _cut(company, ranked)


def _cut(company: Company, ranked: list[Change]) -> list[Change]:
    limit = int(company.switch("cdc_limit"))
    return ranked[:limit] if company.switch("cdc_limit_keeps") == "oldest" else ranked[-limit:]


def _answer_of(company: Company, name: str, changes: list[Change]) -> Json:
    if not changes:
        return {}
    rows = [_row(company, one) for one in changes]
    return {name: rows, "startPosition": 1, "maxResults": len(rows)}


def _row(company: Company, change: Change) -> Json:
    if change.single is not None:
        return change.single
    if change.record is not None:
        return render(company, change.record, "read" if company.switch("cdc_rows") == "read" else "query")
    times = {"LastUpdatedTime": stamp(change.at)}
    return {"domain": "QBO", "status": "Deleted", "Id": change.id, "MetaData": times}
