"""Measures the structure of lpgen's code: its size, its import circles, and the files that a task leads through.

- `modules.py` reads a tree of Python files, with what each imports from the tree.
- `code_size.py` counts lines, names and types; `circles.py` finds import circles.
- `calls.py` counts the files that calls enter, `sample_calls.py` those of tasks on the sample organization.
- `ceilings.py` compares the figures with `ceilings.json`. CONTRIBUTING.md says when a ceiling may rise.
"""
