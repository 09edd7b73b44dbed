"""What a finished study writes into its table besides the rows."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from evaluators.store.benchmark_table import Entry
from search.job.job import Job
from search.run.study_notes import LeftOut, Notes, ProxyCost
from search.run.training_record import alphas_of, written_scaling
from spaces.counted import counted

from .draw import PICKERS
from .origin import picked_by
from .scoring import Scored

__all__ = ["notes_of"]


def notes_of(
    jobs: Sequence[Job],
    scored: Mapping[str, Sequence[Scored]],
    left_out: Sequence[LeftOut],
    entries: Sequence[Entry],
) -> Notes:
    """What a finished study has to say of itself; costs are those of the first scaling rule."""
    first, costs = jobs[0], next(iter(scored.values()))
    task, space, recipe = first.task, first.space, first.recipe
    factors = recipe.scaling
    budgets = dict.fromkeys(counted(job.max_params, "parameter") for job in jobs)
    rates = dict.fromkeys(f"{job.learning_rate:g}" for job in jobs)
    picks = {str(picked_by(one.scores.proxy, picker)) for one in costs for picker in PICKERS}
    drawn = picks & {origin for entry in entries for origin in entry.origins}
    facts = {
        "model": f"{first.model_title}, {first.source.dtype}",
        "task": f"{task.name}: {counted(len(task.train), 'row')} to train, "
        f"{counted(len(first.workload.rows), f'{first.report_on} row')} to judge by",
        "metric": task.objective.metric_title,
        "space": f"{first.title}: {counted(len(space.sites), 'site')}",
        "budget": f"{'; '.join(budgets)} ({space.params_per_rank:,} per rank at every site)",
        "picks": f"{len(drawn)} of {len(picks)} greedy and exact picks of proxies are among the allocations",
        "seeds": ", ".join(map(str, first.seeds)),
        "scaling": written_scaling(tuple(scored), *alphas_of(factors, space.sites), factors.reference_rank),
        "training": f"{counted(recipe.epochs, 'epoch')} in batches of {recipe.batch_size}, "
        f"learning rate {', '.join(rates)}, renorm {recipe.renorm}",
        "scoring": f"{_looked_at(first)}, {counted(first.scoring.warm_up_steps, 'warm-up step')}",
        "device": ", ".join(first.machine.devices),
    }
    return Notes(
        tuple(facts.items()),
        recipe.epochs,
        tuple(ProxyCost(one.scores.proxy, one.seconds, one.peak_memory) for one in costs),
        tuple(left_out),
        {rule: tuple(one.scores for one in tables) for rule, tables in scored.items()},
        task.objective.metric_label,
        _notes(first),
        task.objective.direction,
        first.report_on,
    )


def _notes(job: Job) -> tuple[str, ...]:
    """Of its task, without those of rows at which nobody looks."""
    unseen = job.task.test_notes if job.report_on == "validation" else ()
    return tuple(note for note in job.task.notes if note not in unseen)


def _looked_at(job: Job) -> str:
    """The scoring batches that there were training rows for, which may be fewer than were asked for."""
    size = job.scoring.scoring_batch_size
    rows = min(job.scoring.scoring_batches * size, len(job.task.train))
    batches, rest = counted(math.ceil(rows / size), "batch", "batches"), rows % size
    if rows <= size:
        return f"{batches} of {rows}"
    return f"{batches} of {size}" + (f", the last of {rest}" if rest else "")
