"""Statements of the data-queries page: SELECT, FROM, WHERE, ORDERBY, STARTPOSITION, MAXRESULTS; AND as the only link."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NoReturn

from simulator.quickbooks.answers import Problem, Refused
from simulator.quickbooks.query.tokens import Token, parse_error, tokenize

COMPARISONS = {"=", "<", ">", "<=", ">="}
DEFAULT_PAGE, LARGEST_PAGE = 100, 1000


@dataclass(frozen=True)
class Literal:
    """`kind` is the token's: a text in quotes, a bare number, or true/false."""

    kind: str
    text: str


@dataclass(frozen=True)
class Condition:
    name: str
    operator: str
    values: tuple[Literal, ...]


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


def invalid(reason: str) -> Refused:
    return Refused(Problem("4001", "Invalid query", f"QueryValidationError: {reason}"))


def parse(statement: str, *, bare_backslash: bool = True, clamp: bool = False) -> Statement:
    return _Parser(statement, tokenize(statement, bare_backslash=bare_backslash), clamp).read()


class _Parser:
    def __init__(self, statement: str, tokens: list[Token], clamp: bool) -> None:
        self._statement = statement
        self._tokens = tokens
        self._clamp = clamp
        self._at = 0
        self._found = Statement()

    def read(self) -> Statement:
        self._keyword("SELECT")
        self._columns()
        self._keyword("FROM")
        self._found.entity = self._word()
        if self._takes("WHERE"):
            self._conditions()
        if self._takes("ORDERBY"):
            self._order()
        elif self._takes("ORDER"):
            self._keyword("BY")
            self._order()
        self._page()
        if self._now.kind != "end":
            self._fail("<EOF>")
        return self._found

    def _columns(self) -> None:
        if self._takes("COUNT"):
            for symbol in "(*)":
                self._symbol(symbol)
            self._found.counting = True
            return
        names = [self._column()]
        while self._is_symbol(","):
            self._at += 1
            names.append(self._column())
        starred = "*" in names
        self._found.columns = [] if starred else names
        self._found.beside_star = [name for name in names if name != "*"] if starred else []

    def _column(self) -> str:
        if self._is_symbol("*"):
            self._at += 1
            return "*"
        return self._word()

    def _conditions(self) -> None:
        self._found.conditions.append(self._condition())
        while self._takes("AND"):
            self._found.conditions.append(self._condition())

    def _condition(self) -> Condition:
        name = self._word()
        if self._takes("IN"):
            return Condition(name, "IN", self._list())
        if self._takes("LIKE"):
            return Condition(name, "LIKE", (self._literal(),))
        if self._now.kind != "symbol" or self._now.text not in COMPARISONS:
            self._fail('"="')
        return Condition(name, self._next().text, (self._literal(),))

    def _list(self) -> tuple[Literal, ...]:
        self._symbol("(")
        values = [self._literal()]
        while self._is_symbol(","):
            self._at += 1
            values.append(self._literal())
        self._symbol(")")
        return tuple(values)

    def _literal(self) -> Literal:
        token = self._now
        truth = token.kind == "keyword" and token.text in {"TRUE", "FALSE"}
        if not truth and token.kind not in {"string", "number"}:
            self._fail("<STRING_LITERAL>")
        self._at += 1
        return Literal("flag" if truth else token.kind, token.text)

    def _order(self) -> None:
        name = self._word()
        descending = self._takes("DESC")
        if not descending:
            self._takes("ASC")
        self._found.order = (name, descending)

    def _page(self) -> None:
        """The two may come in either order, each once."""
        seen: set[str] = set()
        while self._now.kind == "keyword" and self._now.text in {"STARTPOSITION", "MAXRESULTS"} - seen:
            word = self._next().text
            seen.add(word)
            if word == "STARTPOSITION":
                self._found.start = self._count()
            else:
                self._found.limit = self._size(self._count())

    def _count(self) -> int:
        token = self._now
        if token.kind != "number" or "." in token.text:
            self._fail("<INTEGER_LITERAL>")
        self._at += 1
        if int(token.text) < 1:
            raise invalid(f"value {token.text} is too small. Min allowed value is 1")
        return int(token.text)

    def _size(self, wanted: int) -> int:
        if wanted > LARGEST_PAGE and not self._clamp:
            raise invalid(f"value {wanted} is too large. Max allowed value is {LARGEST_PAGE}")
        return min(wanted, LARGEST_PAGE)

    @property
    def _now(self) -> Token:
        return self._tokens[self._at]

    def _next(self) -> Token:
        self._at += 1
        return self._tokens[self._at - 1]

    def _takes(self, keyword: str) -> bool:
        if self._now.kind == "keyword" and self._now.text == keyword:
            self._at += 1
            return True
        return False

    def _keyword(self, keyword: str) -> None:
        if not self._takes(keyword):
            self._fail(f'"{keyword.lower()}"')

    def _is_symbol(self, symbol: str) -> bool:
        return self._now.kind == "symbol" and self._now.text == symbol

    def _symbol(self, symbol: str) -> None:
        if not self._is_symbol(symbol):
            self._fail(f'"{symbol}"')
        self._at += 1

    def _word(self) -> str:
        if self._now.kind != "word":
            self._fail("<IDENTIFIER>")
        return self._next().text

    def _fail(self, expected: str) -> NoReturn:
        raise parse_error(self._statement, self._now.at, self._now.complaint, expected)
