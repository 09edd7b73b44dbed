from proxies.site_scores import SiteScores
from search.allocation.picks import exact, greedy, topk, uniform
from search.job.allocate import allocate
from search.run.result import Result
from search.run.set_up import setup
from search.run.workbench import Workbench
from spaces.allocation import Allocation
from spaces.budget import Budget
from spaces.errors import InputError, UsageError
from spaces.search_space import SearchSpace

__all__ = [
    "Allocation",
    "Budget",
    "InputError",
    "Result",
    "SearchSpace",
    "SiteScores",
    "UsageError",
    "Workbench",
    "allocate",
    "exact",
    "greedy",
    "setup",
    "topk",
    "uniform",
]
