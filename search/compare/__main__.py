"""``python -m search.compare``."""

import sys

from search.cli.compare import main

if __name__ == "__main__":
    sys.exit(main())
