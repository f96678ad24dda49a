from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import SignInAttempt, User
from accounts.throttle import TRIES, WINDOW
from tests.accounts.conftest import PASSWORD, SignIn

LOGIN = "/accounts/login/"
JSON = {"accept": "application/json"}
WRONG = "wrong-demo-word"


def attempt(client: Client, email: str, password: str = WRONG, **extra: Any) -> Any:
    return client.post(LOGIN, {"username": email, "password": password}, **extra)


def lock_out(client: Client, email: str) -> None:
    for _ in range(TRIES):
        attempt(client, email)


def test_a_person_signs_in_by_address_and_lands_on_the_portal(alice: User, client: Client) -> None:
    answer = attempt(client, "Alice@Example.com", PASSWORD)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/integrations/")
    assert client.get("/read/").content == b"acme"


def test_a_program_signs_in_with_json_answers(alice: User, client: Client) -> None:
    refused = attempt(client, alice.email, headers=JSON)
    assert refused.status_code == 400
    assert "errors" in refused.json()
    assert attempt(client, alice.email, PASSWORD, headers=JSON).json() == {"ok": True}
    assert client.post("/accounts/logout/", headers=JSON).json() == {"ok": True}


def test_the_form_asks_for_address_and_password(client: Client, db: None) -> None:
    page = client.get(LOGIN).content.decode()
    assert 'type="email" name="username"' in page
    assert 'type="password" name="password"' in page
    assert 'autocomplete="current-password"' in page


def test_signing_in_needs_the_forgery_token(alice: User) -> None:
    assert attempt(Client(enforce_csrf_checks=True), alice.email, PASSWORD).status_code == 403


def test_unknown_wrong_and_inactive_get_the_same_answer(alice: User, bob: User, client: Client) -> None:
    User.objects.filter(pk=bob.pk).update(is_active=False)
    answers = [
        attempt(client, alice.email, WRONG, headers=JSON),
        attempt(client, "nobody@example.com", WRONG, headers=JSON),
        attempt(client, bob.email, PASSWORD, headers=JSON),
        attempt(client, bob.email, WRONG, headers=JSON),
    ]
    assert {(answer.status_code, answer.content) for answer in answers} == {(400, answers[0].content)}


def test_the_pages_for_unknown_and_wrong_differ_in_the_address_alone(alice: User) -> None:
    wrong, unknown = (
        strip_token(attempt(Client(), email).content.decode()).replace(email, "…")
        for email in (alice.email, "nobody@example.com")
    )
    assert "do not belong together" in wrong
    assert wrong == unknown


def strip_token(page: str) -> str:
    return "\n".join(line for line in page.splitlines() if "csrfmiddlewaretoken" not in line)


def test_a_wrong_password_is_not_a_redirect_and_not_shown_again(alice: User, client: Client) -> None:
    answer = attempt(client, alice.email)
    assert answer.status_code == 400
    assert WRONG not in answer.content.decode()


def test_guessing_is_stopped_even_when_the_guess_is_right(alice: User, client: Client) -> None:
    lock_out(client, alice.email)
    answer = attempt(client, alice.email, PASSWORD)
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) == WINDOW.total_seconds()
    assert b"Too many tries" in answer.content
    assert client.get("/read/").status_code == 302
    assert attempt(client, alice.email, PASSWORD, headers=JSON).json()["errors"]


def test_the_stop_says_nothing_about_who_exists(alice: User, client: Client) -> None:
    lock_out(client, alice.email)
    lock_out(client, "nobody@example.com")
    stopped = attempt(client, alice.email, headers=JSON), attempt(client, "nobody@example.com", headers=JSON)
    assert stopped[0].status_code == stopped[1].status_code == 429
    assert stopped[0].content == stopped[1].content


def test_writing_the_address_differently_wins_no_tries(alice: User, client: Client) -> None:
    lock_out(client, alice.email)
    assert attempt(client, " ALICE@Example.com ", PASSWORD).status_code == 429


def test_others_and_other_places_are_not_stopped(alice: User, bob: User, client: Client) -> None:
    lock_out(client, alice.email)
    assert attempt(Client(), bob.email, PASSWORD).status_code == 302
    assert attempt(Client(REMOTE_ADDR="192.0.2.7"), alice.email, PASSWORD).status_code == 302


def test_after_a_quarter_of_an_hour_one_may_try_again(alice: User, client: Client) -> None:
    lock_out(client, alice.email)
    SignInAttempt.objects.update(at=timezone.now() - WINDOW - timedelta(seconds=1))
    assert attempt(client, alice.email, PASSWORD).status_code == 302


def test_a_refused_try_does_not_lengthen_the_wait(alice: User, client: Client) -> None:
    lock_out(client, alice.email)
    attempt(client, alice.email)
    assert SignInAttempt.objects.count() == TRIES


