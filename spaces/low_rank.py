"""The one product that Rankscape adds to a network: y += B diag(g) A x at a site (DESIGN, section 1).

Three forms of it, each in the order of operations that is fastest there: every slot with weights of its own,
many gate settings of the same weights, and an update that is no product but one matrix. All compute in the
source's dtype; the first two change the target in place, or the part of it that is the site's.
"""

from __future__ import annotations

from torch import Tensor, nn

from .own_part import add_to_part, part_of
from .site import Site

__all__ = ["add_by_setting", "add_by_slot", "with_update"]


def add_by_slot(target: Tensor, source: Tensor, site: Site, *, a: Tensor, b: Tensor, gate: Tensor) -> None:
    """Adds B diag(g) A x to the target, where each of C slots has its own A, B and g.

    Args:
        target: (rows, ..., width), changed in place. Rows are slot-major: row i of n is of slot i // (n / C).
        source: x, (rows, ..., d_in), with as many rows and tokens.
        site: whose part of the target's last dimension is meant.
        a: (C, r, d_in). b: (C, d_out, r). gate: (C, r), which holds the scaling rule's factor too.
    """
    x = source.reshape(len(gate), -1, site.d_in)
    inner = x.bmm((a * gate[:, :, None]).to(x.dtype).transpose(1, 2))
    outer = b.to(x.dtype).transpose(1, 2)
    if site.target.interleaved:
        add_to_part(target, site.target, inner.bmm(outer).view(*target.shape[:-1], site.d_out))
    else:
        part_of(target, site.target).view(len(gate), -1, site.d_out).baddbmm_(inner, outer)


def add_by_setting(target: Tensor, source: Tensor, site: Site, *, a: Tensor, b: Tensor, gate: Tensor) -> None:
    """Adds B diag(g) A x to the target, where S settings of g share one A and one B (DESIGN, section 5).

    Args:
        target: (rows, ..., width), changed in place. Rows are settings-major: row i of n is of setting
            i // (n / S).
        source: x, (rows, ..., d_in), with as many rows and tokens.
        site: whose part of the target's last dimension is meant.
        a: (r, d_in). b: (d_out, r). gate: (S, r), or (S, 1) where all ranks share it; with the factor.
    """
    x = source.reshape(-1, site.d_in)
    inner = ((x @ a.to(x.dtype).T).view(len(gate), -1, len(a)) * gate.to(x.dtype)[:, None, :]).flatten(0, 1)
    outer = b.to(x.dtype).T
    if site.target.interleaved:
        add_to_part(target, site.target, inner.mm(outer).view(*target.shape[:-1], site.d_out))
    else:
        part_of(target, site.target).view(-1, site.d_out).addmm_(inner, outer)


def with_update(target: Tensor, source: Tensor, site: Site, update: Tensor) -> Tensor:
    """The target and (Delta W) x, a new tensor: second derivatives go through it. update: (d_out, d_in)."""
    added = nn.functional.linear(source, update.to(source.dtype)).reshape(*target.shape[:-1], site.d_out)
    if site.target.part is None:
        return target + added
    changed = target.clone()
    add_to_part(changed, site.target, added)
    return changed
