"""Every task has a result, whoever executes it and whatever its workers die of."""

from hypothesis import given
from hypothesis import strategies as st

from evaluators.executors.retry import Died, outlived


class Pool:
    """Does tasks, tuples of numbers, some at a time; all of those die where one of them is deadly.

    A task of a number in ``crowded`` is deadly in company, one of a number in ``deadly`` always.
    """

    def __init__(self, deadly, crowded, size):
        self.deadly, self.crowded, self.size = deadly, crowded, size
        self.runs = []

    def __call__(self, tasks):
        for first in range(0, len(tasks), self.size):
            together = tasks[first : first + self.size]
            self.runs += together
            fatal = self.deadly | (self.crowded if len(together) > 1 else set())
            dead = any(fatal & set(task) for task in together)
            for place, task in enumerate(together, first):
                yield place, (Died("was killed") if dead else f"did {task}")


numbers = st.sets(st.integers(0, 9), max_size=3)


@given(
    sizes=st.lists(st.integers(1, 3), max_size=5), deadly=numbers, crowded=numbers, at_once=st.integers(1, 4)
)
def test_only_what_is_deadly_by_itself_fails_and_everything_ends_once(sizes, deadly, crowded, at_once):
    numbered = iter(range(100))
    tasks = [tuple(next(numbered) for _ in range(size)) for size in sizes]
    pool = Pool(deadly, crowded, at_once)
    ends = list(
        outlived(
            tasks,
            pool,
            parts=lambda task: [(number,) for number in task],
            failed=lambda task, died: f"{task} {died.how}",
        )
    )
    for task, result in ends:
        assert result == (f"{task} was killed" if set(task) & deadly else f"did {task}")
    assert sorted(number for task, _ in ends for number in task) == sorted(sum(tasks, ()))
    assert all(len(task) == 1 or not set(task) & deadly for task, _ in ends)
    for number in range(sum(sizes)):
        assert sum(number in run for run in pool.runs) <= 3


def test_a_task_that_kills_is_done_again_whole_then_in_parts_after_all_the_others():
    pool = Pool({2}, set(), 1)
    ends = outlived(
        [(1, 2), (3,)], pool, parts=lambda task: [(n,) for n in task], failed=lambda task, died: died.how
    )
    assert list(ends) == [((3,), "did (3,)"), ((1,), "did (1,)"), ((2,), "was killed")]
    assert pool.runs == [(1, 2), (3,), (1, 2), (1,), (2,)]
