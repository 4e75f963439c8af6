"""Schedules give genuine MXNet's learning rates to the last bit, and refuse what it refuses."""

import builtins
import logging

import pytest
from references import load

from mxnet import lr_scheduler

RECORD = load("schedules.json")
BASE_RATE = 0.4  # as in make_schedules.py


def run(expression: str, base_rate: float | None) -> list[float]:
    scheduler = eval(expression, vars(lr_scheduler).copy())
    if base_rate is not None:
        scheduler.base_lr = base_rate
    return [scheduler(update) for update in RECORD["updates"]]


@pytest.mark.parametrize(("kind", "base_rate"), [("own", None), ("set_by_optimizer", BASE_RATE)])
@pytest.mark.parametrize("expression", RECORD["own"])
def test_rates_and_errors_equal_genuine(expression, kind, base_rate):
    expected = RECORD[kind][expression]
    if isinstance(expected, dict):
        with pytest.raises(getattr(builtins, expected["error"][0])):
            run(expression, base_rate)
    else:
        assert run(expression, base_rate) == expected


def test_a_factor_is_not_taken_back():
    scheduler = lr_scheduler.FactorScheduler(2, 0.5, base_lr=1.0)
    assert [scheduler(update) for update in (7, 3, 8, 9)] == [0.125, 0.125, 0.125, 0.0625]
    scheduler = lr_scheduler.MultiFactorScheduler([2, 5], 0.5, base_lr=1.0)
    assert [scheduler(update) for update in (7, 1, 3)] == [0.25, 0.25, 0.25]


@pytest.mark.parametrize("cls", [lr_scheduler.PolyScheduler, lr_scheduler.CosineScheduler])
def test_past_its_end_a_decay_keeps_the_last_rate_it_gave(cls):
    scheduler = cls(10, base_lr=1.0)
    assert scheduler(11) == 1.0
    last = scheduler(4)
    assert scheduler(12) == last


def test_warmup_lr_ends_with_the_warmup():
    scheduler = lr_scheduler.LRScheduler(base_lr=0.01, warmup_steps=5)
    assert scheduler.get_warmup_lr(3) == 0.006
    with pytest.raises(AssertionError, match="update 5 is not within the 5"):
        scheduler.get_warmup_lr(5)


def test_messages_say_what_was_given():
    with pytest.raises(AssertionError, match=r"step must be a list .*not \(1, 2\)"):
        lr_scheduler.MultiFactorScheduler((1, 2))
    with pytest.raises(NotImplementedError, match="LRScheduler must define __call__"):
        lr_scheduler.LRScheduler()(1)


def test_changes_are_logged(caplog):
    scheduler = lr_scheduler.FactorScheduler(2, 0.5, base_lr=0.1, stop_factor_lr=0.04)
    with caplog.at_level(logging.INFO, logger="mxnet.lr_scheduler"):
        for update in range(6):
            scheduler(update)
    assert [record.message for record in caplog.records] == [
        "Update[3]: learning rate is now 5.00000e-02",
        "Update[5]: learning rate stays at 4.00000e-02 from now on",
    ]
