"""Scenarios of rollouts that others disturb: those to look at while changing rollouts. See `rollout_held_back.py`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from tests.support.rollout_play import Play


def two_applies(play: Play) -> None:
    """Two applies of copies of a plan, whose calls alternate."""
    play.run_together(("a", "apply"), ("b", "apply"))
    for folder in play.random.sample("ab", 2):
        play.undo(folder)


def apply_within_apply(play: Play) -> None:
    """An apply pauses while another one runs from beginning to end."""
    play.run("a", "apply", faults=(play.fault("b applies", do=lambda: _ignore(play.run("b", "apply"))),))
    for folder in play.random.sample("ab", 2):
        play.undo(folder)


def old_policies_removed(play: Play) -> None:
    """Another party removes some or all of the old policies during an apply."""
    target = play.target
    slots = play.random.sample(sorted(target.old), play.random.randint(1, len(target.old)))
    play.run("a", "apply", faults=(play.fault(f"remove {slots}", do=play.remove(target, slots)),))
    play.undo("a")


def principal_deleted(play: Play) -> None:
    """Another party deletes a principal during an apply."""
    target = play.target
    play.run("a", "apply", faults=(play.fault(f"delete {target.key}", do=play.delete_principal(target)),))
    for command in play.random.sample(("undo", "undo --role", "apply"), 2):
        options = ("--role", target.key.split("/")[1]) if "--role" in command else ()
        play.run("a", "apply") if command == "apply" else play.undo("a", *options)
    play.undo("a")


def new_version(play: Play) -> None:
    """Another party lets a new policy allow everything."""
    do = play.change_new(play.target)
    play.run("a", "apply", faults=(play.fault("a new policy allows everything", is_late=True, do=do),))
    play.undo("a")


def killed(play: Play) -> None:
    """An apply is killed, then finished or undone."""
    play.run("a", "apply", faults=(play.fault("kill", wire="kill"),))
    if play.random.random() < 0.5:
        play.finish("a")
    play.undo("a")


def failing_calls(play: Play) -> None:
    """Calls of an apply fail, or are sent twice."""
    play.run("a", "apply", faults=tuple(play.wire() for _ in range(play.random.randint(1, 2))))
    play.undo("a")
    play.finish("a")


def killed_with_lock(play: Play) -> None:
    """An apply is killed, and another journal tries to apply the same plan."""
    play.run("a", "apply", faults=(play.fault("kill", is_late=True, wire="kill"),))
    if begun := play.half_applied():
        play.expect_refusal(play.run("b", "apply"), begun)
    play.undo("a")
    play.finish("b")


def locked(play: Play) -> None:
    """Nobody disturbs an apply: it locks each principal first, and releases it last."""
    play.broken += play.judge().locks(play.finish("a"))
    play.undo("a")


def _ignore(_: object) -> None:
    """For a call whose result nobody needs."""


TUNED: Final[dict[str, Callable[[Play], None]]] = {
    kind.__name__: kind
    for kind in (
        *(two_applies, apply_within_apply, old_policies_removed, principal_deleted, new_version),
        *(killed, failing_calls, killed_with_lock, locked),
    )
}
