"""The rows of the customer mapping: what is open, mapped or rejected, narrowed by a text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone

from integrations.forms.customer_decisions import is_unused
from integrations.models import CustomerMatch, Kind, QuickBooksConnection, RecordLink
from integrations.sync.customers.match_suggestions import describe_reasons

State = CustomerMatch.State
SUGGESTED, NONE, MAPPED, REJECTED = TABS = ("suggested", "none", "mapped", "rejected")
COLUMNS = (
    "coperniq_id", "coperniq_name", "quickbooks_id", "quickbooks_name", "score", "reason", "state", "decided_by",
    "decided_at", "decision",
)  # fmt: skip
"""Of the CSV; `decision` is empty, for what a person wants to be done when the file is read in again."""


@dataclass(frozen=True)
class MappingRow:
    """`score` is None where no names were compared; `can_undo` whether the decision can be taken back."""

    coperniq_id: str
    coperniq_name: str
    quickbooks_id: str
    quickbooks_name: str
    state: str
    score: int | None = None
    reasons: tuple[str, ...] = ()
    alternatives: int = 0
    because: str = ""
    decided_by: str = ""
    decided_at: datetime | None = None
    can_undo: bool = False

    @property
    def reason(self) -> str:
        return describe_reasons(self.reasons) or self.because

    def shape(self) -> dict[str, Any]:
        return {
            "coperniq_id": self.coperniq_id,
            "coperniq_name": self.coperniq_name,
            "quickbooks_id": self.quickbooks_id,
            "quickbooks_name": self.quickbooks_name,
            "state": self.state,
            "score": self.score,
            "reasons": list(self.reasons),
            "reason": self.reason,
            "alternatives": self.alternatives,
            "decided_by": self.decided_by,
            "decided_at": self.decided_at.isoformat() if self.decided_at else None,
            "can_undo": self.can_undo,
        }

    def cells(self) -> list[object]:
        values = self.shape() | {"decision": ""}
        at = self.decided_at
        values["decided_at"] = timezone.localtime(at).isoformat(timespec="seconds") if at else ""
        return [values[name] for name in COLUMNS]


Rows = QuerySet[CustomerMatch] | QuerySet[RecordLink]


def rows_of_tab(connection: QuickBooksConnection, tab: str, text: str = "") -> Rows:
    """In the order of the page: the likeliest suggestions first, else by name."""
    names = Q(coperniq_name__icontains=text) | Q(quickbooks_name__icontains=text)
    wanted = names | Q(coperniq_id=text) | Q(quickbooks_id=text) if text else Q()
    if tab == MAPPED:
        links = RecordLink.objects.of(connection, Kind.CUSTOMER).filter(wanted)
        return links.defer("quickbooks_snapshot", "sync_state").order_by("coperniq_name", "pk")
    matches = CustomerMatch.objects.of(connection).filter(wanted).select_related("decided_by")
    if tab == REJECTED:
        return matches.rejected().order_by("coperniq_name", "pk")
    if tab == SUGGESTED:
        return matches.suggested().order_by("-score", "coperniq_name", "pk")
    return matches.without_match().order_by("coperniq_name", "pk")


def shown_rows(connection: QuickBooksConnection, rows: Iterable[object]) -> Iterator[MappingRow]:
    """`rows` are the links or matches of one page."""
    found = [row for row in rows if isinstance(row, RecordLink | CustomerMatch)]
    accounts = [row.coperniq_id for row in found if isinstance(row, RecordLink)]
    decided = (
        CustomerMatch.objects.of(connection).filter(coperniq_id__in=accounts).select_related("decided_by")
    )
    by_account = {row.coperniq_id: row for row in decided.exclude(state=State.REJECTED)}
    for row in found:
        if isinstance(row, RecordLink):
            yield _mapped_row(row, by_account.get(row.coperniq_id))
        else:
            yield _open_row(row)


def _open_row(match: CustomerMatch) -> MappingRow:
    return MappingRow(
        match.coperniq_id,
        match.coperniq_name,
        match.quickbooks_id,
        match.quickbooks_name,
        match.state,
        match.score if match.quickbooks_id and match.reasons else None,
        tuple(match.reasons),
        match.alternatives,
        decided_by=str(match.decided_by or ""),
        decided_at=match.decided_at,
        can_undo=match.state in (State.REJECTED, State.CREATE),
    )


def _mapped_row(link: RecordLink, match: CustomerMatch | None) -> MappingRow:
    """A link of the engine was not decided here, so that what was decided before is not shown as its reason."""
    is_decided = (
        match is not None
        and match.state in CustomerMatch.LINKED
        and match.quickbooks_id == link.quickbooks_id
    )
    by_choice = match if is_decided else None
    return MappingRow(
        link.coperniq_id,
        link.coperniq_name,
        link.quickbooks_id,
        link.quickbooks_name,
        by_choice.state if by_choice else "linked",
        by_choice.score if by_choice and by_choice.reasons else None,
        tuple(by_choice.reasons) if by_choice else (),
        because=str(link.get_match_method_display()),
        decided_by=str(by_choice.decided_by or "") if by_choice else "",
        decided_at=by_choice.decided_at if by_choice else link.linked_at,
        can_undo=by_choice is not None and is_unused(link),
    )
