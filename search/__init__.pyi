from proxies.site_scores import SiteScores
from search.allocation.picks import exact, greedy, topk, uniform
from search.job.allocate import allocate
from spaces.allocation import Allocation
from spaces.budget import Budget
from spaces.errors import InputError, UsageError
from spaces.search_space import SearchSpace

__all__ = [
    "Allocation",
    "Budget",
    "InputError",
    "SearchSpace",
    "SiteScores",
    "UsageError",
    "allocate",
    "exact",
    "greedy",
    "topk",
    "uniform",
]
