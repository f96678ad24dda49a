"""The portal's two secrets: given by the environment, or made once for a portal that only this machine can reach.

The keys of the demo are printed here, so everybody knows them: a signing key that is known lets anybody sign in as
anybody, and a known credential key opens every stored token.
"""

from __future__ import annotations

import base64
import os
import secrets
import tempfile
from collections.abc import Iterable, Sequence
from ipaddress import ip_address
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured

DEMO_SECRET_KEY = "demo-only-secret-key-that-must-be-replaced-before-real-use"  # noqa: S105 - no secret, see above
DEMO_CREDENTIAL_KEY = "ZGVtby1vbmx5LWNyZWRlbnRpYWwta2V5LXJlcGxhY2U="
_OWN_KEYS = (
    "Set SECRET_KEY to a long random text and CREDENTIAL_KEYS to a key that this prints: "
    "python -c 'from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())'"
)
_FORMER_KEY = (
    "What is stored under a former key, also under the demo's, is carried over once: "
    "OLD_CREDENTIAL_KEYS=<former key> python manage.py rotate_credentials"
)
SHORTEST_SECRET = 16


class Keys(NamedTuple):
    secret: str
    credentials: list[str]
    """Fernet keys: the first encrypts, all decrypt."""


def keys_for(given: Keys, *, demo: bool, public: Sequence[str], file: Path) -> Keys:
    """The keys to work with. `given` has what is set, "" and [] for what is not; `public` the hosts that others reach.

    Raises ImproperlyConfigured, with the remedy, rather than let anybody from outside meet a key that is not secret.
    """
    given = Keys(
        given.secret if _bare(given.secret) else "", fernet_keys("CREDENTIAL_KEYS", given.credentials)
    )
    if demo:
        if public:
            raise ImproperlyConfigured(
                f"DEMO=on is for this machine alone, but PORTAL_URL or ALLOWED_HOSTS name {_named(public)}. "
                f"Remove DEMO. {_OWN_KEYS} {_FORMER_KEY}"
            )
        return Keys(given.secret or DEMO_SECRET_KEY, given.credentials or [DEMO_CREDENTIAL_KEY])
    if _is_published(given):
        raise ImproperlyConfigured(
            "SECRET_KEY or CREDENTIAL_KEYS is the published one of the demo, which works with DEMO=on alone. "
            f"{_OWN_KEYS} {_FORMER_KEY}"
        )
    missing = [
        name for name, value in zip(("SECRET_KEY", "CREDENTIAL_KEYS"), given, strict=True) if not value
    ]
    if public and missing:
        kept = f" Those made for this machine are in {file}." if file.exists() else ""
        raise ImproperlyConfigured(
            f"{' and '.join(missing)} must be set, since PORTAL_URL or ALLOWED_HOSTS name {_named(public)}. "
            f"{_OWN_KEYS}{kept}"
        )
    if public and len(_bare(given.secret)) < SHORTEST_SECRET:
        raise ImproperlyConfigured(f"SECRET_KEY has fewer than {SHORTEST_SECRET} characters. {_OWN_KEYS}")
    if not missing:
        return given
    own = _read_or_make(file)
    return Keys(given.secret or own.secret, given.credentials or own.credentials)


def fernet_keys(name: str, given: Iterable[str]) -> list[str]:
    """The keys without spaces and quotes around them, which a file or a shell left there.

    Raises ImproperlyConfigured for one that is no Fernet key.
    """
    keys = list(filter(None, map(_bare, given)))
    for number, key in enumerate(keys, 1):
        try:
            Fernet(key)
        except ValueError as error:
            raise ImproperlyConfigured(f"Key {number} of {name} is no Fernet key. {_OWN_KEYS}") from error
    return keys


def _bare(text: str) -> str:
    return text.strip(" \t\r\n\v\f\"'")


def _is_published(keys: Keys) -> bool:
    """Key texts that differ may be read as the same bytes."""
    opened = map(base64.urlsafe_b64decode, keys.credentials)
    return _bare(keys.secret) == DEMO_SECRET_KEY or base64.urlsafe_b64decode(DEMO_CREDENTIAL_KEY) in opened


def public_hosts(url: str, hosts: Iterable[str]) -> list[str]:
    """The host of the address and those allowed, without those that only this machine reaches."""
    named = dict.fromkeys([urlsplit(url).hostname or "", *hosts])
    return [host or url for host in named if not _is_loopback(host)]


def _named(hosts: Sequence[str]) -> str:
    return ", ".join(map(repr, hosts))


def _is_loopback(host: str) -> bool:
    name = host.strip().strip("[]").rstrip(".").lower()
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return name == "localhost" or name.endswith(".localhost")


def _read_or_make(file: Path) -> Keys:
    """The keys of the file; made if there is none. Processes that start together all get those of the first."""
    try:
        if not file.exists():
            _make(file)
        lines = file.read_text().splitlines()
    except OSError as error:
        raise ImproperlyConfigured(
            f"Keys of its own cannot be kept in KEYS_FILE, {file}: {error}. {_OWN_KEYS}"
        ) from error
    values = dict(line.split("=", 1) for line in lines if "=" in line)
    keys = Keys(
        values.get("SECRET_KEY", ""), fernet_keys(f"{file}", values.get("CREDENTIAL_KEYS", "").split(","))
    )
    if not _bare(keys.secret) or not keys.credentials or _is_published(keys):
        raise ImproperlyConfigured(
            f"KEYS_FILE, {file}, has no SECRET_KEY and CREDENTIAL_KEYS of its own. Restore it; without the former keys, "
            "everything stored under them has to be connected again."
        )
    return keys


def _make(file: Path) -> None:
    """Write another file (O_EXCL, mode 0600), then link it: the keys appear whole, or those of a faster process stay."""
    text = f"SECRET_KEY={secrets.token_urlsafe(48)}\nCREDENTIAL_KEYS={Fernet.generate_key().decode()}\n"
    file.parent.mkdir(parents=True, exist_ok=True)
    number, name = tempfile.mkstemp(prefix=f".{file.name}-", dir=file.parent)
    own = Path(name)
    try:
        with os.fdopen(number, "w") as opened:
            opened.write(text)
            opened.flush()
            os.fsync(opened.fileno())
        file.hardlink_to(own)
    except FileExistsError:
        pass
    finally:
        own.unlink()
