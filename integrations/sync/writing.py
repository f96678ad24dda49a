"""The road of a vendor write: a row first, then the request, then the answer; and back again after a crash."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from integrations.errors import InactiveReference, NameTaken, RecordMissing, Refused, StaleVersion
from integrations.models import RecordLink, RemoteWrite, SyncRun
from integrations.quickbooks.records import Customer, nest, read_customer_record
from integrations.sync.desk import Desk
from integrations.sync.endings import Answered, Ending, done, nothing_to_do
from integrations.sync.mapping import TAX_PATH
from integrations.sync.plans import Change, Plan, PlannedWrite

# How long Intuit replays a request id is not documented; past this we look before we repeat.
REPLAY_TRUSTED = timedelta(hours=1)
CLOCK_TOLERANCE = timedelta(minutes=10)
VERBS = {"create": "Created", "update": "Updated", "adopted": "After a lost answer, found again"}


def carry_out(desk: Desk, run: SyncRun, plan: Plan) -> Ending:
    """Do what the plan says and tell what is to be stored. Vendor errors pass through."""
    if plan.write is None:
        return link_only(desk, run, plan)
    write = prepare(desk, run, plan, plan.write)
    return answered_ending(desk, write, send(desk, write), plan.warnings)


def prepare(desk: Desk, run: SyncRun, plan: Plan, planned: PlannedWrite) -> RemoteWrite:
    write = RemoteWrite(
        connection=desk.connection,
        run=run,
        kind=run.kind,
        coperniq_id=run.coperniq_id,
        entity=planned.entity,
        operation=planned.operation,
        quickbooks_id=planned.quickbooks_id,
        rule=plan.rule,
        changes=[change.as_dict() for change in planned.changes],
        coperniq_image=dict(plan.coperniq_image),
        about={
            "coperniq_name": plan.record_name,
            "coperniq_account_id": run.coperniq_account_id,
            "number": plan.number,
            "amount_cents": plan.amount_cents,
        },
        warnings=list(plan.warnings),
    )
    write.body = body_of(planned)
    with transaction.atomic():
        desk.lane.hold_fast()
        write.save()
    return write


def body_of(planned: PlannedWrite) -> str:
    payload = nest(planned.values)
    if planned.operation == "update":
        payload = {"Id": planned.quickbooks_id, "SyncToken": planned.version, "sparse": True, **payload}
    return json.dumps(payload, sort_keys=True, ensure_ascii=False)


def send(desk: Desk, write: RemoteWrite) -> tuple[Customer, str]:
    """The record as answered, and Intuit's id of the call. A definite refusal closes the row; all else leaves it open."""
    with transaction.atomic():
        desk.outlast_call()
        write.mark_sent()
    try:
        answer = desk.quickbooks.write(write.entity, write.body, write.request_id)
    except Refused as error:
        with transaction.atomic():
            desk.lane.hold_fast()
            write.close(
                RemoteWrite.State.REFUSED,
                error_code=error.code,
                error_text=error.detail,
                intuit_tid=error.intuit_tid,
            )
        raise
    return read_customer_record(answer.record), answer.intuit_tid


def resume(desk: Desk, run: SyncRun) -> Ending | None:
    """Settle what an earlier attempt left open for this record; None when nothing was, or it came to nothing."""
    write = RemoteWrite.objects.open_for(desk.connection.pk, run.kind, run.coperniq_id)
    if write is None:
        return None
    if write.state == RemoteWrite.State.PREPARED:
        write.close(RemoteWrite.State.ABANDONED)
        return None
    body = write.body
    found = look_for(desk, write, body) if is_old(write) else None
    if found is None:
        found = send_again(desk, write, body)
    return found and answered_ending(desk, write, found, write.warnings, body)


def is_old(write: RemoteWrite) -> bool:
    return write.sent_at is not None and timezone.now() - write.sent_at > REPLAY_TRUSTED


def send_again(desk: Desk, write: RemoteWrite, body: str) -> tuple[Customer, str] | None:
    """The stored bytes under the same id: applied before, it is replayed; not applied, it is applied now.

    A refusal of the repetition can be our own first try's doing, so the record is looked for before it counts.
    """
    try:
        return send(desk, write)
    except (NameTaken, StaleVersion):
        return look_for(desk, write, body)
    except (RecordMissing, InactiveReference):
        return None


def look_for(desk: Desk, write: RemoteWrite, body: str) -> tuple[Customer, str] | None:
    """The record our lost write left behind, recognised by what we sent."""
    wanted = flatten(json.loads(body))
    if write.operation == "update":
        current = desk.quickbooks.read_customer(write.quickbooks_id)
        return (current, "") if holds(current, wanted) else None
    named = desk.quickbooks.find_customers_named([wanted["DisplayName"]])
    ours = [customer for customer in named if is_ours(customer, write, wanted)]
    linked = RecordLink.objects.filter(connection=desk.connection, quickbooks_id__in=[c.id for c in ours])
    if len(ours) != 1 or linked.exists():
        return None
    write.rule = RecordLink.Rule.ADOPTED
    return ours[0], ""


