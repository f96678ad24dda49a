"""What Bob of Bolt can reach of Acme, and what each role may do with the rows of its own company."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group
from django.test import Client, RequestFactory

from accounts.models import AuditLogEntry, Company, Membership, SignInAttempt, User
from tests.accounts.conftest import SignIn
from tests.accounts.scoped_admin_site import lab

NOTES = "/lab/accounts/auditlogentry/"


def note(company: Company | None, target: str, **more: Any) -> AuditLogEntry:
    return AuditLogEntry.objects.create(company=company, actor="somebody", verb="note", target=target, **more)


@pytest.fixture
def of_acme(acme: Company) -> AuditLogEntry:
    return note(acme, "secret of Acme", before="s3cr3t")


@pytest.fixture
def of_bolt(bolt: Company) -> AuditLogEntry:
    return note(bolt, "matter of Bolt")


def form_of(row: AuditLogEntry, **changed: Any) -> dict[str, Any]:
    values = {"company": row.company_id, "actor": row.actor, "verb": row.verb, "target": row.target}
    return values | {"before": row.before} | changed


def test_the_list_shows_own_rows_only(
    bob: User, of_acme: AuditLogEntry, of_bolt: AuditLogEntry, sign_in: SignIn
) -> None:
    page = sign_in(bob).get(NOTES).content
    assert b"matter of Bolt" in page
    assert b"secret of Acme" not in page


@pytest.mark.parametrize("page", ["change/", "delete/", "history/"])
def test_anothers_id_and_no_id_at_all_answer_the_same(
    page: str, bob: User, of_acme: AuditLogEntry, of_bolt: AuditLogEntry, sign_in: SignIn
) -> None:
    client = sign_in(bob)
    assert client.get(f"{NOTES}{of_bolt.pk}/{page}").status_code == 200
    for send in (client.get, client.post):
        foreign, nobodys = send(f"{NOTES}{of_acme.pk}/{page}"), send(f"{NOTES}999999/{page}")
        assert (foreign.status_code, foreign.content) == (nobodys.status_code, nobodys.content)
        assert foreign.status_code == 404
    assert AuditLogEntry.objects.filter(pk=of_acme.pk).exists()


def test_the_short_address_reveals_nothing(bob: User, of_acme: AuditLogEntry, sign_in: SignIn) -> None:
    client = sign_in(bob)
    for pk in (of_acme.pk, 999999):
        assert client.get(f"{NOTES}{pk}/").headers["Location"] == f"{NOTES}{pk}/change/"


@pytest.mark.parametrize("page", ["membership", "company", "auditlogentry"])
def test_every_page_of_the_portals_own_admin_hides_anothers_rows(
    page: str, bob: User, alice: User, of_acme: AuditLogEntry, acme: Company, sign_in: SignIn
) -> None:
    pk = {"membership": alice.memberships.get().pk, "company": acme.pk, "auditlogentry": of_acme.pk}[page]
    client = sign_in(bob)
    listing = client.get(f"/admin/accounts/{page}/").content
    assert b"Acme" not in listing
    assert b"alice" not in listing
    for view in ("change", "history", "delete"):
        answer = client.get(f"/admin/accounts/{page}/{pk}/{view}/")
        assert answer.status_code in (403, 404)
        assert answer.status_code == client.get(f"/admin/accounts/{page}/999999/{view}/").status_code


def test_rows_of_no_company_are_the_operators(bob: User, olga: User, bolt: Company, sign_in: SignIn) -> None:
    lost = note(None, "of a company long gone")
    assert sign_in(bob).get(f"{NOTES}{lost.pk}/change/").status_code == 404
    assert b"long gone" in sign_in(olga).get(NOTES).content


@pytest.mark.parametrize("page", ["user", "signinattempt"])
def test_models_of_no_company_are_the_operators(page: str, alice: User, olga: User, sign_in: SignIn) -> None:
    SignInAttempt.objects.create(origin="x")
    assert sign_in(alice).get(f"/lab/accounts/{page}/").status_code == 403
    assert sign_in(alice).get(f"/lab/accounts/{page}/{alice.pk}/change/").status_code in (403, 404)
    assert sign_in(olga).get(f"/lab/accounts/{page}/").status_code == 200


def test_staff_reads_and_changes_nothing(sam: User, of_acme: AuditLogEntry, sign_in: SignIn) -> None:
    client = sign_in(sam)
    assert client.get(f"{NOTES}{of_acme.pk}/change/").status_code == 200
    assert client.post(f"{NOTES}{of_acme.pk}/change/", form_of(of_acme, target="x")).status_code == 403
    assert client.get(f"{NOTES}add/").status_code == 403
    assert client.post(f"{NOTES}{of_acme.pk}/delete/", {"post": "yes"}).status_code == 403
    of_acme.refresh_from_db()
    assert of_acme.target == "secret of Acme"


def test_whoever_may_only_look_does_not_see_secrets(
    sam: User, alice: User, of_acme: AuditLogEntry, sign_in: SignIn
) -> None:
    address = f"{NOTES}{of_acme.pk}/change/"
    assert b"s3cr3t" not in sign_in(sam).get(address).content
    assert b"s3cr3t" in sign_in(alice).get(address).content


def test_an_admin_changes_a_row_of_the_own_company(
    alice: User, of_acme: AuditLogEntry, sign_in: SignIn
) -> None:
    assert (
        sign_in(alice).post(f"{NOTES}{of_acme.pk}/change/", form_of(of_acme, target="new")).status_code == 302
    )
    of_acme.refresh_from_db()
    assert of_acme.target == "new"


def test_a_row_is_never_posted_into_anothers_company(
    bob: User, acme: Company, of_bolt: AuditLogEntry, sign_in: SignIn
) -> None:
    client = sign_in(bob)
    client.post(f"{NOTES}{of_bolt.pk}/change/", form_of(of_bolt, company=acme.pk))
    client.post(f"{NOTES}add/", form_of(of_bolt, company=acme.pk))
    client.post(f"{NOTES}add/", form_of(of_bolt, company=""))
    of_bolt.refresh_from_db()
    assert of_bolt.company != acme
    assert not AuditLogEntry.objects.exclude(company=of_bolt.company).exists()


def test_a_row_never_leaves_its_company_not_even_into_no_company(
    bob: User, olga: User, acme: Company, bolt: Company, of_bolt: AuditLogEntry, sign_in: SignIn
) -> None:
    for user in (bob, olga):
        for elsewhere in (acme.pk, ""):
            sign_in(user).post(f"{NOTES}{of_bolt.pk}/change/", form_of(of_bolt, company=elsewhere))
            of_bolt.refresh_from_db()
            assert of_bolt.company == bolt


def test_a_member_of_two_companies_keeps_each_role_apart(
    nora: User, acme: Company, bolt: Company, of_acme: AuditLogEntry, of_bolt: AuditLogEntry, sign_in: SignIn
) -> None:
    client = sign_in(nora)
    assert client.get(f"{NOTES}{of_acme.pk}/change/").status_code == 200
    assert client.post(f"{NOTES}{of_acme.pk}/change/", form_of(of_acme, target="x")).status_code == 403
    assert client.post(f"{NOTES}{of_acme.pk}/delete/", {"post": "yes"}).status_code == 403
    client.post(f"{NOTES}add/", form_of(of_acme))
    assert AuditLogEntry.objects.filter(company=acme).count() == 1
    assert client.post(f"{NOTES}{of_bolt.pk}/change/", form_of(of_bolt, target="x")).status_code == 302


def test_rows_edited_in_the_list_are_those_the_role_allows(
    nora: User, of_acme: AuditLogEntry, of_bolt: AuditLogEntry, sign_in: SignIn
) -> None:
    def edit(row: AuditLogEntry) -> int:
        form = {"form-TOTAL_FORMS": 1, "form-INITIAL_FORMS": 1, "form-0-id": row.pk, "form-0-verb": "edited"}
        return sign_in(nora).post(NOTES, form | {"_save": "Save"}).status_code

    assert edit(of_acme) == 403
    assert edit(of_bolt) == 302
    assert list(AuditLogEntry.objects.filter(verb="edited")) == [of_bolt]


def test_saving_as_new_is_adding(sam: User, of_acme: AuditLogEntry, sign_in: SignIn) -> None:
    form = form_of(of_acme) | {"_saveasnew": "1"}
    assert sign_in(sam).post(f"{NOTES}{of_acme.pk}/change/", form).status_code == 403
    assert AuditLogEntry.objects.count() == 1


def test_facts_are_read_only_even_for_the_operator(
    olga: User, of_acme: AuditLogEntry, sign_in: SignIn
) -> None:
    client, facts = sign_in(olga), "/admin/accounts/auditlogentry/"
    assert client.get(f"{facts}{of_acme.pk}/change/").status_code == 200
    assert client.post(f"{facts}{of_acme.pk}/change/", form_of(of_acme)).status_code == 403
    assert client.get(f"{facts}add/").status_code == 403
    assert client.get(f"{facts}{of_acme.pk}/delete/").status_code == 403


def post_action(client: Client, action: str, *rows: AuditLogEntry, **more: Any) -> int:
    form = {"action": action, "index": 0, "_selected_action": [row.pk for row in rows]}
    return client.post(NOTES, form | more).status_code


def test_an_action_on_posted_ids_touches_own_rows_only(
    bob: User, of_acme: AuditLogEntry, of_bolt: AuditLogEntry, sign_in: SignIn
) -> None:
    post_action(sign_in(bob), "stamp", of_acme, of_bolt)
    assert list(AuditLogEntry.objects.filter(after="stamped")) == [of_bolt]


def test_selecting_everything_is_everything_of_ones_own(
    bob: User, of_acme: AuditLogEntry, of_bolt: AuditLogEntry, sign_in: SignIn
) -> None:
    post_action(sign_in(bob), "stamp", of_bolt, select_across=1)
    assert list(AuditLogEntry.objects.filter(after="stamped")) == [of_bolt]


def test_an_action_needs_its_right_in_the_company_of_the_row(
    nora: User, of_acme: AuditLogEntry, of_bolt: AuditLogEntry, sign_in: SignIn
) -> None:
    post_action(sign_in(nora), "stamp", of_acme, of_bolt)
    assert list(AuditLogEntry.objects.filter(after="stamped")) == [of_bolt]
    post_action(sign_in(nora), "repeat", of_acme, of_bolt)
    assert AuditLogEntry.objects.filter(after="repeated").count() == 2


def test_an_action_without_the_right_is_neither_offered_nor_done(
    sam: User, of_acme: AuditLogEntry, sign_in: SignIn
) -> None:
    client = sign_in(sam)
    page = client.get(NOTES).content
    assert b'value="repeat"' in page
    assert b'value="stamp"' not in page
    post_action(client, "stamp", of_acme)
    assert not AuditLogEntry.objects.filter(after="stamped").exists()


def test_there_is_no_deleting_in_bulk(
    alice: User, olga: User, of_acme: AuditLogEntry, sign_in: SignIn
) -> None:
    for user in (alice, olga):
        client = sign_in(user)
        assert b"delete_selected" not in client.get(NOTES).content
        post_action(client, "delete_selected", of_acme, post="yes")
        assert b"delete_selected" not in client.get("/admin/accounts/company/").content
    assert AuditLogEntry.objects.filter(pk=of_acme.pk).exists()


def acts(verb: str) -> list[tuple[str, str, str, str]]:
    rows = AuditLogEntry.objects.filter(verb=verb).order_by("pk")
    return list(rows.values_list("actor", "target", "before", "after"))


def test_a_change_is_recorded_with_old_and_new_value(
    alice: User, of_acme: AuditLogEntry, sign_in: SignIn
) -> None:
    sign_in(alice).post(f"{NOTES}{of_acme.pk}/change/", form_of(of_acme, actor="nobody"))
    target = "audit log entry nobody: note secret of Acme: actor"
    assert acts("change") == [("alice@example.com", target, "somebody", "nobody")]
    assert AuditLogEntry.objects.get(verb="change").company == of_acme.company


def test_a_secret_is_recorded_as_changed_and_never_shown(
    alice: User, of_acme: AuditLogEntry, sign_in: SignIn
) -> None:
    sign_in(alice).post(f"{NOTES}{of_acme.pk}/change/", form_of(of_acme, before="n3w-s3cr3t"))
    assert acts("change") == [("alice@example.com", f"audit log entry {of_acme}: before", "", "(hidden)")]
    assert "s3cr3t" not in str(list(LogEntry.objects.values()))


def test_adding_and_removing_are_recorded(alice: User, of_acme: AuditLogEntry, sign_in: SignIn) -> None:
    client = sign_in(alice)
    client.post(f"{NOTES}add/", form_of(of_acme, target="new"))
    client.post(f"{NOTES}{of_acme.pk}/delete/", {"post": "yes"})
    assert acts("add") == [("alice@example.com", "audit log entry somebody: note new", "", "")]
    assert acts("remove") == [("alice@example.com", f"audit log entry {of_acme}", "", "")]
    assert not AuditLogEntry.objects.filter(pk=of_acme.pk).exists()


def test_nothing_changed_is_nothing_recorded(alice: User, of_acme: AuditLogEntry, sign_in: SignIn) -> None:
    sign_in(alice).post(f"{NOTES}{of_acme.pk}/change/", form_of(of_acme))
    assert acts("change") == []


def test_a_row_that_points_to_two_companies_is_refused(
    olga: User, bob: User, acme: Company, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With people made to belong to a company, a note of Acme that names Bob of Bolt would mix two."""
    monkeypatch.setattr(User, "company_path", "employer", raising=False)
    monkeypatch.setattr(
        User, "employer", property(lambda user: user.memberships.get().company), raising=False
    )
    form = {"company": acme.pk, "user": bob.pk, "actor": "a", "verb": "v", "target": "t", "before": ""}
    assert sign_in(olga).post(f"{NOTES}add/", form).status_code == 403
    assert not AuditLogEntry.objects.exists()


