"""Who belongs to a company, as its admins see it, and the people themselves, who are the operator's."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import (
    DECLINED_FOR,
    OFFER_LASTS,
    AuditLogEntry,
    Company,
    DeclinedOffer,
    Membership,
    MembershipOffer,
    User,
)
from accounts.roles import Role
from tests.accounts.conftest import PASSWORD, SignIn, person

MEMBERS = "/admin/accounts/membership/"
OFFERS = "/admin/accounts/membershipoffer/"
OWN_OFFERS = "/accounts/offers/"
PEOPLE = "/admin/accounts/user/"
JSON = {"accept": "application/json"}


def add(client: Client, email: str, company: Company, role: str = "staff") -> Any:
    return client.post(f"{MEMBERS}add/", {"user": email, "company": company.pk, "role": role})


def change(client: Client, membership: Membership, **form: Any) -> Any:
    return client.post(f"{MEMBERS}{membership.pk}/change/", form)


def offer(client: Client, email: str, company: Company, role: str = "staff") -> Any:
    return client.post(f"{OFFERS}add/", {"email": email, "company": company.pk, "role": role})


def answer(client: Client, choice: str) -> Any:
    (found,) = client.get(OWN_OFFERS, headers=JSON).json()["offers"]
    return client.post(OWN_OFFERS, {"offer": found["offer"], "answer": choice}, headers=JSON)


def test_nobody_becomes_a_member_without_having_agreed(
    alice: User, zoe: User, acme: Company, sign_in: SignIn
) -> None:
    assert offer(sign_in(alice), "ZOE@example.com", acme, "finance").status_code == 302
    assert not zoe.memberships.exists()
    act = AuditLogEntry.objects.get(verb="add")
    assert (act.company, act.actor) == (acme, "alice@example.com")
    client = sign_in(zoe)
    assert "Membership offered" in client.get("/accounts/choose-company/").content.decode()
    assert "Acme Solar" in client.get(OWN_OFFERS).content.decode()
    assert answer(client, "accept").json() == {"ok": True}
    assert zoe.memberships.get().role == Role.FINANCE
    act = AuditLogEntry.objects.get(verb="accept")
    assert (act.company, act.actor) == (acme, "zoe@example.com")
    assert client.get(OWN_OFFERS, headers=JSON).json() == {"offers": []}
    assert "Membership offered" not in client.get("/accounts/choose-company/").content.decode()


def test_an_offer_can_be_declined_or_withdrawn(
    alice: User, zoe: User, acme: Company, sign_in: SignIn
) -> None:
    admin, client = sign_in(alice), sign_in(zoe)
    offer(admin, zoe.email, acme)
    assert answer(client, "decline").json() == {"ok": True}
    act = AuditLogEntry.objects.get(verb="decline")
    assert (act.user, act.actor, act.company) == (None, "whoever it was offered to", acme)
    assert b"can be repeated after 30 days" in offer(admin, zoe.email, acme, "admin").content
    assert not MembershipOffer.objects.exists()
    DeclinedOffer.objects.update(at=timezone.now() - DECLINED_FOR)
    assert offer(admin, zoe.email, acme, "admin").status_code == 302
    row = MembershipOffer.objects.get()
    assert client.post(OWN_OFFERS, {"offer": row.pk, "answer": "perhaps"}).status_code == 400
    admin.post(f"{OFFERS}{row.pk}/delete/", {"post": "yes"})
    assert client.post(OWN_OFFERS, {"offer": row.pk, "answer": "accept"}).status_code == 404
    assert not zoe.memberships.exists()


@pytest.mark.parametrize("end", ["old", "demoted", "inactive", "moved", "left"])
def test_an_offer_ends_with_time_and_with_the_rights_of_its_author(
    alice: User, zoe: User, olga: User, acme: Company, bolt: Company, sign_in: SignIn, end: str
) -> None:
    client, admin = sign_in(zoe), sign_in(olga)
    offer(sign_in(alice), zoe.email, acme)
    row, own = MembershipOffer.objects.get(), alice.memberships.get()
    (shown,) = client.get(OWN_OFFERS, headers=JSON).json()["offers"]
    assert (row.offered_by, shown["offered_by"]) == (alice, alice.email)
    assert alice.email in client.get(OWN_OFFERS).content.decode()
    assert b"offered to this address already" in offer(admin, zoe.email, acme).content
    if end == "old":
        MembershipOffer.objects.update(offered_at=timezone.now() - OFFER_LASTS)
    elif end == "demoted":
        Membership.objects.filter(pk=own.pk).update(role=Role.FINANCE)
    elif end == "inactive":
        User.objects.filter(pk=alice.pk).update(is_active=False)
    elif end == "moved":
        Membership.objects.filter(pk=own.pk).update(company=bolt)
    else:
        own.delete()
    assert client.get(OWN_OFFERS, headers=JSON).json() == {"offers": []}
    assert client.post(OWN_OFFERS, {"offer": row.pk, "answer": "accept"}).status_code == 404
    assert zoe.email not in admin.get(OFFERS).content.decode()
    assert offer(admin, zoe.email, acme, "finance").status_code == 302
    assert answer(client, "accept").json() == {"ok": True}
    assert zoe.memberships.get().role == Role.FINANCE


def test_an_offer_does_not_tell_who_has_an_account(
    alice: User, zoe: User, bob: User, olga: User, acme: Company, sign_in: SignIn
) -> None:
    client = sign_in(alice)
    User.objects.filter(pk=bob.pk).update(is_active=False)
    pages = set()
    for email in (zoe.email, bob.email, olga.email, "nobody@example.com"):
        offered = client.post(
            f"{OFFERS}add/", {"email": email, "company": acme.pk, "role": "staff"}, follow=True
        )
        pages.add((offered.status_code, without_token(offered.content.decode()).replace(email, "…")))
        again = offer(client, email, acme)
        pages.add((again.status_code, without_token(again.content.decode()).replace(email, "…")))
        MembershipOffer.objects.all().delete()
    assert len({page for page in pages if "already" not in page[1]}) == 1
    assert len({page for page in pages if "already" in page[1]}) == 1
    assert {add(client, email, acme).status_code for email in (zoe.email, "nobody@example.com")} == {302}
    assert acme.memberships.count() == 1


def without_token(page: str) -> str:
    page = re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", page)
    return re.sub(r"membershipoffer/\d+|value=\"\d+\"|\d+:\d+ [ap]\.m\.", "", page)


@pytest.mark.every_database
@pytest.mark.parametrize("wanted", ["0", "", "x", "9" * 30, "1'", "²"])
def test_an_offer_to_somebody_else_does_not_exist(
    alice: User, zoe: User, bob: User, acme: Company, sign_in: SignIn, wanted: str
) -> None:
    offer(sign_in(alice), zoe.email, acme)
    row = MembershipOffer.objects.get()
    client = sign_in(bob)
    for each in (wanted, str(row.pk)):
        assert client.post(OWN_OFFERS, {"offer": each, "answer": "accept"}).status_code == 404
    assert acme.memberships.count() == 1


@pytest.mark.every_database
def test_an_offer_made_twice_or_to_a_member_is_refused(
    alice: User, sam: User, zoe: User, acme: Company, sign_in: SignIn
) -> None:
    client = sign_in(alice)
    assert b"already a member" in offer(client, sam.email, acme, "admin").content
    offer(client, zoe.email, acme)
    assert b"offered to this address already" in offer(client, zoe.email, acme).content
    assert sam.memberships.get().role == Role.STAFF


@pytest.mark.every_database
def test_an_offer_keeps_the_role_of_whoever_became_a_member_meanwhile(
    alice: User, zoe: User, acme: Company, sign_in: SignIn
) -> None:
    offer(sign_in(alice), zoe.email, acme, "admin")
    Membership.objects.create(user=zoe, company=acme, role=Role.STAFF)
    answer(sign_in(zoe), "accept")
    assert zoe.memberships.get().role == Role.STAFF


def test_an_admin_offers_the_own_company_only(
    nora: User, zoe: User, acme: Company, bolt: Company, sign_in: SignIn
) -> None:
    client = sign_in(nora)
    assert offer(client, zoe.email, acme).status_code == 200
    assert offer(client, zoe.email, bolt).status_code == 302
    assert [each.company for each in MembershipOffer.objects.all()] == [bolt]


def test_strangers_are_asked_to_sign_in_for_offers(client: Client, db: None) -> None:
    assert client.get(OWN_OFFERS).headers["Location"].startswith("/accounts/login/")


def test_the_operator_adds_a_person_by_exact_address(
    olga: User, zoe: User, acme: Company, sign_in: SignIn
) -> None:
    client = sign_in(olga)
    assert b'type="email" name="user"' in client.get(f"{MEMBERS}add/").content
    assert add(client, "nobody@example.com", acme).status_code == 200
    assert add(client, "ZOE@example.com", acme, "finance").status_code == 302
    assert zoe.memberships.get().role == Role.FINANCE


@pytest.mark.parametrize("who", ["sam", "frank"])
def test_others_neither_see_nor_change_who_belongs(
    who: str, alice: User, sam: User, frank: User, acme: Company, zoe: User, sign_in: SignIn
) -> None:
    user = {"sam": sam, "frank": frank}[who]
    client, own = sign_in(user), user.memberships.get()
    assert client.get(MEMBERS).status_code == 403
    assert add(client, zoe.email, acme).status_code == 403
    assert change(client, own, role="admin").status_code in (403, 404)
    assert client.post(f"{MEMBERS}{own.pk}/delete/", {"post": "yes"}).status_code in (403, 404)
    own.refresh_from_db()
    assert own.role == user.memberships.get().role != Role.ADMIN


def test_nobody_makes_themselves_admin_of_a_company_where_they_are_staff(
    nora: User, acme: Company, sign_in: SignIn
) -> None:
    own = nora.memberships.get(company=acme)
    assert change(sign_in(nora), own, role="admin").status_code == 404
    own.refresh_from_db()
    assert own.role == Role.STAFF


def test_an_admin_changes_a_role_and_the_change_is_recorded(alice: User, sam: User, sign_in: SignIn) -> None:
    assert change(sign_in(alice), sam.memberships.get(), role="finance").status_code == 302
    assert sam.memberships.get().role == Role.FINANCE
    act = AuditLogEntry.objects.get(verb="change")
    assert (act.before, act.after) == ("Staff", "Finance")


def test_a_membership_never_changes_person_or_company(
    alice: User, sam: User, zoe: User, bolt: Company, olga: User, sign_in: SignIn
) -> None:
    membership = sam.memberships.get()
    for user in (alice, olga):
        change(sign_in(user), membership, role="staff", user=zoe.email, company=bolt.pk, person="x")
        membership.refresh_from_db()
        assert (membership.user, membership.company.slug) == (sam, "acme")


def test_a_crafted_form_changes_nothing_of_the_person(alice: User, sam: User, sign_in: SignIn) -> None:
    crafted = {"email": "mine@example.com", "password": "x", "is_superuser": "on", "user__is_superuser": "on"}
    change(sign_in(alice), sam.memberships.get(), role="staff", **crafted)
    sam.refresh_from_db()
    assert (sam.email, sam.is_superuser, sam.check_password(PASSWORD)) == ("sam@example.com", False, True)


def test_a_role_that_does_not_exist_is_refused(alice: User, sam: User, sign_in: SignIn) -> None:
    assert change(sign_in(alice), sam.memberships.get(), role="emperor").status_code == 200
    assert sam.memberships.get().role == Role.STAFF


def test_an_admin_removes_a_member_and_the_person_stays(alice: User, sam: User, sign_in: SignIn) -> None:
    address = f"{MEMBERS}{sam.memberships.get().pk}/delete/"
    assert sign_in(alice).post(address, {"post": "yes"}).status_code == 302
    assert not sam.memberships.exists()
    assert User.objects.filter(pk=sam.pk).exists()
    assert (
        AuditLogEntry.objects.get(verb="remove").target == "membership sam@example.com at Acme Solar (Staff)"
    )


@pytest.mark.every_database
def test_the_last_admin_stays_admin(alice: User, sign_in: SignIn) -> None:
    own, client = alice.memberships.get(), sign_in(alice)
    assert b"keeps at least one admin" in change(client, own, role="staff").content
    assert client.get(f"{MEMBERS}{own.pk}/delete/").status_code == 403
    assert client.post(f"{MEMBERS}{own.pk}/delete/", {"post": "yes"}).status_code == 403
    assert alice.memberships.get().role == Role.ADMIN


def test_of_two_admins_one_may_go(alice: User, acme: Company, sign_in: SignIn) -> None:
    person("dora", (acme, Role.ADMIN))
    assert change(sign_in(alice), alice.memberships.get(), role="staff").status_code == 302
    assert alice.memberships.get().role == Role.STAFF


def test_an_admin_who_cannot_log_in_does_not_count(alice: User, acme: Company, sign_in: SignIn) -> None:
    dora = person("dora", (acme, Role.ADMIN))
    User.objects.filter(pk=dora.pk).update(is_active=False)
    assert change(sign_in(alice), alice.memberships.get(), role="staff").status_code == 200
    assert alice.memberships.get().role == Role.ADMIN


@pytest.mark.every_database
def test_an_admin_who_became_the_last_meanwhile_is_not_removed(
    alice: User, acme: Company, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other admin is demoted between the page's own check and the removal."""
    dora = person("dora", (acme, Role.ADMIN))
    asked: list[bool] = []
    honest = Membership.is_last_admin

    def is_last_admin(membership: Membership) -> bool:
        answer = honest(membership)
        if not asked:
            Membership.objects.filter(user=dora).update(role=Role.STAFF)
        asked.append(answer)
        return answer if len(asked) != 2 else False

    monkeypatch.setattr(Membership, "is_last_admin", is_last_admin)
    answer = sign_in(alice).post(f"{MEMBERS}{alice.memberships.get().pk}/delete/", {"post": "yes"})
    assert answer.status_code == 403
    assert alice.memberships.filter(role=Role.ADMIN).exists()


