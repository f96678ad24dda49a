"""The steps of setting up a company, until the first sync has worked: the same for pages, command and JSON."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from django.urls import reverse

from integrations.messages.checklist import SetupStep
from integrations.models import (
    CoperniqConnection,
    CustomerListRead,
    CustomerMatch,
    Kind,
    QuickBooksConnection,
    RecordLink,
)
from integrations.status.advice import needs_no_phase

if TYPE_CHECKING:
    from accounts.models import Company


class Step(NamedTuple):
    """`done_at` is None as well where no time is known; `to_do` says what to do, `page` is where."""

    key: str
    title: str
    is_done: bool
    done_at: datetime | None
    to_do: str
    page: str


def setup_steps(company: Company) -> list[Step]:
    coperniq = CoperniqConnection.objects.live().filter(company=company).first()
    quickbooks = QuickBooksConnection.objects.of(company)
    event_at = coperniq.last_event_at if coperniq else None
    synced_at = _first_synced_at(quickbooks)
    is_keyed = coperniq is not None and not coperniq.awaits_decision
    is_connected = quickbooks is not None and quickbooks.is_connected
    return [
        _step(SetupStep.COPERNIQ_KEY, is_keyed, coperniq.connected_at if coperniq else None),
        _step(SetupStep.QUICKBOOKS, is_connected, quickbooks.connected_at if quickbooks else None),
        _step(SetupStep.WEBHOOK, event_at is not None, event_at),
        _step(SetupStep.TRIGGER, quickbooks is not None and _has_start(quickbooks)),
        _step(SetupStep.MAPPING, quickbooks is not None and _is_mapping_looked_at(quickbooks)),
        _step(SetupStep.FIRST_SYNC, synced_at is not None, synced_at),
    ]


def is_set_up(steps: list[Step]) -> bool:
    """The first sync has worked: what is still open then has a warning of its own."""
    return steps[-1].is_done


def _step(step: SetupStep, is_done: bool, done_at: datetime | None = None) -> Step:
    title, to_do, url_name, section = step.value
    page = reverse(url_name) + section
    return Step(step.name.lower(), title, is_done, done_at if is_done else None, to_do, page)


def _has_start(quickbooks: QuickBooksConnection) -> bool:
    return quickbooks.triggers.exists() or needs_no_phase(quickbooks)


def _is_mapping_looked_at(quickbooks: QuickBooksConnection) -> bool:
    """A person has decided about an account, or both lists were read and leave nothing to decide."""
    matches = CustomerMatch.objects.of(quickbooks)
    if matches.exclude(state__in=CustomerMatch.UNDECIDED).exists():
        return True
    is_read = CustomerListRead.objects.filter(
        connection=quickbooks, stage=CustomerListRead.Stage.DONE
    ).exists()
    return is_read and not matches.suggested().exists()


def _first_synced_at(quickbooks: QuickBooksConnection | None) -> datetime | None:
    """Of the first project or invoice; a customer may be linked by the mapping alone, before anything is synced."""
    if quickbooks is None:
        return None
    links = RecordLink.objects.filter(connection=quickbooks, kind__in=(Kind.JOB, Kind.INVOICE))
    return links.order_by("pk").values_list("linked_at", flat=True).first()
