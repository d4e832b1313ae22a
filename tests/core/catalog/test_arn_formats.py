"""ARN formats as automata: they agree with a regular expression, and with brute force on globs."""

from __future__ import annotations

import itertools
import re
import time

from hypothesis import given, settings
from hypothesis import strategies as st

from lpgen.core.catalog.arn_formats import (
    ArnFormat,
    FormatSet,
    _Machine,
    _regex_of_tokens,
    _StateSpan,
    _Token,
    formats_of_service,
)
from lpgen.core.catalog.service import service_from_json
from lpgen.edge.catalog.files import bundled_catalog
from tests.support.law_examples import examples

spans = st.builds(_StateSpan, st.sampled_from(["", "/", ":", "/:"]), st.booleans())
tokens = st.lists(st.one_of(st.text(alphabet="ab/:", min_size=1, max_size=2), spans), max_size=5).map(tuple)
globs = st.text(alphabet="ab/:*?", max_size=6)
TEXTS = ["".join(text) for size in range(6) for text in itertools.product("ab/:", repeat=size)]


@settings(max_examples=examples(60), deadline=None)
@given(tokens)
def test_machine_reads_what_the_regular_expression_matches(parts: tuple[_Token, ...]) -> None:
    machine, regex = _Machine(parts), re.compile(_regex_of_tokens(parts), re.DOTALL)
    for text in TEXTS:
        assert machine.reads(text) == (regex.fullmatch(text) is not None), text


@settings(max_examples=examples(100), deadline=None)
@given(tokens, globs)
def test_machine_meets_a_glob_if_some_text_fits_both(parts: tuple[_Token, ...], glob: str) -> None:
    regex = re.compile(_regex_of_tokens(parts), re.DOTALL)
    glob_regex = re.compile("".join({"*": ".*", "?": "."}.get(c, re.escape(c)) for c in glob), re.DOTALL)
    machine = _Machine(parts)
    if any(regex.fullmatch(text) and glob_regex.fullmatch(text) for text in TEXTS):
        assert machine.intersects(glob)
    elif sum(len(part) if isinstance(part, str) else part.filled for part in parts) + len(glob.replace("*", "")) <= 5:
        assert not machine.intersects(glob)


def test_long_and_hostile_texts_are_read_in_reasonable_time() -> None:
    formats = list(formats_of_service(["arn:${Partition}:x:${Region}:${Account}:" + "${A}/" * 12 + "end"]).values())
    start = time.process_time()
    for text in ("arn:aws:x:r:1:" + "a/" * 3000, "arn:aws:x:r:1:" + "*/" * 3000 + "*"):
        assert FormatSet(formats).can_name(text) is text.endswith("*")
        assert not formats[0].fits(text)
    assert time.process_time() - start < 2


def test_short_and_long_texts_get_one_answer() -> None:
    form = ArnFormat(("arn:", _StateSpan(":"), ":x/", _StateSpan("/")))
    for size in (1, 100, 248, 249, 250, 251, 252, 1000):
        for tail, fits in (("", True), ("/", False), (":", True)):
            text = "arn:aws:x/" + "n" * size + tail
            assert form.fits(text) is fits
            assert FormatSet([form]).can_name(text) is fits


def test_siblings_of_another_type_bound_a_placeholder_and_qualifiers_do_not() -> None:
    formats = formats_of_service(
        [
            "arn:${Partition}:x:${Region}:${Account}:table/${Table}",
            "arn:${Partition}:x:${Region}:${Account}:table/${Table}/index/${Index}",
            "arn:${Partition}:x:${Region}:${Account}:function:${Name}",
            "arn:${Partition}:x:${Region}:${Account}:function:${Name}:${Alias}",
            "arn:${Partition}:x:${Region}:${Account}:group:${Name}",
            "arn:${Partition}:x:${Region}:${Account}:group:${Name}:stream:${Stream}",
            "arn:${Partition}:x:${Region}:${Account}:path/${Path}",
        ]
    )
    table, index, function, _, group, stream, path = formats.values()
    here = "arn:aws:x:r:1:"
    assert table.fits(here + "table/t")
    assert not table.fits(here + "table/t/index/i")
    assert index.fits(here + "table/t/index/i")
    assert function.fits(here + "function:f:live")
    assert not group.fits(here + "group:g:stream:s")
    assert group.fits(here + "group:/a/b")
    assert stream.fits(here + "group:/a/b:stream:s/1:2")
    assert path.fits(here + "path/a/b:c")


def test_no_types_fit_nothing() -> None:
    assert not FormatSet([]).can_name("arn:aws:s3:::b")
    assert not FormatSet([]).can_name("arn:aws:s3:::*")


def test_every_bundled_format_compiles_and_fits_its_own_example() -> None:
    catalog = bundled_catalog()
    for prefix in catalog.prefixes():
        service = service_from_json(catalog.source.read_service(prefix), prefix=prefix)
        formats = formats_of_service(arn for row in service.resources for arn in row.arns)
        for arn, form in formats.items():
            assert form.fits(re.sub(r"\$\{[^}]*\}|\*", "x1", arn)), arn
