"""The warnings of a company as pages show them: a sentence, and the address of what helps."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.urls import reverse

from accounts.models import Company
from integrations.status import Notice, is_set_up, setup_steps, warnings

SECTIONS = {"integrations:overview": "#quickbooks", "integrations:configuration": "#trigger"}
ON_CHECKLIST = ("quickbooks_not_connected", "coperniq_not_connected", "no_trigger", "no_entry")


def advice_and_steps(company: Company) -> dict[str, Any]:
    checklist = checklist_of(company)
    return {**checklist, "advice": shown(without_steps(warnings(company), checklist["steps"]))}


def checklist_of(company: Company) -> dict[str, Any]:
    """The set-up checklist until the first sync has worked."""
    steps = setup_steps(company)
    return {
        "steps": [] if is_set_up(steps) else steps,
        "steps_done": sum(step.is_done for step in steps),
    }


def without_steps(notices: Iterable[Notice], steps: Sequence[object]) -> list[Notice]:
    """The notices that the checklist does not say as well."""
    return [notice for notice in notices if not steps or notice.key not in ON_CHECKLIST]


def shown(notices: Iterable[Notice]) -> list[tuple[str, str]]:
    """Each warning's sentence and the address of its remedy, with the section of the page."""
    return [(notice.sentence, remedy_of(notice)) for notice in notices]


def remedy_of(notice: Notice) -> str:
    if not notice.remedy_url_name:
        return ""
    about_coperniq = notice.key.startswith("coperniq") or notice.key == "no_event"
    if notice.key == "invoice_sync_off":
        return reverse(notice.remedy_url_name) + "#invoices"
    section = "#coperniq" if about_coperniq else SECTIONS.get(notice.remedy_url_name, "")
    return reverse(notice.remedy_url_name) + section
