from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone

from accounts.models import Company, User
from accounts.roles import RIGHTS, Right, Role, is_operator
from accounts.scoping import CompanyRequest


def rights_in(user: User, company: Company) -> frozenset[Right]:
    """In one query, for pages that ask about several."""
    if is_operator(user):
        return frozenset(Right)
    roles = user.memberships.filter(company=company).values_list("role", flat=True)
    return frozenset().union(*(RIGHTS[Role(role)] for role in roles))


def show(
    request: CompanyRequest, template: str, context: Mapping[str, Any], status: int = 200
) -> HttpResponse:
    """The page with times in the company's time zone, and `can.<right>` for what the person may do."""
    rights = rights_in(request.user, request.company)
    can = {right.name.lower(): right in rights for right in Right}
    with timezone.override(request.company.zone):
        return render(request, template, {"company": request.company, "can": can, **context}, status=status)


def dollars(cents: int | None) -> str:
    if cents is None:
        return ""
    sign = "-" if cents < 0 else ""
    return f"{sign}${abs(cents) // 100:,}.{abs(cents) % 100:02}"


def thousands(count: int) -> str:
    return f"{count:,}"
