"""`python -P -m lpgen` is the console script.

Without `-P`, Python imports from the current folder first, so a folder named `lpgen` there runs instead of this
package.
"""

from lpgen.cli.main import main

main()
