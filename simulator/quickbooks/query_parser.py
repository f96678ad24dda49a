"""The query language, with AND as the only link between conditions: docs/vendors/quickbooks-online.md, 7.2."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple, NoReturn, TypeVar

from simulator.quickbooks.responses import Refused, refused

T = TypeVar("T")
KEYWORDS = {
    *("SELECT", "COUNT", "FROM", "WHERE", "AND", "IN", "LIKE", "ORDERBY", "ORDER", "BY", "ASC", "DESC"),
    *("STARTPOSITION", "MAXRESULTS", "TRUE", "FALSE", "NULL"),
}
DEFAULT_PAGE, LARGEST_PAGE = 100, 1000
_TOKEN = re.compile(
    r"(?P<string>'(?:[^'\\]|\\.)*')"
    r"|(?P<number>-?\d+(?:\.\d+)?)"
    r"|(?P<word>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)"
    r"|(?P<symbol><=|>=|[=<>(),*])",
    re.DOTALL | re.ASCII,
)
_NAMES = {"word": "<IDENTIFIER>", "string": "<STRING_LITERAL>", "number": "<NUMERIC_LITERAL>"}


class Token(NamedTuple):
    """`text`: keywords in capitals, strings without quotes and escapes. `image`: as it was written, at position `at`."""

    kind: str
    text: str
    image: str
    at: int


class Condition(NamedTuple):
    name: str
    operator: str
    values: list[Token]


@dataclass
class Statement:
    """`columns` empty: all of them, with `beside_star` named as well. `order` is (property, descending)."""

    entity: str = ""
    counting: bool = False
    columns: list[str] = field(default_factory=list)
    beside_star: list[str] = field(default_factory=list)
    conditions: list[Condition] = field(default_factory=list)
    order: tuple[str, bool] | None = None
    start: int = 1
    limit: int = DEFAULT_PAGE


def invalid_query(reason: str) -> Refused:
    return refused("4001", "Invalid query", f"QueryValidationError: {reason}")


def parse_query(statement: str, *, bare_backslash: bool = True, clamp: bool = False) -> Statement:
    """`bare_backslash`: one that escapes neither an apostrophe nor itself stands for itself; else it is refused."""
    return _Parser(statement, bare_backslash, clamp).read()


class _Parser:
    def __init__(self, statement: str, bare_backslash: bool, clamp: bool) -> None:
        self._statement, self._clamp = statement, clamp
        self._tokens = self._tokenize(bare_backslash)

    def read(self) -> Statement:
        found = Statement()
        self._expect("SELECT")
        if self._accept("COUNT"):
            for symbol in "(*)":
                self._expect(symbol)
            found.counting = True
        else:
            names = self._separated(",", lambda: "*" if self._accept("*") else self._word())
            found.columns = [] if "*" in names else names
            found.beside_star = [name for name in names if name != "*"] if "*" in names else []
        self._expect("FROM")
        found.entity = self._word()
        if self._accept("WHERE"):
            found.conditions = self._separated("AND", self._condition)
        if self._accept("ORDERBY") or (self._accept("ORDER") and self._expect("BY")):
            found.order = self._word(), (self._accept("DESC", "ASC") or "ASC") == "DESC"
        self._page(found)
        if self._now.kind != "end":
            self._fail("<EOF>")
        return found

    def _condition(self) -> Condition:
        name = self._word()
        operator = self._accept("IN", "LIKE", "=", "<", ">", "<=", ">=") or self._fail('"="')
        if operator != "IN":
            return Condition(name, operator, [self._literal()])
        self._expect("(")
        values = self._separated(",", self._literal)
        self._expect(")")
        return Condition(name, operator, values)

    def _page(self, found: Statement) -> None:
        """The two may come in either order, each once."""
        left = {"STARTPOSITION", "MAXRESULTS"}
        while word := self._accept(*left):
            left.discard(word)
            if word == "STARTPOSITION":
                found.start = self._count()
                continue
            found.limit = self._count()
            if found.limit > LARGEST_PAGE and not self._clamp:
                raise invalid_query(f"value {found.limit} is too large. Max allowed value is {LARGEST_PAGE}")
            found.limit = min(found.limit, LARGEST_PAGE)

    def _count(self) -> int:
        token = self._now
        if token.kind != "number" or "." in token.text:
            self._fail("<INTEGER_LITERAL>")
        if int(token.text) < 1:
            raise invalid_query(f"value {token.text} is too small. Min allowed value is 1")
        return int(self._tokens.pop(0).text)

    def _literal(self) -> Token:
        if self._now.kind not in {"string", "number"} and self._now.text not in {"TRUE", "FALSE"}:
            self._fail("<STRING_LITERAL>")
        return self._tokens.pop(0)

    def _word(self) -> str:
        return self._tokens.pop(0).text if self._now.kind == "word" else self._fail("<IDENTIFIER>")

    def _separated(self, separator: str, read: Callable[[], T]) -> list[T]:
        found = [read()]
        while self._accept(separator):
            found.append(read())
        return found

    @property
    def _now(self) -> Token:
        return self._tokens[0]

    def _accept(self, *wanted: str) -> str:
        """The keyword or symbol that comes next, if it is wanted; else nothing."""
        fits = self._now.kind in {"keyword", "symbol"} and self._now.text in wanted
        return self._tokens.pop(0).text if fits else ""

    def _expect(self, wanted: str) -> str:
        return self._accept(wanted) or self._fail(f'"{wanted.lower()}"')

    def _fail(self, expected: str) -> NoReturn:
        now = self._now
        fixed = now.kind in {"keyword", "symbol"}
        name = f'"{now.text.lower()}"' if fixed else _NAMES.get(now.kind, "")
        raise self._error(now.at, '"<EOF>"' if now.kind == "end" else f'" {name} "{now.image} ""', expected)

    def _error(self, at: int, encountered: str, expected: str) -> Refused:
        line, column = self._statement.count("\n", 0, at) + 1, at - self._statement.rfind("\n", 0, at)
        detail = f"Encountered {encountered} at line {line}, column {column}.\nWas expecting:\n    {expected} ...\n    "
        return refused("4000", "Error parsing query", f"QueryParserError: {detail}")

    def _tokenize(self, bare_backslash: bool) -> list[Token]:
        found: list[Token] = []
        at, text = 0, self._statement
        while at < len(text):
            if text[at].isspace():
                at += 1
                continue
            match = _TOKEN.match(text, at)
            if match is None:
                raise self._error(at, f'"{text[at]}"', "<IDENTIFIER>")
            kind, image = str(match.lastgroup), match[0]
            if kind == "string" and not bare_backslash and re.search(r"(?<!\\)(?:\\\\)*\\[^'\\]", image):
                raise self._error(at, '"\\"', "<STRING_LITERAL>")
            value = re.sub(r"\\(['\\])", r"\1", image[1:-1]) if kind == "string" else image
            if kind == "word" and image.upper() in KEYWORDS:
                kind, value = "keyword", image.upper()
            found.append(Token(kind, value, image, at))
            at = match.end()
        return [*found, Token("end", "", "", len(text))]
