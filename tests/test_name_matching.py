"""What looks the same to a reader is equal, and nothing else."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.name_matching import (
    SUGGESTED_FROM,
    address_key,
    canonical_name,
    email_keys,
    find_near_keys,
    is_probably_same_name,
    name_key,
    phone_keys,
    score_keys,
    score_names,
)

WORDS = st.text(st.sampled_from("abcdefghijklmnopqrstuvwxyzáéñüßøł0123456789'-"), min_size=1, max_size=8)
NAMES = st.lists(st.one_of(WORDS, st.just("&")), min_size=1, max_size=5).map(" ".join)
SPACES = (" ", "  ", "\u00a0", "\u2003", " \u202f", "\u3000")
PLAIN = {"'": "'\u2019\u2018\u02bc\u00b4`", '"': '"“”\u201e«', "-": "-\u2013\u2014\u2011\u2212"}


@st.composite
def variants(draw: st.DrawFn, name: str) -> str:
    """Another spelling of the name that looks the same."""
    parts = []
    for char in name:
        if char == " ":
            char = draw(st.sampled_from(SPACES))
        elif char in PLAIN:
            char = draw(st.sampled_from(PLAIN[char]))
        elif char.isascii() and char.isalnum() and draw(st.booleans()):
            char = chr(ord(char) + 0xFEE0)  # full width
        parts += [char, draw(st.sampled_from(["", "", "", "\u200b", "\u00ad", "\ufeff", "\u2060"]))]
    text = "".join(parts)
    spelled = unicodedata.normalize("NFC" if draw(st.booleans()) else "NFD", text)
    cased: str = draw(st.sampled_from([spelled, spelled.upper(), spelled.lower(), spelled.title()]))
    if draw(st.booleans()):
        cased = cased.replace(" &", "&").replace("& ", "&")
    before, after = draw(st.sampled_from(["", " ", "\t"])), draw(st.sampled_from(["", ".", " ", ". "]))
    return f"{before}{cased}{after}"


@given(st.data(), NAMES)
def test_every_spelling_of_a_name_is_equal(data: st.DataObject, name: str) -> None:
    spelled = data.draw(variants(name))
    assert canonical_name(spelled) == canonical_name(name)
    assert is_probably_same_name(spelled, name) or not any(char.isalnum() for char in name)


@given(st.text(max_size=40))
def test_a_canonical_name_is_its_own(text: str) -> None:
    once = canonical_name(text)
    assert canonical_name(once) == once


@given(NAMES, NAMES)
def test_names_of_other_letters_are_different(one: str, other: str) -> None:
    letters, others = ([c for c in text.casefold() if c.isalnum()] for text in (one, other))
    if letters != others:
        assert canonical_name(one) != canonical_name(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("John Smith", "Jon Smith"),
        ("Łódź Deli", "Lodz Deli"),
        ("Ørsted", "Orsted"),
        ("John Smith III", "John Smith 3rd"),
        ("John Smith Jr.", "John Smith, Junior"),
        ("Ann Roe, Ph.D.", "Ann Roe"),
        ("Ann Roe PhD", "Ann Roe"),
        ("Co-op", "Coop"),
        ("Smith, John", "John Smith"),
        ("Harbor Coffee", "Harbour Coffee"),
        ("Smith and Sons", "Smith & Sons"),
        ("A and W", "A&W"),
        ("Jose Nunez", "José Núñez"),
        ("Zoe Muller", "Zoë Müller"),
        ("Harbor Coffee", "Harbor Coffee LLC"),
        ("Harbor Coffee", "Harbor Coffee, Inc."),
        ("Harbor Coffee Inc", "Harbor Coffee LLC"),
        ("John O'Neil", "John ONeil"),
        ("John O\u2019Neil", "John O Neil"),
        ("Bob's Diner", "Bobs Diner"),
        ("US Roofing", "U.S. Roofing"),
        ("J R Smith", "J.R. Smith"),
        ("McDonald Roofing", "Mc Donald Roofing"),
        ("SunPower Solar", "Sun Power Solar"),
        ("Dr. Jane Smith", "Jane Smith"),
        ("The Harbor Coffee", "Harbor Coffee"),
        ("John and Mary Smith", "Mary & John Smith"),
        ("Unit 3B Oak", "Oak, Unit 3b"),
    ],
)
def test_what_people_write_in_several_ways_is_a_small_difference(one: str, other: str) -> None:
    assert canonical_name(one) != canonical_name(other)
    assert is_probably_same_name(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("John Smith III", "John Smith 2nd"),
        ("Building 1 2", "Building 12"),
        ("John Smith", "Mary Smith"),
        ("Unit 12", "Unit 13"),
        ("Lot 4 North", "Lot 5 North"),
        ("A&W", "A&B"),
        ("Unit 3B Oak", "Unit 3C Oak"),
        ("Lakeview Apartments, Building A", "Lakeview Apartments, Building B"),
        ("Oak House Apartments I", "Oak House Apartments II"),
        ("John Smith Sr", "John Smith Jr."),
        ("Suite 1A LLC", "Suite 1B LLC"),
        ("Smith & Sons", "Smith & Daughters"),
        ("The Company", "Harbor LLC"),
    ],
)
def test_other_names_and_numbers_are_different(one: str, other: str) -> None:
    assert not is_probably_same_name(one, other)


@given(st.integers(2_000_000_000, 9_999_999_999), st.sampled_from(["", "+1 ", "1-", "001 "]))
def test_a_phone_is_the_same_however_it_is_written(number: int, country: str) -> None:
    digits = str(number)
    written = f"{country}({digits[:3]}) {digits[3:6]}-{digits[6:]}"
    assert phone_keys(written) == phone_keys(digits) == {digits}
    assert phone_keys(f"{written}; 520 555 0134") == {digits, "5205550134"}
    assert phone_keys("ext. 12") == set()


@pytest.mark.parametrize(
    "text",
    [
        "(520) 555-0134 ext 12; 520 555 9999 x7",
        "520 555 0134 or 520 555 9999",
        "520-555-0134 (cell) 520-555-9999 (home)",
        "Office: 520/555-0134 #3, +1-520-555-9999",
        "5205550134 15205559999",
    ],
)
def test_every_phone_of_a_text_is_found(text: str) -> None:
    assert phone_keys(text) == {"5205550134", "5205559999"}


def test_other_phones_count_too() -> None:
    assert phone_keys("555-0134 x 12") == {"5550134"}
    assert phone_keys("+44 20 7946 0958") == phone_keys("0044 20 79460958") == {"2079460958"}


@pytest.mark.parametrize(
    "parts",
    [
        ["77 ELM ST Apartment 4", "Phoenix", "AZ", "85004"],
        ["77 Elm St Apt 4", "Phoenix, AZ 85004", "The United States"],
        ["77 Elm St #4, Phoenix, AZ 85004-1234"],
        ["Jane Roe", "77 Elm St.", "Unit 4", "Phoenix", "Arizona", "850041234", "United States of America"],
        ["77 Elm St Apt 4", "Phoenix", "az"],
        ["77 Elm St Apt 4, Phoenix AZ, U.S.A."],
    ],
)
def test_an_address_is_the_same_however_it_is_written(parts: list[str]) -> None:
    assert address_key(parts) == address_key(["77 Elm Street, Apt. 4", "Phoenix, AZ 85004", "USA"]) != ""


def test_other_addresses_are_different() -> None:
    assert address_key(["77 Elm St Apt 4", "Phoenix"]) != address_key(["77 Elm St", "Phoenix"])
    assert address_key(["P.O. Box 9", "Cary", "North Carolina"]) == address_key(["PO Box 9, Cary, NC 27511"])
    assert [address_key(parts) for parts in (["", "Phoenix", "AZ"], ["Tucson", "AZ 85701-1234"], [""])] == [
        ""
    ] * 3


def test_addresses_are_separated_by_commas_semicolons_and_spaces() -> None:
    assert email_keys(" A@x.com;b@X.com, c@x.com ") == {"a@x.com", "b@x.com", "c@x.com"}


@pytest.mark.parametrize(
    ("one", "other", "score"),
    [
        ("Acme Corporation", "Acme Corp", 100),
        ("TechStart Inc", "TechStart Inc.", 100),
        ("Oak Street Partners", "Oak Street Partners East", 88),
        ("Smith Roofing LLC", "Smith Solar LLC", 42),
        ("John Smith", "Smith, John", 100),
        ("John Smith", "John A. Smith", 91),
        ("Müller & Söhne GmbH", "Muller and Sohne", 100),
        ("LLC", "Limited", 20),
        ("Valley School District 12", "Valley School District 13", SUGGESTED_FROM - 1),
        ("", "Acme", 0),
    ],
)
def test_names_are_scored_in_per_cent(one: str, other: str, score: int) -> None:
    assert score_names(one, other) == score


@given(NAMES, NAMES)
def test_scores_are_the_same_both_ways_and_full_for_equal_names(one: str, other: str) -> None:
    assert score_names(one, other) == score_names(other, one)
    assert 0 <= score_names(one, other) <= 100
    if canonical_name(one):
        assert score_names(one, f"  {one} ") == 100
    if canonical_name(one) and canonical_name(one) == canonical_name(other):
        assert score_names(one, other) == 100


@given(st.lists(NAMES, max_size=8), NAMES)
def test_near_names_are_those_that_are_suggested(names: list[str], wanted: str) -> None:
    keys = {str(number): name_key(name) for number, name in enumerate(names)}
    scores = {number: score_keys(name_key(wanted), key) for number, key in keys.items()}
    assert find_near_keys(name_key(wanted), keys) == {
        number: score for number, score in scores.items() if score >= SUGGESTED_FROM
    }
