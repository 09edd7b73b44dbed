"""``python -m spaces.describe``."""

import sys

from search.cli.describe import main

if __name__ == "__main__":
    sys.exit(main())
