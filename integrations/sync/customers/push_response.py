"""Handle QuickBooks' response to a write of a customer or job, and find a write whose response was lost."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from integrations.errors import RecordMissing
from integrations.messages.customers import CustomerMessage
from integrations.models import RecordLink, RemoteWrite
from integrations.models.encryption import keyed_digest
from integrations.name_matching import email_addresses, email_keys
from integrations.quickbooks.records import Customer, read_customer_record
from integrations.sync.customers.fields import uncleared
from integrations.sync.customers.mapping import EMAIL_PATH, TAX_PATH
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.plan import AnsweredWrite, Change, RunResult, done
from integrations.sync.engine.responses import WriteResponse, flatten, link_for_write, past_tense_of

CLOCK_TOLERANCE = timedelta(minutes=10)


def read(record: Mapping[str, object]) -> Customer:
    return read_customer_record(record)


def on_response(ctx: SyncContext, write: RemoteWrite, sent: WriteResponse, body: str) -> RunResult:
    customer = sent.record
    assert isinstance(customer, Customer)  # built by read()
    link = link_for_write(ctx, write)
    link.quickbooks_id = customer.id
    link.quickbooks_name = customer.values["DisplayName"]
    link.quickbooks_version, link.quickbooks_at = customer.sync_token, customer.updated_at
    link.quickbooks_snapshot = customer.image
    state = link.customer_state
    written = written_values(write, flatten(json.loads(body)), customer)
    if EMAIL_PATH in written:
        written[EMAIL_PATH] = _emails_of_portal(write, state.written_values, written[EMAIL_PATH])
    link.customer_state = replace(state, written_values={**state.written_values, **written})
    is_uncleared = uncleared(customer, write.changes)
    if is_uncleared and write.run is not None:
        write.run.uncleared_writes += 1
    return done(
        CustomerMessage.CUSTOMER_WRITTEN(
            verb=past_tense_of(write), kind=write.kind, name=customer.values["DisplayName"]
        ),
        write.warnings,
        changes=[Change(**change) for change in write.changes],
        quickbooks_id=customer.id,
        record_name=link.coperniq_name,
        intuit_tid=sent.intuit_tid,
        link=link,
        answered=AnsweredWrite(write, customer.id, customer.sync_token, sent.intuit_tid),
        again=is_uncleared,
    )


def _emails_of_portal(write: RemoteWrite, before: Mapping[str, str], now: str) -> str:
    """The addresses of the field without those that people had entered there before this write."""
    had = next((str(change["before"]) for change in write.changes if change["field"] == EMAIL_PATH), "")
    theirs = email_keys(had) - email_keys(before.get(EMAIL_PATH, ""))
    return (
        ", ".join(each for each in email_addresses(now) if each.casefold() not in theirs) if theirs else now
    )


def written_values(write: RemoteWrite, sent: Mapping[str, object], customer: Customer) -> dict[str, str]:
    """The values the portal wrote, as QuickBooks answered them; of the tax number, which is answered masked, a digest.

    Parts of an address that were sent unchanged do not count as written by the portal, and neither does what people
    changed in a record that was found again after a lost response.
    """
    changed = {change["field"] for change in write.changes}
    adopted = write.match_method == RecordLink.MatchMethod.ADOPTED
    values = {
        path: customer.values[path]
        for path in changed & set(customer.values)
        if not adopted or customer.values[path] == (sent.get(path) or "")
    }
    if TAX_PATH in changed:
        values[TAX_PATH] = keyed_digest(str(sent[TAX_PATH]))
    if "Active" in changed:
        values["Active"] = str(customer.is_active).lower()
    return values


def find_lost_write(ctx: SyncContext, write: RemoteWrite, body: str) -> WriteResponse | None:
    wanted = flatten(json.loads(body))
    if write.operation == "update":
        return _find_updated_customer(ctx, write.quickbooks_id, wanted)
    named = ctx.quickbooks.find_customers_named([str(wanted["DisplayName"])])
    created = [customer for customer in named if _was_created_by_write(customer, write, wanted)]
    linked = RecordLink.objects.filter(connection=ctx.connection, quickbooks_id__in=[c.id for c in created])
    if len(created) != 1 or linked.exists():
        return None
    write.match_method = RecordLink.MatchMethod.ADOPTED
    return WriteResponse(created[0], "")


def _find_updated_customer(
    ctx: SyncContext, quickbooks_id: str, wanted: Mapping[str, object]
) -> WriteResponse | None:
    try:
        current = ctx.quickbooks.read_customer(quickbooks_id)
    except RecordMissing:
        return None
    return WriteResponse(current, "") if _has_customer_values(current, wanted) else None


def _was_created_by_write(customer: Customer, write: RemoteWrite, wanted: Mapping[str, object]) -> bool:
    """Names are unique in QuickBooks, so the same name and parent, created since the write was sent, is its record."""
    created_at, sent_at = customer.created_at, write.sent_at or write.created_at
    is_new = created_at is not None and created_at > sent_at - CLOCK_TOLERANCE
    return is_new and customer.parent_id == wanted.get("ParentRef.value", "")


def _has_customer_values(current: Customer, wanted: Mapping[str, object]) -> bool:
    text = {path: value for path, value in wanted.items() if path in current.values and path != TAX_PATH}
    same_text = all(current.values[path] == (value or "") for path, value in text.items())
    return same_text and wanted.get("Active", current.is_active) == current.is_active
