"""Whatever people do on both sides at once, and whatever happens to the portal meanwhile: equal, once, calm, or asked."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from pytest_django import Settings

from tests.portal_harness import open_portal
from tests.sampling import seeds
from tests.sync.in_process import InProcess, Time
from tests.sync.two_way_checks import check, check_calm
from tests.sync.two_way_histories import TwoWays, open_two_ways, same_luck
from tests.sync.two_way_steps import SWITCHES, TwoWayChance
from tests.sync.two_way_writes import check_edit, check_writes

STEPS, QUIET_STEPS = 50, 20
CLOCKS = (300, -300, 0)
"""Seconds by which QuickBooks' clock is ahead, history by history."""


@pytest.fixture(scope="module")
def built() -> InProcess:
    found = InProcess()
    gc.freeze()  # what is there by now stays, and need not be looked through again and again
    return found


@pytest.fixture
def history_simulator(db: None, built: InProcess, settings: Settings) -> Iterator[InProcess]:
    built.reset()
    built.news.clear()
    built.sync = 0
    for name, value in built.settings().items():
        setattr(settings, name, value)
    with built.spoken_to():
        yield built


@contextmanager
def played(history_simulator: InProcess, seed: int, chance: TwoWayChance) -> Iterator[TwoWays]:
    """What goes wrong in it is told with the whole history."""
    time = Time()
    with time.everywhere(), same_luck(seed):
        chosen = {name: chance.choice(values) for name, values in SWITCHES.items()}
        portal = open_portal(history_simulator, custom_txn_numbers=chance.random() < 0.5)
        history = open_two_ways(portal, time, CLOCKS[seed % len(CLOCKS)], TwoWays, **chosen)
        try:
            yield history
        except BaseException:
            sys.stdout.write(f"seed {seed}, switches {chosen}\n{history.chronicle()}\n")
            raise


@pytest.mark.parametrize("seed", seeds(150))
def test_both_sides_agree_whatever_happens(history_simulator: InProcess, seed: int) -> None:
    """In a third of the histories a person decides what is asked; a quarter is without trouble."""
    chance = TwoWayChance(seed)
    with played(history_simulator, seed, chance) as history:
        for step in chance.history(STEPS, trouble=seed % 4 != 1, people=seed % 3 == 0):
            history.play(step)
        history.settle_down()
        log = history_simulator.log(write=True)
        check(history)
        check_calm(history)
        check_writes(history, log)


@pytest.mark.parametrize("seed", seeds(6, "QUIET_HISTORIES", handful=1))
def test_each_edit_is_written_to_the_other_side_once_and_to_its_own_never(
    history_simulator: InProcess, seed: int
) -> None:
    chance = TwoWayChance(seed)
    with played(history_simulator, seed, chance) as history:
        for step in chance.edits(QUIET_STEPS):
            check_edit(history, step)
