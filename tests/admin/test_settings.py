"""Settings in the admin go the way of the configuration page."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import AuditLogEntry
from integrations.models import InvoiceSyncPeriod, QuickBooksConnection, SyncSettings
from tests.factories import OTHER_REALM, company, quickbooks_connection
from tests.views.lists import ACCOUNTS, ITEMS, keep


def change(client: Client, row: SyncSettings, **fields: Any) -> Any:
    form = {
        "matching_strategy": "enrich",
        "match_by": "name_or_email",
        "direction": "both",
        "customers_on": "phase",
        "numbers": "coperniq",
        "push_from": "created",
        "on_declined": "void",
        "on_archived": "leave",
        "on_quickbooks_void": "decline",
        "unknown_method": "CHECK",
        "closed_books": "hold",
        "frequency": "realtime",
        "daily_at": "17:00",
        "memo_field": "private_note",
        "fallback_item": "",
        "difference_item": "",
        **{f"owner.{field}": "later" for field in SyncSettings.OWNED},
        **fields,
    }
    return client.post(reverse("admin:integrations_syncsettings_change", args=[row.pk]), form)


def test_switching_on_begins_a_period_and_is_recorded_as_on_the_page(
    acme_books: QuickBooksConnection, client_of_alice: Client
) -> None:
    row = acme_books.settings
    assert change(client_of_alice, row, invoice_sync="on", push_from="sent").status_code == 302
    row.refresh_from_db()
    assert (row.invoice_sync, row.push_from) == (True, "sent")
    assert InvoiceSyncPeriod.objects.get().off_at is None
    acts = {(act.verb, act.target, act.before, act.after) for act in AuditLogEntry.objects.all()}
    assert acts == {
        ("configure", "invoice_sync", "off", "on"),
        ("configure", "push_from", "created", "sent"),
    }
    assert change(client_of_alice, row, push_from="sent").status_code == 302
    assert InvoiceSyncPeriod.objects.get().off_at is not None


def test_saving_what_it_is_changes_nothing(acme_books: QuickBooksConnection, client_of_alice: Client) -> None:
    assert change(client_of_alice, acme_books.settings).status_code == 302
    assert not AuditLogEntry.objects.exists()
    assert not InvoiceSyncPeriod.objects.exists()


@pytest.mark.parametrize(
    ("fields", "words"),
    [({"invoice_sync": "on"}, "US dollars"), ({"fallback_item": "999"}, "no active item with the id 999")],
)
def test_what_the_page_refuses_is_refused_here(
    acme_books: QuickBooksConnection, client_of_alice: Client, fields: dict[str, str], words: str
) -> None:
    QuickBooksConnection.objects.update(home_currency="CAD")
    answer = change(client_of_alice, acme_books.settings, **fields)
    assert answer.status_code == 200
    assert words in answer.text
    assert not SyncSettings.objects.get(connection=acme_books).invoice_sync
    assert not AuditLogEntry.objects.exists()


def test_an_item_of_the_stored_list_can_be_set(
    acme_books: QuickBooksConnection, client_of_alice: Client
) -> None:
    keep(acme_books, items=ITEMS)
    assert change(client_of_alice, acme_books.settings, fallback_item="59").status_code == 302
    assert SyncSettings.objects.get().fallback_item == "59"


def test_accounts_and_the_side_that_counts_are_set_here_too(
    acme_books: QuickBooksConnection, client_of_alice: Client
) -> None:
    keep(acme_books, accounts=ACCOUNTS)
    fields = {"deposit_account.CASH": "4", "owner.memo": "ask"}
    assert change(client_of_alice, acme_books.settings, **fields).status_code == 302
    row = SyncSettings.objects.get()
    assert (row.deposit_accounts, row.owners) == ({"CASH": "4"}, {"memo": "ask"})
    acts = {(act.target, act.before, act.after) for act in AuditLogEntry.objects.all()}
    assert acts == {("deposit_account.CASH", "", "4"), ("owner.memo", "later", "ask")}
    assert (
        "no active account with the id 79"
        in change(client_of_alice, acme_books.settings, **{"deposit_account.CASH": "79"}).text
    )


def test_switching_off_says_first_what_will_not_be_sent(
    acme_books: QuickBooksConnection, client_of_alice: Client
) -> None:
    sentence = "What is created in that time is not synced when you switch it on again"
    for address in (
        reverse("admin:integrations_syncsettings_change", args=[acme_books.settings.pk]),
        reverse("integrations:configuration"),
    ):
        assert sentence in client_of_alice.get(address).text


def test_settings_are_neither_added_nor_removed(
    acme_books: QuickBooksConnection, client_of_olga: Client
) -> None:
    row = acme_books.settings
    assert client_of_olga.post(reverse("admin:integrations_syncsettings_add"), {}).status_code == 403
    address = reverse("admin:integrations_syncsettings_delete", args=[row.pk])
    assert client_of_olga.post(address, {"post": "yes"}).status_code == 403


def test_settings_of_a_former_connection_are_read_only(
    acme_books: QuickBooksConnection, client_of_alice: Client, client_of_olga: Client
) -> None:
    archived = quickbooks_connection(
        acme_books.company, OTHER_REALM, state=QuickBooksConnection.State.ARCHIVED
    )
    for client in (client_of_alice, client_of_olga):
        assert change(client, archived.settings, push_from="sent").status_code == 403
        assert client.get(reverse("admin:integrations_syncsettings_change", args=[archived.settings.pk])).text
    assert archived.settings.push_from == "created"


def test_only_admins_of_the_company_switch(
    acme_books: QuickBooksConnection, client_of_frank: Client, client_of_sam: Client, client_of_alice: Client
) -> None:
    theirs = quickbooks_connection(company("bolt"), OTHER_REALM)
    for client in (client_of_frank, client_of_sam):
        assert change(client, acme_books.settings, invoice_sync="on").status_code == 403
    assert change(client_of_alice, theirs.settings, invoice_sync="on").status_code == 404
    assert not InvoiceSyncPeriod.objects.exists()


def test_those_who_may_not_change_settings_see_them(
    acme_books: QuickBooksConnection, client_of_frank: Client, client_of_sam: Client
) -> None:
    SyncSettings.objects.update(deposit_accounts={"CASH": "35"}, owners={"memo": "ask"})
    for client in (client_of_frank, client_of_sam):
        page = client.get(reverse("admin:integrations_syncsettings_change", args=[acme_books.settings.pk]))
        assert "{&quot;CASH&quot;: &quot;35&quot;}" in page.text
        assert "{&quot;memo&quot;: &quot;ask&quot;}" in page.text
        assert 'name="_save"' not in page.text


def test_the_form_explains_itself(acme_books: QuickBooksConnection, client_of_alice: Client) -> None:
    text = client_of_alice.get(
        reverse("admin:integrations_syncsettings_change", args=[acme_books.settings.pk])
    ).text
    assert "QuickBooks has no drafts" in text
    assert "If both sides changed the due date" in text