def is_ours(customer: Customer, write: RemoteWrite, wanted: Mapping[str, Any]) -> bool:
    """Names are unique in QuickBooks: the same name, parent and time of making can only be our lost write."""
    made_at, sent_at = customer.created_at, write.sent_at or write.created_at
    young = made_at is not None and made_at > sent_at - CLOCK_TOLERANCE
    return young and customer.parent_id == wanted.get("ParentRef.value", "")


def holds(current: Customer, wanted: Mapping[str, Any]) -> bool:
    text = {path: value for path, value in wanted.items() if path in current.values and path != TAX_PATH}
    same_text = all(current.values[path] == value for path, value in text.items())
    return same_text and wanted.get("Active", current.is_active) == current.is_active


def flatten(payload: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in payload.items():
        path = f"{prefix}{key}"
        flat |= flatten(value, f"{path}.") if isinstance(value, dict) else {path: value}
    return flat


def answered_ending(
    desk: Desk, write: RemoteWrite, answer: tuple[Customer, str], warnings: Sequence[str], body: str = ""
) -> Ending:
    """`body` is given where the row, being closed already, no longer has it."""
    customer, intuit_tid = answer
    link = updated_link(desk, write.kind, write.coperniq_id, write.rule, customer)
    link.written |= written_values(flatten(json.loads(body or write.body)), customer)
    link.coperniq_image = write.coperniq_image
    for name, value in write.about.items():
        setattr(link, name, value)
    return done(
        f"{VERBS.get(write.rule, VERBS[write.operation])} the {write.kind} "
        f"“{customer.values['DisplayName']}” in QuickBooks.",
        warnings,
        changes=[Change(**change) for change in write.changes],
        quickbooks_id=customer.id,
        record_name=link.coperniq_name,
        intuit_tid=intuit_tid,
        link=link,
        answered=Answered(write, customer.id, customer.sync_token, intuit_tid),
    )


def updated_link(desk: Desk, kind: str, coperniq_id: str, rule: str, customer: Customer) -> RecordLink:
    link = RecordLink.objects.pushed(desk.connection, kind, coperniq_id)
    if link is None:
        link = RecordLink(connection=desk.connection, kind=kind, coperniq_id=coperniq_id, rule=rule)
    link.quickbooks_id = customer.id
    link.quickbooks_name = customer.values["DisplayName"]
    link.quickbooks_version = customer.sync_token
    link.quickbooks_image = dict(customer.values)
    return link


def written_values(sent: Mapping[str, Any], customer: Customer) -> dict[str, str]:
    """What the portal wrote, as QuickBooks answered it; the tax number only as a digest, for it comes back masked."""
    values = {path: customer.values[path] for path in sent if path in customer.values}
    if TAX_PATH in sent:
        values[TAX_PATH] = secret_digest(str(sent[TAX_PATH]))
    if "Active" in sent:
        values["Active"] = str(customer.is_active).lower()
    return values


def secret_digest(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest() if value else ""


def link_only(desk: Desk, run: SyncRun, plan: Plan) -> Ending:
    """No write: a new link is news, an old one in step is not."""
    link = RecordLink.objects.pushed(desk.connection, run.kind, run.coperniq_id)
    known = link is not None
    if link is None:
        link = RecordLink(
            connection=desk.connection,
            kind=run.kind,
            coperniq_id=run.coperniq_id,
            coperniq_account_id=run.coperniq_account_id,
            quickbooks_id=plan.quickbooks_id,
            rule=plan.rule,
        )
    link.coperniq_name, link.coperniq_image = plan.record_name, dict(plan.coperniq_image)
    link.number, link.amount_cents = plan.number, plan.amount_cents
    link.quickbooks_name, link.quickbooks_version = plan.quickbooks_name, plan.quickbooks_version
    link.quickbooks_image = dict(plan.quickbooks_image)
    values: dict[str, Any] = {
        "quickbooks_id": plan.quickbooks_id,
        "record_name": plan.record_name,
        "link": link,
    }
    if known:
        sentence = f"“{plan.quickbooks_name}” is in step with Coperniq already."
        return done(sentence, plan.warnings, **values) if plan.warnings else nothing_to_do(sentence, **values)
    return done(
        f"Linked to the {run.kind} “{plan.quickbooks_name}” that QuickBooks already had"
        f" ({RecordLink.Rule(plan.rule).label.lower()}).",
        plan.warnings,
        **values,
    )
