"""Filters of the lists. An unknown value is an error, not an empty list."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.db.models import Q, QuerySet
from django.db.models.enums import Choices
from django.http import QueryDict
from django.utils import timezone

from integrations.models import Direction, Kind, Outcome, RecordLink, RunState, SyncLogEntry, SyncRun

LARGEST_ID = 2**63 - 1
PAGE_FIELDS = ("before", "after", "page", "tab")


def options(choices: type[Choices], all_of_them: str) -> list[tuple[Any, Any]]:
    return [("", all_of_them), *choices.choices]


def date_field(label: str) -> forms.DateField:
    return forms.DateField(required=False, label=label, widget=forms.DateInput(attrs={"type": "date"}))


def search_field() -> forms.CharField:
    attributes = {"type": "search", "placeholder": "Name, number or id"}
    return forms.CharField(
        required=False, label="Text or id", max_length=200, widget=forms.TextInput(attrs=attributes)
    )


class ListFilter(forms.Form):
    """`before` and `after` are the ids where older and newer pages start."""

    use_required_attribute = False
    before = forms.IntegerField(required=False, min_value=0, max_value=LARGEST_ID, widget=forms.HiddenInput)
    after = forms.IntegerField(required=False, min_value=0, max_value=LARGEST_ID, widget=forms.HiddenInput)

    def __init__(self, data: QueryDict) -> None:
        super().__init__(data, auto_id="filter-%s", label_suffix="")

    def equal_to(self, *names: str) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in names if self.cleaned_data[name]}

    def sentences(self) -> dict[str, list[str]]:
        return {name: [str(sentence) for sentence in found] for name, found in self.errors.items()}

    @property
    def is_narrowing(self) -> bool:
        return any(self.cleaned_data.get(name) for name in self.fields if name not in PAGE_FIELDS)


class LogFilter(ListFilter):
    outcome = forms.ChoiceField(required=False, choices=options(Outcome, "Any outcome"))
    kind = forms.ChoiceField(required=False, choices=options(Kind, "Any kind"))
    direction = forms.ChoiceField(required=False, choices=options(Direction, "Both directions"))
    since = date_field("From")
    until = date_field("Until")
    q = search_field()
    cause = forms.CharField(required=False, max_length=60, widget=forms.HiddenInput)
    batch = forms.IntegerField(required=False, min_value=1, max_value=LARGEST_ID, widget=forms.HiddenInput)

    def narrow(self, rows: QuerySet[SyncLogEntry]) -> QuerySet[SyncLogEntry]:
        rows = rows.filter(**self.equal_to("outcome", "kind", "direction", "cause"))
        if batch := self.cleaned_data["batch"]:
            rows = rows.filter(run__batch=batch)
        if since := self.cleaned_data["since"]:
            rows = rows.filter(at__gte=self.midnight(since))
        if until := self.cleaned_data["until"]:
            rows = rows.filter(at__lt=self.midnight(until + timedelta(days=1)))
        if wanted := self.cleaned_data["q"]:
            ids = Q(coperniq_id=wanted) | Q(quickbooks_id=wanted) | Q(intuit_tid=wanted)
            rows = rows.filter(ids | Q(record_name__icontains=wanted) | Q(sentence__icontains=wanted))
        return rows

    def midnight(self, day: date) -> datetime:
        """Start of the day in the company's time zone, which the view has activated."""
        return timezone.make_aware(datetime.combine(day, time.min))

    def clean_until(self) -> date | None:
        until: date | None = self.cleaned_data["until"]
        if until and until.year > 9000:
            raise forms.ValidationError("That is too far away.")
        return until


class RunFilter(ListFilter):
    state = forms.ChoiceField(
        required=False, choices=options(RunState, "Needs attention first, then the newest")
    )
    kind = forms.ChoiceField(required=False, choices=options(Kind, "Any kind"))
    direction = forms.ChoiceField(required=False, choices=options(Direction, "Both directions"))
    cause = forms.CharField(required=False, max_length=60, widget=forms.HiddenInput)
    batch = forms.IntegerField(required=False, min_value=1, max_value=LARGEST_ID, widget=forms.HiddenInput)

    def narrow(self, rows: QuerySet[SyncRun]) -> QuerySet[SyncRun]:
        return rows.filter(**self.equal_to("state", "kind", "direction", "cause", "batch"))


class LinkFilter(ListFilter):
    q = search_field()

    def narrow(self, rows: QuerySet[RecordLink]) -> QuerySet[RecordLink]:
        wanted = self.cleaned_data["q"]
        if not wanted:
            return rows
        ids = Q(coperniq_id=wanted) | Q(quickbooks_id=wanted) | Q(number=wanted)
        names = Q(coperniq_name__icontains=wanted) | Q(quickbooks_name__icontains=wanted)
        return rows.filter(ids | names)


class ItemFilter(ListFilter):
    q = search_field()
    unmatched = forms.BooleanField(required=False, label="Unmatched only")
    page = forms.IntegerField(required=False, min_value=1, max_value=10**6, widget=forms.HiddenInput)


class MappingFilter(ListFilter):
    q = search_field()
    tab = forms.ChoiceField(required=False, widget=forms.HiddenInput)
    page = forms.IntegerField(required=False, min_value=1, max_value=10**6, widget=forms.HiddenInput)

    def __init__(self, data: QueryDict, tabs: Iterable[str]) -> None:
        super().__init__(data)
        self.fields["tab"].choices = [(tab, tab) for tab in tabs]  # type: ignore[attr-defined]  # a ChoiceField