def test_the_operator_may_remove_even_the_last_admin(alice: User, olga: User, sign_in: SignIn) -> None:
    address = f"{MEMBERS}{alice.memberships.get().pk}/delete/"
    assert sign_in(olga).post(address, {"post": "yes"}).status_code == 302
    assert not alice.memberships.exists()


def test_a_membership_page_does_not_link_to_people(alice: User, sam: User, sign_in: SignIn) -> None:
    page = sign_in(alice).get(f"{MEMBERS}{sam.memberships.get().pk}/change/").content
    assert b"sam@example.com" in page
    assert b"/accounts/user/" not in page


@pytest.mark.parametrize("page", ["", "add/", "{pk}/change/", "{pk}/history/", "{pk}/delete/"])
def test_people_are_the_operators_alone(page: str, alice: User, sam: User, sign_in: SignIn) -> None:
    client = sign_in(alice)
    for pk in (sam.pk, alice.pk, 999999):
        assert client.get(f"{PEOPLE}{page.format(pk=pk)}").status_code in (403, 404)
        answer = client.post(
            f"{PEOPLE}{page.format(pk=pk)}", {"email": "x@example.com", "is_superuser": "on"}
        )
        assert answer.status_code in (403, 404)
    assert not User.objects.filter(is_superuser=True).exists()


