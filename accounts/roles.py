from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING

from django.db.models import TextChoices

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from accounts.models import Company, User


class Role(TextChoices):
    ADMIN = "admin", "Company admin"
    FINANCE = "finance", "Finance"
    STAFF = "staff", "Staff"


class Right(Enum):
    READ = auto()
    CONNECT = auto()
    CONFIGURE = auto()
    RETRY = auto()
    DECIDE = auto()
    EXPORT = auto()
    MANAGE_MEMBERS = auto()


RIGHTS: dict[Role, frozenset[Right]] = {
    Role.ADMIN: frozenset(Right),
    Role.FINANCE: frozenset({Right.READ, Right.CONNECT, Right.EXPORT, Right.DECIDE, Right.RETRY}),
    Role.STAFF: frozenset({Right.READ, Right.RETRY}),
}


def roles_with(right: Right) -> list[Role]:
    return [role for role, rights in RIGHTS.items() if right in rights]


def is_operator(user: User | AnonymousUser) -> bool:
    return user.is_active and user.is_superuser


def may(user: User | AnonymousUser, company: Company, right: Right) -> bool:
    if is_operator(user):
        return True
    if not user.is_active or user.is_anonymous:
        return False
    return user.memberships.filter(company=company, role__in=roles_with(right)).exists()


def rights_anywhere(user: User | AnonymousUser) -> frozenset[Right]:
    """The rights that the person has in at least one company. Enough to open a list; rows are checked one by one."""
    if is_operator(user):
        return frozenset(Right)
    if not user.is_active or user.is_anonymous:
        return frozenset()
    roles = user.memberships.values_list("role", flat=True).distinct()
    return frozenset().union(*(RIGHTS[Role(role)] for role in roles))
