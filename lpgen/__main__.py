"""`python -m lpgen` is the console script."""

from lpgen.cli.main import main

main()