def test_choices_are_rows_of_companies_where_one_may_change(
    nora: User, alice: User, olga: User, bolt: Company, sign_in: SignIn
) -> None:
    mine = nora.memberships.get(company=bolt)
    page = sign_in(nora).get(f"/lab/accounts/membership/{mine.pk}/change/").content
    assert b"Bolt Roofing" in page
    assert b"Acme Solar</option>" not in page
    assert b"alice@example.com" not in page
    assert b"alice@example.com" in sign_in(olga).get(f"/lab/accounts/membership/{mine.pk}/change/").content


def test_even_the_operator_is_offered_the_rows_own_company(
    olga: User, bob: User, acme: Company, sign_in: SignIn
) -> None:
    page = sign_in(olga).get(f"/lab/accounts/membership/{bob.memberships.get().pk}/change/").content
    assert b"Bolt Roofing</option>" in page
    assert b"Acme Solar</option>" not in page
    assert Membership.objects.count() == 1


def test_choices_of_many_are_scoped_as_choices_of_one(alice: User, olga: User, rf: RequestFactory) -> None:
    Group.objects.create(name="made by the operator")
    request, people = rf.get("/"), lab.get_model_admin(User)
    for user, names in ((alice, []), (olga, ["made by the operator"])):
        request.user = user
        field = people.formfield_for_manytomany(User._meta.get_field("groups"), request)
        assert field is not None
        assert [group.name for group in field.queryset or ()] == names
        vars(request).pop("rights_held", None)
