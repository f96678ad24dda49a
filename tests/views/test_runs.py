from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from django_q.models import OrmQ
from pytest_django import DjangoAssertNumQueries

from accounts.models import AuditLogEntry, Company, User
from integrations import queue
from integrations.models import Action, Kind, Question, QuickBooksConnection, RunState, SyncRun
from tests.factories import (
    CHANGES,
    JSON,
    OTHER_REALM,
    SignIn,
    coperniq_connection,
    held_run,
    preview_run,
    quickbooks_connection,
    sync_run,
)

RUNS = "/integrations/runs/"
RETRY = f"{RUNS}retry/"


@pytest.fixture(autouse=True)
def awake(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each wake-up counts, however soon after another."""
    monkeypatch.setattr(queue, "WAKE_SPACING_SECONDS", 0.0)


@pytest.fixture
def acme_books(acme: Company) -> QuickBooksConnection:
    coperniq_connection(acme)
    return quickbooks_connection(acme)


@pytest.fixture
def client_of_alice(alice: User, sign_in: SignIn) -> Client:
    return sign_in(alice)


def decide(client: Client, row: SyncRun, choice: str, **fields: str) -> Any:
    return client.post(f"{RUNS}{row.pk}/decide/", {"choice": choice, **fields}, headers=JSON)


def retried(client: Client, **fields: Any) -> int:
    answer = client.post(RETRY, fields, headers=JSON)
    assert answer.status_code == 200, answer.content
    count: int = answer.json()["count"]
    return count


def state(row: SyncRun) -> str:
    row.refresh_from_db()
    return row.state


def test_json_tells_plan_and_choices_of_a_run(
    acme_books: QuickBooksConnection, client_of_alice: Client
) -> None:
    row = preview_run(acme_books, "7", record_name="John Smith")
    (listed,) = client_of_alice.get(RUNS, {"format": "json"}).json()["runs"]
    assert listed["id"] == row.pk
    assert listed["planned"][0]["changes"] == CHANGES
    assert [choice["key"] for choice in listed["choices"]] == ["release", "discard"]
    wanted = {"direction": "push", "kind": "customer", "state": "held", "cause": "preview", "plan": "plan-a"}
    wanted |= {"coperniq_id": "7", "quickbooks_id": "", "name": "John Smith"}
    assert {name: listed[name] for name in wanted} == wanted
    assert listed["not_before"] is None


def test_held_runs_come_first(acme_books: QuickBooksConnection, client_of_alice: Client) -> None:
    held_run(acme_books, "old")
    sync_run(acme_books, RunState.DONE, "new")
    listed = client_of_alice.get(RUNS, {"format": "json"}).json()["runs"]
    assert [row["coperniq_id"] for row in listed] == ["old", "new"]


@pytest.mark.parametrize(
    ("query", "ids"),
    [({"state": "done"}, ["2"]), ({"state": "held", "cause": "name_taken"}, ["3"]), ({"kind": "job"}, ["4"])],
)
def test_filters_narrow_the_runs(
    acme_books: QuickBooksConnection, client_of_alice: Client, query: dict[str, str], ids: list[str]
) -> None:
    held_run(acme_books, "1")
    sync_run(acme_books, RunState.DONE, "2")
    held_run(acme_books, "3", cause="name_taken")
    job = held_run(acme_books, "4")
    SyncRun.objects.filter(pk=job.pk).update(kind=Kind.JOB, action=Action.PUSH_JOB)
    listed = client_of_alice.get(RUNS, {"format": "json", **query}).json()["runs"]
    assert [row["coperniq_id"] for row in listed] == ids


def test_unknown_state_is_reported(acme: Company, client_of_alice: Client) -> None:
    assert client_of_alice.get(RUNS, {"state": "lost"}).status_code == 400
    assert client_of_alice.get(RUNS, {"state": "lost", "format": "json"}).json()["errors"].keys() == {"state"}


def test_page_shows_before_and_after_and_a_button_for_each_choice(
    acme_books: QuickBooksConnection, client_of_alice: Client
) -> None:
    row = preview_run(acme_books)
    page = client_of_alice.get(RUNS)
    assert "Display name" in page.text
    for choice in row.choices:
        assert f'name="choice" value="{choice["key"]}"' in page.text


def test_fifty_runs_cost_no_more_queries_than_two(
    acme_books: QuickBooksConnection,
    client_of_alice: Client,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    for number in range(50):
        held_run(acme_books, str(number))
    with django_assert_max_num_queries(18):
        assert len(client_of_alice.get(RUNS).context["rows"]) == 50


def test_choice_is_stored_queued_woken_for_and_recorded(
    acme_books: QuickBooksConnection, client_of_alice: Client
) -> None:
    row = held_run(acme_books)
    assert decide(client_of_alice, row, "link:58").json() == {"ok": True}
    assert (state(row), row.answer_to(Question.CUSTOMER).key) == (RunState.QUEUED, "link:58")
    act = AuditLogEntry.objects.get(verb="decide")
    assert (act.before, act.after) == ("Needs attention: several_matches", "link:58 (Link to “Oak East”)")
    assert OrmQ.objects.exists()


@pytest.mark.parametrize("choice", ["link:99", "", "release"])
def test_choice_that_is_not_offered_is_refused(
    acme_books: QuickBooksConnection, client_of_alice: Client, choice: str
) -> None:
    row = held_run(acme_books)
    answer = decide(client_of_alice, row, choice)
    assert answer.status_code == 400
    assert "has changed" in answer.json()["errors"]["choice"][0]
    assert state(row) == RunState.HELD
    assert not AuditLogEntry.objects.exists()


def test_a_run_decided_meanwhile_is_out_of_date(
    acme_books: QuickBooksConnection, client_of_alice: Client
) -> None:
    row = held_run(acme_books)
    decide(client_of_alice, row, "discard")
    assert decide(client_of_alice, row, "link:58").status_code == 400
    assert state(row) == RunState.CANCELLED


def test_only_the_plan_that_was_shown_is_released(
    acme_books: QuickBooksConnection, client_of_alice: Client
) -> None:
    row = preview_run(acme_books)
    assert decide(client_of_alice, row, "release", plan="plan-of-yesterday").status_code == 400
    assert state(row) == RunState.HELD
    assert decide(client_of_alice, row, "release", plan="plan-a").status_code == 200
    assert (state(row), row.answer_to(Question.PREVIEW).subject) == (RunState.QUEUED, "plan-a")


def test_which_customer_is_which_is_the_admins_to_say(
    acme_books: QuickBooksConnection, sam: User, frank: User, alice: User, sign_in: SignIn
) -> None:
    row = held_run(acme_books)
    for user in (sam, frank):
        refused = decide(sign_in(user), row, "link:58")
        assert refused.status_code == 403
        assert "alice@example.com" in refused.json()["errors"][0]
    assert state(row) == RunState.HELD
    assert decide(sign_in(sam), row, "retry").status_code == 200


def test_finance_decides_where_money_is_held(
    acme_books: QuickBooksConnection, sam: User, frank: User, sign_in: SignIn
) -> None:
    row = held_run(acme_books)
    SyncRun.objects.filter(pk=row.pk).update(kind=Kind.INVOICE)
    assert decide(sign_in(sam), row, "link:58").status_code == 403
    assert decide(sign_in(frank), row, "link:58").status_code == 200


def test_staff_see_the_choices_but_no_buttons_for_them(
    acme_books: QuickBooksConnection, sam: User, sign_in: SignIn
) -> None:
    held_run(acme_books)
    page = sign_in(sam).get(RUNS)
    assert "A company admin can decide this" in page.text
    assert 'value="link:58"' not in page.text
    assert 'name="choice" value="retry"' in page.text


def test_retry_takes_held_and_pausing_runs_and_leaves_the_others(
    acme_books: QuickBooksConnection, sam: User, sign_in: SignIn
) -> None:
    stuck = held_run(acme_books, "1", attempts=5)
    pausing = sync_run(acme_books, RunState.QUEUED, "2", not_before=timezone.now() + timedelta(hours=1))
    done = sync_run(acme_books, RunState.DONE, "3")
    ids = [stuck.pk, pausing.pk, done.pk, 10**18, "x", "9" * 40]
    assert retried(sign_in(sam), run=ids) == 2
    assert (state(stuck), stuck.attempts) == (RunState.QUEUED, 0)
    assert (state(pausing), pausing.not_before) == (RunState.QUEUED, None)
    assert state(done) == RunState.DONE
    acts = AuditLogEntry.objects.filter(verb="retry").order_by("pk")
    assert [(act.before, act.after) for act in acts] == [
        ("Needs attention: several_matches", "Queued"),
        ("Queued", "Queued"),
    ]


def test_all_held_for_a_cause_are_tried_again(
    acme_books: QuickBooksConnection, client_of_alice: Client
) -> None:
    same = [held_run(acme_books, str(number), cause="name_taken") for number in range(3)]
    other = held_run(acme_books, "9")
    assert retried(client_of_alice, cause="name_taken") == 3
    assert [state(row) for row in same] == [RunState.QUEUED] * 3
    assert state(other) == RunState.HELD


def test_retry_without_a_working_connection_leaves_everything_held(
    acme_books: QuickBooksConnection, client_of_alice: Client
) -> None:
    row = held_run(acme_books)
    QuickBooksConnection.objects.update(state=QuickBooksConnection.State.NEEDS_AUTHORIZATION)
    answer = client_of_alice.post(RETRY, {"run": row.pk}, follow=True)
    assert "0 runs tried again" in answer.text
    assert "wait until QuickBooks is connected again" in answer.text
    assert state(row) == RunState.HELD


def test_several_previews_are_released_as_they_were_shown(
    acme_books: QuickBooksConnection, client_of_alice: Client
) -> None:
    shown, changed = preview_run(acme_books, "1"), preview_run(acme_books, "2", question_subject="plan-b")
    match = held_run(acme_books, "3")
    fields = {f"plan-{shown.pk}": "plan-a", f"plan-{changed.pk}": "plan-a"}
    ids = [shown.pk, changed.pk, match.pk]
    assert retried(client_of_alice, run=ids, choice="release", **fields) == 1
    assert [state(row) for row in (shown, changed, match)] == [RunState.QUEUED, RunState.HELD, RunState.HELD]


def test_staff_release_nothing(acme_books: QuickBooksConnection, sam: User, sign_in: SignIn) -> None:
    row = preview_run(acme_books)
    assert retried(sign_in(sam), run=row.pk, choice="release") == 0
    assert state(row) == RunState.HELD


@pytest.mark.parametrize("fields", [{}, {"run": "x"}, {"run": "1", "choice": "discard"}])
def test_retry_of_nothing_and_unknown_choices_are_refused(
    acme_books: QuickBooksConnection, client_of_alice: Client, fields: dict[str, str]
) -> None:
    assert client_of_alice.post(RETRY, fields, headers=JSON).status_code == 400


def test_other_companies_runs_can_be_neither_seen_nor_moved(
    acme_books: QuickBooksConnection, bolt: Company, bob: User, sign_in: SignIn
) -> None:
    coperniq_connection(bolt)
    quickbooks_connection(bolt, OTHER_REALM)
    row = held_run(acme_books)
    client = sign_in(bob)
    assert client.get(RUNS, {"format": "json"}).json()["runs"] == []
    assert decide(client, row, "link:58").status_code == 404
    assert retried(client, run=row.pk) == 0
    assert retried(client, cause="several_matches") == 0
    assert state(row) == RunState.HELD


def test_forms_go_back_to_where_they_came_from_but_never_elsewhere(
    acme_books: QuickBooksConnection, client_of_alice: Client
) -> None:
    row = held_run(acme_books)
    back = client_of_alice.post(RETRY, {"run": row.pk, "next": "/integrations/log/?q=x"})
    assert (back.status_code, back["Location"]) == (302, "/integrations/log/?q=x")
    away = client_of_alice.post(RETRY, {"run": row.pk, "next": "https://evil.example/"})
    assert away["Location"] == RUNS


def test_forms_refuse_other_methods_and_other_people(
    acme: Company, client: Client, client_of_alice: Client
) -> None:
    assert client_of_alice.get(RETRY).status_code == 405
    assert client_of_alice.post(RUNS).status_code == 405
    assert client.get(RUNS, headers=JSON).status_code == 401
    assert client.post(RETRY, {"run": 1}, headers=JSON).status_code == 401


def test_menu_counts_what_is_held(acme_books: QuickBooksConnection, client_of_alice: Client) -> None:
    for number in range(3):
        held_run(acme_books, str(number))
    assert '<span class="count">3</span>' in client_of_alice.get(RUNS).text


def test_the_page_shows_what_is_open_and_the_rest_on_request(
    acme_books: QuickBooksConnection, client_of_alice: Client
) -> None:
    held_run(acme_books, "1", record_name="Still open")
    sync_run(acme_books, RunState.DONE, "2", record_name="Long over")
    page = client_of_alice.get(RUNS).content.decode()
    assert "Still open" in page
    assert "Long over" not in page
    assert "Long over" in client_of_alice.get(RUNS, {"state": "done"}).content.decode()


def test_releasing_by_cause_counts_only_what_is_held(
    acme_books: QuickBooksConnection, client_of_alice: Client
) -> None:
    preview_run(acme_books, "1")
    SyncRun.objects.filter(pk=preview_run(acme_books, "2").pk).update(state=RunState.CANCELLED)
    answer = client_of_alice.post(
        "/integrations/runs/retry/", {"cause": "preview", "choice": "release"}, follow=True
    )
    assert "1 run released." in answer.text
    assert "left out" not in answer.text


@pytest.mark.parametrize(
    "text", ["on", "é", "[]", "2026-11-30T25:61", "integrations:log", "../x", "\\evil", ""]
)
def test_what_is_no_address_leads_back_to_the_list(
    acme_books: QuickBooksConnection, client_of_alice: Client, text: str
) -> None:
    row = held_run(acme_books, "3")
    assert client_of_alice.post(RETRY, {"run": row.pk, "next": text}).headers["Location"] == RUNS


@pytest.mark.every_database
@pytest.mark.parametrize("field", ["cause", "run", "choice", "next", "a\0b"])
def test_null_characters_are_refused(client_of_alice: Client, field: str) -> None:
    body = {"cause": "name_taken", field: "a\0b"}
    assert client_of_alice.post(RETRY, body).status_code == 400
    answer = client_of_alice.post(RETRY, body, headers={"Accept": "application/json"})
    assert (answer.status_code, list(answer.json()["errors"])) == (400, [field.replace("\0", "")])


@pytest.mark.every_database
@pytest.mark.parametrize(
    "page", [RUNS, "/integrations/", "/integrations/home/", "/admin/", "/accounts/choose-company/"]
)
@pytest.mark.parametrize("field", ["company", "q", "next", "nothing"])
def test_null_characters_in_an_address_are_refused(client_of_alice: Client, page: str, field: str) -> None:
    assert client_of_alice.get(page, {field: "a\0b"}).status_code == 400


def test_what_stays_in_quickbooks_is_brought_over_together_by_those_who_may_decide(
    client_of_alice: Client, acme_books: QuickBooksConnection, sign_in: SignIn, sam: User
) -> None:
    """Waiting ones while the direction is one way, held ones after it; an ended one and another question are left out."""
    offered = [
        {"key": "bring_over", "label": "Bring it over", "question": Question.KEPT_IN_QUICKBOOKS, "input": ""}
    ]
    values: dict[str, Any] = {"action": Action.PULL_INVOICE, "kind": Kind.INVOICE, "direction": "pull"}
    kept = [
        sync_run(
            acme_books, state, quickbooks_id=state, is_kept=True, cause="one_way", choices=offered, **values
        )
        for state in (RunState.WAITING, RunState.HELD, RunState.DONE)
    ]
    other = held_run(acme_books, "9", cause="one_way")
    assert retried(sign_in(sam), cause="one_way", choice="bring_over") == 0
    assert retried(client_of_alice, cause="one_way", choice="bring_over") == 2
    assert [state(row) for row in kept] == ["queued", "queued", "done"]
    assert state(other) == "held"
    refused = client_of_alice.post(RETRY, {"cause": "one_way", "choice": "discard"}, headers=JSON)
    assert refused.status_code == 400
