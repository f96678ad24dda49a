"""Which cases of a long table `make test` tries; all of them are tried by `make soak`."""

from __future__ import annotations

import os
from collections.abc import Iterable
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


def seeds(usual: int, variable: str = "HISTORIES", handful: int = HANDFUL) -> list[Any]:
    """The numbers of random histories, from SOAK_SEED on; `variable` asks for another number of them."""
    first, count = int(os.environ.get("SOAK_SEED", "0")), int(os.environ.get(variable, usual))
    return [
        pytest.param(seed, marks=[pytest.mark.history, *([pytest.mark.soak] if n >= handful else [])])
        for n, seed in enumerate(range(first, first + count))
    ]
