import json
from datetime import UTC, datetime

import pytest

from integrations.errors import UnexpectedShape
from integrations.quickbooks.query import contains, one_of, quoted
from integrations.quickbooks.records import (
    CUSTOMER_PATHS,
    FORBIDDEN_NAME_CHARACTERS,
    LIMITS,
    nest,
    read_customer_record,
)
from tests.quickbooks.recordings import cassette, recorded_customers


def test_a_recorded_customer_is_read_whole() -> None:
    amy = read_customer_record(
        json.loads(cassette("get/display_name")[0].body)["QueryResponse"]["Customer"][0]
    )
    assert (amy.id, amy.sync_token, amy.is_active, amy.is_job, amy.parent_id, amy.currency) == (
        "1",
        "0",
        True,
        False,
        "",
        "USD",
    )
    assert amy.created_at == datetime(2015, 10, 1, 23, 48, 43, tzinfo=UTC)
    assert amy.updated_at == datetime(2020, 9, 29, 12, 58, 7, tzinfo=UTC)
    assert amy.values == {
        "DisplayName": "Amy's Bird Sanctuary",
        "GivenName": "Amy",
        "FamilyName": "Lauterbach",
        "CompanyName": "Amy's Bird Sanctuary",
        "PrimaryEmailAddr.Address": "Birds@Intuit.com",
        "PrimaryPhone.FreeFormNumber": "(650) 555-3311",
        "BillAddr.Line1": "4581 Finch St.",
        "BillAddr.City": "Bayshore",
        "BillAddr.CountrySubDivisionCode": "CA",
        "BillAddr.PostalCode": "94326",
        "PrimaryTaxIdentifier": "",
        "FullyQualifiedName": "Amy's Bird Sanctuary",
    }


def test_a_recorded_job_knows_its_parent() -> None:
    job = read_customer_record({row["Id"]: row for row in recorded_customers()}["64"])
    assert (job.is_job, job.parent_id) == (True, "62")
    assert job.values["FullyQualifiedName"] == "Doe, Jack:Jack Doe"


def test_absent_fields_are_empty_and_an_absent_flag_is_the_usual() -> None:
    customer = read_customer_record({"Id": "1", "SyncToken": "0"})
    assert set(customer.values) == set(CUSTOMER_PATHS)
    assert set(customer.values.values()) == {""}
    assert customer.is_active
    assert not customer.is_job
    assert customer.balance_cents == 0
    assert customer.updated_at is None


@pytest.mark.parametrize("missing", ["Id", "SyncToken"])
def test_a_customer_without_identity_is_refused(missing: str) -> None:
    raw = {"Id": "1", "SyncToken": "0"}
    del raw[missing]
    with pytest.raises(UnexpectedShape, match=f"Customer.{missing}"):
        read_customer_record(raw)


def test_dotted_paths_become_the_payload() -> None:
    assert nest(
        {"DisplayName": "Jane", "BillAddr.City": "Tucson", "BillAddr.Line1": "25 Court St.", "Job": True}
    ) == {
        "DisplayName": "Jane",
        "BillAddr": {"City": "Tucson", "Line1": "25 Court St."},
        "Job": True,
    }


def test_every_limit_is_of_a_mapped_field() -> None:
    assert set(LIMITS) <= set(CUSTOMER_PATHS)
    assert LIMITS["DisplayName"] == 500
    assert set(FORBIDDEN_NAME_CHARACTERS) == {":", "\t", "\n"}


def test_texts_in_a_statement_are_quoted() -> None:
    assert quoted("Adam's Candy Shop") == r"'Adam\'s Candy Shop'"
    assert quoted("a\\") == r"'a\\'"
    assert quoted("\\' OR Id = '1") == r"'\\\' OR Id = \'1'"
    assert one_of("Id", ["1", "2"]) == "Id IN ('1', '2')"
    assert contains("DisplayName", "o'") == r"DisplayName LIKE '%o\'%'"
