"""Whatever people do on both sides at once, and whatever happens to the portal meanwhile: equal, once, calm, or asked."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random

import pytest
from pytest_django import Settings

from integrations.models import Outcome, RecordLink, SyncLogEntry, SyncRun
from tests.portal_harness import open_portal
from tests.sampling import seeds
from tests.sync.in_process import InProcess, Time
from tests.sync.two_way_checks import Reckoning, check, check_calm, check_once, check_rest
from tests.sync.two_way_histories import TwoWays, open_two_ways, same_luck
from tests.sync.two_way_steps import CALM, SWITCHES, TwoWayChance
from tests.sync.two_way_writes import check_edit, check_writes

STEPS, QUIET_STEPS = 50, 20
TOO_OLD = ("before_cut_off", "older_unchanged", "older_and_paid")
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
        portal = open_portal(history_simulator, custom_txn_numbers=chance.random() < 0.5, allow_deposit=True)
        history = open_two_ways(portal, time, CLOCKS[seed % len(CLOCKS)], TwoWays, **chosen)
        history.harness.configure(coperniq_tag=Random(f"tag {seed}").random() < 0.5)
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


@pytest.mark.parametrize("seed", seeds(60, "ONE_WAY_HISTORIES", handful=1))
def test_one_way_writes_nothing_to_coperniq_and_loses_nothing(
    history_simulator: InProcess, seed: int
) -> None:
    """Both ways, one way, both ways, one way: what stayed in QuickBooks is brought over by a person at the end."""
    chance = TwoWayChance(seed)
    with played(history_simulator, seed, chance) as history:
        steps = chance.history(STEPS, trouble=seed % 2 == 1, people=False)
        for part, direction in enumerate(("both", "to_quickbooks", "both", "to_quickbooks")):
            if direction == "to_quickbooks":
                history.settle_down()
            history.point(direction)
            history_simulator.forget_log()
            for step in steps[part::4]:
                history.play(step)
            if direction == "to_quickbooks":
                history.settle_down()
                assert history_simulator.log("coperniq", write=True) == []
        history.point("both")
        history_simulator.forget_log()
        history.settle_down()
        while history.bring_over():
            history.settle_down()
        check(history)
        check_calm(history)


@pytest.mark.parametrize("seed", seeds(60, "SWITCHED_HISTORIES", handful=1))
def test_what_was_made_while_syncing_was_on_is_never_left_out_as_too_old(
    history_simulator: InProcess, seed: int
) -> None:
    """Switched off and on, one way and both ways, again and again, with invoices and payments under way.

    A project enters its trigger phase meanwhile, more than once, and invoices wait for its job. Others were brought over
    before the direction changes.
    """
    chance = TwoWayChance(seed)
    with played(history_simulator, seed, chance) as history:
        steps = chance.history(STEPS, trouble=seed % 2 == 1, people=False)
        on, made_while_on = True, set[tuple[str, str]]()
        history.add_project()
        for number, step in enumerate(steps):
            if number % 6 == 5:
                on = chance.random() < 0.6
                history.switch(on, chance.choice(["both", "to_quickbooks"]))
            before = history.invoice_ids()
            if number % 12 == 3:
                history.play(("make", 2, *chance.of_make()[1:]))
            elif number % 12 == 8:
                history.play(("reenter",))
            history.play(step)
            if on:
                made_while_on |= history.invoice_ids() - before
        history.switch(True, "both")
        history.settle_down()
        while history.bring_over():
            history.settle_down()
        assert RecordLink.objects.filter(coperniq_id=history.harnesses[-1].project["id"], kind="job").exists()
        check_rest(Reckoning(history))
        check_once(Reckoning(history))
        left_out = SyncRun.objects.filter(cause__in=TOO_OLD).values_list("coperniq_id", "quickbooks_id")
        too_old = {("coperniq", ours) for ours, _ in left_out} | {
            ("quickbooks", theirs) for _, theirs in left_out
        }
        assert not too_old & made_while_on
        check_calm(history)


@pytest.mark.parametrize("seed", seeds(6, "QUIET_HISTORIES", handful=1))
def test_each_edit_is_written_to_the_other_side_once_and_to_its_own_never(
    history_simulator: InProcess, seed: int
) -> None:
    chance = TwoWayChance(seed)
    with played(history_simulator, seed, chance) as history:
        for step in chance.edits(QUIET_STEPS):
            check_edit(history, step)


@pytest.mark.parametrize("seed", seeds(200, "CALM_HISTORIES", handful=1))
def test_everyday_work_that_arrives_before_the_next_edit_asks_nobody_anything(
    history_simulator: InProcess, seed: int
) -> None:
    chance = TwoWayChance(seed)
    with played(history_simulator, seed, chance) as history:
        for step in chance.edits(QUIET_STEPS, CALM):
            history.play(step)
            history.deliver([1], shuffled=False, form="cloudevents")
            history.look_everywhere()
        check(history)
        asked = SyncLogEntry.objects.filter(outcome=Outcome.HELD).values_list("cause", "sentence")
        assert list(asked) == []
