"""Random resource patterns with policy variables, values for them, and resources that they may match.

Values hold colons, wildcards and `${`, as far as a tag of a caller can.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from hypothesis import strategies as st

from lpgen.core.globs.match import VARIABLE, VARIABLE_ESCAPES

Values = Mapping[str, str]

VARIABLES = ("${v}", "${w}", "${w, 'd:e'}", "${*}", "${?}", "${$}")
PIECES = ("", "a", "-1", "us-", "*", "?", ":", "arn:", "arn", "::", "$", *VARIABLES, "${v}")
VALUES = ("", "a", "*", "?", ":", "::", "a:b", "-1:2:a", "arn:", "${v}", "${", "}", "x-1:999999999999:a", "a*:?")


def parts(max_size: int) -> st.SearchStrategy[str]:
    return st.lists(st.sampled_from(PIECES), max_size=max_size).map("".join)


arns = st.tuples(st.just("arn"), *(parts(2) for _ in range(4)), parts(4)).map(":".join)
patterns = st.one_of(arns, arns, arns, parts(8).filter(bool))
values = st.one_of(st.sampled_from(VALUES), st.text(alphabet=":*?${}a-1", max_size=8))
contexts = st.fixed_dictionaries({"v": values}, optional={"w": values})


@st.composite
def wider_patterns(draw: st.DrawFn, pattern: str) -> str:
    """A pattern that may contain another: wildcards take the place of its variables, and of a few other parts."""
    words = re.findall(r"\$\{[^}]*\}|.", pattern, re.DOTALL)
    swapped = ["*" if word.startswith("${") else word for word in words]
    for at in draw(st.lists(st.integers(0, len(words) - 1), max_size=2)) if words else ():
        swapped[at] = draw(st.sampled_from(["*", "?", "", words[at]]))
    return "".join(swapped) or "*"


@st.composite
def resources(draw: st.DrawFn, pattern: str, context: Values) -> str:
    """A resource that the pattern may match under these values: each wildcard becomes a text with colons or without."""
    literal = "\0".join(VARIABLE.split(pattern)[::3])  # the texts between the variables
    for found in VARIABLE.finditer(pattern):
        name = found.group(1) or ""
        value = name if name in VARIABLE_ESCAPES else context.get(name, found.group(2) or "")
        literal = literal.replace("\0", value.replace("*", "\1").replace("?", "\2"), 1)
    text = "".join(
        draw(values) if char == "*" else draw(st.sampled_from("a:1*")) if char == "?" else char for char in literal
    )
    return text.replace("\1", "*").replace("\2", "?") + draw(st.sampled_from(["", "", "", ":a", ":a:a:a", "x"]))
