"""What a user can choose about a search, with the defaults of ``python -m search.run``."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from spaces.errors import UsageError

__all__ = ["Options", "add_arguments", "options_from"]


@dataclass(frozen=True, slots=True)
class Options:
    """One search, as typed. Fields are named after their flags; see ``add_arguments``."""

    space: str
    budget: str
    ranks: str | None
    renorm: str
    scaling: str
    lora_alpha: float
    shortcut_alpha: float
    model: str | None
    task: str | None
    train_file: Path | None
    eval_file: Path | None
    text_columns: tuple[str, ...] | None
    label_column: str
    metric: str | None
    regression: bool
    max_length: int
    train_rows: int | None
    eval_rows: int | None
    proxy: tuple[str, ...] | None
    scoring_batches: int
    allocator: tuple[str, ...]
    sampler: tuple[str, ...]
    trials: int
    finalists: int
    seeds: int
    epochs: float
    lr: float | None
    batch_size: int
    weight_decay: float
    warmup: float
    max_grad_norm: float
    device: str
    devices: tuple[str, ...] | None
    jobs: int | None
    cohort_size: int | None
    dtype: str
    threads: int | None
    output: Path | None
    seed: int
    json: bool
    quiet: bool

    def __post_init__(self) -> None:
        bounds = {"trials": 0, "finalists": 1, "seeds": 1, "scoring_batches": 1, "max_length": 2, "seed": 0}
        for name, least in bounds.items():
            if getattr(self, name) < least:
                raise UsageError(
                    f"--{name.replace('_', '-')} {getattr(self, name)} must be at least {least}."
                )
        for name in ("train_rows", "eval_rows", "jobs", "cohort_size", "threads"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise UsageError(
                    f"--{name.replace('_', '-')} {value} must be at least 1; leave it out for the default."
                )
        if self.lr is not None and not 0 < self.lr < float("inf"):
            raise UsageError(f"--lr {self.lr} must be a positive number, for example 1e-3.")
        if (self.train_file is None) != (self.eval_file is None):
            raise UsageError("--train-file and --eval-file go together: give both, or neither and --task.")
        if self.train_file and self.task:
            raise UsageError(f"--task {self.task} and --train-file exclude each other; give one of them.")


def _names(text: str) -> tuple[str, ...]:
    return tuple(name for name in text.replace(" ", "").split(",") if name)


def _columns(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds every option of ``python -m search.run``."""
    _add_space(parser.add_argument_group("what may be trained"))
    _add_task(parser.add_argument_group("model and task (default: the embedded MiniLM on Rotten Tomatoes)"))
    _add_search(parser.add_argument_group("search"))
    _add_training(parser.add_argument_group("fine-tuning"))
    _add_machine(parser.add_argument_group("machine and output"))


