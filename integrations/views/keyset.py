"""Pages by id instead of by number: every page costs the same, and new rows do not shift the others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from django.db.models import Model, QuerySet

M = TypeVar("M", bound=Model)


@dataclass(frozen=True)
class Page(Generic[M]):
    """Newest first. `newer` and `older` are the ids where the next pages start, None at the ends."""

    rows: list[M]
    newer: int | None = None
    older: int | None = None


def page_of(rows: QuerySet[M], size: int, before: int | None = None, after: int | None = None) -> Page[M]:
    if after is not None:
        return page_after(rows, size, after)
    window = rows if before is None else rows.filter(pk__lt=before)
    found = list(window.order_by("-pk")[: size + 1])
    shown = found[:size]
    newer = shown[0].pk if shown and before is not None else None
    return Page(shown, newer, shown[-1].pk if len(found) > size else None)


def page_after(rows: QuerySet[M], size: int, after: int) -> Page[M]:
    found = list(rows.filter(pk__gt=after).order_by("pk")[: size + 1])
    shown = found[:size][::-1]
    if not shown:
        return page_of(rows, size)
    return Page(shown, shown[0].pk if len(found) > size else None, shown[-1].pk)
