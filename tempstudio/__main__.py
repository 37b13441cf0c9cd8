"""`python -m tempstudio` is the `tempstudio` command."""

from __future__ import annotations

import sys

from tempstudio.cli import main

if __name__ == "__main__":
    sys.exit(main())
