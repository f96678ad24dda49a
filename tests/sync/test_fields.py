"""Enrich, Replace, Skip: which fields of an existing customer would be written."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from integrations.models.encryption import keyed_digest
from integrations.models.sync_state import CustomerState
from integrations.quickbooks.records import CUSTOMER_PATHS, Customer
from integrations.sync.customers.fields import (
    Changes,
    active_change,
    build_customer_changes,
    build_customer_payload,
    displayed_changes,
)
from integrations.sync.customers.mapping import WantedCustomer

EMAIL, PHONE, TAX = "PrimaryEmailAddr.Address", "PrimaryPhone.FreeFormNumber", "PrimaryTaxIdentifier"


def customer(*, active: bool = True, **values: str) -> Customer:
    named = {name.replace("__", "."): value for name, value in values.items()}
    return Customer(
        id="5",
        sync_token="0",
        is_active=active,
        is_job=False,
        parent_id="",
        currency="USD",
        created_at=datetime(2026, 5, 1, tzinfo=UTC),
        updated_at=None,
        balance_cents=0,
        values={path: named.get(path, "") for path in CUSTOMER_PATHS},
        address={},
    )


def changes(current: Customer, wanted: dict[str, str], strategy: str = "enrich", **written: str) -> Changes:
    state = CustomerState({path.replace("__", "."): value for path, value in written.items()})
    return build_customer_changes(current, WantedCustomer(wanted), state, strategy)


def test_enrich_fills_what_is_empty() -> None:
    assert changes(customer(), {PHONE: "1"}) == {PHONE: ("", "1")}


def test_enrich_leaves_what_people_entered() -> None:
    assert changes(customer(PrimaryPhone__FreeFormNumber="2"), {PHONE: "1"}) == {}


def test_enrich_follows_up_what_the_portal_wrote_last() -> None:
    current = customer(PrimaryPhone__FreeFormNumber="2")
    assert changes(current, {PHONE: "1"}, PrimaryPhone__FreeFormNumber="2") == {PHONE: ("2", "1")}


def test_enrich_gives_up_a_field_that_people_took_over() -> None:
    current = customer(PrimaryPhone__FreeFormNumber="3")
    assert changes(current, {PHONE: "1"}, PrimaryPhone__FreeFormNumber="2") == {}


def test_replace_overwrites_people_too() -> None:
    assert changes(customer(PrimaryPhone__FreeFormNumber="3"), {PHONE: "1"}, "replace") == {PHONE: ("3", "1")}


@pytest.mark.parametrize("strategy", ["enrich", "replace"])
def test_an_empty_value_never_erases_one(strategy: str) -> None:
    current = customer(PrimaryPhone__FreeFormNumber="3")
    assert changes(current, {PHONE: ""}, strategy, PrimaryPhone__FreeFormNumber="3") == {}


def test_skip_changes_nothing() -> None:
    assert changes(customer(), {PHONE: "1"}, "skip") == {}


def test_the_case_of_an_address_and_more_addresses_are_no_difference() -> None:
    current = customer(PrimaryEmailAddr__Address="Office@x.com, John@X.com")
    assert changes(current, {EMAIL: "john@x.com"}, "replace") == {}


def test_a_name_with_the_portals_suffix_is_no_difference() -> None:
    assert changes(customer(DisplayName="John #2"), {"DisplayName": "John"}, "replace") == {}


def test_a_masked_tax_number_is_compared_by_what_we_remember() -> None:
    current = customer(PrimaryTaxIdentifier="XXXXX6789")
    assert (
        changes(current, {TAX: "123456789"}, "replace", PrimaryTaxIdentifier=keyed_digest("123456789")) == {}
    )
    assert changes(current, {TAX: "999999999"}, PrimaryTaxIdentifier=keyed_digest("123456789")) != {}
    assert changes(current, {TAX: "123456789"}) == {}, "entered by people"
    assert changes(customer(), {TAX: "123456789"}) == {TAX: ("", "123456789")}


def test_a_tax_number_is_never_shown() -> None:
    lines = displayed_changes({TAX: ("XXXXX6789", "123456789")})
    assert [(line.before, line.after) for line in lines] == [("hidden", "hidden")]
    assert displayed_changes({TAX: ("", "123456789")})[0].before == ""


def test_activity_is_written_as_a_truth_value() -> None:
    assert active_change(customer(), active=True) == {}
    off = active_change(customer(), active=False)
    assert off == {"Active": ("true", "false")}
    assert build_customer_payload(off | {PHONE: ("", "1")}, customer()) == {"Active": False, PHONE: "1"}
