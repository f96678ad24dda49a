from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

from django.db.models import Model, QuerySet
from django.http import HttpResponseBase, StreamingHttpResponse
from django.utils import timezone

from accounts.audit import log_action
from accounts.roles import Right, may
from accounts.scoping import CompanyRequest, refuse
from integrations.spreadsheets import csv_lines

M = TypeVar("M", bound=Model)
ROWS_AT_ONCE = 500


def csv_answer(
    request: CompanyRequest, noun: str, header: Sequence[str], rows: Iterable[Sequence[object]]
) -> HttpResponseBase:
    """Streamed, and written to the audit log. Only finance and admins may export; everyone may read."""
    if not may(request.user, request.company, Right.EXPORT):
        return refuse(request, request.company)
    filters = request.GET.copy()
    filters.pop("format", None)
    filters.pop("company", None)
    log_action(
        company=request.company,
        user=request.user,
        verb="export",
        target=f"{noun} as csv",
        after=filters.urlencode(),
    )
    answer = StreamingHttpResponse(csv_lines(header, rows), content_type="text/csv; charset=utf-8")
    name = f"{request.company.slug}-{noun.replace(' ', '-')}-{timezone.now():%Y-%m-%d}.csv"
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def in_steps(rows: QuerySet[M]) -> Iterable[M]:
    """By ranges of ids, newest first, so that no cursor stays open for a slow reader."""
    last: Any = None
    while True:
        window = rows if last is None else rows.filter(pk__lt=last)
        found = list(window.order_by("-pk")[:ROWS_AT_ONCE])
        yield from found
        if len(found) < ROWS_AT_ONCE:
            return
        last = found[-1].pk
