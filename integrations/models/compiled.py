"""Queries that are asked all the time, and whose SQL is therefore built only once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Generic, TypeVar

from django.db import connection
from django.db.models import Model, QuerySet

Value = datetime | int | str
M = TypeVar("M", bound=Model)
_NO_MOMENT = datetime(1901, 1, 1, tzinfo=UTC)
_NO_NUMBER = 2_013_265_921


class CompiledQuery(Generic[M]):
    """The rows of `build(*values)`, whose SQL must be the same whatever the values are.

    The ORM takes milliseconds to build the SQL of a query over several tables, many times as long as it is executed.
    """

    def __init__(self, build: Callable[..., QuerySet[M]]) -> None:
        self._build = build
        self._compiled: dict[str, tuple[type[M], str, list[object]]] = {}

    def rows(self, *values: Value) -> list[M]:
        if connection.vendor not in self._compiled:
            self._compiled[connection.vendor] = self._compile(values)
        model, sql, parameters = self._compiled[connection.vendor]
        given = [
            _as_parameter(values[each.number]) if isinstance(each, _Place) else each for each in parameters
        ]
        return list(model._default_manager.raw(sql, given))

    def _compile(self, values: Sequence[Value]) -> tuple[type[M], str, list[object]]:
        stand_ins = [_stand_in(number, value) for number, value in enumerate(values)]
        places = {_as_parameter(value): _Place(number) for number, value in enumerate(stand_ins)}
        rows = self._build(*stand_ins)
        sql, parameters = rows.query.sql_with_params()
        return rows.model, sql, [places.get(each, each) for each in parameters]


class _Place:
    """Where a value goes."""

    def __init__(self, number: int) -> None:
        self.number = number


def _stand_in(number: int, value: Value) -> Value:
    if isinstance(value, datetime):
        return _NO_MOMENT + timedelta(days=number)
    return f"text {number} of a compiled query" if isinstance(value, str) else _NO_NUMBER + number


def _as_parameter(value: Value) -> object:
    return connection.ops.adapt_datetimefield_value(value) if isinstance(value, datetime) else value
