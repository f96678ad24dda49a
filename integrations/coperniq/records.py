"""Accounts, contacts, sites, projects and workflows of Coperniq (docs/vendors/coperniq-api.md, 3).

The readers accept what the reference leaves open: field names from before and after the renaming of client to
account, numbers or texts, and missing fields. `streetViewUrl` may contain an API key of a third party and is never
read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from integrations.json_reader import JsonReader, as_text

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class ContactRef:
    id: str
    emails: tuple[str, ...]
    phones: tuple[str, ...]


@dataclass(frozen=True)
class CoperniqAccount:
    """A client (docs/vendors/coperniq-api.md, 3.1).

    `address` is the whole address in one line; `street`, `city`, `state` and `zip_code` are "" unless Coperniq sends
    them separately. `account_type` is RESIDENTIAL, COMMERCIAL or "".
    """

    id: str
    number: str
    title: str
    address: str
    is_active: bool
    email: str
    phone: str
    street: str
    city: str
    state: str
    zip_code: str
    contacts: tuple[ContactRef, ...]
    custom: Mapping[str, str]
    updated_at: datetime
    account_type: str = ""


@dataclass(frozen=True)
class Contact:
    id: str
    name: str
    emails: tuple[str, ...]
    phones: tuple[str, ...]


@dataclass(frozen=True)
class Site:
    id: str
    account_id: str
    street: str
    city: str
    state: str
    zip_code: str
    full_address: str


@dataclass(frozen=True)
class Phase:
    template_id: str
    instance_id: str
    name: str


@dataclass(frozen=True)
class PhaseInstance:
    id: str
    template_id: str
    name: str
    status: str
    started_at: datetime | None
    completed_at: datetime | None


@dataclass(frozen=True)
class Project:
    """A project (docs/vendors/coperniq-api.md, 3.4).

    `value_cents` (cents) and `size_kw` (kilowatts) are None if Coperniq has none; `account_id` is "" for a project
    without an account. `phase_instances` are present only if the project was read by id. `has_stage`: its workflow is
    one of Workflows 1.0, with stages instead of phases.
    """

    id: str
    number: str
    title: str
    value_cents: int | None
    size_kw: Decimal | None
    account_id: str
    workflow_id: str
    is_active: bool
    status: str
    phase: Phase | None
    phase_instances: tuple[PhaseInstance, ...]
    custom: Mapping[str, str]
    updated_at: datetime
    has_stage: bool = False


@dataclass(frozen=True)
class WorkflowPhase:
    id: str
    name: str


@dataclass(frozen=True)
class Workflow:
    id: str
    name: str
    phases: tuple[WorkflowPhase, ...]


def read_account_record(record: JsonReader) -> CoperniqAccount:
    return CoperniqAccount(
        id=record.identifier("id"),
        number=_number(record),
        title=record.text("title", ""),
        address=as_text(record.child("address").value),
        is_active=record.flag("isActive", True),
        email=record.text("primaryEmail", ""),
        phone=record.text("primaryPhone", ""),
        street=record.text("street", ""),
        city=record.text("city", ""),
        state=record.text("state", ""),
        zip_code=record.text("zipcode", ""),
        contacts=tuple(_contact_ref(row) for row in record.children("contacts")),
        custom=_custom(record),
        updated_at=updated_at_of(record),
        account_type=record.text("accountType", ""),
    )


def read_contact_record(record: JsonReader, contact_id: str) -> Contact:
    """`contact_id` is used if the record does not contain its own id, which the reference leaves open.

    See docs/vendors/coperniq-api.md, 3.2.
    """
    return Contact(
        id=record.identifier("id", contact_id),
        name=record.text("name", ""),
        emails=_texts(record.child("emails")),
        phones=_texts(record.child("phones")),
    )


def read_site_record(record: JsonReader) -> Site:
    return Site(
        id=record.identifier("id"),
        account_id=account_id_of(record),
        street=record.text("street", ""),
        city=record.text("city", ""),
        state=record.text("state", ""),
        zip_code=record.text("zipcode", ""),
        full_address=record.text("fullAddress", ""),
    )


def read_project_record(record: JsonReader) -> Project:
    return Project(
        id=record.identifier("id"),
        number=_number(record),
        title=record.text("title", ""),
        value_cents=record.cents("value", None),
        size_kw=record.decimal("size", None),
        account_id=account_id_of(record),
        workflow_id=record.identifier("workflowId", ""),
        is_active=record.flag("isActive", True),
        status=record.text("status", ""),
        phase=_phase(record.child("phase")),
        phase_instances=tuple(_phase_instance(row) for row in record.children("phaseInstances")),
        custom=_custom(record),
        updated_at=updated_at_of(record),
        has_stage=isinstance(record.child("stage").value, dict) and not record.child("phase").value,
    )


def read_workflow_record(record: JsonReader) -> Workflow:
    """The id of a phase is taken to be the phase template id in projects and webhooks.

    See docs/vendors/coperniq-api.md, A9.
    """
    phases = (WorkflowPhase(row.identifier("id"), row.text("name", "")) for row in record.children("phases"))
    return Workflow(record.identifier("id"), record.text("name", ""), tuple(phases))


def _contact_ref(row: JsonReader) -> ContactRef:
    return ContactRef(row.identifier("id"), _texts(row.child("emails")), _texts(row.child("phones")))


def _phase(found: JsonReader) -> Phase | None:
    """None for projects of Workflows 1.0, which have a stage instead of a phase (docs/vendors/coperniq-api.md, 3.4)."""
    template_id = found.identifier("templateId", "")
    if not template_id:
        return None
    return Phase(template_id, found.identifier("instanceId", ""), found.text("name", ""))


def _phase_instance(row: JsonReader) -> PhaseInstance:
    template = row.child("phaseTemplate").identifier("id", "")
    return PhaseInstance(
        id=row.identifier("id"),
        template_id=row.identifier("phaseTemplateId", template),
        name=row.text("name", ""),
        status=row.text("status", ""),
        started_at=row.moment("startedAt", None),
        completed_at=row.moment("completedAt", None),
    )


def _number(record: JsonReader) -> str:
    return record.text("number", record.text("uid", ""))


def account_id_of(record: JsonReader) -> str:
    flat = record.identifier("accountId", record.identifier("clientId", ""))
    nested = (record.child(name).identifier("id", "") for name in ("account", "client"))
    return flat or next(filter(None, nested), "")


def _custom(record: JsonReader) -> dict[str, str]:
    values = record.child("custom").value
    return {key: as_text(value) for key, value in values.items()} if isinstance(values, dict) else {}


def _texts(found: JsonReader) -> tuple[str, ...]:
    values = found.value if isinstance(found.value, list) else [found.value]
    return tuple(filter(None, map(as_text, values)))


def updated_at_of(record: JsonReader) -> datetime:
    return record.moment("updatedAt", record.moment("createdAt", LONG_AGO))
