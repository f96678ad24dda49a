"""Filters, lookups, searches, completions and counts: the quiet ways to learn of another company's rows."""

from __future__ import annotations

import pytest
from django.core.paginator import Paginator

from accounts.admin_base import ScopedRelatedFilter
from accounts.models import AuditLogEntry, Company, User
from accounts.paging import CappedPaginator
from tests.accounts.conftest import SignIn
from tests.accounts.scoped_admin_site import lab

NOTES = "/lab/accounts/auditlogentry/"


@pytest.fixture(autouse=True)
def one_note_each(acme: Company, bolt: Company, alice: User, bob: User) -> None:
    for company, user in ((acme, alice), (bolt, bob)):
        AuditLogEntry.objects.create(
            company=company,
            user=user,
            actor=user.email,
            verb=f"verb-of-{company.slug}",
            target=f"note of {company.slug}",
            before="s3cr3t",
        )


def test_filters_offer_own_companies_people_and_values(nora: User, bob: User, sign_in: SignIn) -> None:
    page = sign_in(bob).get(NOTES).content
    for foreign in (b"Acme", b"alice", b"verb-of-acme"):
        assert foreign not in page
    both = sign_in(nora).get(NOTES).content
    for own in (b">Acme Solar</a>", b">Bolt Roofing</a>", b">bob@example.com</a>", b">verb-of-acme</a>"):
        assert own in both


def test_an_unscoped_filter_on_a_relation_is_replaced(nora: User, sign_in: SignIn) -> None:
    Company.objects.create(name="Third Company", slug="third", time_zone="UTC")
    page = sign_in(nora).get("/lab/accounts/membership/").content
    assert b">Bolt Roofing</a>" in page
    assert b"Third Company" not in page


def test_a_scoped_filter_of_ones_own_is_kept() -> None:
    class Special(ScopedRelatedFilter):
        pass

    from accounts.admin_filters import scoped_filter

    assert scoped_filter(AuditLogEntry, ("company", Special)) == ("company", Special)
    assert scoped_filter(AuditLogEntry, AuditLogEntry._meta.get_field("company")) == (
        "company",
        ScopedRelatedFilter,
    )


def test_filtering_by_anothers_company_finds_nothing(bob: User, acme: Company, sign_in: SignIn) -> None:
    client = sign_in(bob)
    page = client.get(NOTES, {"company__id__exact": acme.pk}).content
    assert b"Acme" not in page
    assert b"note of acme" not in page
    assert b"0 audit log entries" in page


@pytest.mark.parametrize(
    "lookup",
    [
        "user__password__startswith",
        "user__email__startswith",
        "user__memberships__company__id",
        "company__memberships__user__email",
        "company__audit_log_entries__target__startswith",
        "company__slug",
        "actor__startswith",
        "before__startswith",
        "before",
        "id__gt",
        "pk",
    ],
)
def test_values_that_are_not_offered_cannot_be_guessed_at(lookup: str, bob: User, sign_in: SignIn) -> None:
    assert sign_in(bob).get(NOTES, {lookup: "1"}).status_code == 400


@pytest.mark.parametrize(
    "lookup", ["verb", "verb__exact", "company__id__exact", "company__isnull", "user__id__exact"]
)
def test_what_is_offered_as_a_filter_works(lookup: str, bob: User, sign_in: SignIn) -> None:
    assert sign_in(bob).get(NOTES, {lookup: "0"}).status_code == 200


@pytest.mark.parametrize("person", ["bob", "olga"])
@pytest.mark.parametrize(
    "lookup",
    [
        "verb__regex",
        "verb__iregex",
        "verb__contains",
        "company__slug__regex",
        "user__email__regex",
        "at__regex",
    ],
)
def test_nobody_asks_by_what_no_filter_asks_by(
    person: str, lookup: str, request: pytest.FixtureRequest, sign_in: SignIn
) -> None:
    """A regular expression that never ends would stop the server on SQLite."""
    client = sign_in(request.getfixturevalue(person))
    assert client.get(NOTES, {lookup: "^((.+)+)+x$"}).status_code == 400


@pytest.mark.every_database
@pytest.mark.parametrize(
    ("lookup", "value"),
    [
        ("company__id__exact", "9" * 40),
        ("company__id__exact", "x"),
        ("company__id__in", "1,9999999999999999999999"),
        ("user__id__exact", "-1.5"),
        ("company__isnull", "perhaps"),
        ("at__year", "-1"),
        ("at__gte", "yesterday"),
        ("at__lt", "99999-01-01"),
    ],
)
def test_a_value_that_is_none_is_a_wrong_filter(
    lookup: str, value: str, bob: User, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(lab.get_model_admin(AuditLogEntry)), "date_hierarchy", "at")
    assert sign_in(bob).get(NOTES, {lookup: value}).status_code in (200, 302, 400)