def _add_space(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add(
        "--space",
        default="lora+shortcut",
        metavar="S",
        help="lora, lora[q,v,fc1], lora[all], residual[res1,res2], cross[in,cut;span=1..3], "
        "shortcut (= residual+cross), joined by + (default: %(default)s)",
    )
    add(
        "--budget",
        default="2.3M",
        metavar="B",
        help="2.3M, 500k, 1.2e6, 0.5%% of the base model, r=8 (every site at rank 8) (default: %(default)s)",
    )
    add(
        "--ranks",
        metavar="0,R,...",
        help="rank grid; default: 0 and the powers of two around the uniform rank",
    )
    add(
        "--renorm",
        choices=("preserve", "paper"),
        default="preserve",
        help="cross wires in post-layer-norm blocks: add before the one layer norm, or apply it again "
        "(default: %(default)s)",
    )
    add(
        "--scaling",
        choices=("alpha/r", "alpha/sqrt(r)", "constant"),
        default="alpha/r",
        help="factor in front of a wire (default: %(default)s)",
    )
    add(
        "--lora-alpha",
        type=float,
        default=16.0,
        metavar="A",
        help="alpha of lora wires (default: %(default)s)",
    )
    add(
        "--shortcut-alpha",
        type=float,
        default=4.0,
        metavar="A",
        help="alpha of residual and cross wires (default: %(default)s)",
    )


def _add_task(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--model", metavar="DIR|NAME", help="a local folder or a hub name such as roberta-large")
    add(
        "--task",
        metavar="NAME",
        help="rotten_tomatoes (embedded), or a GLUE task: cola, mnli, mrpc, qnli, qqp, rte, sst2, stsb, wnli",
    )
    add("--train-file", type=Path, metavar="FILE", help="GLUE-style TSV, CSV, JSONL or Parquet")
    add(
        "--eval-file",
        type=Path,
        metavar="FILE",
        help="rows that report the winner and the baseline, used once",
    )
    add(
        "--text-columns",
        type=_columns,
        metavar="A[,B]",
        help="one or two text columns (default: found by name)",
    )
    add("--label-column", default="label", metavar="C", help="(default: %(default)s)")
    add("--metric", metavar="M", help="accuracy, f1, matthews, pearson, spearman, ... (default: the task's)")
    add("--regression", action="store_true", help="labels of --train-file are numbers to predict")
    add(
        "--max-length",
        type=int,
        default=128,
        metavar="N",
        help="tokens a row is cut to (default: %(default)s)",
    )
    add(
        "--train-rows",
        type=int,
        metavar="N",
        help="use at most N training rows (default: 512 of the embedded task, else all)",
    )
    add(
        "--eval-rows",
        type=int,
        metavar="N",
        help="use at most N rows for validation and for the report each (default: 320 of the embedded "
        "task, else all)",
    )


def _add_search(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add(
        "--proxy",
        type=_names,
        metavar="P,...",
        help="constant, grad_norm, grad_norm@init, snip, synflow, spectrum "
        "(default: grad_norm,spectrum,snip,synflow)",
    )
    add(
        "--scoring-batches",
        type=int,
        default=32,
        metavar="N",
        help="training batches that proxies look at (default: %(default)s)",
    )
    add(
        "--allocator",
        type=_names,
        default=("exact", "greedy", "topk"),
        metavar="A,...",
        help="uniform, random, topk, greedy, exact (default: exact,greedy,topk)",
    )
    add(
        "--sampler",
        type=_names,
        default=("tpe",),
        metavar="S,...",
        help="tpe, nsga2, random, ...; '' for none (default: tpe)",
    )
    add(
        "--trials", type=int, default=32, metavar="N", help="proposals of each sampler (default: %(default)s)"
    )
    add(
        "--finalists",
        type=int,
        default=3,
        metavar="N",
        help="proposals that are fine-tuned, besides the uniform baseline (default: %(default)s)",
    )
    add(
        "--seeds",
        type=int,
        default=3,
        metavar="N",
        help="fine-tuning runs of each finalist (default: %(default)s)",
    )


def _add_training(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--epochs", type=float, default=1.0, metavar="E", help="may be a fraction (default: %(default)s)")
    add(
        "--lr",
        type=float,
        metavar="LR",
        help="peak of the linear schedule (default: 3e-3 for the embedded task, else 5e-4)",
    )
    add(
        "--batch-size",
        type=int,
        default=16,
        metavar="N",
        help="rows of one candidate's step (default: %(default)s)",
    )
    add("--weight-decay", type=float, default=0.01, metavar="W", help="(default: %(default)s)")
    add("--warmup", type=float, default=0.06, metavar="F", help="share of the steps (default: %(default)s)")
    add("--max-grad-norm", type=float, default=1.0, metavar="N", help="per candidate (default: %(default)s)")


def _add_machine(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--device", default="auto", metavar="D", help="auto, cpu, cuda[:i] or mps (default: %(default)s)")
    add(
        "--devices",
        type=_names,
        metavar="D,...",
        help="several, for example cuda:0,cuda:1; cohorts are spread over them",
    )
    add("--jobs", type=int, metavar="N", help="processes that train cohorts (default: one per device)")
    add(
        "--cohort-size",
        type=int,
        metavar="C",
        help="candidates that share a forward pass (default: 4 on a CPU, 32 on a GPU)",
    )
    add(
        "--dtype",
        choices=("float32", "bfloat16", "float16"),
        default="float32",
        help="of the frozen base model (default: %(default)s)",
    )
    add("--threads", type=int, metavar="N", help="CPU threads of torch (default: all cores)")
    add(
        "--output",
        type=Path,
        metavar="DIR",
        help="default: runs/<time>; an interrupted run goes on when given its folder again",
    )
    add(
        "--seed",
        type=int,
        default=0,
        metavar="N",
        help="first of the fine-tuning seeds, and of everything drawn (default: %(default)s)",
    )
    add("--json", action="store_true", help="print one JSON object on stdout instead of the table")
    add("--quiet", action="store_true", help="no progress on stderr")


def options_from(
    parse: Callable[[Sequence[str] | None], argparse.Namespace], argv: Sequence[str] | None
) -> Options:
    """The options of a command line; argparse itself exits with 2 on what it cannot parse."""
    return Options(**vars(parse(argv)))
