"""Bars of a chart as shapes of an SVG, so that pages show them without a script."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 600, 140
GAP = 0.25  # of a group's width


@dataclass(frozen=True)
class Bar:
    series: int
    x: float
    y: float
    width: float
    height: float
    title: str


@dataclass(frozen=True)
class Group:
    """A row of the table under a chart, with its bars and its values as text."""

    name: str
    values: list[str]
    bars: list[Bar]


@dataclass(frozen=True)
class Chart:
    series: Sequence[str]
    groups: list[Group]
    highest: str
    is_empty: bool
    width: int = WIDTH
    height: int = HEIGHT


def bar_chart(
    series: Sequence[str], rows: Sequence[tuple[str, Sequence[int]]], as_text: Callable[[int], str]
) -> Chart:
    """A group of bars for each row (name, one value for each series), all to one scale."""
    highest = max((value for _, values in rows for value in values), default=0)
    of_group = WIDTH / max(len(rows), 1)
    width = of_group * (1 - GAP) / len(series)

    def bar(row: int, column: int, name: str, value: int) -> Bar:
        height = HEIGHT * max(value, 0) / highest if highest > 0 else 0
        x = row * of_group + of_group * GAP / 2 + column * width
        title = f"{name}, {series[column]}: {as_text(value)}"
        return Bar(column, round(x, 2), round(HEIGHT - height, 2), round(width, 2), round(height, 2), title)

    groups = [
        Group(
            name,
            [as_text(value) for value in values],
            [bar(row, column, name, value) for column, value in enumerate(values)],
        )
        for row, (name, values) in enumerate(rows)
    ]
    return Chart(series, groups, as_text(highest), highest <= 0)
