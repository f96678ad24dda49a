"""Credentials at rest: encrypted with the first of the configured keys, decrypted with any of them."""

import hashlib
import hmac
from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings

from integrations.errors import CredentialUnreadable


def keyring(former: Sequence[str] = ()) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in [*settings.CREDENTIAL_KEYS, *former]])


def encrypt(secret: str) -> str:
    return keyring().encrypt(secret.encode()).decode() if secret else ""


def decrypt(encrypted: str) -> str:
    """Raises CredentialUnreadable if none of the keys opens it."""
    if not encrypted:
        return ""
    try:
        return keyring().decrypt(encrypted.encode()).decode()
    except InvalidToken as error:
        raise CredentialUnreadable from error


def rotate(encrypted: str) -> str:
    """Encrypt again with the first key; OLD_CREDENTIAL_KEYS open as well. Raises InvalidToken if none of all does."""
    return keyring(settings.OLD_CREDENTIAL_KEYS).rotate(encrypted.encode()).decode() if encrypted else ""


def keyed_digest(text: str) -> str:
    """A digest for comparing values that must not be stored. Keyed, since all nine-digit tax numbers can be tried."""
    if not text:
        return ""
    return hmac.new(settings.SECRET_KEY.encode(), text.encode(), hashlib.sha256).hexdigest()
