"""Can what is stored of the connections be opened? After a change of keys it cannot, until it is encrypted again."""

from __future__ import annotations

import logging

from integrations.errors import CredentialUnreadable
from integrations.models import CoperniqConnection, QuickBooksConnection
from integrations.models.encryption import decrypt

logger = logging.getLogger(__name__)


def is_unreadable(row: CoperniqConnection | QuickBooksConnection | None) -> bool:
    names = [field.name for field in row._meta.concrete_fields] if row is not None else []
    try:
        for name in names:
            if name.endswith("_encrypted"):
                decrypt(getattr(row, name))
    except CredentialUnreadable:
        return True
    return False


def log_unreadable() -> None:
    rows = [*CoperniqConnection.objects.all(), *QuickBooksConnection.objects.all()]
    count = sum(map(is_unreadable, rows))
    if count:
        logger.error(
            "None of CREDENTIAL_KEYS opens what is stored of %s connections, so they do not sync. Run "
            "OLD_CREDENTIAL_KEYS=<former keys> python manage.py rotate_credentials",
            count,
        )