def test_secrets_cannot_be_guessed_at_even_by_the_operator(olga: User, sign_in: SignIn) -> None:
    client = sign_in(olga)
    assert client.get(NOTES, {"before__startswith": "s"}).status_code == 400
    assert client.get(NOTES, {"actor__startswith": "a"}).status_code == 400
    assert client.get("/admin/accounts/user/", {"password__startswith": "md5"}).status_code == 400


def test_a_page_with_dates_can_be_walked_by_date(
    bob: User, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = sign_in(bob)
    assert client.get(NOTES, {"at__year": "2026"}).status_code == 400
    monkeypatch.setattr(type(lab.get_model_admin(AuditLogEntry)), "date_hierarchy", "at")
    assert client.get(NOTES, {"at__year": "2026"}).status_code == 200


@pytest.mark.parametrize("field", ["before", "password", "company__memberships", "nothing"])
def test_a_popup_cannot_ask_for_another_field(field: str, bob: User, sign_in: SignIn) -> None:
    client = sign_in(bob)
    own = AuditLogEntry.objects.get(company__slug="bolt")
    assert client.get(NOTES, {"_popup": "1", "_to_field": field}).status_code == 400
    assert client.get(f"{NOTES}{own.pk}/change/", {"_popup": "1", "_to_field": field}).status_code == 400


def test_a_popup_by_id_shows_own_rows_only(bob: User, sign_in: SignIn) -> None:
    page = sign_in(bob).get(NOTES, {"_popup": "1", "_to_field": "id"}).content
    assert b"note of bolt" in page
    assert b"note of acme" not in page


def test_a_search_finds_own_rows_only(bob: User, sign_in: SignIn) -> None:
    page = sign_in(bob).get(NOTES, {"q": "note"}).content
    assert b"note of bolt" in page
    assert b"note of acme" not in page


def test_facets_do_not_count(bob: User, sign_in: SignIn) -> None:
    assert b"(1)" not in sign_in(bob).get(NOTES, {"_facets": "True"}).content


ASK = {"app_label": "accounts", "model_name": "auditlogentry", "field_name": "company"}


def test_completion_names_own_companies_only(bob: User, olga: User, sign_in: SignIn) -> None:
    def names(user: User, **more: str) -> list[str]:
        answer = sign_in(user).get("/lab/autocomplete/", ASK | more)
        return sorted(result["text"] for result in answer.json()["results"])

    assert names(bob) == names(bob, term="o") == ["Bolt Roofing"]
    assert names(bob, term="Acme") == []
    assert names(olga) == ["Acme Solar", "Bolt Roofing"]


@pytest.mark.parametrize(
    ("model", "field"),
    [
        ("auditlogentry", "user"),  # not completed on any page
        ("membership", "user"),
        ("membership", "company"),
        ("user", "groups"),
        ("user", "email"),
        ("nothing", "user"),
        ("auditlogentry", "nothing"),
    ],
)
def test_completion_answers_only_what_a_page_asks(model: str, field: str, bob: User, sign_in: SignIn) -> None:
    asked = ASK | {"model_name": model, "field_name": field}
    assert sign_in(bob).get("/lab/autocomplete/", asked).status_code == 403


def test_completion_needs_a_page_one_may_see(
    sam: User, bob: User, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(lab.get_model_admin(AuditLogEntry)), "right_to_view", None)
    assert sign_in(bob).get("/lab/autocomplete/", ASK).status_code == 403
    assert sign_in(bob).get("/admin/autocomplete/", ASK | {"app_label": "auth"}).status_code == 403


def test_completion_for_a_model_without_a_page_is_refused(olga: User, sign_in: SignIn) -> None:
    asked = {"app_label": "admin", "model_name": "logentry", "field_name": "user"}
    assert sign_in(olga).get("/lab/autocomplete/", asked).status_code == 403


def test_counting_stops_at_ten_thousand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("accounts.paging.MOST_COUNTED", 1)
    rows = AuditLogEntry.objects.order_by("pk")
    assert (Paginator(rows, 1).count, CappedPaginator(rows, 1).count) == (2, 1)
    assert CappedPaginator([1, 2, 3], 1).count == 1


def test_a_list_counts_no_further_and_never_the_whole_table(
    nora: User, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("accounts.paging.MOST_COUNTED", 1)
    page = sign_in(nora).get(NOTES, {"verb": "verb-of-acme"}).content
    assert b"Show all</a>" in page
    assert b"total</a>" not in page
    assert b"1 audit log entry\n" in sign_in(nora).get(NOTES).content
