from __future__ import annotations

import io
import json
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts import throttle
from accounts.models import AuditLogEntry, KnownNetwork, SignInAttempt, User
from accounts.throttle import ACCOUNTS_PER_NETWORK, TRIES, TRIES_PER_ACCOUNT, WINDOW
from tests.accounts.conftest import PASSWORD, SignIn, person

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
    assert (answer.status_code, answer.headers["Location"]) == (302, "/integrations/home/")
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


def hop(address: str) -> dict[str, str]:
    return {"x-forwarded-for": address}


def from_network(n: int) -> Client:
    return Client(REMOTE_ADDR=f"198.51.{n // 250}.{n % 250 + 1}")


def test_behind_our_proxy_the_address_is_what_the_proxy_saw(
    alice: User, client: Client, settings: Settings
) -> None:
    settings.TRUSTED_PROXIES = ["127.0.0.1", "10.0.0.0/8"]
    for _ in range(TRIES):
        attempt(client, alice.email, headers=hop("198.51.100.1, 203.0.113.5"))
    stopped = hop(
        "192.0.2.99, 203.0.113.5, 10.1.2.3"
    )  # the first hop is anybody's claim, the last our other proxy
    assert attempt(client, alice.email, headers=stopped).status_code == 429
    assert attempt(client, alice.email, PASSWORD, headers=hop("203.0.113.6")).status_code == 302


@pytest.mark.parametrize("address", ["127.0.0.1", "192.0.2.7", ""])
def test_a_hop_that_no_trusted_proxy_reports_wins_no_tries(alice: User, address: str) -> None:
    client = Client(REMOTE_ADDR=address)
    for n in range(TRIES):
        attempt(client, alice.email, headers=hop(f"203.0.113.{n}"))
    assert attempt(client, alice.email, headers=hop("203.0.113.99")).status_code == 429


def test_a_hop_that_is_no_address_wins_no_tries(alice: User, client: Client, settings: Settings) -> None:
    settings.TRUSTED_PROXIES = ["127.0.0.1"]
    for n in range(TRIES):
        attempt(client, alice.email, headers=hop(f"forged {n}"))
    assert attempt(client, alice.email, headers=hop("another")).status_code == 429


def test_a_socket_without_address_can_be_our_proxy(alice: User, settings: Settings) -> None:
    settings.TRUSTED_PROXIES = ["unix"]
    client = Client(REMOTE_ADDR="")
    for _ in range(TRIES):
        attempt(client, alice.email, headers=hop("203.0.113.5"))
    assert attempt(client, alice.email, headers=hop("203.0.113.5")).status_code == 429
    assert attempt(client, alice.email, PASSWORD, headers=hop("203.0.113.6")).status_code == 302


@pytest.mark.parametrize(
    ("address", "scheme", "is_secure"),
    [
        ("10.0.0.1", "https", True),
        ("10.0.0.1", "HTTPS, https", True),
        ("10.0.0.1", "http", False),
        # The proxy adds what it has seen to what the client claims.
        ("10.0.0.1", "https, http", False),
        ("10.0.0.1", "https,", False),
        ("192.0.2.7", "https", False),
        ("127.0.0.1", "https", False),
        ("", "https", False),
    ],
)
def test_only_a_trusted_proxy_is_believed_about_the_scheme(
    client: Client, settings: Settings, address: str, scheme: str, is_secure: bool
) -> None:
    settings.TRUSTED_PROXIES = ["10.0.0.0/8"]
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    settings.SECURE_HSTS_SECONDS = 60
    for page in ("/healthz", "/webhooks/quickbooks/", "/nothing-here/"):
        answer = client.get(page, headers={"x-forwarded-proto": scheme}, REMOTE_ADDR=address)
        assert ("Strict-Transport-Security" in answer, answer.wsgi_request.is_secure()) == (is_secure,) * 2


def test_one_address_tries_no_more_than_a_few_accounts(alice: User, client: Client) -> None:
    answers = [attempt(client, f"person{n}@example.com").status_code for n in range(ACCOUNTS_PER_NETWORK + 5)]
    assert answers == [400] * ACCOUNTS_PER_NETWORK + [429] * 5
    assert attempt(client, alice.email, PASSWORD).status_code == 429
    assert attempt(Client(REMOTE_ADDR="192.0.2.7"), alice.email, PASSWORD).status_code == 302


