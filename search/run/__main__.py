"""``python -m search.run``."""

import sys

from search.cli.run import main

if __name__ == "__main__":
    sys.exit(main())
