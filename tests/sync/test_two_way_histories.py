"""Whatever people do on both sides at once, and whatever happens to the portal meanwhile: equal, once, calm, or asked."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from pytest_django import Settings

from tests.sync.in_process import InProcess, Time
from tests.sync.office import open_office
from tests.sync.two_way_checks import check, check_calm, check_writes
from tests.sync.two_way_histories import TwoWays, open_two_ways, same_luck
from tests.sync.two_way_steps import SWITCHES, TwoWayChance

HISTORIES = int(os.environ.get("HISTORIES", "200"))
STEPS = 50
"""More of them where there is time: HISTORIES=1000 pytest tests/sync/test_two_way_histories.py"""

CLOCKS = (300, -300, 0)


@pytest.fixture(scope="module")
def built() -> InProcess:
    return InProcess()


@pytest.fixture
def world(db: None, built: InProcess, settings: Settings) -> Iterator[InProcess]:
    built.reset()
    built.news.clear()
    for name, value in built.settings().items():
        setattr(settings, name, value)
    with built.spoken_to():
        yield built


def play(world: InProcess, seed: int, chance: TwoWayChance, **kinds: bool) -> TwoWays:
    time = Time()
    with time.everywhere(), same_luck(seed):
        chosen = {name: chance.choice(values) for name, values in SWITCHES.items()}
        office = open_office(world, custom_txn_numbers=chance.random() < 0.5)
        history = open_two_ways(office, time, CLOCKS[seed % len(CLOCKS)], **chosen)
        try:
            for step in chance.history(STEPS, **kinds):
                history.play(step)
            history.settle_down()
            log = world.log(write=True)
            check(history)
            check_calm(history)
            check_writes(history, log)
        except BaseException:
            history.calls = world.log()
            print(f"seed {seed}, switches {chosen}\n{history.chronicle()}")
            raise
    return history


@pytest.mark.parametrize("seed", range(HISTORIES))
def test_both_sides_agree_whatever_happens(world: InProcess, seed: int) -> None:
    chance = TwoWayChance(seed)
    people = seed % 3 == 0
    play(world, seed, chance, trouble=seed % 4 != 1, people=people)
