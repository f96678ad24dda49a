from __future__ import annotations

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ValidationError

from accounts.audit import SHELL, add_member, create_company, log_action
from accounts.models import AuditLogEntry, Company, Membership, User
from accounts.roles import Role
from tests.accounts.conftest import PASSWORD

pytestmark = pytest.mark.django_db


def test_an_act_says_who_did_what_with_old_and_new_value(alice: User, acme: Company) -> None:
    act = log_action(company=acme, user=alice, verb="change", target="invoice sync", before="off", after="on")
    stored = AuditLogEntry.objects.values_list("user", "actor", "verb", "target", "before", "after").get(
        pk=act.pk
    )
    assert stored == (alice.pk, "alice@example.com", "change", "invoice sync", "off", "on")


@pytest.mark.parametrize("user", [None, AnonymousUser()])
def test_an_act_of_nobody_signed_in_is_the_shells(user: AnonymousUser | None) -> None:
    assert log_action(company=None, user=user, verb="change", target="x").actor == SHELL


def test_a_long_target_is_cut_not_refused() -> None:
    assert len(log_action(company=None, user=None, verb="retry", target="x" * 1000).target) == 300


def test_a_company_is_created_and_recorded() -> None:
    company = create_company("Acme Solar", "acme", "America/Denver")
    assert Company.objects.get() == company
    assert AuditLogEntry.objects.get().target == "company Acme Solar"


@pytest.mark.parametrize(
    ("name", "slug", "zone", "wrong"),
    [
        ("", "acme", "UTC", "name"),
        ("Acme", "Not a slug", "UTC", "slug"),
        ("Acme", "", "UTC", "slug"),
        ("Acme", "acme", "Mars/Olympus", "time_zone"),
    ],
)
def test_a_company_with_something_wrong_is_refused(name: str, slug: str, zone: str, wrong: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        create_company(name, slug, zone)
    assert set(refusal.value.message_dict) == {wrong}
    assert not Company.objects.exists()


def test_a_slug_is_taken_once(acme: Company) -> None:
    with pytest.raises(ValidationError):
        create_company("Other", "acme", "UTC")


def test_a_new_person_becomes_a_member_who_can_log_in(acme: Company) -> None:
    membership = add_member(acme, "New@Example.com", Role.FINANCE, PASSWORD)
    assert membership.user.email == "new@example.com"
    assert membership.role == Role.FINANCE
    assert membership.user.check_password(PASSWORD)
    assert AuditLogEntry.objects.get().after == "Finance"


def test_an_existing_person_is_added_and_keeps_the_password(bob: User, acme: Company) -> None:
    membership = add_member(acme, "BOB@example.com", "staff", "An0ther-demo-word")
    assert membership.user == bob
    bob.refresh_from_db()
    assert bob.check_password(PASSWORD)


def test_no_password_is_ever_recorded(acme: Company) -> None:
    add_member(acme, "new@example.com", Role.STAFF, PASSWORD)
    assert PASSWORD not in str(list(AuditLogEntry.objects.values()))


@pytest.mark.parametrize(
    ("email", "role", "password"),
    [
        ("not an address", "staff", PASSWORD),
        ("", "staff", PASSWORD),
        ("new@example.com", "emperor", PASSWORD),
        ("new@example.com", "staff", ""),
        ("new@example.com", "staff", "short"),
        ("new@example.com", "staff", "password123"),
    ],
)
def test_a_member_with_something_wrong_is_refused_whole(
    email: str, role: str, password: str, acme: Company
) -> None:
    with pytest.raises(ValidationError):
        add_member(acme, email, role, password)
    assert not User.objects.exists()
    assert not Membership.objects.exists()
    assert not AuditLogEntry.objects.exists()


def test_nobody_is_added_twice(sam: User, acme: Company) -> None:
    with pytest.raises(ValidationError, match="already a member"):
        add_member(acme, "sam@example.com", Role.ADMIN)
    assert sam.memberships.get().role == Role.STAFF
