"""Names, money, sizes and addresses, as pure functions."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.coperniq.records import Contact, ContactRef, CoperniqAccount, Project, Site
from integrations.messages.customers import CustomerMessage
from integrations.models import FieldMapping
from integrations.sync.customers.mapping import (
    WantedCustomer,
    clean_name,
    customer_values,
    format_dollars,
    format_kilowatts,
    is_same_name,
    job_name,
    primary_contact_id,
    source_values,
    with_suffix,
)
from integrations.sync.customers.person_names import split_person_name

NOW = datetime(2026, 5, 1, tzinfo=UTC)
PROJECT = Project(
    id="7",
    number="12345",
    title="John Smith",
    value_cents=2_500_000,
    size_kw=Decimal("10.5"),
    account_id="1",
    workflow_id="1",
    is_active=True,
    status="ACTIVE",
    phase=None,
    phase_instances=(),
    custom={},
    updated_at=NOW,
)
ACCOUNT = CoperniqAccount(
    id="1",
    number="9",
    title="Smith Household",
    address="1 Main St, Austin, TX 78701",
    is_active=True,
    email="John@Example.com",
    phone="512 555 0100",
    street="",
    city="",
    state="",
    zip_code="",
    contacts=(ContactRef("3", ("other@example.com",), ()), ContactRef("4", ("john@example.com",), ())),
    custom={"tax_number": "12-3456789", "company_name": "Smith LLC"},
    updated_at=NOW,
)
JOHN = Contact("4", "John Q Smith", ("john@example.com",), ())
SITE = Site("5", "1", "1 Main St", "Austin", "TX", "78701", "1 Main St, Austin, TX 78701")


def wanted(
    account: CoperniqAccount = ACCOUNT, contact: Contact | None = JOHN, site: Site | None = SITE
) -> WantedCustomer:
    return customer_values(source_values(account, contact, [site] if site else []), FieldMapping.DEFAULTS)


def test_the_name_of_the_brief() -> None:
    assert job_name(PROJECT) == "John Smith | #12345 | $25,000 | 10.5 kW"


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"size_kw": None}, "John Smith | #12345 | $25,000"),
        ({"size_kw": Decimal("0.0")}, "John Smith | #12345 | $25,000"),
        ({"value_cents": 0}, "John Smith | #12345 | 10.5 kW"),
        ({"number": ""}, "John Smith | $25,000 | 10.5 kW"),
        ({"number": "0"}, "John Smith | $25,000 | 10.5 kW"),
        ({"value_cents": 2_500_050}, "John Smith | #12345 | $25,000.50 | 10.5 kW"),
        ({"value_cents": -150}, "John Smith | #12345 | -$1.50 | 10.5 kW"),
        ({"size_kw": Decimal("10.50")}, "John Smith | #12345 | $25,000 | 10.5 kW"),
        ({"size_kw": Decimal("100")}, "John Smith | #12345 | $25,000 | 100 kW"),
        ({"size_kw": Decimal("1E+2")}, "John Smith | #12345 | $25,000 | 100 kW"),
        ({"title": "Lot 4: North\tSide"}, "Lot 4 North Side | #12345 | $25,000 | 10.5 kW"),
        ({"title": ""}, "#12345 | $25,000 | 10.5 kW"),
        ({"title": "", "number": "", "value_cents": None, "size_kw": None}, "Project 7"),
    ],
)
def test_parts_that_say_nothing_are_left_out(changes: dict[str, object], name: str) -> None:
    assert job_name(replace(PROJECT, **changes)) == name  # type: ignore[arg-type]  # fields by name


@given(st.text(max_size=700), st.integers(0, 10**12), st.decimals(0, 10**6, places=3))
def test_a_job_name_is_one_quickbooks_takes(title: str, cents: int, kilowatts: Decimal) -> None:
    name = job_name(replace(PROJECT, title=title, value_cents=cents, size_kw=kilowatts))
    assert 0 < len(name) <= 500
    assert not set(name) & set(":\t\n")


@given(st.integers(1, 10**13))
def test_money_reads_back_to_the_cent(cents: int) -> None:
    text = format_dollars(cents)
    assert int(Decimal(text.replace("$", "").replace(",", "")) * 100) == cents
    assert text.endswith(f".{cents % 100:02}") == bool(cents % 100)


@given(st.decimals("0.001", 10**6, places=3))
def test_a_size_has_no_trailing_zeros(kilowatts: Decimal) -> None:
    text = format_kilowatts(kilowatts).removesuffix(" kW")
    assert Decimal(text) == kilowatts
    assert not ("." in text and text.endswith(("0", ".")))


@given(st.text(min_size=1, max_size=600), st.integers(2, 999))
def test_the_portals_own_suffix_is_no_difference(text: str, number: int) -> None:
    name = clean_name(text)[:500].rstrip() or "x"
    assert is_same_name(name, with_suffix(name, number))
    assert len(with_suffix(name, number)) <= 500


def test_another_name_is_a_difference() -> None:
    assert not is_same_name("John Smith", "John Smyth")
    assert not is_same_name("John Smith", "John Smith #1")
    assert not is_same_name("John Smith", "Joan Smith #2")
    assert with_suffix("John Smith", 1) == "John Smith"


def test_the_contact_with_the_accounts_own_address_is_the_primary_one() -> None:
    assert primary_contact_id(ACCOUNT) == "4"


def test_else_the_contact_with_its_phone_else_none() -> None:
    by_phone = (ContactRef("8", (), ()), ContactRef("9", (), ("512 555 0100",)))
    assert primary_contact_id(replace(ACCOUNT, email="", contacts=by_phone)) == "9"
    for written in ("+15125550100", "512-555-0100 ext 4"):
        assert primary_contact_id(replace(ACCOUNT, email="", phone=written, contacts=by_phone)) == "9"
    assert primary_contact_id(replace(ACCOUNT, email="", phone="", contacts=by_phone)) == ""
    assert primary_contact_id(replace(ACCOUNT, contacts=())) == ""


def test_every_field_of_the_brief_is_mapped() -> None:
    assert wanted().values == {
        "DisplayName": "John Q Smith",
        "GivenName": "John Q",
        "FamilyName": "Smith",
        "PrimaryEmailAddr.Address": "John@Example.com",
        "PrimaryPhone.FreeFormNumber": "512 555 0100",
        "BillAddr.Line1": "1 Main St",
        "BillAddr.City": "Austin",
        "BillAddr.CountrySubDivisionCode": "TX",
        "BillAddr.PostalCode": "78701",
        "PrimaryTaxIdentifier": "12-3456789",
        "CompanyName": "Smith LLC",
    }
    assert wanted().warnings == ()


def test_without_a_contact_the_title_is_the_name_and_nobodys_first_name() -> None:
    values = wanted(contact=None).values
    assert (values["DisplayName"], values["GivenName"], values["FamilyName"]) == ("Smith Household", "", "")


def test_a_person_of_one_word_has_a_first_name_only() -> None:
    values = wanted(contact=replace(JOHN, name="Cher")).values
    assert (values["GivenName"], values["FamilyName"]) == ("Cher", "")


ADDRESS = ("BillAddr.Line1", "BillAddr.City", "BillAddr.CountrySubDivisionCode", "BillAddr.PostalCode")


@pytest.mark.parametrize(
    ("own", "site", "expected"),
    [
        ("1 Main Street, Austin, Texas", SITE, ("1 Main St", "Austin", "TX", "78701")),
        ("9 New Rd, Mesa, AZ 85201", SITE, ("9 New Rd", "Mesa", "AZ", "85201")),
        (
            "9 New Rd, Suite 4, Mesa, AZ 85201-1234, USA",
            None,
            ("9 New Rd, Suite 4", "Mesa", "AZ", "85201-1234"),
        ),
        ("9 New Rd Mesa", SITE, ("9 New Rd Mesa", "", "", "")),
        ("One Plaza, Mesa", None, ("One Plaza, Mesa", "", "", "")),
        ("", SITE, ("1 Main St", "Austin", "TX", "78701")),
        ("", replace(SITE, street="", city=""), ("1 Main St", "Austin", "TX", "78701")),
        ("", None, ("", "", "", "")),
    ],
)
def test_an_address_is_the_account_s_own(own: str, site: Site | None, expected: tuple[str, ...]) -> None:
    values = wanted(account=replace(ACCOUNT, address=own), site=site).values
    assert tuple(values[path] for path in ADDRESS) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Jane Roe", ("Jane", "Roe")),
        ("Jane Q. Roe", ("Jane Q.", "Roe")),
        ("Smith, John", ("John", "Smith")),
        ("van der Berg, Dr. Jane", ("Jane", "van der Berg")),
        ("John Smith Jr.", ("John", "Smith")),
        ("John Smith, Jr.", ("John", "Smith")),
        ("Smith, John, III", ("John", "Smith")),
        ("Mr. John O\u2019Neil-Roe, Ph.D.", ("John", "O\u2019Neil-Roe")),
        ("Dr. Jane van der Berg", ("Jane", "van der Berg")),
        ("Maria Jose de la Cruz", ("Maria Jose", "de la Cruz")),
        ("Van Morrison", ("Van", "Morrison")),
        ("Jose\u0301 Nu\u0301n\u0303ez", ("Jose\u0301", "Nu\u0301n\u0303ez")),
        ("John Smith Junior", ("John", "Smith")),
        ("Mary", ("Mary", "")),
        *(
            (name, ("", ""))
            for name in (
                "Accounts Payable",
                "Bob Jones (owner)",
                "Smith + Sons",
                "Bob / Sue Jones",
                "City of Tucson",
                "First Baptist Church",
                "Bright Energy Partners",
                "Smith Brothers",
                "Harbor Coffee Roasters P.C.",
                "Office Manager",
                "Ana Maria Luisa Roe",
                "Roe, Jane, Tucson",
                "jane@x.com",
                "...",
                "",
            )
        ),
    ],
)
def test_only_plain_names_of_persons_are_cut(name: str, expected: tuple[str, str]) -> None:
    assert split_person_name(name) == expected


def test_an_account_that_has_its_street_apart_needs_no_site() -> None:
    account = replace(ACCOUNT, street="9 Elm St", city="Waco", state="TX", zip_code="76701")
    assert wanted(account=account).values["BillAddr.Line1"] == "9 Elm St"


def test_only_what_quickbooks_forbids_is_changed_and_it_is_told() -> None:
    found = wanted(contact=replace(JOHN, name="O'Brien & Söhne: Ost"))
    assert found.values["DisplayName"] == "O'Brien & Söhne Ost"
    warning = CustomerMessage.NAME_CHANGED(name="O'Brien & Söhne: Ost", written="O'Brien & Söhne Ost")
    assert warning in found.warnings


@pytest.mark.parametrize(
    "email", ["john", "john@", "@example.com", "john@example", "a b@example.com", "a@b.c" * 40]
)
def test_an_email_quickbooks_would_refuse_is_left_out(email: str) -> None:
    found = wanted(account=replace(ACCOUNT, email=email))
    assert found.values["PrimaryEmailAddr.Address"] == ""
    assert len(found.warnings) == 1


def test_of_several_addresses_only_those_that_are_none_are_left_out() -> None:
    emails = "pat@x.com;nobody ,a b@x.com; Office@x.com,;" + "x" * 90 + "@x.com"
    found = wanted(account=replace(ACCOUNT, email=emails))
    assert found.values["PrimaryEmailAddr.Address"] == "pat@x.com, Office@x.com"
    assert [warning.parameters["email"] for warning in found.warnings][:2] == ["nobody", "a b@x.com"]
    assert len(found.warnings) == 3


def test_a_long_name_is_shortened_and_a_long_phone_left_out() -> None:
    found = wanted(account=replace(ACCOUNT, title="x" * 600, phone="5" * 40), contact=None)
    assert found.values["DisplayName"] == "x" * 500
    assert found.values["PrimaryPhone.FreeFormNumber"] == ""
    assert len(found.warnings) == 2


def test_a_field_fed_by_nothing_stays_empty() -> None:
    assert (
        customer_values({"name": "John"}, {"DisplayName": "name", "CompanyName": ""}).values["CompanyName"]
        == ""
    )
