from __future__ import annotations

import pytest
from django.contrib import admin
from django.core.exceptions import ImproperlyConfigured
from django.test import Client
from django.urls import NoReverseMatch, reverse
from pytest_django import DjangoAssertNumQueries

from accounts.admin_base import ScopedModelAdmin
from accounts.admin_site import PortalAdminSite, site
from accounts.models import AuditLogEntry, Company, Membership, SignInAttempt, User
from accounts.roles import Role
from tests.accounts.conftest import PASSWORD, SignIn


def test_members_and_the_operator_enter(alice: User, sam: User, olga: User, sign_in: SignIn) -> None:
    for user in (alice, sam, olga):
        assert sign_in(user).get("/admin/").status_code == 200


def test_whoever_belongs_nowhere_is_asked_to_sign_in_as_somebody_else(zoe: User, sign_in: SignIn) -> None:
    page = sign_in(zoe).get("/admin/", follow=True)
    assert page.redirect_chain[-1][0] == "/accounts/login/?next=/admin/"
    assert b"do not have access" in page.content


def test_the_staff_flag_opens_nothing(zoe: User, sign_in: SignIn) -> None:
    User.objects.filter(pk=zoe.pk).update(is_staff=True)
    assert sign_in(zoe).get("/admin/").status_code == 302


def test_strangers_sign_in_at_the_one_place_that_counts_tries(alice: User, client: Client) -> None:
    assert client.get("/admin/", follow=True).redirect_chain[-1][0] == "/accounts/login/?next=/admin/"
    answer = client.post("/admin/login/", {"username": alice.email, "password": PASSWORD})
    assert answer.headers["Location"].startswith("/accounts/login/")
    assert "_auth_user_id" not in client.session


def test_the_index_shows_each_what_is_theirs(alice: User, sam: User, olga: User, sign_in: SignIn) -> None:
    pages = {user: sign_in(user).get("/admin/").content.decode() for user in (alice, sam, olga)}
    assert "/admin/accounts/membershipoffer/add/" in pages[alice]
    assert "/admin/accounts/membership/" not in pages[sam]
    assert "/admin/accounts/auditlogentry/" in pages[sam]
    assert ["/admin/accounts/user/" in pages[user] for user in (alice, sam, olga)] == [False, False, True]


def test_the_index_reads_roles_once(
    alice: User, sign_in: SignIn, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    client = sign_in(alice)
    with django_assert_max_num_queries(6):
        client.get("/lab/")


def test_recent_actions_are_the_operators_to_see(
    alice: User, olga: User, acme: Company, sign_in: SignIn
) -> None:
    member = User.objects.create_user("new@example.com")
    client = sign_in(alice)
    client.post(
        "/admin/accounts/membershipoffer/add/", {"email": member.email, "company": acme.pk, "role": "staff"}
    )
    assert acme.offers.exists()
    Membership.objects.filter(user=alice).delete()
    User.objects.filter(pk=alice.pk).update(is_superuser=True)
    assert b"new@example.com at Acme" in client.get("/admin/").content
    User.objects.filter(pk=alice.pk).update(is_superuser=False)
    Membership.objects.create(
        user=alice, role=Role.STAFF, company=Company.objects.create(name="C", slug="c", time_zone="UTC")
    )
    assert b"new@example.com at Acme" not in client.get("/admin/").content


def test_members_change_their_own_password(sam: User, sign_in: SignIn) -> None:
    new = "An0ther-demo-word"
    form = {"old_password": PASSWORD, "new_password1": new, "new_password2": new}
    client = sign_in(sam)
    assert client.post("/admin/password_change/", form).status_code == 302
    sam.refresh_from_db()
    assert sam.check_password(new)
    assert client.get("/read/").status_code == 200


def test_there_is_no_redirect_to_any_row_of_any_model(olga: User, sign_in: SignIn) -> None:
    with pytest.raises(NoReverseMatch):
        reverse("admin:view_on_site", args=(1, 1))
    assert sign_in(olga).get("/admin/r/1/1/").status_code == 404


@pytest.mark.parametrize("admin_class", [None, admin.ModelAdmin])
def test_the_site_refuses_an_admin_that_ignores_companies(
    admin_class: type[admin.ModelAdmin[AuditLogEntry]] | None,
) -> None:
    with pytest.raises(ImproperlyConfigured, match="ScopedModelAdmin"):
        PortalAdminSite().register(AuditLogEntry, admin_class)


def test_raw_ids_are_refused_because_they_name_foreign_rows() -> None:
    with pytest.raises(ImproperlyConfigured, match="raw_id_fields"):
        PortalAdminSite().register(Membership, ScopedModelAdmin, raw_id_fields=("company",))


def test_a_filter_over_anothers_values_is_refused() -> None:
    for entry in ("company__name", ("company__name", admin.AllValuesFieldListFilter)):
        with pytest.raises(ImproperlyConfigured, match="company__name"):
            PortalAdminSite().register(Membership, ScopedModelAdmin, list_filter=(entry,))
    harmless = (
        "role",
        "company",
        "user__is_active",
        "company__created_at",
        ("company__name", admin.EmptyFieldListFilter),
    )
    PortalAdminSite().register(Membership, ScopedModelAdmin, list_filter=harmless)


def test_tries_at_passwords_are_nobodys_page() -> None:
    assert not site.is_registered(SignInAttempt)
