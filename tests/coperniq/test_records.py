from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.coperniq.records import (
    LONG_AGO,
    ContactRef,
    CoperniqAccount,
    Phase,
    PhaseInstance,
    read_account_record,
    read_project_record,
    read_site_record,
    read_workflow_record,
)
from integrations.errors import UnexpectedShape
from integrations.json_reader import JsonReader, load_json

ACCOUNT = b"""{"id": 5, "number": 1024, "title": "Jane Homeowner", "address": ["123 Main St, Austin, TX 78701"],
 "accountType": "RESIDENTIAL", "primaryEmail": "jane@example.com", "primaryPhone": "(512) 555-0100", "isActive": false,
 "contacts": [{"id": 9, "emails": ["jane@example.com"], "phones": ["(512) 555-0100", null]}],
 "street": "123 Main St", "city": "Austin", "state": "TX", "zipcode": "78701",
 "streetViewUrl": "https://maps.example/?key=demo-secret",
 "custom": {"tax_number": "12-3456789", "tags": ["a", "b"], "count": 2, "vip": true, "none": null},
 "createdAt": "2024-01-15T09:30:00Z", "updatedAt": "2026-03-31T17:04:22.000Z"}"""

PROJECT = b"""{"id": 10423, "number": 12345, "title": "John Smith", "status": "ACTIVE", "isActive": true,
 "value": 25000.5, "size": 10.50, "accountId": 5, "workflowId": 7,
 "phase": {"instanceId": 9001, "templateId": 55, "name": "Installation", "status": "IN_PROGRESS"},
 "phaseInstances": [
  {"id": 9000, "name": "Welcome", "status": "COMPLETED", "position": 0, "phaseTemplateId": 54,
   "startedAt": "2026-03-01T00:00:00Z", "completedAt": "2026-03-02T00:00:00Z"},
  {"id": 9001, "name": "Installation", "status": "IN_PROGRESS", "position": 1, "phaseTemplate": {"id": 55},
   "startedAt": "2026-03-31T17:04:22Z", "completedAt": null}],
 "custom": {}, "updatedAt": "2026-03-31T17:04:22Z"}"""

JSON = st.recursive(
    st.none() | st.booleans() | st.decimals(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=2),
    max_leaves=5,
)
KEYS = [
    "number",
    "title",
    "value",
    "size",
    "account",
    "client",
    "accountId",
    "phase",
    "custom",
    "updatedAt",
    "isActive",
]


def a_record(**fields: object) -> JsonReader:
    return JsonReader({"id": Decimal(1)} | fields)


def test_an_account_is_read() -> None:
    assert read_account_record(JsonReader(load_json(ACCOUNT))) == CoperniqAccount(
        id="5",
        number="1024",
        title="Jane Homeowner",
        address="123 Main St, Austin, TX 78701",
        is_active=False,
        email="jane@example.com",
        phone="(512) 555-0100",
        street="123 Main St",
        city="Austin",
        state="TX",
        zip_code="78701",
        contacts=(ContactRef("9", ("jane@example.com",), ("(512) 555-0100",)),),
        custom={"tax_number": "12-3456789", "tags": "a, b", "count": "2", "vip": "Yes", "none": ""},
        updated_at=datetime(2026, 3, 31, 17, 4, 22, tzinfo=UTC),
        account_type="RESIDENTIAL",
    )


def test_the_street_view_address_is_never_kept() -> None:
    assert "demo-secret" not in repr(read_account_record(JsonReader(load_json(ACCOUNT))))


def test_a_project_is_read() -> None:
    project = read_project_record(JsonReader(load_json(PROJECT)))
    assert (project.id, project.number, project.title) == ("10423", "12345", "John Smith")
    assert (project.value_cents, project.size_kw) == (2500050, Decimal("10.5"))
    assert (project.account_id, project.workflow_id) == ("5", "7")
    assert (project.is_active, project.status) == (True, "ACTIVE")
    assert project.phase == Phase("55", "9001", "Installation")
    assert project.phase_instances == (
        PhaseInstance(
            "9000",
            "54",
            "Welcome",
            "COMPLETED",
            datetime(2026, 3, 1, tzinfo=UTC),
            datetime(2026, 3, 2, tzinfo=UTC),
        ),
        PhaseInstance(
            "9001", "55", "Installation", "IN_PROGRESS", datetime(2026, 3, 31, 17, 4, 22, tzinfo=UTC), None
        ),
    )


@pytest.mark.parametrize(
    "fields",
    [
        {"accountId": Decimal(5)},
        {"accountId": "5"},
        {"clientId": Decimal(5)},
        {"account": {"id": Decimal(5), "title": "Jane"}},
        {"client": {"id": "5"}},
        {"account": None, "client": {"id": "5"}},
    ],
)
def test_the_account_of_a_project_is_found_under_either_name(fields: dict[str, object]) -> None:
    assert read_project_record(a_record(**fields)).account_id == "5"


def test_the_number_is_found_under_either_name() -> None:
    assert read_project_record(a_record(uid=Decimal(3301))).number == "3301"
    assert read_account_record(a_record(number=Decimal(1), uid=Decimal(2))).number == "1"


def test_a_project_with_few_fields_is_read() -> None:
    project = read_project_record(a_record())
    assert (project.value_cents, project.size_kw, project.phase) == (None, None, None)
    assert (project.account_id, project.workflow_id, project.number, project.title) == ("", "", "", "")
    assert project.is_active
    assert project.phase_instances == ()
    assert project.updated_at == LONG_AGO


def test_a_stage_of_the_older_workflows_is_no_phase() -> None:
    assert read_project_record(a_record(stage={"id": Decimal(3), "name": "Build"})).phase is None


def test_a_record_never_changed_was_last_changed_when_it_was_made() -> None:
    made = datetime(2024, 1, 15, 9, 30, tzinfo=UTC)
    assert read_project_record(a_record(createdAt="2024-01-15T09:30:00Z")).updated_at == made


def test_an_address_may_be_a_plain_text() -> None:
    assert read_account_record(a_record(address="123 Main St")).address == "123 Main St"


def test_a_site_is_read() -> None:
    site = read_site_record(
        a_record(accountId=Decimal(5), street="1 Main St", zipcode="78701", fullAddress="all")
    )
    assert (site.id, site.account_id, site.street, site.city, site.zip_code, site.full_address) == (
        "1",
        "5",
        "1 Main St",
        "",
        "78701",
        "all",
    )


@pytest.mark.parametrize(
    "reader", [read_account_record, read_project_record, read_site_record, read_workflow_record]
)
def test_only_the_id_is_needed(reader: object) -> None:
    assert callable(reader)
    assert reader(a_record()).id == "1"
    with pytest.raises(UnexpectedShape, match="id"):
        reader(JsonReader({"title": "no id"}))


@given(st.dictionaries(st.sampled_from(KEYS), JSON))
def test_no_odd_field_makes_a_project_unreadable(fields: dict[str, object]) -> None:
    assert read_project_record(a_record(**fields)).id == "1"
