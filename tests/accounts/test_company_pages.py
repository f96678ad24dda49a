from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import Company, User
from tests.accounts.conftest import SignIn

JSON = {"accept": "application/json"}


def test_the_only_company_needs_no_choosing(alice: User, bolt: Company, sign_in: SignIn) -> None:
    assert sign_in(alice).get("/read/").content == b"acme"


def test_a_company_named_in_the_address_is_remembered(nora: User, sign_in: SignIn) -> None:
    client = sign_in(nora)
    assert client.get("/read/?company=bolt").content == b"bolt"
    assert client.get("/read/?company=bolt").content == b"bolt"
    assert client.get("/read/").content == b"bolt"
    assert client.get("/read/?company=acme").content == b"acme"
    assert client.get("/read/").content == b"acme"


@pytest.mark.parametrize("slug", ["bolt", "nowhere", ""])
def test_anothers_company_and_an_unknown_one_look_the_same(
    slug: str, alice: User, bolt: Company, sign_in: SignIn
) -> None:
    client = sign_in(alice)
    answer = client.get("/read/", {"company": slug})
    assert answer.status_code == 404
    assert b"Bolt" not in answer.content
    assert client.get("/read/").content == b"acme"


def test_a_member_of_several_is_asked_which(nora: User, sign_in: SignIn) -> None:
    client = sign_in(nora)
    answer = client.get("/read/?page=2")
    assert answer.headers["Location"] == "/accounts/choose-company/?next=%2Fread%2F%3Fpage%3D2"
    chooser = client.get(answer.headers["Location"]).content.decode()
    assert "/read/?page=2&amp;company=acme" in chooser
    assert "/read/?page=2&amp;company=bolt" in chooser


def test_the_chooser_offers_own_companies_only(alice: User, bolt: Company, sign_in: SignIn) -> None:
    chooser = sign_in(alice).get("/accounts/choose-company/").content
    assert b"Acme Solar" in chooser
    assert b"Bolt" not in chooser


def test_the_chooser_leads_nowhere_else(alice: User, sign_in: SignIn) -> None:
    for elsewhere in ("https://evil.example/", "//evil.example/", "javascript:alert(1)"):
        chooser = sign_in(alice).get("/accounts/choose-company/", {"next": elsewhere})
        assert b"evil" not in chooser.content
        assert b"javascript" not in chooser.content


def test_the_chooser_replaces_a_company_already_named(nora: User, sign_in: SignIn) -> None:
    chooser = sign_in(nora).get("/accounts/choose-company/", {"next": "/read/?company=gone&x=1"})
    assert b"/read/?x=1&amp;company=bolt" in chooser.content
    assert b"gone" not in chooser.content


def test_the_chooser_asks_strangers_to_sign_in(client: Client) -> None:
    assert client.get("/accounts/choose-company/").headers["Location"].startswith("/accounts/login/")


def test_whoever_belongs_nowhere_is_told_so(zoe: User, sign_in: SignIn) -> None:
    chooser = sign_in(zoe).get("/read/", follow=True).content
    assert b"do not belong to any company" in chooser


def test_the_operator_chooses_any_company_and_finds_it_by_name(
    olga: User, acme: Company, bolt: Company, sign_in: SignIn
) -> None:
    client = sign_in(olga)
    assert client.get("/read/").status_code == 302
    assert client.get("/read/?company=bolt").content == b"bolt"
    found = client.get("/accounts/choose-company/", {"q": "acm"}).content
    assert b"Acme Solar" in found
    assert b"Bolt" not in found
    assert b"None of your companies" in client.get("/accounts/choose-company/", {"q": "zzz"}).content


def test_a_long_list_of_companies_can_be_searched(olga: User, sign_in: SignIn) -> None:
    Company.objects.bulk_create(
        Company(name=f"Company {n:03}", slug=f"c{n}", time_zone="UTC") for n in range(101)
    )
    page = sign_in(olga).get("/accounts/choose-company/").content
    assert b'name="q"' in page
    assert b"Company 099" in page
    assert b"Company 100" not in page


def test_a_company_lost_since_it_was_chosen_is_neither_shown_nor_a_crash(nora: User, sign_in: SignIn) -> None:
    client = sign_in(nora)
    client.get("/read/?company=bolt")
    nora.memberships.get(company__slug="bolt").delete()
    assert client.get("/read/").content == b"acme"
    nora.memberships.all().delete()
    assert client.get("/read/").status_code == 302


def test_a_deleted_company_is_forgotten(nora: User, bolt: Company, sign_in: SignIn) -> None:
    client = sign_in(nora)
    client.get("/read/?company=bolt")
    bolt.delete()
    assert client.get("/read/").content == b"acme"


def test_the_next_person_in_the_same_browser_does_not_inherit_the_company(
    nora: User, olga: User, acme: Company, sign_in: SignIn
) -> None:
    client = sign_in(nora)
    client.get("/read/?company=bolt")
    client.force_login(olga)
    assert client.get("/read/").status_code == 302


