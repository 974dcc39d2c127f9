"""`python -m xent` is the command `xent`."""

from __future__ import annotations

import sys

from xent.cli import main

if __name__ == "__main__":
    sys.exit(main())
