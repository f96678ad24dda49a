"""The shell's door: JSON on stdout, errors as JSON on stderr, exit codes a script can rely on."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import responses
from cryptography.fernet import Fernet
from django.core.management import call_command, execute_from_command_line, load_command_class
from django.core.management.base import CommandError
from django.utils import timezone
from pytest_django import Settings

from accounts.models import AuditLogEntry, Company, Membership, User
from config.keys import DEMO_CREDENTIAL_KEY
from integrations.connections.stored_access import log_unreadable
from integrations.errors import CredentialUnreadable
from integrations.management.commands import rotate_credentials
from integrations.models import (
    CoperniqConnection,
    InboundEvent,
    InvoiceSyncPeriod,
    QuickBooksConnection,
    RemoteWrite,
    RunState,
)
from integrations.models.encryption import encrypt
from tests.factories import (
    API_KEY,
    OTHER_REALM,
    REFRESH,
    MockedVendors,
    company,
    coperniq_connection,
    quickbooks_connection,
    sync_run,
)

pytestmark = pytest.mark.django_db

State = QuickBooksConnection.State


@pytest.fixture
def acme(db: None) -> Company:
    return company("acme")


@pytest.fixture
def vendors() -> Iterator[MockedVendors]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as stage:
        yield MockedVendors(stage)


def run_json(name: str, *arguments: str) -> Any:
    out = io.StringIO()
    call_command(name, *arguments, stdout=out)
    return json.loads(out.getvalue())


def refused(name: str, *arguments: str) -> Any:
    with pytest.raises(CommandError) as caught:
        call_command(name, *arguments, stdout=io.StringIO())
    assert caught.value.returncode == 1
    return json.loads(str(caught.value))["errors"]


def test_a_company_is_created() -> None:
    answer = run_json("create_company", "Acme Solar", "--slug", "acme", "--time-zone", "America/Denver")
    assert answer == {"name": "Acme Solar", "slug": "acme", "time_zone": "America/Denver"}
    assert Company.objects.get().slug == "acme"


@pytest.mark.parametrize(
    ("slug", "zone", "field"),
    [("acme", "UTC", "slug"), ("a b", "UTC", "slug"), ("new", "Mars/Base", "time_zone")],
)
def test_a_wrong_company_is_refused_by_field(acme: Company, slug: str, zone: str, field: str) -> None:
    assert field in refused("create_company", "Another", "--slug", slug, "--time-zone", zone)
    assert Company.objects.count() == 1


def test_errors_are_json_on_stderr_with_exit_code_one(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        execute_from_command_line(["manage.py", "status", "--company", "nobody"])
    shown = capsys.readouterr()
    assert left.value.code == 1
    assert shown.out == ""
    assert json.loads(shown.err) == {"errors": {"company": ["There is no company “nobody”."]}}


def test_answers_are_json_on_stdout(acme: Company, capsys: pytest.CaptureFixture[str]) -> None:
    execute_from_command_line(["manage.py", "status", "--company", "acme"])
    shown = capsys.readouterr()
    assert json.loads(shown.out)["company"]["slug"] == "acme"
    assert shown.err == ""


@pytest.mark.parametrize(
    "command",
    ["status", "configure", "sync_now", "connect_coperniq --api-key-env X", "add_member --email a --role b"],
)
def test_a_company_has_to_be_named_and_known(command: str) -> None:
    name, *arguments = command.split()
    assert "company" in refused(name, "--company", "nobody", *arguments)
    with pytest.raises(CommandError, match="--company"):
        call_command(name, *arguments)


def test_a_new_person_becomes_a_member(acme: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALICES", "demo-only-Tr0ubador")
    arguments = ["--company", "acme", "--email", "Alice@example.com", "--role", "admin"]
    answer = run_json("add_member", *arguments, "--password-env", "ALICES")
    assert answer == {"company": "acme", "email": "alice@example.com", "role": "admin"}
    assert User.objects.get().check_password("demo-only-Tr0ubador")


def test_an_existing_person_needs_no_password(acme: Company) -> None:
    User.objects.create_user("alice@example.com")
    run_json("add_member", "--company", "acme", "--email", "alice@example.com", "--role", "staff")
    assert Membership.objects.get().role == "staff"


def test_a_member_without_a_password_or_a_role_is_refused(acme: Company) -> None:
    arguments = ["--company", "acme", "--email", "alice@example.com", "--role"]
    assert "password" in str(refused("add_member", *arguments, "admin"))
    assert "password_env" in refused("add_member", *arguments, "admin", "--password-env", "NOT_SET_ANYWHERE")
    User.objects.create_user("alice@example.com")
    assert "role" in refused("add_member", *arguments, "emperor")
    assert not Membership.objects.exists()


def test_coperniq_is_connected_by_a_key_of_the_environment(
    acme: Company, vendors: MockedVendors, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COPERNIQ_KEY", "demo-key")
    vendors.has_workflows()
    answer = run_json("connect_coperniq", "--company", "acme", "--api-key-env", "COPERNIQ_KEY")
    row = CoperniqConnection.objects.get()
    assert (answer["state"], answer["guarded"], row.api_key) == ("connected", False, "demo-key")
    assert row.webhook_token in answer["webhook_address"]
    assert [workflow["id"] for workflow in answer["workflows"]] == ["11", "12"]
    assert "demo-key" not in json.dumps(answer)
    assert AuditLogEntry.objects.get(verb="connect").actor == "operator, from the shell"


def test_a_refused_key_is_an_error(
    acme: Company, vendors: MockedVendors, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COPERNIQ_KEY", "demo-key")
    vendors.has_workflows(status=401)
    errors = refused("connect_coperniq", "--company", "acme", "--api-key-env", "COPERNIQ_KEY")
    assert "Coperniq refused this API key" in errors["__all__"][0]
    assert not CoperniqConnection.objects.exists()
    assert "api_key_env" in refused("connect_coperniq", "--company", "acme", "--api-key-env", "NOT_SET")


def test_settings_are_printed_and_changed(acme: Company) -> None:
    coperniq_connection(acme)
    quickbooks_connection(acme)
    before = run_json("configure", "--company", "acme")
    assert (before["matching_strategy"], before["trigger.11"]) == ("enrich", "")
    after = run_json(
        "configure", "--company", "acme", "matching_strategy=skip", "trigger.11=101", "reentry.11=once"
    )
    assert (after["matching_strategy"], after["trigger.11"], after["reentry.11"]) == ("skip", "101", "once")
    assert run_json("configure", "--company", "acme") == after


def test_the_settings_are_described_with_the_labels_and_help_of_the_page() -> None:
    text = (
        load_command_class("integrations", "configure").create_parser("manage.py", "configure").format_help()
    )
    for words in (
        "push_from=created|sent  Send an invoice to QuickBooks. QuickBooks has no drafts",
        "owner.memo=later|coperniq|quickbooks|ask  If both sides changed the description.",
        "reentry.<workflow id>=update|once|ask  When a project enters it again.",
        "mapping.<field>  Coperniq field. One of: name",
    ):
        assert words in text


def test_wrong_settings_change_nothing(acme: Company) -> None:
    coperniq_connection(acme)
    quickbooks_connection(acme)
    errors = refused("configure", "--company", "acme", "matching_strategy=skip", "invoices=on")
    assert list(errors) == ["invoices"]
    assert "matching_strategy" in refused("configure", "--company", "acme", "matching_strategy")
    assert run_json("configure", "--company", "acme")["matching_strategy"] == "enrich"


def test_invoice_syncing_is_switched_from_the_shell(acme: Company) -> None:
    coperniq_connection(acme)
    connection = quickbooks_connection(acme)
    after = run_json("configure", "--company", "acme", "invoice_sync=on", "push_from=sent", "owner.memo=ask")
    assert (after["invoice_sync"], after["push_from"], after["owner.memo"]) == ("on", "sent", "ask")
    status = run_json("status", "--company", "acme")["invoice_sync"]
    period = InvoiceSyncPeriod.objects.get(connection=connection)
    assert status["enabled"] is True
    assert status["cut_off"] == status["since"]
    assert status["since"][:19] == period.on_at.isoformat()[:19]
    assert AuditLogEntry.objects.get(target="invoice_sync").actor == "operator, from the shell"


def test_without_books_there_is_nothing_to_set(acme: Company) -> None:
    assert run_json("configure", "--company", "acme") == {}
    assert (
        "Connect QuickBooks first"
        in refused("configure", "--company", "acme", "matching_strategy=skip")["__all__"][0]
    )


def test_sync_now_makes_the_poll_due(acme: Company) -> None:
    coperniq_connection(acme, next_poll_at=timezone.now() + timedelta(minutes=10))
    quickbooks_connection(acme)
    answer = run_json("sync_now", "--company", "acme")
    assert (answer["polled"], answer["idle"], answer["runs"]["queued"]) == (False, True, 0)
    assert CoperniqConnection.objects.due_for_poll(timezone.now()).exists()


def test_sync_now_makes_the_look_for_changes_due(acme: Company) -> None:
    coperniq_connection(acme)
    later = timezone.now() + timedelta(minutes=5)
    connection = quickbooks_connection(acme, next_changes_at=later)
    theirs = quickbooks_connection(company("bolt"), OTHER_REALM, next_changes_at=later)
    run_json("sync_now", "--company", "acme")
    connection.refresh_from_db()
    theirs.refresh_from_db()
    assert connection.next_changes_at <= timezone.now()
    assert theirs.next_changes_at == later


@pytest.mark.parametrize("ignore", [True, False])
def test_sync_now_can_ignore_pauses_of_this_company(acme: Company, ignore: bool) -> None:
    coperniq_connection(acme)
    later = timezone.now() + timedelta(hours=1)
    paused = sync_run(quickbooks_connection(acme), RunState.QUEUED, not_before=later)
    theirs = sync_run(quickbooks_connection(company("bolt"), OTHER_REALM), RunState.QUEUED, not_before=later)
    run_json("sync_now", "--company", "acme", *(["--ignore-pauses"] if ignore else []))
    paused.refresh_from_db()
    theirs.refresh_from_db()
    assert paused.not_before == (None if ignore else later)
    assert theirs.not_before == later


@pytest.mark.parametrize("connected", ["nothing", "coperniq", "refused", "disconnected"])
def test_sync_now_says_when_it_cannot_sync(acme: Company, connected: str) -> None:
    if connected != "nothing":
        coperniq_connection(acme, state="refused" if connected == "refused" else "connected")
    if connected in ("refused", "disconnected"):
        quickbooks_connection(
            acme, state=State.DISCONNECTED if connected == "disconnected" else State.CONNECTED
        )
    assert "have to be connected" in refused("sync_now", "--company", "acme")["__all__"][0]


def poll(acme: Company, seconds_ago: float = 0) -> None:
    at = timezone.now() - timedelta(seconds=seconds_ago)
    CoperniqConnection.objects.filter(company=acme).update(last_poll_started_at=at, last_poll_ended_at=at)
    QuickBooksConnection.objects.filter(company=acme).update(captured_at=at)


@pytest.mark.parametrize(
    "left", ["no poll", "an old poll", "a queued run", "an unplanned event", "a poll under way"]
)
def test_waiting_in_vain_ends_with_exit_code_two(
    acme: Company, left: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    coperniq_connection(acme)
    connection = quickbooks_connection(acme)
    if left == "an old poll":
        poll(acme, seconds_ago=5)
    if left == "a queued run":
        sync_run(connection, RunState.QUEUED)
    if left == "an unplanned event":
        InboundEvent.objects.create(company=acme, source="person", key="1")
    polls = left in ("a queued run", "an unplanned event", "a poll under way")

    def as_time_passes(_seconds: float) -> None:
        if polls:
            poll(acme)
        if left == "a poll under way":
            CoperniqConnection.objects.update(last_poll_ended_at=timezone.now() - timedelta(minutes=1))

    monkeypatch.setattr("time.sleep", as_time_passes)
    with pytest.raises(SystemExit) as gone:
        call_command("sync_now", "--company", "acme", "--wait", "0.05")
    assert gone.value.code == 2
    assert json.loads(capsys.readouterr().out)["polled"] is (left in ("a queued run", "an unplanned event"))


def test_a_poll_that_began_before_the_call_is_waited_out(
    acme: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ends by making the next one due in a minute; ours is asked for again."""
    coperniq_connection(acme, last_poll_started_at=timezone.now() - timedelta(seconds=1))
    quickbooks_connection(acme)
    due: list[bool] = []

    def as_time_passes(_seconds: float) -> None:
        if not due:
            due.append(False)
            next_poll = timezone.now() + timedelta(minutes=1)
            CoperniqConnection.objects.update(last_poll_ended_at=timezone.now(), next_poll_at=next_poll)
            return
        due.append(CoperniqConnection.objects.due_for_poll(timezone.now()).exists())
        poll(acme)

    monkeypatch.setattr("time.sleep", as_time_passes)
    answer = run_json("sync_now", "--company", "acme", "--wait", "30")
    assert (answer["polled"], answer["idle"]) == (True, True)
    assert due == [False, True]


