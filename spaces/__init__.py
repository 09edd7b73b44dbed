"""Where low-rank wires may sit in a transformer, what they cost, and the wires themselves.

Importing this package imports neither PyTorch nor transformers. What needs them is imported by name:

* ``spaces.families``: the model families, as a table.
* ``spaces.meta_model``: a model's shapes from its config.json alone.
* ``spaces.find_sites``: the sites of a space in one model.
* ``spaces.wires``: the weights of the wires of C candidates.
* ``spaces.head``: the classification heads of C candidates.
* ``spaces.stacked``: trainable tensors of C candidates in one array.
* ``spaces.seeding``: random generators that belong to a seed and a name.
* ``spaces.readable``, ``probe``: what a model can read, and which sites a cohort can be trained at, by trial.
* ``spaces.hooks``: attaching wires to a model, and detaching them without trace.
* ``spaces.space_record``: a space as JSON.
* ``spaces.describe``: the command that lists sites and counts parameters.
* ``spaces.foreign``, ``foreign_json``, ``command_line``: the boundaries to what others wrote or typed.
* ``spaces.counted``, ``aligned_text``, ``printable``: how numbers, tables and names of others are written.
"""

from .allocation import Allocation
from .budget import Budget, parse_budget
from .errors import InputError, UsageError
from .grammar import SHORTCUT_ROLES, Term, parse_space
from .scaling import SCALING_RULES, Scaling
from .search_space import SearchSpace, params_per_rank, parse_ranks, rank_grid
from .site import Kind, Site, Tap

__all__ = [
    "SCALING_RULES",
    "SHORTCUT_ROLES",
    "Allocation",
    "Budget",
    "InputError",
    "Kind",
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
