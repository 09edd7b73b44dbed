"""Searching where a fine-tuning budget should go: which low-rank adapters a transformer gets, at which ranks.

    import search

    config = search.allocate(model, dataloader, budget="0.5%")      # a peft.LoraConfig, from one pass

    bench = search.setup(model="my-model", train="train.tsv", eval="dev.tsv", space="lora[all]",
                         budget="0.5%")
    plans = [search.greedy(scores, budget=bench.budget) for scores in bench.score("zico", "l2_norm")]
    print(bench.fine_tune(plans, seeds=3).table())

Every name is loaded when it is first asked for: importing this package imports neither PyTorch nor Optuna.

* ``job``: model, task, space and budget, from plain arguments; ``allocate``.
* ``allocation``: spending a budget on sites. ``sampling``: Optuna's samplers over allocations.
* ``folder``: whose the folder of a run is. ``storage``: where Optuna's studies lie. ``mirror``: the studies
  that show a run while it works. ``shared``: one search of several processes.
* ``live``: a search whose trials are trained while it goes on. ``run``: the search, and those who answer for
  its allocations.
* ``methods``: the papers' gate policies.
* ``study``: which proxies can be trusted. ``compare``: every method under one trainer.
* ``statistics``: what a handful of seeds can say. ``show``: what people look at.
* ``cli``: the commands.
"""

from importlib import import_module
from typing import Any, Final

_HOMES: Final = {
    "Allocation": "spaces.allocation",
    "Budget": "spaces.budget",
    "InputError": "spaces.errors",
    "Result": "search.run.result",
    "SearchSpace": "spaces.search_space",
    "SiteScores": "proxies.site_scores",
    "UsageError": "spaces.errors",
    "Workbench": "search.run.workbench",
    "allocate": "search.job.allocate",
    "exact": "search.allocation.picks",
    "greedy": "search.allocation.picks",
    "setup": "search.run.set_up",
    "topk": "search.allocation.picks",
    "uniform": "search.allocation.picks",
}
__all__ = [*_HOMES]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}; it has {', '.join(_HOMES)}.")
    found = globals()[name] = getattr(import_module(_HOMES[name]), name)
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
