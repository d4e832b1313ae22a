"""`python -m lpgen` is the console script."""

from lpgen.cli import main

main()