def test_a_look_that_began_before_the_call_is_waited_out(
    acme: Company, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    coperniq_connection(acme)
    connection = quickbooks_connection(acme)
    usual = timedelta(seconds=settings.QUICKBOOKS_CDC_SECONDS)
    due: list[bool] = []

    def as_time_passes(_seconds: float) -> None:
        connection.refresh_from_db()
        due.append(connection.next_changes_at <= timezone.now())
        CoperniqConnection.objects.update(
            last_poll_started_at=timezone.now(), last_poll_ended_at=timezone.now()
        )
        began_at = timezone.now() - timedelta(seconds=0 if len(due) > 2 else 9)
        QuickBooksConnection.objects.update(captured_at=began_at, next_changes_at=began_at + usual)

    monkeypatch.setattr("time.sleep", as_time_passes)
    answer = run_json("sync_now", "--company", "acme", "--wait", "30")
    assert answer["looked"] is True
    assert due == [True, True, True]


def test_a_look_that_fails_is_not_pressed(
    acme: Company, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    coperniq_connection(acme)
    connection = quickbooks_connection(acme)

    def as_time_passes(_seconds: float) -> None:
        CoperniqConnection.objects.update(
            last_poll_started_at=timezone.now(), last_poll_ended_at=timezone.now()
        )
        next_at = timezone.now() + timedelta(seconds=settings.QUICKBOOKS_CDC_SECONDS)
        QuickBooksConnection.objects.update(next_changes_at=next_at)

    monkeypatch.setattr("time.sleep", as_time_passes)
    with pytest.raises(SystemExit):
        call_command("sync_now", "--company", "acme", "--wait", "0.05")
    connection.refresh_from_db()
    assert connection.next_changes_at > timezone.now()


def test_credentials_are_sealed_anew_with_the_first_key(acme: Company, settings: Settings) -> None:
    coperniq = coperniq_connection(acme, proposed_api_key_encrypted=encrypt("demo-proposed"))
    connection = quickbooks_connection(acme)
    write = RemoteWrite(
        connection=connection, kind="customer", coperniq_id="1", entity="Customer", operation="create"
    )
    write.body = '{"DisplayName": "John"}'
    write.save()
    new = Fernet.generate_key().decode()
    settings.CREDENTIAL_KEYS = [new, *settings.CREDENTIAL_KEYS]
    assert run_json("rotate_credentials") == {"rotated": 6, "unreadable": 0}
    settings.CREDENTIAL_KEYS = [new]
    for row in (coperniq, connection, write):
        row.refresh_from_db()
    assert (coperniq.api_key, connection.refresh_token, write.body) == (
        API_KEY,
        REFRESH,
        '{"DisplayName": "John"}',
    )
    assert CoperniqConnection.objects.with_webhook_token(coperniq.webhook_token) == coperniq


@pytest.mark.parametrize("former", [Fernet.generate_key().decode(), DEMO_CREDENTIAL_KEY], ids=["own", "demo"])
def test_former_keys_carry_over_what_is_stored_and_open_nothing_else(
    acme: Company, settings: Settings, caplog: pytest.LogCaptureFixture, former: str
) -> None:
    now = settings.CREDENTIAL_KEYS
    settings.CREDENTIAL_KEYS = [former]
    coperniq = coperniq_connection(acme)
    quickbooks_connection(acme)
    settings.CREDENTIAL_KEYS = [Fernet.generate_key().decode(), *now]
    settings.OLD_CREDENTIAL_KEYS = [former]
    with pytest.raises(CredentialUnreadable):
        assert coperniq.api_key
    log_unreadable()
    assert "opens what is stored of 2 connections" in caplog.text
    assert "OLD_CREDENTIAL_KEYS=<former keys> python manage.py rotate_credentials" in caplog.text
    told = {each["key"]: each["sentence"] for each in run_json("status", "--company", "acme")["warnings"]}
    assert "OLD_CREDENTIAL_KEYS" in told["credentials_unreadable"]
    assert run_json("rotate_credentials")["unreadable"] == 0
    settings.OLD_CREDENTIAL_KEYS = []
    coperniq.refresh_from_db()
    assert coperniq.api_key == API_KEY
    caplog.clear()
    log_unreadable()
    warnings = run_json("status", "--company", "acme")["warnings"]
    assert not caplog.text
    assert "credentials_unreadable" not in {each["key"] for each in warnings}


def test_credentials_no_key_opens_are_an_error_and_stay(acme: Company, settings: Settings) -> None:
    quickbooks_connection(acme, refresh_token_encrypted="encrypted-with-a-lost-key")
    out = io.StringIO()
    with pytest.raises(CommandError, match="None of the keys opens 1 credentials"):
        call_command("rotate_credentials", stdout=out)
    assert json.loads(out.getvalue()) == {"rotated": 1, "unreadable": 1}
    assert QuickBooksConnection.objects.get().refresh_token_encrypted == "encrypted-with-a-lost-key"


def test_a_token_renewed_meanwhile_is_not_turned_back(acme: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    connection = quickbooks_connection(acme, access_token_encrypted="")
    newer = encrypt("demo-newer-token")

    def renewed_first(encrypted: str) -> str:
        QuickBooksConnection.objects.update(refresh_token_encrypted=newer)
        return f"anew-{encrypted}"

    monkeypatch.setattr(rotate_credentials, "rotate", renewed_first)
    run_json("rotate_credentials")
    connection.refresh_from_db()
    assert connection.refresh_token_encrypted == newer
