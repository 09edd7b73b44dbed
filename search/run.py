"""``python -m search.run``: search a space under a budget, fine-tune the finalists, save the winner."""

from __future__ import annotations

import argparse
import json
import logging
import sys
from collections.abc import Sequence

from spaces.errors import InputError, UsageError

from .options import Options, add_arguments

__all__ = ["main"]

_EXAMPLE = "example: python -m search.run --space lora+shortcut --budget 2.3M"


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command; 0 when done, 1 on failure, 2 on wrong usage, 130 when interrupted."""
    parser = argparse.ArgumentParser(prog="python -m search.run", description=__doc__, epilog=_EXAMPLE)
    add_arguments(parser)
    try:
        options = Options(**vars(parser.parse_args(argv)))
        logging.basicConfig(
            stream=sys.stderr, format="%(message)s", level=logging.WARNING if options.quiet else logging.INFO
        )
        from transformers.utils import logging as transformers_logging

        from .pipeline import run_search  # torch is imported here, after --help has been served
        from .table import format_table

        transformers_logging.set_verbosity_error()
        result = run_search(options)
    except InputError as error:
        print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
        return 2 if isinstance(error, UsageError) else 1
    except KeyboardInterrupt:
        print("interrupted; give the same command its folder with --output to go on", file=sys.stderr)
        return 130
    print(json.dumps(result, indent=2) if options.json else format_table(result))
    return 0


if __name__ == "__main__":
    sys.exit(main())
