"""Whether two names, e-mail addresses, phones or postal addresses are the same to a reader. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping

from cleanco import basename
from rapidfuzz import fuzz, process

PROBABLY_SAME = 90.0
"""The least score of two names, of 100, that are probably the same, given the same phone or address."""
SUGGESTED_FROM = 85
"""The least score of two names, in per cent, that are suggested to a person as the same."""

_PLAIN = str.maketrans(
    {
        **dict.fromkeys(
            "\u2018\u2019\u201a\u201b\u2032\u2035`\u00b4\u02b9\u02bb\u02bc\u02bd\u02c8\u02ca\u02cb\uff07", "'"
        ),
        **dict.fromkeys("“”\u201e\u201f\u2033\u2036«»\uff02", '"'),
        **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u2043\ufe58\ufe63\uff0d", "-"),
    }
)
_LETTERS = str.maketrans(
    {"ł": "l", "ø": "o", "đ": "d", "ħ": "h", "ŧ": "t", "æ": "ae", "œ": "oe", "ð": "d", "þ": "th"}
)
"""Letters with marks that Unicode does not take apart."""
_INVISIBLE = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0]")
_AROUND_AMPERSAND = re.compile(r"\s*&\s*")
_BETWEEN_ADDRESSES = re.compile(r"[\s,;]+")
_LETTERS_AND_DIGITS = re.compile(r"[^\W_]+")
_JOINED_INITIALS = re.compile(r"(?<![^\W_])([^\W\d_]) (?=[^\W\d_](?: |$))")
_US_PHONE = re.compile(r"(?<!\d)(?:\+?1|001)?[\s./-]*\(?([2-9]\d\d)\)?[\s./-]*(\d{3})[\s./-]*(\d{4})(?!\d)")
_EXTENSION = re.compile(r"(?:ext(?:ension|n)?|x|#)[\s.:]*\d+")
_OTHER_PHONE = re.compile(r"\d(?:[^\d,;/]*\d)*")
_PHONE_DIGITS = 10
_NO_NAME = {
    *("and", "the", "mr", "mrs", "ms", "miss", "dr"),
    *("inc", "incorporated", "llc", "ltd", "limited", "co", "corp", "corporation", "company"),
    *("llp", "lp", "pllc", "pc", "gmbh"),
    *("esq", "phd", "md", "dds", "cpa"),
}
"""Words that people leave out of a name: legal forms, titles and the like."""
_ARTICLES = ("and", "the")
_SAME_WORDS = {"junior": "jr", "senior": "sr", "2nd": "ii", "3rd": "iii", "4th": "iv"}
"""What people write of which generation somebody is."""
_NUMERALS = {"ii", "iii", "iv", "vi", "vii", "viii", "ix", "jr", "sr"}
_ABBREVIATIONS = {
    "street": "st",
    "avenue": "ave",
    "road": "rd",
    "drive": "dr",
    "lane": "ln",
    "court": "ct",
    "place": "pl",
    "boulevard": "blvd",
    "parkway": "pkwy",
    "highway": "hwy",
    "circle": "cir",
    "terrace": "ter",
    "building": "bldg",
    "floor": "fl",
    "north": "n",
    "south": "s",
    "east": "e",
    "west": "w",
    "northeast": "ne",
    "northwest": "nw",
    "southeast": "se",
    "southwest": "sw",
}
_UNITS = {"apt", "apartment", "unit", "ste", "suite"}
"""The same as “#”, which is no word."""
_POST_OFFICE_BOX = re.compile(r"\b(?:p\.?\s*o\.?\s*box|post office box)\b")
_COUNTRY = re.compile(r" (?:the )?(?:us|usa|u s|u s a|united states|united states of america)$")
_ZIP_CODE = re.compile(r" (?:\d{5}(?: \d{4})?|\d{9})$")
_STATES = {
    "alabama": "al", "alaska": "ak", "arizona": "az", "arkansas": "ar", "california": "ca", "colorado": "co",
    "connecticut": "ct", "delaware": "de", "district of columbia": "dc", "florida": "fl", "georgia": "ga",
    "hawaii": "hi", "idaho": "id", "illinois": "il", "indiana": "in", "iowa": "ia", "kansas": "ks",
    "kentucky": "ky", "louisiana": "la", "maine": "me", "maryland": "md", "massachusetts": "ma",
    "michigan": "mi", "minnesota": "mn", "mississippi": "ms", "missouri": "mo", "montana": "mt",
    "nebraska": "ne", "nevada": "nv", "new hampshire": "nh", "new jersey": "nj", "new mexico": "nm",
    "new york": "ny", "north carolina": "nc", "north dakota": "nd", "ohio": "oh", "oklahoma": "ok",
    "oregon": "or", "pennsylvania": "pa", "rhode island": "ri", "south carolina": "sc", "south dakota": "sd",
    "tennessee": "tn", "texas": "tx", "utah": "ut", "vermont": "vt", "virginia": "va", "washington": "wa",
    "west virginia": "wv", "wisconsin": "wi", "wyoming": "wy",
}  # fmt: skip
_STATE = re.compile(rf" ({'|'.join(sorted(_STATES, key=len, reverse=True))})$")


