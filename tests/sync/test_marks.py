"""The portal's mark in a note."""

from __future__ import annotations

import re

from integrations.sync.engine.correlation_tag import (
    coperniq_tag,
    read_coperniq_tag,
    tagged_coperniq_id,
    with_tag,
    without_tag,
)

REALM = "9341450000000001"


def test_a_mark_says_whose_it_is_and_on_which_invoice() -> None:
    note = with_tag("Thank you", coperniq_tag(REALM, "payment", "12", "7"))
    assert read_coperniq_tag(REALM, "payment", note) == ("12", "7")
    assert without_tag(note) == "Thank you"
    assert read_coperniq_tag(REALM, "invoice", coperniq_tag(REALM, "invoice", "7")) == ("7", "")


def test_a_mark_is_short_and_the_former_form_still_counts() -> None:
    assert re.fullmatch(r"\[Coperniq 7-[0-9a-f]{8}\]", coperniq_tag(REALM, "invoice", "7"))
    real = coperniq_tag(REALM, "payment", "12", "7")
    assert re.fullmatch(r"\[Coperniq 12/7-[0-9a-f]{8}\]", real)
    former = f"[Coperniq payment 12 of invoice 7 ref {real[-9:]}"
    assert read_coperniq_tag(REALM, "payment", f"Thank you\n{former}") == ("12", "7")
    assert without_tag(f"Thank you\n{former}") == "Thank you"
    named = coperniq_tag(REALM, "invoice", "a-1")
    assert read_coperniq_tag(REALM, "invoice", named) == ("a-1", "")


def test_a_mark_somebody_typed_or_altered_is_none_and_the_real_one_still_counts() -> None:
    real = coperniq_tag(REALM, "payment", "12", "7")
    for false in (
        "[Coperniq payment 12 of invoice 7 ref 00000000]",
        "[Coperniq 12/7-00000000]",
        real.replace("12", "13"),
        real.replace("/7-", "/8-"),
        real.replace("/7-", "-"),
    ):
        assert tagged_coperniq_id(REALM, "payment", false) == ""
        assert tagged_coperniq_id(REALM, "payment", f"{false}\n{real}") == "12"
    assert tagged_coperniq_id("another realm", "payment", real) == ""
    assert tagged_coperniq_id(REALM, "invoice", real) == ""
