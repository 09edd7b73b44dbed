"""What a user can choose in every command, with its defaults."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Final

from spaces.counted import counted
from spaces.errors import UsageError
from spaces.printable import printable

from .option_limits import check_limits, flag_of
from .option_types import Parser, decimal, names, path, place, text, whole

__all__ = [
    "LONGEST_NAME",
    "PROXY_NAMES",
    "SHARED",
    "Arguments",
    "Options",
    "add_arguments",
    "changed",
    "flag_of",
    "learning_rate",
    "typed",
]


Arguments = Mapping[str, Mapping[str, Mapping[str, Any]]]  # group -> flag -> what argparse is told

PROXY_NAMES: Final = (  # of ``proxies.registry``, which imports torch; a test compares them
    "constant, spread, params, grad_norm, snip, synflow (each of the three also @init and @warm), spectrum, "
    "gps, plain, fisher, grasp, snr, zico, adam_gain, adam_signal, eva, l2_norm, condition, jacov, nwot, "
    "epe_nas, sensitivity, sensitivity_sum, ablation, alpha_test, solo, solo_linear, supernet, "
    "ensemble:P+P, root:P"
)
SHARED: Final[Arguments] = {
    "what may be trained": {
        "--space": {
            "default": "lora+shortcut",
            "metavar": "S",
            "help": "lora, lora[q,v,fc1], lora[all], residual[res1,res2], cross[in,cut;span=1..3], "
            "shortcut (= residual+cross), joined by +",
        },
        "--budget": {
            "default": "2.3M",
            "metavar": "B",
            "help": "2.3M, 500k, 1.2e6, 0.5%% of the base model, or r=8 for every site at rank 8",
        },
        "--ranks": {"metavar": "0,R,...", "help": "default: 0 and the powers of two around the uniform rank"},
        "--renorm": {
            "choices": ("preserve", "paper"),
            "default": "preserve",
            "help": "cross wires in post-layer-norm blocks: add before the layer norm, or apply it again",
        },
        "--scaling": {
            "choices": ("alpha/r", "alpha/sqrt(r)", "constant"),
            "default": "alpha/r",
            "help": "factor in front of a wire; constant is alpha / 8 at every rank",
        },
        "--lora-alpha": {"type": decimal, "default": 16.0, "metavar": "A", "help": "of lora wires"},
        "--shortcut-alpha": {
            "type": decimal,
            "default": 4.0,
            "metavar": "A",
            "help": "of residual and cross wires",
        },
    },
    "model and task (default: the embedded MiniLM on Rotten Tomatoes)": {
        "--model": {
            "type": place,
            "metavar": "DIR|NAME",
            "help": "a local folder or a hub name such as roberta-large",
        },
        "--task": {
            "metavar": "NAME",
            "help": "rotten_tomatoes (embedded), cola, mnli, mrpc, qnli, qqp, rte, sst2, stsb, wnli, boolq "
            "or cb",
        },
        "--train-file": {
            "type": path,
            "metavar": "FILE",
            "help": "GLUE-style TSV, CSV, JSON lines or Parquet",
        },
        "--eval-file": {
            "type": path,
            "metavar": "FILE",
            "help": "rows that report the winner and the baseline, used once",
        },
        "--text-columns": {"type": names, "metavar": "A[,B]", "help": "default: found by name"},
        "--label-column": {"metavar": "C", "help": "default: label"},
        "--task-name": {
            "metavar": "NAME",
            "help": "of --train-file, in all that is shown; default: its folder and file, mrpc/train",
        },
        "--metric": {"metavar": "M", "help": "accuracy, f1, matthews, pearson, ...; default: the task's"},
        "--positive-label": {
            "metavar": "L",
            "help": "the label that f1 and accuracy_and_f1 are of; default: the rarer in the training rows; "
            "GLUE's in a named task",
        },
        "--regression": {"action": "store_true", "help": "labels of --train-file are numbers to predict"},
        "--max-length": {"type": whole, "default": 128, "metavar": "N", "help": "tokens a row is cut to"},
        "--train-rows": {
            "type": whole,
            "metavar": "N",
            "help": "at most; default: 512 of the embedded task, else all",
        },
        "--eval-rows": {
            "type": whole,
            "metavar": "N",
            "help": "at most, to select by and to report on each; default: 320 of the embedded task",
        },
    },
    "proxies": {
        "--scoring-batches": {
            "type": whole,
            "default": 32,
            "metavar": "N",
            "help": "batches of training rows that proxies look at",
        },
        "--scoring-batch-size": {
            "type": whole,
            "default": 16,
            "metavar": "N",
            "help": "rows of such a batch",
        },
        "--warm-up-steps": {
            "type": whole,
            "default": 24,
            "metavar": "N",
            "help": "of the super-network that proxies at the point warm train first, one batch each",
        },
    },
    "fine-tuning": {
        "--seeds": {
            "type": whole,
            "default": 3,
            "metavar": "N",
            "help": "fine-tuning runs of each allocation",
        },
        "--epochs": {"type": decimal, "default": 1.0, "metavar": "E", "help": "may be a fraction"},
        "--lr": {
            "type": decimal,
            "metavar": "LR",
            "help": "peak of the linear schedule; default: 3e-3 for the embedded task, else 5e-4",
        },
        "--batch-size": {
            "type": whole,
            "default": 16,
            "metavar": "N",
            "help": "rows of one candidate's step",
        },
        "--weight-decay": {"type": decimal, "default": 0.01, "metavar": "W", "help": "of AdamW"},
        "--warmup": {"type": decimal, "default": 0.06, "metavar": "F", "help": "share of the steps"},
        "--max-grad-norm": {"type": decimal, "default": 1.0, "metavar": "N", "help": "of each candidate"},
    },
    "machine and output": {
        "--device": {"default": "auto", "metavar": "D", "help": "auto, cpu, cuda[:i] or mps"},
        "--devices": {"type": names, "metavar": "D,...", "help": "several, for example cuda:0,cuda:1"},
        "--jobs": {
            "type": whole,
            "metavar": "N",
            "help": "processes that train cohorts; default: one per device",
        },
        "--cohort-size": {
            "type": whole,
            "metavar": "C",
            "help": "candidates that share a forward pass; default: 4 on a CPU, 32 on a GPU",
        },
        "--dtype": {
            "choices": ("float32", "bfloat16"),
            "default": "float32",
            "help": "of the frozen base model; what is trained is float32",
        },
        "--threads": {"type": whole, "metavar": "N", "help": "CPU threads; default: all cores"},
        "--output": {
            "type": path,
            "metavar": "DIR",
            "help": "default: runs/<time>; an interrupted run goes on when it is given its folder again",
        },
        "--seed": {
            "type": whole,
            "default": 0,
            "metavar": "N",
            "help": "first of the fine-tuning seeds, and of all that is drawn",
        },
        "--json": {"action": "store_true", "help": "print one JSON object on stdout instead of the table"},
        "--quiet": {"action": "store_true", "help": "no progress on stderr"},
    },
}
LONGEST_NAME: Final = 100
"""Characters of ``--task-name``, which stands in titles."""


@dataclass(frozen=True, slots=True)
class Options:
    """What was typed, of what every command takes; a command adds its own in a subclass.

    Fields are named after their flags; ``--help`` says what they mean.
    """

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
    label_column: str | None
    metric: str | None
    regression: bool
    max_length: int
    train_rows: int | None
    eval_rows: int | None
    task_name: str | None = field(default=None, kw_only=True)
    positive_label: str | None = field(default=None, kw_only=True)
    proxy: tuple[str, ...] | None = field(default=None, kw_only=True)  # of the commands that score
    scoring_batches: int
    scoring_batch_size: int
    warm_up_steps: int
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
    typed: frozenset[str] = field(default=frozenset(), kw_only=True)  # the fields that were typed

    def __post_init__(self) -> None:
        for one in fields(self):
            value = getattr(self, one.name)
            if isinstance(value, int | float) and not isinstance(value, bool):
                check_limits(one.name, value)
            if value == () and one.name != "sampler":
                flag = flag_of(one.name)
                raise UsageError(f"{flag} names nothing; name at least one, or leave {flag} out.")
        if self.device != "auto" and self.devices:
            raise UsageError("--device and --devices exclude each other; give one of them.")
        self._check_files()

    @property
    def all_seeds(self) -> range:
        """Of the fine-tuning runs of every allocation."""
        return range(self.seed, self.seed + self.seeds)

    def _check_files(self) -> None:
        if (self.train_file is None) != (self.eval_file is None):
            raise UsageError("--train-file and --eval-file go together: give both, or neither and --task.")
        if self.train_file and self.task:
            raise UsageError(f"--task {self.task} and --train-file exclude each other; give one of them.")
        described = (self.text_columns, self.label_column, self.task_name, self.regression or None)
        if not self.train_file and described != (None,) * 4:
            raise UsageError(
                "--text-columns, --label-column, --task-name and --regression describe --train-file; "
                "a named task knows its own."
            )
        if self.task_name and (
            len(self.task_name) > LONGEST_NAME or printable(self.task_name) != self.task_name
        ):
            raise UsageError(
                f"--task-name must be one line of at most {counted(LONGEST_NAME, 'character')}, none of "
                "which controls."
            )


def learning_rate(text: str) -> float:
    """One of ``--lrs``; raises UsageError where it is none."""
    try:
        rate = decimal(text)
    except argparse.ArgumentTypeError:
        rate = 0.0
    if not rate > 0:
        raise UsageError(f"--lrs {text!r} must be numbers above 0 with commas, for example 1e-3,3e-3.")
    check_limits("lr", rate)
    return rate


def add_arguments(parser: argparse.ArgumentParser, arguments: Arguments) -> None:
    """Adds options to a parser, group by group; plain defaults are shown in the help."""
    for title, flags in arguments.items():
        group = parser.add_argument_group(title)
        for flag, settings in flags.items():
            plain = isinstance(settings.get("default"), str | int | float)
            shown = settings["help"] + ("; default: %(default)s" if plain else "")
            kind = {} if "action" in settings else {"type": text}
            group.add_argument(flag, **{**kind, **settings, "help": shown})


def typed(argv: Sequence[str] | None, arguments: Arguments) -> frozenset[str]:
    """The fields that a command line sets, also where it sets them to their defaults."""
    parser = Parser(argument_default=argparse.SUPPRESS)
    without = {
        title: {
            flag: {name: value for name, value in settings.items() if name != "default"}
            for flag, settings in flags.items()
        }
        for title, flags in arguments.items()
    }
    add_arguments(parser, without)
    return frozenset(vars(parser.parse_args(argv)))


def changed(options: Options, arguments: Arguments) -> frozenset[str]:
    """The fields that these arguments set, and whose value is not their default."""
    parser = Parser(add_help=False)
    add_arguments(parser, arguments)
    defaults = vars(parser.parse_args([]))
    return frozenset(name for name, default in defaults.items() if getattr(options, name) != default)