def test_whoever_lacks_the_right_is_told_whom_to_ask(alice: User, sam: User, sign_in: SignIn) -> None:
    answer = sign_in(sam).get("/configure/x/")
    assert answer.status_code == 403
    assert b"alice@example.com" in answer.content
    assert b"Staff at Acme Solar" in answer.content


def test_without_an_admin_the_support_is_named(sam: User, sign_in: SignIn) -> None:
    answer = sign_in(sam).get("/configure/x/")
    assert b"has no admin" in answer.content
    errors = sign_in(sam).get("/configure/x/", headers=JSON).json()["errors"]
    assert errors == ["Your role at Acme Solar does not allow this. Ask the support."]


def test_a_program_without_the_right_gets_json(alice: User, sam: User, sign_in: SignIn) -> None:
    answer = sign_in(sam).post("/configure/x/", headers=JSON)
    assert answer.status_code == 403
    assert answer.json() == {
        "errors": ["Your role at Acme Solar does not allow this. Ask alice@example.com."]
    }


def test_the_right_counts_in_the_company_the_page_is_about(nora: User, sign_in: SignIn) -> None:
    client = sign_in(nora)
    assert client.get("/configure/x/?company=acme").status_code == 403
    assert client.get("/configure/x/?company=bolt").content == b"bolt x"


def test_strangers_are_sent_to_sign_in_and_back(client: Client) -> None:
    answer = client.get("/read/?company=acme")
    assert answer.headers["Location"] == "/accounts/login/?next=/read/%3Fcompany%3Dacme"


def test_what_a_stranger_posted_is_not_the_way_back(client: Client) -> None:
    assert client.post("/configure/x/").headers["Location"] == "/accounts/login/?next=/integrations/home/"


def test_a_program_that_is_not_signed_in_gets_401(client: Client) -> None:
    for answer in (client.get("/read/", headers=JSON), client.get("/read/?format=json")):
        assert answer.status_code == 401
        assert answer.json() == {"errors": ["Sign in first."]}


def test_a_program_that_names_no_company_is_told_how(nora: User, sign_in: SignIn) -> None:
    answer = sign_in(nora).get("/read/", headers=JSON)
    assert answer.status_code == 400
    assert "?company=" in answer.json()["errors"][0]


def test_a_browser_that_accepts_anything_gets_a_page(client: Client) -> None:
    assert client.get("/read/", headers={"accept": "*/*"}).status_code == 302
    assert client.get("/read/", headers={"accept": "text/html,application/xml;q=0.9"}).status_code == 302


def test_pages_are_not_kept_by_caches(alice: User, sign_in: SignIn) -> None:
    client = sign_in(alice)
    for path in ("/read/", "/accounts/choose-company/", "/accounts/login/"):
        assert "no-store" in client.get(path).headers["Cache-Control"]


def test_a_person_deactivated_meanwhile_is_out_at_once(alice: User, sign_in: SignIn) -> None:
    client = sign_in(alice)
    User.objects.filter(pk=alice.pk).update(is_active=False)
    assert client.get("/read/").headers["Location"].startswith("/accounts/login/")


def test_a_form_acts_on_the_company_it_names_whatever_another_tab_shows(nora: User, sign_in: SignIn) -> None:
    client = sign_in(nora)
    client.get("/read/?company=acme")
    client.get("/read/?company=bolt")
    assert client.post("/read/", {"company": "acme"}).content == b"acme"
    assert client.get("/read/").content == b"acme", "the page that follows is about the same company"
    assert client.post("/read/?company=bolt").content == b"bolt"
    assert client.post("/read/?company=bolt", {"company": "bolt"}).content == b"bolt"


@pytest.mark.parametrize(
    ("query", "body", "sentence"),
    [
        ("", {}, "does not say which company it is for, Acme Solar or Bolt"),
        ("?company=bolt", {"company": "acme"}, "names Bolt Roofing, but the form was opened for Acme Solar"),
    ],
)
def test_a_form_that_names_no_company_or_two_is_refused_with_both(
    nora: User, sign_in: SignIn, query: str, body: dict[str, str], sentence: str
) -> None:
    client = sign_in(nora)
    client.get("/read/?company=bolt")
    answer = client.post(f"/read/{query}", body)
    assert answer.status_code == 400
    assert sentence in answer.content.decode()
    as_json = client.post(f"/read/{query}", body, headers=JSON)
    assert (as_json.status_code, list(as_json.json())) == (400, ["errors"])


@pytest.mark.parametrize("slug", ["bolt", "nowhere", ""])
def test_a_form_for_anothers_company_is_refused(
    slug: str, alice: User, bolt: Company, sign_in: SignIn
) -> None:
    assert sign_in(alice).post("/read/", {"company": slug}).status_code == 404


def test_a_form_of_a_member_of_one_company_needs_no_name(alice: User, bolt: Company, sign_in: SignIn) -> None:
    assert sign_in(alice).post("/read/").content == b"acme"
