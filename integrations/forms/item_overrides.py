"""QuickBooks items that a person chose for Coperniq catalog items."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.utils import timezone

from accounts.audit import log_action
from accounts.models import Company, User
from integrations.causes import Cause
from integrations.connections.resume import company_locked, resume_syncing
from integrations.errors import PortalError
from integrations.forms.fields import ItemChoice
from integrations.forms.refresh import message_now, read_lists
from integrations.forms.side_effects import requeue_held
from integrations.models import Kind, QuickBooksConnection, RecordLink
from integrations.run_decisions import record_prefix

AUTOMATIC = "automatic"
Row = dict[str, Any]


def override_item(
    company: Company, user: User, connection: QuickBooksConnection, row: Row, item_id: str
) -> bool:
    """`row` is of the stored catalog; no id goes back to automatic matching. False: that is how it was.

    Raises ValidationError for an item that is not there, is inactive, or is a bundle or category.
    """
    item = item_for(connection, item_id) if item_id else None
    with company_locked(company):
        link = RecordLink.objects.pushed(connection, Kind.ITEM, row["id"])
        before = describe(link)
        if item is not None:
            store(connection, row, item, link)
        elif link is not None:
            link.delete()
        after = describe(RecordLink.objects.pushed(connection, Kind.ITEM, row["id"]))
        if before == after:
            return False
        target = f"{record_prefix(Kind.ITEM, row['id'])}{row['name']}"
        log_action(
            company=company, user=user, verb="match the item", target=target, before=before, after=after
        )
        requeue_held(connection, [Cause.NO_FALLBACK_ITEM, Cause.ITEM_INACTIVE])
    resume_syncing(company)
    return True


def item_for(connection: QuickBooksConnection, item_id: str) -> Row:
    """An item that is not in the stored list may be new: the lists are read again before it is refused."""
    found = ItemChoice.find(connection, item_id)
    if found is not None:
        return found
    try:
        read_lists(connection)
    except PortalError as error:
        raise ValidationError({"item": message_now(error)}) from error
    found = ItemChoice.find(connection, item_id)
    if found is None:
        raise ValidationError({"item": ItemChoice.refused.format(id=item_id[:40])})
    return found


def describe(link: RecordLink | None) -> str:
    """As the audit log shows it."""
    if link is None:
        return AUTOMATIC
    return f"{link.quickbooks_name} ({link.quickbooks_id}), {link.get_match_method_display().lower()}"


def store(connection: QuickBooksConnection, row: Row, item: Row, link: RecordLink | None) -> None:
    values: dict[str, Any] = {
        "coperniq_name": row["name"][:500],
        "quickbooks_name": item["name"][:1024],
        "number": (row.get("code") or "")[:40],
        "amount_cents": item.get("price_cents"),
        "match_method": RecordLink.MatchMethod.CHOSEN,
        "synced_at": timezone.now(),
    }
    if link is None or link.quickbooks_id != item["id"]:
        # The snapshot belongs to another item.
        fresh: dict[str, Any] = {"quickbooks_snapshot": {}, "quickbooks_version": ""}
        values |= {"quickbooks_id": item["id"], "linked_at": timezone.now(), **fresh}
    RecordLink.objects.update_or_create(
        connection=connection, kind=Kind.ITEM, coperniq_id=row["id"], defaults=values
    )