def canonical_name(text: str) -> str:
    """The form in which names are compared: what looks the same to a reader is equal.

    Unicode NFKC, without case and invisible characters; white space as one space; typographic quotes and dashes as
    plain ones; no spaces around an ampersand and no final full stop.
    """
    plain = unicodedata.normalize("NFKC", text.translate(_PLAIN)).translate(_PLAIN)
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", plain).casefold()).translate(_PLAIN)
    visible = _INVISIBLE.sub("", "".join(c for c in folded if unicodedata.category(c) != "Cf"))
    spaced = _AROUND_AMPERSAND.sub("&", " ".join(visible.split()))
    return spaced.rstrip(". ") or spaced


def is_probably_same_name(one: str, other: str) -> bool:
    """Whether the names differ by a few letters, the order of words, spaces, accents, a legal form or a title.

    Different numbers, single letters and numerals are different names: “Building A” and “Building B”.
    """
    joined, other_joined = map(_joined_words, (one, other))
    if joined.isalpha() and joined == other_joined:
        return True
    first, second = _name_words(one), _name_words(other)
    marks, others = ({word for word in words if _tells_apart(word)} for words in (first, second))
    if marks and others and marks != others:
        return False
    ratio = fuzz.ratio("".join(first), "".join(second))
    return max(fuzz.token_sort_ratio(" ".join(first), " ".join(second)), ratio) >= PROBABLY_SAME


def _joined_words(name: str) -> str:
    return "".join(word for word in _words(name) if word not in _ARTICLES)


def name_key(name: str) -> str:
    """What two names are scored by: their words in the order of the alphabet, without legal forms."""
    plain = canonical_name(name)
    words = [word for word in _words(basename(plain)) if word != "and"]
    return " ".join(sorted(words or _words(plain) or [plain]))


def score_names(one: str, other: str) -> int:
    """How alike two names are, in per cent; 100 if they differ in legal form, order and signs at most."""
    return score_keys(name_key(one), name_key(other))


def score_keys(one: str, other: str) -> int:
    """As `score_names`, of keys. Names of different numbers or initials are not suggested, however alike they are."""
    return _score(one, other, fuzz.ratio(one, other))


def find_near_keys(key: str, keys: Mapping[str, str]) -> dict[str, int]:
    """Which of these keys, by id, are so near that they are suggested, and their scores."""
    cutoff = SUGGESTED_FROM - 0.5
    found = process.extract(key, keys, scorer=fuzz.ratio, score_cutoff=cutoff, limit=None) if key else []
    scored = {id_: _score(key, other, ratio) for other, ratio, id_ in found}
    return {id_: score for id_, score in scored.items() if score >= SUGGESTED_FROM}


def _score(one: str, other: str, ratio: float) -> int:
    score = round(ratio) if one and other else 0
    marks, others = ({word for word in key.split() if _tells_apart(word)} for key in (one, other))
    differ = bool(marks and others and marks != others)
    return min(score, SUGGESTED_FROM - 1) if differ else min(score, 99 if one != other else 100)


def _tells_apart(word: str) -> bool:
    return len(word) == 1 or word in _NUMERALS or any(char.isdigit() for char in word)


def _name_words(text: str) -> list[str]:
    """The words that tell the name from others; all if it has no such words. Initials in a row are one word."""
    words = [_SAME_WORDS.get(word, word) for word in _words(canonical_name(text).replace("ph.d", "phd"))]
    initials = _JOINED_INITIALS.sub(r"\1", " ".join(word for word in words if word != "and"))
    return [word for word in initials.split() if word not in _NO_NAME] or words


def _words(text: str) -> list[str]:
    """Without accents and apostrophes."""
    letters = unicodedata.normalize("NFD", canonical_name(text).replace("'", "").translate(_LETTERS))
    return _LETTERS_AND_DIGITS.findall("".join(char for char in letters if not unicodedata.combining(char)))


def email_addresses(text: str) -> list[str]:
    """The addresses of a field, as written; people separate them by commas, semicolons and spaces."""
    return [address for address in _BETWEEN_ADDRESSES.split(text) if address]


def email_keys(text: str) -> set[str]:
    return {address.casefold() for address in email_addresses(text)}


def phone_keys(text: str) -> set[str]:
    """The last ten digits of each phone of a field, without extensions; fewer than seven digits identify nobody."""
    plain = canonical_name(text)
    found = ["".join(match) for match in _US_PHONE.findall(plain)]
    rest = _EXTENSION.sub(";", _US_PHONE.sub(";", plain))
    found += ("".join(re.findall(r"\d", phone)) for phone in _OTHER_PHONE.findall(rest))
    return {digits[-_PHONE_DIGITS:] for digits in found if len(digits) >= 7}


def address_key(parts: Iterable[str]) -> str:
    """One postal address, in the order of an envelope, however it is divided into lines; "" if it names no house.

    Without what people leave out: whose address it is before the house number, the ZIP code and the country.
    """
    words = _words(_POST_OFFICE_BOX.sub("pobox", canonical_name(" ".join(parts))))
    line = " " + " ".join(word for word in words if word not in _UNITS)
    line = _ZIP_CODE.sub("", _COUNTRY.sub("", line))
    line = _STATE.sub(lambda state: f" {_STATES[state[1]]}", line)
    known = [_ABBREVIATIONS.get(word, word) for word in line.split()]
    house = next((n for n, word in enumerate(known) if word[0].isdigit() or word == "pobox"), len(known))
    return " ".join(known[house:])
