"""With which keys a process starts, and when it refuses to: the environment in, the process's end or its keys out."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured

from config.keys import DEMO_CREDENTIAL_KEY, DEMO_SECRET_KEY, Keys, keys_for, public_hosts

ROOT = Path(__file__).parent.parent
OWN = Keys("a secret of one's own", [Fernet.generate_key().decode()])
UNSET = Keys("", [])
PUBLISHED = Keys(DEMO_SECRET_KEY, [DEMO_CREDENTIAL_KEY])
PRINT_KEYS = "from django.conf import settings; print(settings.SECRET_KEY, settings.CREDENTIAL_KEYS)"
SET = {"SECRET_KEY": OWN.secret, "CREDENTIAL_KEYS": OWN.credentials[0]}
PUBLIC = "https://portal.example.com"


def resolve(
    given: Keys, file: Path, url: str = "http://127.0.0.1:8000", *hosts: str, demo: bool = False
) -> Keys:
    return keys_for(given, demo=demo, public=public_hosts(url, hosts), file=file)


@pytest.mark.parametrize(
    ("url", "host"),
    [
        (PUBLIC, "localhost"),
        ("http://10.0.0.1:8000", "localhost"),
        ("http://0.0.0.0", "localhost"),
        ("", "localhost"),
        ("http://localhost.example.com", "localhost"),
        ("http://localhost", "portal.example.com"),
        ("http://localhost", "*"),
        ("http://localhost", ".example.com"),
        ("http://localhost", ""),
    ],
)
def test_no_key_that_is_not_secret_meets_anybody_outside(tmp_path: Path, url: str, host: str) -> None:
    file = tmp_path / "keys.env"
    for given in (
        UNSET,
        PUBLISHED,
        Keys(OWN.secret, []),
        Keys("", OWN.credentials),
        Keys(DEMO_SECRET_KEY, OWN.credentials),
    ):
        with pytest.raises(ImproperlyConfigured, match="Set SECRET_KEY"):
            resolve(given, file, url, host)
    for given in (UNSET, PUBLISHED, OWN):
        with pytest.raises(ImproperlyConfigured, match="DEMO=on is for this machine alone"):
            resolve(given, file, url, host, demo=True)
    assert resolve(OWN, file, url, host) == OWN
    assert not file.exists()


@pytest.mark.parametrize("url", ["http://127.0.0.1:8000", "http://LOCALHOST", "http://[::1]:8000"])
def test_this_machine_gets_keys_of_its_own(tmp_path: Path, url: str) -> None:
    file = tmp_path / "new folder" / "keys.env"
    made = resolve(UNSET, file, url, "127.0.0.1", "[::1]", "portal.localhost")
    assert made.secret != DEMO_SECRET_KEY
    assert DEMO_CREDENTIAL_KEY not in made.credentials
    Fernet(made.credentials[0])
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [each.name for each in file.parent.iterdir()] == ["keys.env"]
    assert resolve(UNSET, file, url) == made  # the next start finds them
    assert resolve(Keys(OWN.secret, []), file, url) == Keys(OWN.secret, made.credentials)
    with pytest.raises(ImproperlyConfigured, match=str(file)):
        resolve(UNSET, file, PUBLIC)


@pytest.mark.parametrize(
    "published", [PUBLISHED, Keys(OWN.secret, [OWN.credentials[0], DEMO_CREDENTIAL_KEY])]
)
def test_published_keys_need_the_demo(tmp_path: Path, published: Keys) -> None:
    with pytest.raises(ImproperlyConfigured, match="DEMO=on"):
        resolve(published, tmp_path / "keys.env")
    assert resolve(published, tmp_path / "keys.env", demo=True) == published
    assert resolve(UNSET, tmp_path / "keys.env", demo=True) == PUBLISHED


DEMO_BYTES_AGAIN = DEMO_CREDENTIAL_KEY[:-2] + chr(ord(DEMO_CREDENTIAL_KEY[-2]) + 1) + "="
"""Its last bits belong to no byte."""


@pytest.mark.parametrize(
    "published",
    [
        Keys(f" {DEMO_SECRET_KEY}\n", OWN.credentials),
        Keys(f"'{DEMO_SECRET_KEY}'", OWN.credentials),
        Keys(OWN.secret, [f'"{DEMO_CREDENTIAL_KEY}"']),
        Keys(OWN.secret, [f" {DEMO_CREDENTIAL_KEY}\t", *OWN.credentials]),
        Keys(OWN.secret, [DEMO_BYTES_AGAIN]),
    ],
)
def test_published_keys_are_known_in_any_spelling(tmp_path: Path, published: Keys) -> None:
    for url in ("http://127.0.0.1:8000", PUBLIC):
        with pytest.raises(ImproperlyConfigured, match=r"OLD_CREDENTIAL_KEYS=.*rotate_credentials"):
            resolve(published, tmp_path / "keys.env", url)


@pytest.mark.parametrize("blank", ["", " ", '""', "'\t'", "too short"])
def test_a_secret_that_is_none_is_refused_in_public(tmp_path: Path, blank: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="SECRET_KEY"):
        resolve(Keys(blank, OWN.credentials), tmp_path / "keys.env", PUBLIC)
    here = resolve(Keys(blank, OWN.credentials), tmp_path / "keys.env")
    assert here.secret == "too short" or len(here.secret) > 40


@pytest.mark.parametrize(
    "key",
    ["x", "kein-schlüssel", OWN.credentials[0][:-3], "A" + OWN.credentials[0]],
    ids=["short", "not ASCII", "cut off", "too long"],
)
@pytest.mark.parametrize("demo", [True, False])
def test_a_key_that_is_no_fernet_key_is_refused(tmp_path: Path, key: str, demo: bool) -> None:
    with pytest.raises(ImproperlyConfigured, match="Key 2 of CREDENTIAL_KEYS is no Fernet key") as told:
        resolve(Keys(OWN.secret, [*OWN.credentials, key]), tmp_path / "keys.env", demo=demo)
    assert key not in str(told.value) or key == "x"
    quoted = Keys(OWN.secret, [f" '{OWN.credentials[0]}' ", " "])
    assert resolve(quoted, tmp_path / "keys.env", PUBLIC) == OWN


@pytest.mark.parametrize("content", ["", "SECRET_KEY=\nCREDENTIAL_KEYS=\n", "SECRET_KEY=half"])
def test_a_damaged_file_is_named_and_not_replaced(tmp_path: Path, content: str) -> None:
    file = tmp_path / "keys.env"
    file.write_text(content)
    with pytest.raises(ImproperlyConfigured, match="Restore it"):
        resolve(UNSET, file)
    assert file.read_text() == content


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ImproperlyConfigured, match="KEYS_FILE"):
        resolve(UNSET, tmp_path / "file" / "keys.env")


def test_processes_that_start_together_agree(tmp_path: Path) -> None:
    started = [launch("-c", PRINT_KEYS, KEYS_FILE=str(tmp_path / "keys.env")) for _ in range(6)]
    printed = {process.communicate(timeout=60)[0] for process in started}
    assert [process.returncode for process in started] == [0] * 6
    assert len(printed) == 1


@pytest.mark.parametrize(
    "environment",
    [
        {"ALLOWED_HOSTS": "portal.example.com"},
        {"PORTAL_URL": PUBLIC, "SECRET_KEY": OWN.secret},
        {
            "PORTAL_URL": PUBLIC,
            "CREDENTIAL_KEYS": f"{OWN.credentials[0]}, {DEMO_CREDENTIAL_KEY}",
            "SECRET_KEY": "own",
        },
        {"PORTAL_URL": PUBLIC, "DEMO": "on"},
        {"SECRET_KEY": DEMO_SECRET_KEY},
        {"CREDENTIAL_KEYS": "no key"},
        {"OLD_CREDENTIAL_KEYS": "no key"},
        {"PORTAL_URL": PUBLIC, "SECRET_KEY": " ", "CREDENTIAL_KEYS": OWN.credentials[0]},
        {"ALLOWED_HOSTS": "*", "DEBUG": "on", **SET},
        {"PORTAL_URL": PUBLIC, "DEBUG": "on", **SET},
    ],
)
def test_no_process_starts_unsafely(tmp_path: Path, environment: Mapping[str, str]) -> None:
    commands = [("-m", "gunicorn", "--check-config", "config.wsgi"), ("manage.py", "migrate")]
    if environment in ({"ALLOWED_HOSTS": "portal.example.com"}, {"SECRET_KEY": DEMO_SECRET_KEY}):
        commands += [("manage.py", name) for name in ("worker", "check", "demo")]
    folder = {
        "KEYS_FILE": str(tmp_path / "keys.env"),
        "DATABASE_URL": f"sqlite:///{tmp_path / 'portal.sqlite3'}",
    }
    started = [launch(*command, **folder, **environment) for command in commands]
    for process in started:
        printed, _ = process.communicate(timeout=60)
        assert process.returncode not in (0, None)
        assert "ImproperlyConfigured: " in printed
    assert not list(tmp_path.iterdir())


def test_the_scheme_of_the_address_may_be_written_in_capitals(tmp_path: Path) -> None:
    ask = "from django.conf import settings; print(settings.PORTAL_URL, settings.SESSION_COOKIE_SECURE)"
    process = launch("-c", ask, PORTAL_URL="HTTPS://portal.example.com/ ", **SET)
    assert process.communicate(timeout=60)[0].strip() == f"{PUBLIC} True"


def launch(*arguments: str, **environment: str) -> subprocess.Popen[str]:
    """Nothing of the portal is set but what is given."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.Popen(
        [sys.executable, *arguments],
        env={**kept, "DJANGO_SETTINGS_MODULE": "config.settings", **environment},
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
