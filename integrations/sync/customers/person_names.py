"""Cut the name of a person into first and last name, and no other name. Pure."""

from __future__ import annotations

import re
import unicodedata

_NO_PERSON = re.compile(
    r"[&+/()@\d]|\b(?:"
    r"the|and|or|of|attn|family|household|residence|estate|trust|brothers|bros|sons|"
    r"inc|incorporated|llc|llp|lp|pllc|pc|gmbh|corp|corporation|co|company|ltd|limited|hoa|association|"
    r"associates|partners|group|holdings|properties|property|realty|enterprises|industries|solutions|systems|"
    r"services|service|management|mgmt|solar|energy|electric|roofing|plumbing|construction|contractors|builders|"
    r"homes|apartments|condos|condominiums|hotel|restaurant|cafe|coffee|roasters|diner|store|shop|bank|club|"
    r"church|school|university|college|clinic|hospital|center|centre|foundation|city|county|town|state|"
    r"accounts?|accounting|payables?|receivables?|billing|purchasing|sales|office|department|dept|team|desk|"
    r"reception|manager|admin|administrator|owner|tenant|info"
    r")\b|p\.\s?c\.",
    re.IGNORECASE,
)
"""What is in the names of families, companies and roles, which have no first and last name."""
_TITLE = re.compile(r"(?<![^\s,])(?:mr|mrs|ms|miss|mx|dr|prof|rev)\b\.?\s+", re.IGNORECASE)
_SUFFIX = re.compile(
    r"(?:(?:\s*,\s*|\s+)(?:jr|sr|junior|senior|ii|iii|iv|esq|esquire|m\.?d|ph\.?d|d\.?d\.?s|cpa|pe|rn)\.?)+$",
    re.IGNORECASE,
)
_PARTICLES = {
    *("van", "von", "der", "den", "ter", "de", "del", "della", "di", "da", "dos", "das", "du"),
    *("la", "las", "le", "los", "al", "el", "bin", "ibn", "st", "st."),
}
_MOST_WORDS = 3


def split_person_name(text: str) -> tuple[str, str]:
    """First and last name, without title and suffix; ("", "") of what is no plain name of one to three words.

    A name of one word is a first name. A last name may begin with particles, which count as no words.
    """
    name = _TITLE.sub("", _SUFFIX.sub("", text.strip()))
    last, comma, first = (part.split() for part in name.partition(","))
    is_turned = comma and first and (len(last) == 1 or _is_last_name(last))
    words = [*first, *last] if is_turned else name.split()
    is_plain = not _NO_PERSON.search(text) and all(map(_is_word, words))
    return _cut(words) if is_plain else ("", "")


def _cut(words: list[str]) -> tuple[str, str]:
    start = next((n for n in range(1, len(words)) if _is_last_name(words[n:])), len(words) - 1)
    if not words or start + 1 > _MOST_WORDS:
        return "", ""
    return (" ".join(words[:start]), " ".join(words[start:])) if start else (words[0], "")


def _is_last_name(words: list[str]) -> bool:
    """Whether it is a word after particles."""
    return len(words) > 1 and all(word.casefold() in _PARTICLES for word in words[:-1])


def _is_word(word: str) -> bool:
    letters = word.removesuffix(".")
    return letters[:1].isalpha() and all(
        char.isalpha() or char in "'\u2019-" or unicodedata.category(char).startswith("M") for char in letters
    )
