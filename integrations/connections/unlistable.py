"""Records that QuickBooks refuses to list: kept with the connection, for its pages, until they are put right."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from typing import Any

from django.db import transaction
from django.utils import timezone

from integrations.models import QuickBooksConnection
from integrations.quickbooks.client import QuickBooksClient
from integrations.quickbooks.narrowing import UnlistableRecord

_CHECKED_AT_ONCE = 10


def record_unlistable(connection: QuickBooksConnection, client: QuickBooksClient) -> None:
    met = client.take_unlistable()
    if met:
        _store(connection, met, lambda row: True)


def check_unlistable(connection: QuickBooksConnection, client: QuickBooksClient) -> None:
    """Forget those that QuickBooks lists again. One read for each, and none if there are none."""
    connection.refresh_from_db(fields=["unlistable"])
    checked = connection.unlistable[:_CHECKED_AT_ONCE]
    listed = [row for row in checked if row["id"] and client.is_listable(row["entity"], row["id"])]
    met = client.take_unlistable()
    unnamed = {row.entity for row in met if not row.id}

    def is_kept(row: Mapping[str, Any]) -> bool:
        """What has no known id cannot be asked for: it is kept while looks meet it."""
        return row not in listed and (bool(row["id"]) or row["entity"] in unnamed)

    if checked or met:
        _store(connection, met, is_kept)


def _store(
    connection: QuickBooksConnection,
    met: Iterable[UnlistableRecord],
    is_kept: Callable[[Mapping[str, Any]], bool],
) -> None:
    with transaction.atomic():
        row = QuickBooksConnection.objects.select_for_update().get(pk=connection.pk)
        kept = [each for each in row.unlistable if is_kept(each)]
        known = {(each["entity"], each["id"]) for each in kept}
        new = [asdict(each) for each in met if (each.entity, each.id) not in known]
        row.unlistable = kept + [{**each, "since": timezone.now().isoformat()} for each in new]
        row.save(update_fields=["unlistable"])
