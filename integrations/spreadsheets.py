"""CSV rows in which a spreadsheet runs no formula."""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence

NEGATIVE_NUMBER = re.compile(r"-[0-9]+(\.[0-9]+)?")
FORMULA_STARTS = ("=", "+", "-", "@")


def defused(value: object) -> str:
    """Numbers stay numbers; text that a spreadsheet would run as a formula gets an apostrophe in front."""
    if value is None:
        return ""
    text = str(value)
    return f"'{text}" if is_formula(text) else text


def is_formula(text: str) -> bool:
    """A negative amount is not a formula. Leading blanks do not matter; a tab or line break can start a new cell."""
    if NEGATIVE_NUMBER.fullmatch(text):
        return False
    # Full-width signs start formulas too; NFKC folds them into the plain ones.
    start = unicodedata.normalize("NFKC", text.lstrip()[:1])
    return start.startswith(FORMULA_STARTS) or text.startswith(("\t", "\r", "\n"))


class Echo:
    def write(self, line: str) -> str:
        return line


def csv_lines(header: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """One line at a time, so that a table of any length needs the memory of one row."""
    writer = csv.writer(Echo())
    yield writer.writerow(header)
    for row in rows:
        yield writer.writerow([defused(cell) for cell in row])
