"""The names in a registry, read from its source: importing it would take PyTorch, and seconds."""

from __future__ import annotations

import ast
from functools import cache
from importlib.abc import InspectLoader
from importlib.util import find_spec

__all__ = ["registry_names"]


@cache
def registry_names(registry: str) -> tuple[str, ...]:
    """The keys of a dict literal in a module, in order. registry: ``module:NAME``; a name without a colon
    stands for itself.

    >>> registry_names("search.allocation.registry:ALLOCATORS")
    ('uniform', 'random', 'topk', 'greedy', 'exact')
    """
    module, colon, name = registry.partition(":")
    if not colon:
        return (registry,)
    for statement in ast.parse(_source(module)).body:
        target = statement.target if isinstance(statement, ast.AnnAssign) else None
        if isinstance(target, ast.Name) and target.id == name:
            literal = next(node for node in ast.walk(statement) if isinstance(node, ast.Dict))
            return tuple(ast.literal_eval(key) for key in literal.keys if key is not None)
    raise LookupError(f"{registry} is no registry: a module's annotated name of a dict literal.")


def _source(module: str) -> str:
    spec = find_spec(module)
    source = spec.loader.get_source(module) if spec and isinstance(spec.loader, InspectLoader) else None
    if source is None:
        raise LookupError(f"the module {module} has no source to read names from.")
    return source
