"""``python -m search.study``."""

import sys

from search.cli.study import main

if __name__ == "__main__":
    sys.exit(main())
