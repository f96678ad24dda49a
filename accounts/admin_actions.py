from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar

from accounts.scoping import rows_granted

if TYPE_CHECKING:
    from django.contrib.admin import ModelAdmin
    from django.db.models import QuerySet
    from django.http import HttpRequest

    from accounts.roles import Right

A = TypeVar("A", bound=Callable[..., Any])


def scoped_action(right: Right, description: str) -> Callable[[A], A]:
    """An admin action for those who hold the right; it receives only rows of companies where they do."""

    def decorate(action: A) -> A:
        vars(action).update(right=right, short_description=description)
        return action

    return decorate


def narrowed(action: Callable[..., Any], right: Right | None) -> Callable[..., Any]:
    @wraps(action)
    def run(model_admin: ModelAdmin[Any], request: HttpRequest, queryset: QuerySet[Any]) -> object:
        return action(model_admin, request, rows_granted(request.user, queryset, right))

    return run
