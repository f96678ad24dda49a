from __future__ import annotations

import pytest
from django.contrib.auth.models import AnonymousUser

from accounts.models import Company, User
from accounts.roles import RIGHTS, Right, Role, may, rights_anywhere, roles_with

pytestmark = pytest.mark.django_db

FINANCE = {Right.READ, Right.CONNECT, Right.EXPORT, Right.DECIDE, Right.RETRY}


def held(user: User | AnonymousUser, company: Company) -> set[Right]:
    return {right for right in Right if may(user, company, right)}


def test_each_role_may_what_the_table_says(alice: User, frank: User, sam: User, acme: Company) -> None:
    assert held(alice, acme) == set(Right)
    assert held(frank, acme) == FINANCE
    assert held(sam, acme) == {Right.READ, Right.RETRY}


def test_every_role_has_its_rights() -> None:
    assert set(RIGHTS) == set(Role)
    assert roles_with(Right.EXPORT) == [Role.ADMIN, Role.FINANCE]


def test_a_role_counts_in_its_own_company_only(alice: User, nora: User, acme: Company, bolt: Company) -> None:
    assert held(alice, bolt) == set()
    assert held(nora, acme) == {Right.READ, Right.RETRY}
    assert held(nora, bolt) == set(Right)


def test_the_operator_may_everything_everywhere(olga: User, acme: Company) -> None:
    assert held(olga, acme) == set(Right)
    assert rights_anywhere(olga) == set(Right)


def test_whoever_is_not_active_may_nothing(alice: User, olga: User, acme: Company) -> None:
    for user in (alice, olga):
        user.is_active = False
        assert held(user, acme) == set()
        assert rights_anywhere(user) == set()


def test_a_stranger_may_nothing(acme: Company, zoe: User) -> None:
    assert held(AnonymousUser(), acme) == set()
    assert rights_anywhere(AnonymousUser()) == set()
    assert rights_anywhere(zoe) == set()


def test_rights_anywhere_are_those_of_all_roles_together(nora: User, frank: User) -> None:
    assert rights_anywhere(nora) == set(Right)
    assert rights_anywhere(frank) == FINANCE
