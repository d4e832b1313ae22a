"""Scenarios of rollouts that others disturb, held back: don't read failures of these while changing rollouts.

They show whether a change holds more than the scenarios of `rollout_tuned.py` that it was made for.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from tests.support.rollout_play import Play
from tests.support.rollout_stage import Fault


def new_policy_detached(play: Play) -> None:
    """Another party detaches a new policy during an apply."""
    _disturb(play, "detach a new policy", play.detach_new(play.target), is_late=True)


def deny_added(play: Play) -> None:
    """Another party denies a principal something in an emergency."""
    _disturb(play, "deny", play.add_deny(play.target))


def name_taken(play: Play) -> None:
    """Another party makes a policy of a planned name first."""
    _disturb(play, "take a name", play.take_name(play.target))


def tags_changed(play: Play) -> None:
    """Another party tags a principal."""
    _disturb(play, "tag", play.tag(play.target))


def principal_recreated(play: Play) -> None:
    """Another party deletes a principal and creates it again."""
    _disturb(play, "recreate", play.recreate(play.target))


def quota_filled(play: Play) -> None:
    """Another party fills the quota of attached policies during an apply, or before an undo, and empties it again."""
    target = play.target
    if play.random.random() < 0.5:
        _disturb(play, "fill the quota", play.fill_quota(target))
    else:
        play.run("a", "apply")
        play.fill_quota(target)()
        play.undo("a")
    play.empty_quota(target)()
    play.undo("a")


def lock_deleted(play: Play) -> None:
    """Another party deletes the locks, and another journal applies the plan."""

    def do() -> None:
        play.delete_locks()()
        play.run("b", "apply")

    play.run("a", "apply", faults=(play.fault("delete the locks, b applies", do=do),))
    play.undo("b")
    play.undo("a")


def lock_made(play: Play) -> None:
    """Somebody holds the lock of a principal."""
    target = play.target
    play.make_lock(target)()
    play.expect_refusal(play.run("a", "apply", "--role", target.key.split("/")[1]), [target])


def three_applies(play: Play) -> None:
    """Three applies of copies of a plan, whose calls alternate."""
    play.run_together(("a", "apply"), ("b", "apply"), ("c", "apply"))
    for folder in "abc":
        play.undo(folder)


def undo_killed(play: Play) -> None:
    """An undo is killed, then run again."""
    play.run("a", "apply")
    play.run("a", "undo", faults=(play.fault("kill", "undo", wire="kill"),))
    play.undo("a")
    play.finish("a")


def undo_failing(play: Play) -> None:
    """Calls of an undo fail, or are sent twice."""
    play.run("a", "apply")
    play.run("a", "undo", faults=tuple(play.wire("undo") for _ in range(play.random.randint(1, 2))))
    play.undo("a")
    play.finish("a")


def undo_disturbed(play: Play) -> None:
    """Another party removes policies during an undo."""
    target = play.target
    slots = play.random.sample(sorted({*target.old, *target.new}), 2)
    play.run("a", "apply")
    play.run("a", "undo", faults=(play.fault(f"remove {slots}", "undo", do=play.remove(target, slots)),))
    play.undo("a")


def two_undos(play: Play) -> None:
    """Two undos of copies of a journal, whose calls alternate."""
    play.run("a", "apply")
    play.stage.copy_folder("a", "c")
    play.run_together(("a", "undo"), ("c", "undo"))
    play.undo("a")


def undo_within_apply(play: Play) -> None:
    """An apply pauses while an undo of another journal, of a run that was killed, runs."""
    play.run("b", "apply", faults=(play.fault("kill", is_late=True, wire="kill"),))

    def do() -> None:
        play.run("b", "undo")

    play.run("a", "apply", faults=(play.fault("b undoes", do=do),))
    play.undo("b")
    play.undo("a")


def storm(play: Play) -> None:
    """Several of all this, one after the other."""
    target = play.target
    acts = {
        "detach a new policy": play.detach_new(target),
        "deny": play.add_deny(target),
        "remove an old policy": play.remove(target, play.random.sample(sorted(target.old), 1)),
        "a new policy allows everything": play.change_new(target),
        "tag": play.tag(play.target),
        "delay": lambda: time.sleep(0.2),
        "b applies": lambda: _ignore(play.run("b", "apply")),
    }
    names = play.random.sample(sorted(acts), 2)
    faults = [play.fault(name, do=acts[name]) for name in names]
    play.run("a", "apply", faults=(*faults, *(play.wire() for _ in range(play.random.randint(0, 1)))))
    play.run("a", play.random.choice(("apply", "undo")), faults=(play.fault("kill", "undo", wire="kill"),))
    play.undo("a")
    play.undo("b")


def _disturb(play: Play, name: str, do: Callable[[], None], *, is_late: bool = False) -> None:
    """Lets the other party act during an apply, then undoes."""
    fault: Fault = play.fault(name, is_late=is_late, do=do)
    play.run("a", "apply", faults=(fault,))
    play.undo("a")


def _ignore(_: object) -> None:
    """For a run that nobody needs."""


HELD_BACK: Final[dict[str, Callable[[Play], None]]] = {
    kind.__name__: kind
    for kind in (
        *(new_policy_detached, deny_added, name_taken, tags_changed, principal_recreated, quota_filled),
        *(lock_deleted, lock_made, three_applies, undo_killed, undo_failing, undo_disturbed, two_undos),
        *(undo_within_apply, storm),
    )
}
