"""The words of a QuickBooks query, with the place of each for the parser's complaints."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from simulator.quickbooks.answers import Problem, Refused

TokenKind = Literal["keyword", "word", "string", "number", "symbol", "end"]
KEYWORDS = frozenset(
    {
        "SELECT", "COUNT", "FROM", "WHERE", "AND", "IN", "LIKE", "ORDERBY", "ORDER", "BY",
        "ASC", "DESC", "STARTPOSITION", "MAXRESULTS", "TRUE", "FALSE", "NULL",
    }
)  # fmt: skip
_PATTERN = re.compile(
    r"(?P<space>\s+)"
    r"|(?P<string>'(?:[^'\\]|\\.)*')"
    r"|(?P<number>-?\d+(?:\.\d+)?)"
    r"|(?P<word>[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*)"
    r"|(?P<symbol><=|>=|[=<>(),*])",
    re.DOTALL,
)


@dataclass(frozen=True)
class Token:
    """`text` is the value: keywords in capitals, strings without quotes and escapes. `image` is what was written."""

    kind: TokenKind
    text: str
    image: str
    at: int

    @property
    def complaint(self) -> str:
        if self.kind == "end":
            return '"<EOF>"'
        name = self.text.lower() if self.kind in {"keyword", "symbol"} else _CLASSES[self.kind]
        return (
            f'" "{name}" "{self.image} ""'
            if self.kind in {"keyword", "symbol"}
            else f'" {name} "{self.image} ""'
        )


_CLASSES = {"word": "<IDENTIFIER>", "string": "<STRING_LITERAL>", "number": "<NUMERIC_LITERAL>"}


def parse_error(statement: str, at: int, encountered: str, expected: str) -> Refused:
    line = statement.count("\n", 0, at) + 1
    column = at - (statement.rfind("\n", 0, at) + 1) + 1
    where = f"at line {line}, column {column}."
    detail = f"QueryParserError: Encountered {encountered} {where}\nWas expecting:\n    {expected} ...\n    "
    return Refused(Problem("4000", "Error parsing query", detail))


def tokenize(statement: str, *, bare_backslash: bool) -> list[Token]:
    """`bare_backslash`: one that does not escape an apostrophe or itself stands for itself; else it is refused."""
    found: list[Token] = []
    at = 0
    while at < len(statement):
        match = _PATTERN.match(statement, at)
        if match is None:
            raise parse_error(statement, at, f'"{statement[at]}"', "<IDENTIFIER>")
        if match.lastgroup != "space":
            found.append(_token(statement, match, bare_backslash))
        at = match.end()
    return [*found, Token("end", "", "", len(statement))]


def _token(statement: str, match: re.Match[str], bare_backslash: bool) -> Token:
    image, at = match[0], match.start()
    if match.lastgroup == "string":
        if not bare_backslash and re.search(r"(?<!\\)(?:\\\\)*\\[^'\\]", image):
            raise parse_error(statement, at, '"\\"', "<STRING_LITERAL>")
        return Token("string", re.sub(r"\\(['\\])", r"\1", image[1:-1]), image, at)
    if match.lastgroup == "word" and image.upper() in KEYWORDS:
        return Token("keyword", image.upper(), image, at)
    if match.lastgroup == "word":
        return Token("word", image, image, at)
    return Token("number" if match.lastgroup == "number" else "symbol", image, image, at)
