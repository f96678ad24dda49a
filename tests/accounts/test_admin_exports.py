from __future__ import annotations

from typing import Any, cast

import pytest
from django.test import Client, RequestFactory

from accounts.admin_base import ScopedExportMixin
from accounts.models import AuditLogEntry, Company, SignInAttempt, User
from tests.accounts.conftest import SignIn
from tests.accounts.scoped_admin_site import lab

NOTES = "/lab/accounts/auditlogentry/"
FIELDS = {
    "NoteResource": "",
    "format": "0",
    "resource": "0",
    "auditlogentryresource_id": "on",
    "auditlogentryresource_target": "on",
}


@pytest.fixture(autouse=True)
def one_note_each(acme: Company, bolt: Company) -> None:
    for company in (acme, bolt):
        AuditLogEntry.objects.create(
            company=company, actor="x", verb="note", target=f"note of {company.slug}"
        )


def export(client: Client, *rows: AuditLogEntry, **query: str) -> Any:
    chosen = {"export_items": [row.pk for row in rows]} if rows else {}
    return client.post(f"{NOTES}export/", FIELDS | chosen, query_params=query)


def note(slug: str) -> AuditLogEntry:
    return AuditLogEntry.objects.get(target=f"note of {slug}")


def test_finance_exports_the_rows_of_the_own_company(frank: User, sign_in: SignIn) -> None:
    answer = export(sign_in(frank))
    assert answer.headers["Content-Type"] == "text/csv"
    assert b"note of acme" in answer.content
    assert b"note of bolt" not in answer.content


def test_an_export_follows_the_filters_and_no_others(frank: User, bolt: Company, sign_in: SignIn) -> None:
    client = sign_in(frank)
    assert b"note of" not in export(client, company__id__exact=str(bolt.pk)).content
    assert export(client, company__slug="bolt").status_code == 400
    assert export(client, nothing="1").status_code == 400
    assert client.get(f"{NOTES}export/", {"format": "0", "nothing": "1"}).status_code in (200, 400)


def test_staff_exports_nothing(sam: User, sign_in: SignIn) -> None:
    client = sign_in(sam)
    assert client.get(f"{NOTES}export/").status_code == 403
    assert export(client).status_code == 403
    assert b"export" not in client.get(NOTES).content


def test_rows_leave_only_companies_where_one_may_export(nora: User, sign_in: SignIn) -> None:
    content = export(sign_in(nora)).content
    assert b"note of bolt" in content
    assert b"note of acme" not in content


def test_posted_ids_of_others_are_not_exported(nora: User, sign_in: SignIn) -> None:
    client = sign_in(nora)
    assert b"note of acme" not in export(client, note("acme")).content
    assert b"note of acme" not in export(client, note("acme"), note("bolt")).content
    chosen = export(client, note("bolt")).content
    assert b"note of bolt" in chosen


def test_selected_rows_are_offered_for_export_where_one_may(nora: User, sam: User, sign_in: SignIn) -> None:
    form = {
        "action": "export_admin_action",
        "index": 0,
        "_selected_action": [note("acme").pk, note("bolt").pk],
    }
    page = sign_in(nora).post(NOTES, form).content.decode()
    assert f'name="export_items" value="{note("bolt").pk}"' in page
    assert f'name="export_items" value="{note("acme").pk}"' not in page
    assert b"export_items" not in sign_in(sam).post(NOTES, form).content


def test_the_button_of_a_single_row_asks_for_the_right_too(
    alice: User, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = note("acme")
    values = {"company": row.company_id, "actor": "x", "verb": "note", "target": row.target, "before": ""}
    address, form = f"{NOTES}{row.pk}/change/", values | {"_export-item": "Export"}
    assert b"export_items" in sign_in(alice).post(address, form).content
    monkeypatch.setattr(type(lab.get_model_admin(AuditLogEntry)), "has_export_permission", lambda *_: False)
    assert sign_in(alice).post(address, form).status_code == 403


def test_an_export_is_recorded_for_each_company(frank: User, olga: User, sign_in: SignIn) -> None:
    export(sign_in(frank))
    act = AuditLogEntry.objects.get(verb="export")
    assert (act.actor, act.target, str(act.company)) == (
        "frank@example.com",
        "1 audit log entries as csv",
        "Acme Solar",
    )
    act.delete()
    export(sign_in(olga))
    recorded = AuditLogEntry.objects.filter(verb="export").values_list("company__slug", "target")
    assert sorted(recorded) == [
        ("acme", "1 audit log entries as csv"),
        ("bolt", "1 audit log entries as csv"),
    ]


def test_asking_for_the_form_is_not_an_export(frank: User, sign_in: SignIn) -> None:
    assert sign_in(frank).get(f"{NOTES}export/").status_code == 200
    assert not AuditLogEntry.objects.filter(verb="export").exists()


def test_only_the_posted_ids_are_looked_up(alice: User, acme: Company, rf: RequestFactory) -> None:
    other = AuditLogEntry.objects.create(company=acme, actor="x", verb="note", target="another")
    request = rf.post(f"{NOTES}export/", {"export_items": [other.pk, note("bolt").pk, "x"]})
    request.user = alice
    notes = cast("ScopedExportMixin", lab.get_model_admin(AuditLogEntry))
    assert notes.get_valid_export_item_pks(request) == [other.pk]


def test_rows_of_no_company_are_exported_by_the_operator_alone(
    olga: User, alice: User, sign_in: SignIn
) -> None:
    SignInAttempt.objects.create(origin="0123abcd")
    form = {"format": "0", "resource": "0", "signinattemptresource_origin": "on"}
    address = "/lab/accounts/signinattempt/export/"
    assert b"0123abcd" in sign_in(olga).post(address, form).content
    assert AuditLogEntry.objects.get(verb="export").target == "1 sign in attempts as csv"
    assert sign_in(alice).post(address, form).status_code == 403
