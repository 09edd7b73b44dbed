"""Reading sources and changing targets of a running model by forward hooks, without rewriting it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from typing import Any, Literal, Protocol

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from .errors import InputError
from .site import Site, Tap

__all__ = ["Attachment", "Renorm", "Visit", "attach"]

Renorm = Literal["preserve", "paper"]
_Args = tuple[Any, ...]
_Kwargs = dict[str, Any]


class Visit(Protocol):
    """What happens at a target that several sites may share.

    sources: one tensor (rows, ..., d_in) per site; target: (rows, ..., width), which may be changed
    in place. Returns the tensor with which the network goes on. A site whose ``target.part`` is not
    None means that part of the last dimension.
    """

    def __call__(self, sites: Sequence[Site], sources: Sequence[Tensor], target: Tensor) -> Tensor: ...


class Attachment:
    """The hooks of one ``attach``; ``detach`` (or leaving the ``with`` block) removes them without trace."""

    def __init__(
        self, handles: ExitStack, remember: Callable[[], AbstractContextManager[None]] | None = None
    ) -> None:
        """remember: see ``remember``; None where no source is kept."""
        self._handles, self._remember = handles, remember

    def remember(self) -> AbstractContextManager[None]:
        """A context in which targets find the sources that have been seen by now, as a block needs them that
        is computed again (``spaces.recompute``)."""
        return nullcontext() if self._remember is None else self._remember()

    def detach(self) -> None:
        """Removes every hook; the model is then as it was before. Idempotent."""
        self._handles.close()

    def __enter__(self) -> Attachment:
        return self

    def __exit__(self, *_: object) -> None:
        self.detach()


def attach(
    model: PreTrainedModel,
    sites: Sequence[Site],
    visit: Visit,
    *,
    renorm: Renorm = "preserve",
    rows_on: Callable[[Sequence[Site], int], Tensor | None] = lambda _sites, _rows: None,
) -> Attachment:
    """Calls ``visit`` at every target of ``sites`` in every forward pass, until detached.

    Args:
        model: whose forward passes; none of its parameters or methods changes.
        sites: those that share a target are visited together, in this order.
        visit: adds to the target what it makes of the sources.
        renorm: ``paper`` applies the block's layer norm again after a cross wire is added (HeteroLoRA,
            arXiv:2406.14956, appendix D); ``preserve`` adds before the one layer norm.
        rows_on: under ``paper``, (sites of a target, number of rows) -> in which rows one of them is on, so
            that the norm is applied again: (rows,) bool, None for all.
    """
    groups: dict[tuple[str, str, str | None], list[Site]] = {}
    for site in sites:
        again = site.norm if renorm == "paper" else None
        key = (again, "out", again) if again else (site.target.module, site.target.side, None)
        groups.setdefault(key, []).append(site)
    taps = _Taps()
    with ExitStack() as handles:
        for whole in dict.fromkeys((model, model.base_model)):  # OPT's language model calls but its decoder
            handles.callback(whole.register_forward_pre_hook(taps.forget).remove)
            handles.callback(whole.register_forward_hook(taps.forget, always_call=True).remove)
        for (module, side, again), group in groups.items():  # targets first: a source sees what was added
            hook = _Target(taps, group, visit, rows_on if again else None)
            handles.callback(hook.register(model.get_submodule(module), side).remove)
        for tap in {
            site.source for site in sites if site.kind != "lora"
        }:  # those read their own linear's input
            handles.callback(taps.record(model.get_submodule(tap.module), tap).remove)
        return Attachment(handles.pop_all(), taps.remember)


class _Taps:
    """The sources seen so far in the current forward pass."""

    def __init__(self) -> None:
        self.seen: dict[Tap, Tensor] = {}

    def forget(self, *_: object) -> None:
        self.seen.clear()

    def remember(self) -> AbstractContextManager[None]:
        return self._as_seen(dict(self.seen))

    @contextmanager
    def _as_seen(self, then: dict[Tap, Tensor]) -> Iterator[None]:
        now, self.seen = self.seen, then
        try:
            yield
        finally:
            self.seen = now

    def record(self, module: nn.Module, tap: Tap) -> torch.utils.hooks.RemovableHandle:
        def on_input(module: nn.Module, args: _Args, kwargs: _Kwargs) -> None:
            self.seen[tap] = _input(module, args, kwargs)

        def on_output(_: nn.Module, args: _Args, output: Any) -> None:
            self.seen[tap] = output[0] if isinstance(output, tuple) else output

        if tap.side == "in":
            return module.register_forward_pre_hook(on_input, with_kwargs=True)
        return module.register_forward_hook(on_output)


class _Target:
    """The hook at one target, for the sites that share it."""

    def __init__(
        self,
        taps: _Taps,
        sites: Sequence[Site],
        visit: Visit,
        rows_on: Callable[[Sequence[Site], int], Tensor | None] | None,
    ) -> None:
        self.taps, self.sites, self.visit, self.rows_on = taps, tuple(sites), visit, rows_on

    def register(self, module: nn.Module, side: str) -> torch.utils.hooks.RemovableHandle:
        if side == "in":
            return module.register_forward_pre_hook(self._on_input, with_kwargs=True)
        return module.register_forward_hook(self._on_output, with_kwargs=True)

    def _on_input(self, module: nn.Module, args: _Args, kwargs: _Kwargs) -> tuple[_Args, _Kwargs]:
        changed = self._change(_input(module, args, kwargs), None)
        return ((changed, *args[1:]), kwargs) if args else (args, {**kwargs, _keyword(kwargs): changed})

    def _on_output(self, module: nn.Module, args: _Args, kwargs: _Kwargs, output: Any) -> Any:
        whole = output[0] if isinstance(output, tuple) else output
        source = self.sites[0].source
        own_input = _input(module, args, kwargs) if self.sites[0].kind == "lora" else None
        if source.first_call:
            if source in self.taps.seen:
                return output
            assert own_input is not None
            self.taps.seen[source] = own_input
        changed = self._change(whole, own_input) if self.rows_on is None else self._renormalise(module, whole)
        return (changed, *output[1:]) if isinstance(output, tuple) else changed

    def _change(self, target: Tensor, own_input: Tensor | None) -> Tensor:
        if own_input is not None:
            return self.visit(self.sites, [own_input] * len(self.sites), target)
        if unseen := [site.name for site in self.sites if site.source not in self.taps.seen]:
            raise InputError(
                f"{unseen[0]}: its source has not been computed yet where its target is; leave it out."
            )
        seen = [self.taps.seen[site.source] for site in self.sites]
        read = [x if site.gain == 1 else x / site.gain for site, x in zip(self.sites, seen, strict=True)]
        return self.visit(self.sites, read, target)

    def _renormalise(self, norm: nn.Module, plain: Tensor) -> Tensor:
        """LN[plain + wires], in the rows where a wire is on; ``plain`` itself came out of the same LN."""
        assert self.rows_on is not None
        on = self.rows_on(self.sites, plain.shape[0])
        again: Tensor = norm.forward(self._change(plain.clone(), None))
        return again if on is None else torch.where(on.view(-1, *[1] * (plain.dim() - 1)), again, plain)


def _keyword(kwargs: _Kwargs) -> str:
    """Under which name a module is given its tensor: transformers' blocks and PyTorch's layers differ."""
    return "hidden_states" if "hidden_states" in kwargs else "input"


def _input(module: nn.Module, args: _Args, kwargs: _Kwargs) -> Tensor:
    tensor = args[0] if args else kwargs.get(_keyword(kwargs))
    if not isinstance(tensor, Tensor):
        raise InputError(
            f"a {type(module).__name__} of this model is called with {[type(one).__name__ for one in args]} "
            f"and {sorted(kwargs)}, among which no first tensor can be told; no wire can read it."
        )
    return tensor
