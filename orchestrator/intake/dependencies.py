"""Cycles among tasks: each one told once, in full."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def cycles(depends_on: Mapping[str, Sequence[str]]) -> list[tuple[str, ...]]:
    """The cycles a walk in depth meets, each as a path that begins and ends with the same id; none where there is none.

    Ids that are not keys are passed over. The walk keeps a stack of its own: a chain may be as long as the file.
    """
    done: set[str] = set()
    found: list[tuple[str, ...]] = []
    for root in depends_on:
        if root in done:
            continue
        path: list[str] = [root]
        on_path = {root}
        waiting = [iter(depends_on[root])]
        while waiting:
            following = next((one for one in waiting[-1] if one in depends_on and one not in done), None)
            if following is None:
                done.add(path[-1])
                on_path.discard(path.pop())
                waiting.pop()
            elif following in on_path:
                found.append((*path[path.index(following) :], following))
            else:
                path.append(following)
                on_path.add(following)
                waiting.append(iter(depends_on[following]))
    return found
