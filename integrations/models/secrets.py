"""Credentials at rest: sealed with the first of the configured keys, opened with any of them."""

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings

from integrations.errors import CredentialUnreadable


def keyring() -> MultiFernet:
    return MultiFernet([Fernet(key) for key in settings.CREDENTIAL_KEYS])


def seal(secret: str) -> str:
    return keyring().encrypt(secret.encode()).decode() if secret else ""


def unseal(sealed: str) -> str:
    """The secret again; raises CredentialUnreadable when none of the keys fits."""
    if not sealed:
        return ""
    try:
        return keyring().decrypt(sealed.encode()).decode()
    except InvalidToken as error:
        raise CredentialUnreadable from error


def reseal(sealed: str) -> str:
    return keyring().rotate(sealed.encode()).decode() if sealed else ""