def test_the_operator_adds_a_person_who_can_log_in(olga: User, sign_in: SignIn, client: Client) -> None:
    form = {"email": "New@Example.com", "name": "New", "new_password": PASSWORD, "is_active": "on"}
    assert sign_in(olga).post(f"{PEOPLE}add/", form).status_code == 302
    assert (
        client.post("/accounts/login/", {"username": "new@example.com", "password": PASSWORD}).status_code
        == 302
    )


@pytest.mark.parametrize("password", ["", "short", "password123"])
def test_a_new_person_needs_a_good_password(password: str, olga: User, sign_in: SignIn) -> None:
    form = {"email": "new@example.com", "new_password": password, "is_active": "on"}
    assert sign_in(olga).post(f"{PEOPLE}add/", form).status_code == 200
    assert User.objects.count() == 1


def test_the_operator_changes_a_person_and_no_password_is_recorded(
    olga: User, sam: User, sign_in: SignIn
) -> None:
    client, new = sign_in(olga), "An0ther-demo-word"
    form = {"email": sam.email, "name": "Samuel", "is_active": "on"}
    client.post(f"{PEOPLE}{sam.pk}/change/", form)
    sam.refresh_from_db()
    assert sam.check_password(PASSWORD)
    client.post(f"{PEOPLE}{sam.pk}/change/", form | {"new_password": new})
    sam.refresh_from_db()
    assert sam.check_password(new)
    recorded = list(AuditLogEntry.objects.order_by("pk").values_list("target", "before", "after"))
    assert recorded == [
        ("person sam@example.com: name", "Sam", "Samuel"),
        ("person sam@example.com: new_password", "", "(hidden)"),
    ]


