"""Where QuickBooks takes 500 characters and not one more, and what is left of a value that has to give way."""

from __future__ import annotations

from dataclasses import replace

import pytest

from integrations.coperniq.records import ContactRef
from integrations.models.encryption import keyed_digest
from integrations.sync.customers.mapping import (
    clean_name,
    is_same_name,
    job_name,
    primary_contact_id,
    with_suffix,
)
from tests.sync.test_fields import TAX, changes, customer
from tests.sync.test_mapping import ACCOUNT, PROJECT, SITE, wanted

FACTS = " | #12345 | $25,000 | 10.5 kW"


def test_a_long_title_makes_room_for_the_facts() -> None:
    name = job_name(replace(PROJECT, title="x" * 600))
    assert name == "x" * (500 - len(FACTS)) + FACTS


def test_a_title_that_just_fits_is_whole() -> None:
    title = "x" * (500 - len(FACTS))
    assert job_name(replace(PROJECT, title=title)) == title + FACTS


def test_a_long_name_makes_room_for_its_suffix() -> None:
    assert with_suffix("x" * 500, 2) == "x" * 497 + " #2"
    assert with_suffix("x" * 500, 12) == "x" * 496 + " #12"
    assert with_suffix("x" * 497, 2) == "x" * 497 + " #2"


def test_a_name_shortened_for_its_suffix_is_still_the_same() -> None:
    assert is_same_name("x" * 500, "x" * 497 + " #2")
    assert not is_same_name("x" * 500, "x" * 490 + " #2")


def test_a_name_of_the_whole_length_is_not_shortened() -> None:
    found = wanted(account=replace(ACCOUNT, title="x" * 500), contact=None)
    assert found.values["DisplayName"] == "x" * 500
    assert found.warnings == ()


@pytest.mark.parametrize(("length", "kept"), [(30, True), (31, False)])
def test_a_postal_code_is_written_whole_or_not_at_all(length: int, kept: bool) -> None:
    code = "7" * length
    found = wanted(site=replace(SITE, zip_code=code))
    assert found.values["BillAddr.PostalCode"] == (code if kept else "")
    assert len(found.warnings) == (not kept)


@pytest.mark.parametrize("mark", [":", "\t", "\n", "\r"])
def test_each_forbidden_mark_becomes_a_space(mark: str) -> None:
    assert clean_name(f"North{mark}Side") == "North Side"


def test_an_address_says_more_than_a_phone() -> None:
    refs = (ContactRef("8", (), (ACCOUNT.phone,)), ContactRef("9", ("john@example.com",), ()))
    assert primary_contact_id(replace(ACCOUNT, contacts=refs)) == "9"


def test_a_city_apart_is_an_address_apart() -> None:
    assert wanted(account=replace(ACCOUNT, city="Waco")).values["BillAddr.City"] == "Waco"


def test_a_tax_number_people_removed_is_filled_in_again() -> None:
    written = {TAX: keyed_digest("123456789")}
    assert changes(customer(), {TAX: "123456789"}, **written) == {TAX: ("", "123456789")}
