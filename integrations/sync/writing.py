"""The road of a vendor write: a row first, then the request, then the answer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from integrations.errors import OutcomeUnknown, VendorError
from integrations.models import RecordLink, RemoteWrite, SyncRun
from integrations.models.secrets import keyed_digest
from integrations.quickbooks.records import Customer, nest, read_customer_record
from integrations.sync.desk import Desk
from integrations.sync.endings import Answered, Ending, done, nothing_to_do
from integrations.sync.mapping import TAX_PATH
from integrations.sync.plans import Change, Plan, PlannedWrite


@dataclass(frozen=True)
class Sent:
    """A write that was answered: the record as QuickBooks has it now, and Intuit's id of the call."""

    customer: Customer
    intuit_tid: str


VERBS = {"create": "Created", "update": "Updated", "adopted": "After a lost answer, found again"}


def carry_out(desk: Desk, run: SyncRun, plan: Plan) -> Ending:
    """Do what the plan says and tell what is to be stored. Vendor errors pass through."""
    if plan.write is None:
        return link_only(desk, run, plan)
    write = prepare(desk, run, plan, plan.write)
    body = write.body
    return answered_ending(desk, write, send(desk, write), body)


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


def send(desk: Desk, write: RemoteWrite) -> Sent:
    """The first sending. Whatever but an unknown outcome is definite, and closes the row: not applied."""
    try:
        return transmit(desk, write)
    except OutcomeUnknown:
        raise
    except VendorError as error:
        refuse(desk, write, error)
        raise


def transmit(desk: Desk, write: RemoteWrite) -> Sent:
    with transaction.atomic():
        desk.outlast_call()
        write.mark_sent()
    answer = desk.quickbooks.write(write.entity, write.body, write.request_id)
    return Sent(read_customer_record(answer.record), answer.intuit_tid)


def refuse(desk: Desk, write: RemoteWrite, error: VendorError) -> None:
    with transaction.atomic():
        desk.lane.hold_fast()
        write.close(
            RemoteWrite.State.REFUSED,
            error_code=error.code,
            error_text=error.detail,
            intuit_tid=error.intuit_tid,
        )


def flatten(payload: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in payload.items():
        path = f"{prefix}{key}"
        flat |= flatten(value, f"{path}.") if isinstance(value, dict) else {path: value}
    return flat


def answered_ending(desk: Desk, write: RemoteWrite, sent: Sent, body: str) -> Ending:
    """`body` is what was sent: the row, when it is closed, no longer has it."""
    customer = sent.customer
    link = updated_link(desk, write.kind, write.coperniq_id, write.rule, customer)
    link.written |= written_values(write, flatten(json.loads(body)), customer)
    link.coperniq_image = write.coperniq_image
    for name, value in write.about.items():
        setattr(link, name, value)
    return done(
        f"{VERBS.get(write.rule, VERBS[write.operation])} the {write.kind} "
        f"“{customer.values['DisplayName']}” in QuickBooks.",
        write.warnings,
        changes=[Change(**change) for change in write.changes],
        quickbooks_id=customer.id,
        record_name=link.coperniq_name,
        intuit_tid=sent.intuit_tid,
        link=link,
        answered=Answered(write, customer.id, customer.sync_token, sent.intuit_tid),
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


def written_values(write: RemoteWrite, sent: Mapping[str, Any], customer: Customer) -> dict[str, str]:
    """What the portal wrote, as QuickBooks answered it; the tax number only as a digest, for it comes back masked.

    Parts of an address that were sent along unchanged stay people's, and so does what they changed
    in a record that was found again.
    """
    changed = {change["field"] for change in write.changes}
    adopted = write.rule == RecordLink.Rule.ADOPTED
    values = {
        path: customer.values[path]
        for path in changed & set(customer.values)
        if not adopted or customer.values[path] == sent[path]
    }
    if TAX_PATH in changed:
        values[TAX_PATH] = keyed_digest(str(sent[TAX_PATH]))
    if "Active" in changed:
        values["Active"] = str(customer.is_active).lower()
    return values


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
