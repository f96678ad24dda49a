"""The warnings of a company as pages show them: a sentence, and the address of what helps."""

from __future__ import annotations

from collections.abc import Iterable

from django.urls import reverse

from integrations.status import Notice

SECTIONS = {"integrations:overview": "#quickbooks", "integrations:configuration": "#trigger"}


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
