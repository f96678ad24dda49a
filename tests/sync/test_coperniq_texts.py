"""What the portal writes into Coperniq's texts is found again, and people's own words are left as they are."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.sync.engine.coperniq_texts import (
    _COPERNIQ_TAG,
    description_of,
    is_told_by_number,
    memo_of,
    notes_text,
    parts_of,
    payment_id_in,
    payment_notes,
    quickbooks_tag,
    read_quickbooks_tag,
    reference_of,
    shown_number,
    tag_to_write,
)
from integrations.sync.engine.correlation_tag import coperniq_tag, tagged_coperniq_id, with_tag

REALM = "9341450000000001"
INVOICE = quickbooks_tag(REALM, "invoice", "155")
PAYMENT = quickbooks_tag(REALM, "payment", "33", "155")
OTHER = quickbooks_tag(REALM, "invoice", "156")
FORMER = f"[QuickBooks invoice 155 ref {INVOICE[-9:]}"
FORMER_PAYMENT = f"[QuickBooks payment 33 on invoice 155 ref {PAYMENT[-9:]}"
"""What earlier versions wrote."""

WORDS = st.sampled_from(
    ["QBO #", "QBO #7: ", ": ", ":", "\n", " ", "\r\n", "Thank you", INVOICE, OTHER, "1042", "["]
)
TEXTS = st.lists(WORDS, max_size=6).map("".join) | st.text(max_size=30)
NUMBERS = TEXTS.map(lambda text: text[:21])


def test_a_description_tells_number_and_memo_and_a_mark_where_it_has_one() -> None:
    assert re.fullmatch(r"\[QBO 155-[0-9a-f]{8}\]", INVOICE)
    assert description_of("1042", "Thank you", "") == "QBO #1042: Thank you"
    assert description_of("1042", "Thank you", INVOICE) == f"QBO #1042: Thank you\n{INVOICE}"
    assert description_of("1042", " ", "") == "QBO #1042"
    assert description_of("", "Thank you", INVOICE) == f"Thank you\n{INVOICE}"
    assert description_of("", "", INVOICE) == INVOICE


@pytest.mark.parametrize("mark", [INVOICE, FORMER])
@given(NUMBERS, TEXTS)
def test_a_description_is_read_again_as_it_was(mark: str, number: str, memo: str) -> None:
    written = description_of(number, memo, mark)
    for text in (written, written.rstrip(), f"{written} \n"):
        assert read_quickbooks_tag(REALM, "invoice", text) == ("155", "")
        assert memo_of(text, numbered=False) == memo.strip()
        assert parts_of(text, numbered=False).tag == mark
    assert parts_of(written, numbered=True) == (shown_number(number), memo.strip(), mark)
    assert description_of(*parts_of(written, numbered=True)) == written


@given(NUMBERS, TEXTS)
def test_it_is_read_again_where_it_is_known_to_come_from_quickbooks(number: str, memo: str) -> None:
    mark = tag_to_write(number, memo, INVOICE, None, always=False)
    assert is_told_by_number(number) or mark
    written = description_of(number, memo, mark)
    assert parts_of(written, numbered=True) == (shown_number(number), memo.strip(), mark)


@given(TEXTS.filter(lambda text: not _COPERNIQ_TAG.search(text)))
def test_people_keep_their_own_words_where_there_is_no_mark(text: str) -> None:
    assert memo_of(text, numbered=False) == text.strip()
    assert read_quickbooks_tag(REALM, "invoice", text) == ("", "")


def test_a_mark_is_written_where_the_number_does_not_tell_or_where_it_is_wanted() -> None:
    unnumbered = parts_of(f"Thanks\n{FORMER}", numbered=True)
    assert tag_to_write("1042", "Thanks", INVOICE, None, always=False) == ""
    assert tag_to_write("1042", "Thanks", INVOICE, None, always=True) == INVOICE
    for unreadable in ("", "10: 42", "10  42"):
        assert tag_to_write(unreadable, "Thanks", INVOICE, None, always=False) == INVOICE
    assert tag_to_write("", "Thanks", INVOICE, unnumbered, always=False) == INVOICE
    assert tag_to_write("1042", f"as before: {OTHER}", INVOICE, None, always=False) == INVOICE
    assert tag_to_write("", "Thanks", INVOICE, parts_of("Thanks", numbered=True), always=False) == ""
    assert tag_to_write("1042", "Thanks", INVOICE, unnumbered, always=False) == ""


@pytest.mark.parametrize(
    ("description", "memo"),
    [
        (f"QBO #1042:\n{INVOICE}", ""),
        (f"QBO #1042: \n{INVOICE}", ""),
        (f"QBO #1042\r\nby crane\r\n{INVOICE}", "by crane"),
        (f"QBO #1042\nby crane\n{INVOICE}", "by crane"),
        (f"QBO #1042: Thanks\n\n{INVOICE}\nand more", "Thanks\nand more"),
        (f"Thanks {INVOICE}", "Thanks"),
        (f"  QBO #1042: Thanks\n{INVOICE}", "Thanks"),
        (f"QBO #1042: Thanks\n{FORMER}", "Thanks"),
    ],
)
def test_what_people_did_to_a_description_is_understood(description: str, memo: str) -> None:
    assert memo_of(description, numbered=False) == memo
    assert read_quickbooks_tag(REALM, "invoice", description) == ("155", "")


def test_a_mark_somebody_typed_or_copied_is_none_and_the_real_one_still_counts() -> None:
    for false in (
        "[QuickBooks payment 33 on invoice 155 ref 00000000]",
        PAYMENT.replace("33", "34"),
        PAYMENT.replace("155", "156"),
        PAYMENT.replace("/155", ""),
        FORMER_PAYMENT.replace("33", "34"),
        FORMER_PAYMENT.replace(" on invoice 155", ""),
        quickbooks_tag("another realm", "payment", "33", "155"),
        coperniq_tag(REALM, "payment", "33", "155"),
        INVOICE,
    ):
        assert read_quickbooks_tag(REALM, "payment", false) == ("", "")
        assert read_quickbooks_tag(REALM, "payment", f"{PAYMENT}\n{false}") == ("33", "155")
        assert read_quickbooks_tag(REALM, "payment", f"{false}\n{FORMER_PAYMENT}") == ("33", "155")


def test_a_mark_of_one_direction_is_none_of_the_other() -> None:
    assert tagged_coperniq_id(REALM, "invoice", INVOICE) == ""
    assert coperniq_tag(REALM, "invoice", "155")[-9:] != INVOICE[-9:]


def test_the_last_mark_is_ours_where_a_memo_quotes_another() -> None:
    written = description_of("1042", f"as before: {OTHER}", INVOICE)
    assert read_quickbooks_tag(REALM, "invoice", written) == ("155", "")
    assert memo_of(written, numbered=False) == f"as before: {OTHER}"


def test_notes_of_a_payment_tell_what_has_no_place_of_its_own() -> None:
    assert re.fullmatch(r"\[QBO 33/155-[0-9a-f]{8}\]", PAYMENT)
    note = with_tag("by post", coperniq_tag(REALM, "payment", "12", "7"))
    notes = payment_notes("Gift card", note, PAYMENT)
    assert notes == f"Paid by Gift card\nby post\n{PAYMENT}"
    assert read_quickbooks_tag(REALM, "payment", notes.rstrip()) == ("33", "155")
    assert notes_text(notes) == "Paid by Gift card\nby post"
    assert payment_notes("", "", PAYMENT) == PAYMENT
    assert payment_notes("Gift card", note, "") == "Paid by Gift card\nby post"
    assert notes_text(f"by post\n{FORMER_PAYMENT}") == "by post"
    assert notes_text("QBO #7: my own ") == "QBO #7: my own "


@given(TEXTS, st.from_regex(r"[0-9]{1,9}", fullmatch=True))
def test_a_reference_names_its_payment(reference: str, payment_id: str) -> None:
    logged = reference_of(reference, payment_id)
    assert payment_id_in(f"{logged} ") == payment_id
    assert logged.startswith(reference.strip())


def test_references_look_as_people_expect() -> None:
    assert reference_of(" 1234 ", "33") == "1234 (QBO 33)"
    assert reference_of("", "33") == "QBO 33"
    assert payment_id_in("1234") == payment_id_in("my QBO 33") == payment_id_in("") == ""
