"""What an adapter's rankscape.json says: everything about it that is not a tensor."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from spaces.allocation import Allocation
from spaces.errors import InputError
from spaces.hooks import Renorm
from spaces.scaling import Scaling

__all__ = ["FORMAT_VERSION", "RECORD", "AdapterRecord", "read_record"]

RECORD: Final = "rankscape.json"
FORMAT_VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class AdapterRecord:
    """How an adapter was made.

    base: name or folder of the base model, as given. label_names: of the class ids 0, 1, ...; empty for
    regression. wire_params, head_params: trained parameters. stock_peft: whether the PEFT files alone
    are the whole adapter, so that ``peft`` loads it without this project.
    """

    base: str
    allocation: Allocation
    scaling: Scaling
    renorm: Renorm
    seed: int
    learning_rate: float
    label_names: tuple[str, ...]
    wire_params: int
    head_params: int
    stock_peft: bool

    def to_json(self) -> str:
        """A JSON object that ``read_record`` reads."""
        return json.dumps(
            {
                "format_version": FORMAT_VERSION,
                "base": self.base,
                "allocation": dict(self.allocation.ranks),
                "scaling": asdict(self.scaling),
                "renorm": self.renorm,
                "seed": self.seed,
                "learning_rate": self.learning_rate,
                "label_names": list(self.label_names),
                "params": {"wires": self.wire_params, "head": self.head_params},
                "stock_peft": self.stock_peft,
            },
            indent=2,
            ensure_ascii=False,
        )


def read_record(folder: Path) -> AdapterRecord:
    """The record of an adapter's folder; raises InputError where there is none that this version reads."""
    file = folder / RECORD
    if not file.is_file():
        raise InputError(
            f"{folder} has no {RECORD}, so it is no adapter; name a folder that was saved as one."
        )
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
        version = data["format_version"]
        if version == FORMAT_VERSION:
            return _record(data)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        reason = f"{type(error).__name__}: {error}"
        raise InputError(f"{file} cannot be read ({reason}); save the adapter again.") from None
    raise InputError(
        f"{file} has format_version={version!r}, this version of rankscape reads {FORMAT_VERSION}; "
        "install the version that wrote it, or save the adapter again."
    )


def _record(data: dict[str, object]) -> AdapterRecord:
    """Raises ValueError, KeyError or TypeError on anything but what ``to_json`` wrote."""
    params, scaling, names, renorm = (data[key] for key in ("params", "scaling", "label_names", "renorm"))
    if not isinstance(params, dict) or not isinstance(scaling, dict) or not isinstance(names, list):
        raise TypeError("params and scaling must be objects and label_names a list")
    if renorm not in ("preserve", "paper"):
        raise ValueError(f"renorm={renorm!r} must be preserve or paper")
    return AdapterRecord(
        base=str(data["base"]),
        allocation=Allocation.from_json(json.dumps(data["allocation"])),
        scaling=Scaling(**scaling),
        renorm=renorm,
        seed=int(str(data["seed"])),
        learning_rate=float(str(data["learning_rate"])),
        label_names=tuple(str(name) for name in names),
        wire_params=int(params["wires"]),
        head_params=int(params["head"]),
        stock_peft=bool(data["stock_peft"]),
    )
