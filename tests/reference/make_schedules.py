"""Record the learning rates that genuine MXNet 2.0.0b1's schedulers give, step by step.

Run from this folder, in an environment of its own (`pip install mxnet==2.0.0b1 numpy==1.23.5`, Python 3.11):

    python make_schedules.py

writes `schedules.json`: for each expression of `SCHEDULERS` the rates at `UPDATES`, asked for in order of one
scheduler (they keep state), or the names of the error's types where the expression is refused. `BASE_RATE` is what
an optimizer sets when it is given the scheduler and a learning rate.
"""

import json

from mxnet import lr_scheduler

UPDATES = [*range(0, 41), 45, 50, 60, 75, 99, 100, 101, 150]
BASE_RATE = 0.4

SCHEDULERS = [
    "FactorScheduler(step=7)",
    "FactorScheduler(step=7, factor=0.5)",
    "FactorScheduler(step=1, factor=0.9, stop_factor_lr=0.05)",
    "FactorScheduler(step=5, factor=0.3, base_lr=2.0, warmup_steps=12, warmup_begin_lr=0.1)",
    "FactorScheduler(step=5, factor=0.3, warmup_steps=4, warmup_begin_lr=0.2, warmup_mode='constant')",
    "FactorScheduler(step=5, factor=1.0)",
    "MultiFactorScheduler(step=[5, 8, 30])",
    "MultiFactorScheduler(step=[5, 8, 30], factor=0.1)",
    "MultiFactorScheduler(step=[5, 8, 30], factor=0.1, base_lr=1.0, warmup_steps=7, warmup_begin_lr=0.5)",
    "PolyScheduler(max_update=40)",
    "PolyScheduler(max_update=40, pwr=1)",
    "PolyScheduler(max_update=40, base_lr=0.5, pwr=3, final_lr=0.01, warmup_steps=10, warmup_begin_lr=0.02)",
    "CosineScheduler(max_update=40)",
    "CosineScheduler(max_update=40, base_lr=0.3, final_lr=0.1)",
    "CosineScheduler(max_update=40, base_lr=0.3, warmup_steps=5, warmup_begin_lr=0.1, warmup_mode='constant')",
    "LRScheduler()",
    "FactorScheduler(step=0)",
    "FactorScheduler(step=3, factor=1.5)",
    "FactorScheduler(step=3, warmup_steps=-1)",
    "FactorScheduler(step=3, warmup_steps=1.5)",
    "FactorScheduler(step=3, warmup_begin_lr=1.0)",
    "FactorScheduler(step=3, warmup_mode='quadratic')",
    "MultiFactorScheduler(step=[])",
    "MultiFactorScheduler(step=[5, 5])",
    "MultiFactorScheduler(step=[8, 5])",
    "MultiFactorScheduler(step=[0, 5])",
    "MultiFactorScheduler(step=7)",
    "MultiFactorScheduler(step=[5], factor=1.5)",
    "PolyScheduler(max_update=0)",
    "PolyScheduler(max_update=2.5)",
    "CosineScheduler(max_update=0)",
    "CosineScheduler(max_update=2.5)",
]


def rates(expression, base_rate=None):
    """Return the rates of a scheduler at `UPDATES`, or the types of the error that building or asking raises."""
    try:
        scheduler = eval(expression, vars(lr_scheduler).copy())
        if base_rate is not None:
            scheduler.base_lr = base_rate
        return [float(scheduler(update)) for update in UPDATES]
    except Exception as error:
        return {"error": [base.__name__ for base in type(error).__mro__ if base not in (BaseException, object)]}


def main():
    record = {
        "updates": UPDATES,
        "own": {expression: rates(expression) for expression in SCHEDULERS},
        "set_by_optimizer": {expression: rates(expression, BASE_RATE) for expression in SCHEDULERS},
    }
    with open("schedules.json", "w") as file:
        json.dump(record, file, indent=0)
        file.write("\n")


if __name__ == "__main__":
    main()
