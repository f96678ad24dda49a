from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db.models import Model

from accounts.models import AuditLogEntry, Company, Membership, SignInAttempt, User
from accounts.roles import Right
from accounts.scoping import companies_of, company_of, rows_for, rows_granted, rows_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def one_act_each(acme: Company, bolt: Company) -> None:
    for company in (acme, bolt, None):
        AuditLogEntry.objects.create(company=company, actor="somebody", verb="retry", target=str(company))


def targets(user: User | AnonymousUser, right: Right = Right.READ) -> set[str]:
    return set(rows_for(user, AuditLogEntry.objects.all(), right).values_list("target", flat=True))


def test_a_member_sees_the_rows_of_the_own_company(alice: User, sam: User) -> None:
    assert targets(alice) == targets(sam) == {"Acme Solar"}


def test_a_member_of_two_companies_sees_both_but_keeps_each_role_apart(nora: User) -> None:
    assert targets(nora) == {"Acme Solar", "Bolt Roofing"}
    assert targets(nora, Right.EXPORT) == {"Bolt Roofing"}


def test_the_operator_sees_all_and_rows_of_no_company(olga: User) -> None:
    assert targets(olga) == {"Acme Solar", "Bolt Roofing", "None"}


def test_strangers_and_the_inactive_see_nothing(zoe: User, alice: User, olga: User) -> None:
    alice.is_active = olga.is_active = False
    assert targets(zoe) == targets(alice) == targets(olga) == targets(AnonymousUser()) == set()


def test_a_model_that_names_no_company_is_the_operators_alone(alice: User, olga: User) -> None:
    SignInAttempt.objects.create(origin="x")
    assert not rows_for(alice, SignInAttempt.objects.all()).exists()
    assert not rows_for(alice, User.objects.all()).exists()
    assert rows_for(olga, SignInAttempt.objects.all()).exists()


def test_a_company_is_its_own_row(alice: User, acme: Company) -> None:
    assert list(rows_for(alice, Company.objects.all())) == [acme]
    assert list(rows_of(acme, Company.objects.all())) == [acme]
    assert company_of(acme) == acme


def test_no_right_at_all_is_the_operators_alone(alice: User, olga: User) -> None:
    assert not rows_granted(alice, AuditLogEntry.objects.all(), None).exists()
    assert rows_granted(olga, AuditLogEntry.objects.all(), None).count() == 3


def test_rows_of_a_company_leave_the_others_out(acme: Company) -> None:
    assert [act.company for act in rows_of(acme, AuditLogEntry.objects.all())] == [acme]
    SignInAttempt.objects.create(origin="x")
    assert not rows_of(acme, SignInAttempt.objects.all()).exists()


def test_companies_follow_the_right(nora: User, acme: Company, bolt: Company) -> None:
    assert set(companies_of(nora)) == {acme, bolt}
    assert list(companies_of(nora, Right.CONNECT)) == [bolt]


def test_the_company_of_a_row_is_read_from_its_attributes(acme: Company, bolt: Company, sam: User) -> None:
    membership = sam.memberships.get()
    membership.company = bolt
    assert company_of(membership) == bolt
    assert company_of(Membership()) is None
    assert company_of(sam) is None


def test_a_path_may_take_several_steps(acme: Company) -> None:
    class Trigger(SimpleNamespace):
        company_path = "connection__company"

    far = Trigger(connection=SimpleNamespace(company=acme))
    assert company_of(cast("Model", far)) == acme
    assert company_of(cast("Model", Trigger(connection=None))) is None
