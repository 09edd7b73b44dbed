"""Where low-rank wires may sit in a transformer, what they cost, and the wires themselves.

Importing this package imports neither PyTorch nor transformers. What needs them is imported by name:

* ``families``: the model families, as a table. ``find_sites``: the sites of a space in one model.
* ``meta_model``: a model's shapes from its config.json alone. ``model_place``, ``hub``: where a model lies.
* ``wires``, ``head``: the weights of C candidates, in one array (``stacked``), attached by ``hooks``.
* ``readable``, ``probe``: what a model can read, and which sites a cohort can be trained at, by trial.
* ``space_record``: a space as JSON. ``seeding``: generators that belong to a seed and a name.
* ``foreign``, ``foreign_json``: the boundaries to what others wrote. ``counted``, ``printable``: how numbers
  and names are written. ``double_precision``: float64 where a device has none.
"""

from .allocation import Allocation
from .budget import Budget, parse_budget
from .errors import InputError, UsageError
from .grammar import SHORTCUT_ROLES, Term, parse_space
from .scaling import SCALING_RULES, Scaling
from .search_space import SearchSpace, params_per_rank, parse_ranks, rank_grid
from .site import Kind, Part, Site, Tap

__all__ = [
    "SCALING_RULES",
    "SHORTCUT_ROLES",
    "Allocation",
    "Budget",
    "InputError",
    "Kind",
    "Part",
    "Scaling",
    "SearchSpace",
    "Site",
    "Tap",
    "Term",
    "UsageError",
    "params_per_rank",
    "parse_budget",
    "parse_ranks",
    "parse_space",
    "rank_grid",
]
