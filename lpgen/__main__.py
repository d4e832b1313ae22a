"""`python -P -m lpgen` is the console script.

Without `-P`, Python imports from the current folder first, and so runs a folder `lpgen` of it in place of this one.
"""

from lpgen.cli.main import main

main()