@pytest.mark.parametrize("kind", ["IPv4", "IPv6"])
def test_many_addresses_try_one_account_no_more_than_a_few_times(alice: User, kind: str) -> None:
    places = [from_network(n) for n in range(40)]
    if kind == "IPv6":
        places = [Client(REMOTE_ADDR=f"2001:db8:0:{n:x}::1") for n in range(40)]
    answers = [attempt(place, alice.email).status_code for place in places]
    assert answers == [400] * TRIES_PER_ACCOUNT + [429] * (40 - TRIES_PER_ACCOUNT)


def test_all_addresses_of_one_ipv6_network_are_one(alice: User) -> None:
    answers = [attempt(Client(REMOTE_ADDR=f"2001:db8::{n:x}"), alice.email).status_code for n in range(1, 8)]
    assert answers == [400] * TRIES + [429] * 2
    mapped = [
        attempt(Client(REMOTE_ADDR=a), "x@example.com").status_code for a in ["::ffff:192.0.2.1"] * TRIES
    ]
    assert mapped == [400] * TRIES
    assert attempt(Client(REMOTE_ADDR="192.0.2.1"), "x@example.com").status_code == 429


def test_many_addresses_and_many_accounts_are_limited_over_all(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throttle, "TRIES_OVER_ALL", 12)
    answers = [attempt(from_network(n), f"person{n}@example.com").status_code for n in range(15)]
    assert answers == [400] * 12 + [429] * 3
    assert attempt(from_network(99), alice.email, PASSWORD).status_code == 429


