"""The order of tasks, chains, and what a failure takes with it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.domain.task import Task
from orchestrator.policy.order import chain_of, chains, in_order


def tasks(**depends: str) -> list[Task]:
    return [Task(id=task_id, title=task_id, depends_on=tuple(needed.split())) for task_id, needed in depends.items()]


def ids(found: tuple[Task, ...]) -> str:
    return " ".join(task.id for task in found)


def test_the_files_order_holds_where_nothing_else_says() -> None:
    assert ids(in_order(tasks(z="", a="", m=""))) == "z a m"
    assert ids(in_order(tasks(z="a", m="", a=""))) == "m a z"
    assert ids(in_order(tasks(d="b c", c="a", b="a", a="", e=""))) == "a c b d e"


def test_a_circle_is_an_error_and_an_outside_dependency_is_met() -> None:
    with pytest.raises(ValueError, match="a, b"):
        in_order(tasks(a="b", b="a", c=""))
    assert ids(in_order(tasks(a="gone"))) == "a"


def test_chains_are_the_tasks_tied_together() -> None:
    batch = tasks(a="", b="a", x="", c="b", y="x", lone="", joint="c y")
    assert chains(batch) == (("a", "b", "x", "c", "y", "joint"), ("lone",))
    assert chain_of(batch)["joint"] == "a"
    assert chain_of(batch)["lone"] == "lone"


@st.composite
def batches(draw: st.DrawFn) -> list[Task]:
    """Any graph without circles, its tasks in any order of the file."""
    count = draw(st.integers(1, 12))
    made = [
        Task(id=f"t{n}", title="x", depends_on=tuple(f"t{m}" for m in range(n) if draw(st.booleans())))
        for n in range(count)
    ]
    return draw(st.permutations(made))


@given(batches())
def test_any_order_respects_every_dependency(batch: list[Task]) -> None:
    ordered = in_order(batch)
    place = {task.id: index for index, task in enumerate(ordered)}
    assert sorted(place) == sorted(task.id for task in batch)
    assert all(place[one] < place[task.id] for task in batch for one in task.depends_on)
    assert sorted(one for chain in chains(batch) for one in chain) == sorted(place)