def test_success_forgets_earlier_failures(alice: User, client: Client) -> None:
    attempt(client, alice.email)
    attempt(client, alice.email, PASSWORD)
    assert not SignInAttempt.objects.exists()


def test_old_tries_are_swept_away(alice: User, client: Client) -> None:
    attempt(client, "nobody@example.com")
    SignInAttempt.objects.update(at=timezone.now() - WINDOW - timedelta(seconds=1))
    attempt(client, alice.email)
    assert SignInAttempt.objects.count() == 1


def test_a_password_typed_as_address_is_not_kept(client: Client, db: None) -> None:
    attempt(client, PASSWORD)
    assert PASSWORD not in str(list(SignInAttempt.objects.values()))


def test_behind_our_proxy_the_address_is_what_the_proxy_saw(alice: User, client: Client) -> None:
    for _ in range(TRIES):
        attempt(client, alice.email, headers={"x-forwarded-for": "198.51.100.1, 203.0.113.5"})
    stopped = {"x-forwarded-for": "192.0.2.99, 203.0.113.5"}  # the first hop is anybody's claim
    assert attempt(client, alice.email, headers=stopped).status_code == 429
    assert (
        attempt(client, alice.email, PASSWORD, headers={"x-forwarded-for": "203.0.113.6"}).status_code == 302
    )


def test_without_our_proxy_a_forged_hop_wins_no_tries(alice: User) -> None:
    client = Client(REMOTE_ADDR="192.0.2.7")
    for n in range(TRIES):
        attempt(client, alice.email, headers={"x-forwarded-for": f"203.0.113.{n}"})
    assert attempt(client, alice.email, headers={"x-forwarded-for": "203.0.113.99"}).status_code == 429


def test_a_socket_without_address_is_our_proxy(alice: User) -> None:
    client = Client(REMOTE_ADDR="")
    for _ in range(TRIES):
        attempt(client, alice.email, headers={"x-forwarded-for": "203.0.113.5"})
    assert attempt(client, alice.email, headers={"x-forwarded-for": "203.0.113.5"}).status_code == 429
    assert (
        attempt(client, alice.email, PASSWORD, headers={"x-forwarded-for": "203.0.113.6"}).status_code == 302
    )


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.example/",
        "//evil.example/",
        "///evil.example",
        "/\\evil.example",
        "http:evil.example",
        "javascript:alert(1)",
        "https://testserver@evil.example/",
        "\thttps://evil.example",
    ],
)
def test_next_never_leads_to_another_site(elsewhere: str, alice: User, client: Client) -> None:
    assert "evil" not in client.get(LOGIN, {"next": elsewhere}).content.decode()
    answer = client.post(LOGIN, {"username": alice.email, "password": PASSWORD, "next": elsewhere})
    assert answer.headers["Location"] == "/integrations/"


def test_next_leads_back_to_the_page_that_was_wanted(alice: User, client: Client) -> None:
    back = "/read/?company=acme"
    assert 'value="/read/?company=acme"' in client.get(LOGIN, {"next": back}).content.decode()
    answer = client.post(LOGIN, {"username": alice.email, "password": PASSWORD, "next": back})
    assert answer.headers["Location"] == back


def test_a_session_planted_before_is_worthless_after(alice: User, client: Client) -> None:
    client.get(LOGIN)
    session = client.session
    session["planted"] = "by an attacker"
    session.save()
    planted = session.session_key
    client.cookies["sessionid"] = str(planted)
    attempt(client, alice.email, PASSWORD)
    assert client.cookies["sessionid"].value != planted
    visitor = Client()
    visitor.cookies["sessionid"] = str(planted)
    assert visitor.get("/read/").status_code == 302


def test_signing_out_ends_the_session_and_needs_a_post(alice: User, sign_in: SignIn) -> None:
    client = sign_in(alice)
    key = client.cookies["sessionid"].value
    assert client.get("/accounts/logout/").status_code == 405
    assert client.get("/read/").status_code == 200
    assert client.post("/accounts/logout/").headers["Location"] == LOGIN
    stolen = Client()
    stolen.cookies["sessionid"] = key
    assert stolen.get("/read/").status_code == 302


def test_a_new_password_ends_the_other_sessions(alice: User, sign_in: SignIn) -> None:
    client = sign_in(alice)
    alice.set_password("An0ther-demo-word")
    alice.save()
    assert client.get("/read/").status_code == 302


def test_whoever_is_signed_in_already_is_told_as_whom(zoe: User, sign_in: SignIn) -> None:
    page = sign_in(zoe).get(LOGIN, {"next": "/admin/"}).content.decode()
    assert "signed in as zoe@example.com" in page
    assert "do not have access" in page