def test_nobody_locks_out_a_device_that_has_signed_in_before(
    alice: User, bob: User, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    own, another = Client(), Client()
    assert attempt(own, alice.email, PASSWORD).status_code == 302
    assert attempt(another, bob.email, PASSWORD).status_code == 302
    for n in range(TRIES_PER_ACCOUNT + 1):
        attempt(client if n < TRIES else from_network(n), alice.email)
    monkeypatch.setattr(throttle, "TRIES_OVER_ALL", 0)
    own.post("/accounts/logout/")
    assert attempt(client, alice.email, PASSWORD).status_code == 429
    assert attempt(another, alice.email, PASSWORD).status_code == 429, (
        "the device of another person is a stranger"
    )
    assert attempt(own, alice.email, PASSWORD).status_code == 302
    for _ in range(TRIES):
        assert attempt(own, alice.email).status_code == 400
    assert attempt(own, alice.email, PASSWORD).status_code == 429, (
        "a stolen device guesses no more often than others"
    )


def test_an_office_that_mistypes_gets_in(db: None) -> None:
    people = [person(f"person{n}") for n in range(20)]
    for _ in range(2):
        assert {attempt(Client(), each.email).status_code for each in people} == {400}
    assert {attempt(Client(), each.email, PASSWORD).status_code for each in people} == {302}
    assert not SignInAttempt.objects.exists()


def test_guesses_from_elsewhere_leave_a_known_network_its_tries(
    alice: User, bob: User, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert attempt(Client(), alice.email, PASSWORD).status_code == 302
    for n in range(TRIES_PER_ACCOUNT + 1):
        attempt(from_network(n), alice.email)
    monkeypatch.setattr(throttle, "TRIES_OVER_ALL", 0)
    assert attempt(from_network(99), alice.email, PASSWORD).status_code == 429
    assert attempt(client, bob.email, PASSWORD).status_code == 429, (
        "the network of another account is strange"
    )
    assert attempt(client, alice.email, PASSWORD).status_code == 302
    assert [attempt(Client(), alice.email).status_code for _ in range(TRIES + 1)] == [400] * TRIES + [429]
    SignInAttempt.objects.all().delete()
    KnownNetwork.objects.update(at=timezone.now() - throttle.KNOWN)
    assert attempt(Client(), alice.email, PASSWORD).status_code == 429


def test_one_large_network_does_not_use_up_the_tries_of_all(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throttle, "TRIES_PER_SITE", 6)
    places = [Client(REMOTE_ADDR=f"2001:db8:0:{n:x}::1") for n in range(9)]
    answers = [attempt(place, f"person{n}@example.com").status_code for n, place in enumerate(places)]
    assert answers == [400] * 6 + [429] * 3
    assert attempt(Client(REMOTE_ADDR="2001:db8:1::1"), alice.email, PASSWORD).status_code == 302


def test_the_operator_lifts_the_limits_of_one_account(alice: User, client: Client) -> None:
    lock_out(client, alice.email)
    lock_out(client, "bob@example.com")
    out = io.StringIO()
    call_command("allow_sign_in", "--email", " ALICE@example.com", stdout=out)
    assert json.loads(out.getvalue()) == {"email": alice.email, "forgotten": TRIES}
    assert AuditLogEntry.objects.get(verb="allow").target == "sign-in of alice@example.com"
    assert attempt(client, "bob@example.com").status_code == 429
    assert attempt(client, alice.email, PASSWORD).status_code == 302


@pytest.mark.parametrize(
    ("reported", "again"),
    [
        ("203.0.113.5:4711", "203.0.113.5:4712"),
        ("[2001:db8::5]:4711", "2001:db8::6"),
        ("[2001:db8::5]", " [2001:db8::5]:1"),
    ],
)
def test_a_port_is_no_part_of_an_address(
    alice: User, client: Client, settings: Settings, reported: str, again: str
) -> None:
    settings.TRUSTED_PROXIES = ["127.0.0.1"]
    for _ in range(TRIES):
        attempt(client, alice.email, headers=hop(reported))
    assert attempt(client, alice.email, PASSWORD, headers=hop(again)).status_code == 429
    other = hop("203.0.113.77:4711")
    assert attempt(client, alice.email, PASSWORD, headers=other).status_code == 302


def test_a_weak_new_password_is_no_guess_of_the_old_one(alice: User, sign_in: SignIn) -> None:
    client, page = sign_in(alice), "/admin/password_change/"
    weak = {"old_password": PASSWORD, "new_password1": "short", "new_password2": "short"}
    assert [client.post(page, weak).status_code for _ in range(TRIES + 2)] == [200] * (TRIES + 2)
    assert [client.post(page, weak | {"old_password": WRONG}).status_code for _ in range(TRIES + 1)] == [
        *[200] * TRIES,
        429,
    ]


def test_a_forged_device_is_a_stranger(alice: User) -> None:
    client = Client()
    for n in range(TRIES):
        client.cookies["device"] = f"forged-{n}"
        attempt(client, alice.email)
    client.cookies["device"] = "another"
    assert attempt(client, alice.email, PASSWORD).status_code == 429


def test_the_old_password_cannot_be_guessed(alice: User, sign_in: SignIn) -> None:
    client, page = sign_in(alice), "/admin/password_change/"
    new = {"new_password1": "An0ther-demo-word", "new_password2": "An0ther-demo-word"}
    answers = [client.post(page, {"old_password": WRONG, **new}).status_code for _ in range(TRIES + 2)]
    assert answers == [200] * TRIES + [429] * 2
    assert client.post(page, {"old_password": PASSWORD, **new}).status_code == 429
    SignInAttempt.objects.all().delete()
    assert client.post(page, {"old_password": PASSWORD, **new}).status_code == 302
    assert not SignInAttempt.objects.exists()
    assert AuditLogEntry.objects.get(verb="change").actor == alice.email
    assert client.get(page).status_code == 200


@pytest.mark.parametrize("weak", ["8364927561", "Sh0rt-one", "password123"])
def test_a_weak_new_password_is_refused(alice: User, sign_in: SignIn, weak: str) -> None:
    form = {"old_password": PASSWORD, "new_password1": weak, "new_password2": weak}
    assert sign_in(alice).post("/admin/password_change/", form).status_code == 200
    alice.refresh_from_db()
    assert alice.check_password(PASSWORD)


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
    assert answer.headers["Location"] == "/integrations/home/"


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
