from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError

from accounts.models import AuditLogEntry, Company, Membership, User
from accounts.roles import Role

pytestmark = [pytest.mark.every_database, pytest.mark.django_db]


def test_an_address_is_kept_in_lower_case() -> None:
    user = User.objects.create_user("  Alice@Example.COM ")
    assert user.email == "alice@example.com"
    assert User.objects.values_list("email", flat=True).get() == "alice@example.com"


def test_an_address_is_found_however_it_is_typed(alice: User) -> None:
    assert User.objects.with_email("ALICE@example.com") == alice
    assert User.objects.get_by_natural_key("Alice@Example.com") == alice


def test_two_people_never_share_an_address_in_different_case(alice: User) -> None:
    with pytest.raises(IntegrityError):
        User.objects.create_user("ALICE@example.com")


def test_an_update_lowers_the_address_too(alice: User) -> None:
    User.objects.filter(pk=alice.pk).update(email="Alice@New.Example")
    alice.refresh_from_db()
    assert alice.email == "alice@new.example"


def test_the_database_itself_refuses_an_upper_case_address(alice: User) -> None:
    from django.db import connection

    with pytest.raises(IntegrityError), connection.cursor() as cursor:
        cursor.execute("UPDATE accounts_user SET email = 'ALICE@example.com' WHERE id = %s", [alice.pk])


def test_a_person_needs_an_address() -> None:
    with pytest.raises(ValueError, match="e-mail"):
        User.objects.create_user("  ")


def test_a_person_without_a_password_cannot_log_in() -> None:
    assert not User.objects.create_user("new@example.com").has_usable_password()


def test_the_operator_is_a_superuser(olga: User) -> None:
    assert olga.is_superuser
    assert olga.is_staff


def test_a_person_is_named_by_name_or_address(alice: User) -> None:
    assert (alice.get_full_name(), alice.get_short_name()) == ("Alice", "Alice")
    assert User(email="new@example.com").get_full_name() == "new@example.com"


@pytest.mark.parametrize(
    "name", ["", "Denver", "../../etc/passwd", "/etc/localtime", "America", "america/denver"]
)
def test_a_company_needs_a_time_zone_that_exists(name: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        Company(name="Acme", slug="acme", time_zone=name).full_clean()
    assert set(refusal.value.message_dict) >= {"time_zone"}


def test_the_database_refuses_a_company_without_a_time_zone() -> None:
    with pytest.raises(IntegrityError):
        Company.objects.create(name="Acme", slug="acme")


def test_a_company_knows_its_zone(acme: Company) -> None:
    assert acme.zone == ZoneInfo("America/Denver")


def test_a_person_belongs_to_a_company_once(alice: User, acme: Company) -> None:
    with pytest.raises(IntegrityError):
        Membership.objects.create(user=alice, company=acme, role=Role.STAFF)


def test_a_role_that_does_not_exist_is_refused(zoe: User, acme: Company) -> None:
    with pytest.raises(IntegrityError):
        Membership.objects.create(user=zoe, company=acme, role="emperor")


def test_a_company_is_run_by_admins_who_can_log_in(
    alice: User, nora: User, acme: Company, bolt: Company
) -> None:
    assert [admin.user for admin in acme.admins()] == [alice]
    nora.is_active = False
    nora.save()
    assert not bolt.admins().exists()


def test_the_last_admin_is_the_one_nobody_else_can_replace(alice: User, zoe: User, acme: Company) -> None:
    first = alice.memberships.get()
    assert first.is_last_admin()
    second = Membership.objects.create(user=zoe, company=acme, role=Role.ADMIN)
    assert not first.is_last_admin()
    User.objects.filter(pk=zoe.pk).update(is_active=False)
    assert first.is_last_admin()
    assert not second.is_last_admin()


def test_an_audit_log_entry_outlives_the_person_and_the_company(alice: User, acme: Company) -> None:
    act = AuditLogEntry.objects.create(
        company=acme, user=alice, actor=alice.email, verb="connect", target="QuickBooks"
    )
    alice.delete()
    acme.delete()
    act.refresh_from_db()
    assert (act.user, act.company, str(act)) == (None, None, "alice@example.com: connect QuickBooks")


def test_a_membership_says_who_is_what_where(sam: User) -> None:
    assert str(sam.memberships.get()) == "sam@example.com at Acme Solar (Staff)"
