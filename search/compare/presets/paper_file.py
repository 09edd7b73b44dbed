"""A paper's hyperparameters and tables of results, read from a file of this package.

A file says of its paper ``name``, ``source``, the ``model`` of its tables, the ``statistic`` over ``seeds``
and how many ``decimals`` it prints. Then come:

* ``[[settings]]``: hyperparameters of one model and setup (``PaperSettings``), by data set;
* ``[[tables]]``: of each table its ``number``, ``columns``, ``rows``, ``arms`` (``PresetArm``), ``notes``,
  and the ``baseline`` (row, column) that others are compared with, where there is one.

A row has a cell in every column, or in those that its own ``columns`` names. The cell's ``arm``, ``dataset``
and ``metric`` are the row's or else the column's (``arms`` of a row: by column), its ``share`` the column's;
without an arm or a data set it is shown and not trained. ``paper`` has the paper's numbers by column, as they
are printed: ``"84.1"``, ``"84.1 ± 1.1"``, or ``"87.03 (8)"`` where a rank stands with it.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from importlib.resources import files
from typing import Final, TypeVar, cast, get_args

from spaces.site import Kind

from .preset import Cell, Number, PaperSettings, Preset, PresetArm, SeedStatistic, Setup
from .toml_section import TomlSection

__all__ = ["Paper", "paper_of", "read_paper"]

_NUMBER: Final = re.compile(r"(?P<value>-?\d+(\.\d+)?)( ± (?P<sd>\d+(\.\d+)?))?( \((?P<rank>\d+)\))?")
_PAPER: Final = ("name", "source", "model", "statistic", "seeds", "decimals", "settings", "tables")
_TABLE: Final = ("number", "columns", "rows", "arms", "notes", "baseline")
_COLUMN: Final = ("name", "arm", "dataset", "metric", "share", "mean")
_ROW: Final = ("name", "columns", "arm", "arms", "dataset", "metric", "ranks", "paper")
_ARM: Final = tuple(field.name for field in fields(PresetArm))
_SETTINGS: Final = (*(f.name for f in fields(PaperSettings) if f.name != "dataset"), "datasets")
_L = TypeVar("_L", bound=str)


@dataclass(frozen=True, slots=True)
class Paper:
    """Everything of one paper."""

    settings: tuple[PaperSettings, ...]
    presets: tuple[Preset, ...]


def read_paper(name: str) -> Paper:
    """The paper whose file in this package is ``name.toml``."""
    file = f"{name}.toml"
    text = files(__package__).joinpath(file).read_text(encoding="utf-8")
    return paper_of(text, file)


def paper_of(text: str, file: str) -> Paper:
    """The paper that a TOML document describes; raises ValueError, with file and key, where one is wrong.

    >>> paper_of('tables = [{ number = "3" }]', "x.toml")
    Traceback (most recent call last):
    ValueError: x.toml: paper.tables[0].number = '3' must be a whole number.
    """
    try:
        paper = TomlSection(f"{file}: paper", tomllib.loads(text)).only(_PAPER)
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{file} is not TOML: {error}.") from None
    presets = tuple(_preset(table, paper) for table in paper.sections("tables"))
    return Paper(tuple(one for part in paper.sections("settings") for one in _settings(part)), presets)


def _settings(section: TomlSection) -> list[PaperSettings]:
    """A line for each data set, whose own keys go before those that all share."""
    shared = {name: value for name, value in section.only(_SETTINGS).values.items() if name != "datasets"}
    datasets = section.section("datasets")
    lines = []
    for dataset in datasets.values:
        own = datasets.section(dataset)
        line = TomlSection(own.place, {**shared, **own.values}).only(_SETTINGS)
        lines.append(
            PaperSettings(
                model=line.need("model", str),
                dataset=dataset,
                setup=_choice(line, "setup", get_args(Setup)),
                batch_size=line.need("batch_size", int),
                epochs=line.need("epochs", int),
                learning_rate=line.need("learning_rate", float),
                weight_decay=line.need("weight_decay", float),
                max_length=line.need("max_length", int),
                space=line.get("space", str),
                rank=line.get("rank", int),
                lora_alpha=line.get("lora_alpha", float),
                shortcut_alpha=line.get("shortcut_alpha", float),
                warmup=line.get("warmup", float),
                max_grad_norm=line.get("max_grad_norm", float),
            )
        )
    return lines


def _preset(table: TomlSection, paper: TomlSection) -> Preset:
    number = table.only(_TABLE).need("number", int)
    columns = {column.only(_COLUMN).need("name", str): column for column in table.sections("columns")}
    baseline = table.several("baseline", str)
    if len(baseline) not in (0, 2):
        raise ValueError(f"{table.place}.baseline = {list(baseline)} must be a row and a column.")
    return Preset(
        name=f"{paper.need('name', str)}-table{number}",
        source=f"{paper.need('source', str)}, table {number}",
        model=paper.need("model", str),
        statistic=_choice(paper, "statistic", get_args(SeedStatistic)),
        seeds=paper.several("seeds", int),
        columns=tuple(columns),
        arms=tuple(_arm(arm) for arm in table.sections("arms")),
        cells=tuple(cell for row in table.sections("rows") for cell in _cells(row, columns)),
        decimals=paper.need("decimals", int),
        means=frozenset(name for name, column in columns.items() if column.get("mean", bool)),
        baseline=(baseline[0], baseline[1]) if baseline else None,
        notes=table.several("notes", str),
    )


def _arm(arm: TomlSection) -> PresetArm:
    given = "setup" in arm.only(_ARM).values
    ranks = {_kind(arm, kind): rank for kind, rank in arm.named("ranks", int).items()}
    return PresetArm(
        label=arm.need("label", str),
        method=arm.need("method", str),
        space=arm.need("space", str),
        budget=arm.need("budget", str),
        setup=_choice(arm, "setup", get_args(Setup)) if given else "lora",
        options=arm.named("options", str),
        ranks=ranks,
    )


def _cells(row: TomlSection, columns: Mapping[str, TomlSection]) -> list[Cell]:
    """A cell for each of its columns."""
    own = row.only(_ROW).several("columns", str) or tuple(columns)
    arms, paper = row.named("arms", str), row.named("paper", str)
    for key in [*own, *arms, *paper]:
        if key not in columns:
            raise ValueError(f"{row.place}: there is no column {key!r}; there are {', '.join(columns)}.")
    cells = []
    for name in own:
        column = columns[name]
        arm = arms.get(name) or row.get("arm", str) or column.get("arm", str)
        dataset = row.get("dataset", str) or column.get("dataset", str)
        trained = arm is not None and dataset is not None
        cells.append(
            Cell(
                row=row.need("name", str),
                column=name,
                arm=arm if trained else None,
                dataset=dataset if trained else None,
                metric=row.get("metric", str) or column.get("metric", str) or "accuracy",
                share=column.get("share", bool) or False,
                paper=_number(row, name, paper[name]) if name in paper else None,
                ranks=row.several("ranks", int) if trained else (),
            )
        )
    return cells


def _number(row: TomlSection, column: str, printed: str) -> Number:
    match = _NUMBER.fullmatch(printed)
    if match is None:
        raise ValueError(
            f"{row.place}.paper.{column} = {printed!r} is no number as papers print them; write it like "
            "'84.1', '84.1 ± 1.1' or '87.03 (8)'."
        )
    value, sd, rank = match["value"], match["sd"], match["rank"]
    return Number(float(value), float(sd) if sd else None, int(rank) if rank else None)


def _choice(section: TomlSection, key: str, allowed: tuple[_L, ...]) -> _L:
    found = section.need(key, str)
    if found not in allowed:
        raise ValueError(f"{section.place}.{key} = {found!r} is unknown; choose one of {', '.join(allowed)}.")
    return found


def _kind(arm: TomlSection, kind: str) -> Kind:
    if kind not in get_args(Kind):
        raise ValueError(f"{arm.place}.ranks.{kind} is no kind; there are {', '.join(get_args(Kind))}.")
    return cast(Kind, kind)
