"""The portal's mark in a note."""

from __future__ import annotations

from integrations.sync.mapping.marks import mark_of, marked, marked_id, with_mark, without_mark

REALM = "9341450000000001"


def test_a_mark_says_whose_it_is_and_on_which_invoice() -> None:
    note = with_mark("Thank you", mark_of(REALM, "payment", "12", "7"))
    assert marked(REALM, "payment", note) == ("12", "7")
    assert without_mark(note) == "Thank you"
    assert marked(REALM, "invoice", mark_of(REALM, "invoice", "7")) == ("7", "")


def test_a_mark_somebody_typed_or_altered_is_none_and_the_real_one_still_counts() -> None:
    real = mark_of(REALM, "payment", "12", "7")
    for false in (
        "[Coperniq payment 12 of invoice 7 ref 00000000]",
        real.replace("12", "13"),
        real.replace(" 7 ", " 8 "),
    ):
        assert marked_id(REALM, "payment", false) == ""
        assert marked_id(REALM, "payment", f"{false}\n{real}") == "12"
    assert marked_id("another realm", "payment", real) == ""
    assert marked_id(REALM, "invoice", real) == ""