def test_the_operator_stays_signed_in_after_changing_the_own_password(olga: User, sign_in: SignIn) -> None:
    client = sign_in(olga)
    form = {"email": olga.email, "is_active": "on", "is_superuser": "on", "new_password": "An0ther-demo-word"}
    assert client.post(f"{PEOPLE}{olga.pk}/change/", form).status_code == 302
    assert client.get(PEOPLE).status_code == 200


def test_the_page_of_a_person_never_holds_the_hash(olga: User, sam: User, sign_in: SignIn) -> None:
    page = sign_in(olga).get(f"{PEOPLE}{sam.pk}/change/").content.decode()
    assert sam.password not in page
    assert "md5$" not in page


def test_a_member_views_the_own_company_and_changes_nothing(
    alice: User, acme: Company, bolt: Company, sign_in: SignIn
) -> None:
    client, address = sign_in(alice), f"/admin/accounts/company/{acme.pk}/change/"
    assert b"America/Denver" in client.get(address).content
    assert client.post(address, {"name": "Mine", "slug": "mine", "time_zone": "UTC"}).status_code == 403
    assert client.get("/admin/accounts/company/add/").status_code == 403
    assert client.get(f"/admin/accounts/company/{acme.pk}/delete/").status_code == 403
    assert client.get(f"/admin/accounts/company/{bolt.pk}/change/").status_code == 404


def test_the_operator_keeps_companies(olga: User, sign_in: SignIn) -> None:
    client = sign_in(olga)
    form = {"name": "Acme", "slug": "acme", "time_zone": "Mars/Olympus"}
    assert client.post("/admin/accounts/company/add/", form).status_code == 200
    assert (
        client.post("/admin/accounts/company/add/", form | {"time_zone": "America/Denver"}).status_code == 302
    )
    company = Company.objects.get()
    client.post(f"/admin/accounts/company/{company.pk}/change/", form | {"time_zone": "UTC"})
    act = AuditLogEntry.objects.get(verb="change")
    assert (act.company, act.before, act.after) == (company, "America/Denver", "UTC")
    assert client.post(f"/admin/accounts/company/{company.pk}/delete/", {"post": "yes"}).status_code == 302
    assert AuditLogEntry.objects.filter(verb="remove", company=None, target="company Acme").exists()
