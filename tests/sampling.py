"""Which cases of a long table `make test` tries; all of them are tried by `make soak`."""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from itertools import product
from typing import Any

import pytest

HANDFUL = 3


def thinned(cases: Iterable[Any], every: int) -> list[Any]:
    """One case in `every` is for each time, the others are for the soak."""
    return [
        pytest.param(
            *(case if isinstance(case, tuple) else (case,)), marks=[pytest.mark.soak] if n % every else []
        )
        for n, case in enumerate(cases)
    ]


def crossed(*dimensions: Sequence[Any]) -> list[Any]:
    """All combinations; each time as many of them as it takes to try each value once, the others in the soak."""
    longest = max(map(len, dimensions))
    tried = [tuple(values[n % len(values)] for values in dimensions) for n in range(longest)]
    return [
        pytest.param(*case, marks=[] if case in tried else [pytest.mark.soak])
        for case in product(*dimensions)
    ]


class InTurn(str):
    """A parameter that is crossed with all tests of a module: each is tried with one of its values, in turn.

    The soak tries each test with all of them.
    """

    __slots__ = ()


ORIGINS = (InTurn("pulled"), InTurn("pushed"))
"""Whether a record that is on both sides began in QuickBooks or in Coperniq: what people do then ends alike."""


def take_turns(items: Iterable[pytest.Item]) -> None:
    """Leave to the soak what parameters of the class InTurn say."""
    cases: defaultdict[tuple[Any, ...], list[pytest.Item]] = defaultdict(list)
    for item in items:
        called = getattr(item, "callspec", None)
        if called is None or item.get_closest_marker("soak"):
            continue
        others = [
            f"{name}={value!r}" for name, value in called.params.items() if not isinstance(value, InTurn)
        ]
        if len(others) < len(called.params):
            cases[item.path, item.nodeid.partition("[")[0], *others].append(item)
    turns: Counter[Any] = Counter()
    for (path, *_), case in cases.items():
        for item in case:
            if item is not case[turns[path] % len(case)]:
                item.add_marker("soak")
        turns[path] += 1


def seeds(usual: int, variable: str = "HISTORIES", handful: int = HANDFUL) -> list[Any]:
    """The numbers of random histories, from SOAK_SEED on; `variable` asks for another number of them."""
    first, count = int(os.environ.get("SOAK_SEED", "0")), int(os.environ.get(variable, usual))
    return [
        pytest.param(seed, marks=[pytest.mark.history, *([pytest.mark.soak] if n >= handful else [])])
        for n, seed in enumerate(range(first, first + count))
    ]
