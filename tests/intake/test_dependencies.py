"""Circles among dependencies."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.intake.dependencies import cycles

graphs = st.dictionaries(st.sampled_from("abcdefg"), st.lists(st.sampled_from("abcdefgz"), max_size=4), max_size=7)


def test_a_circle_is_told_in_full() -> None:
    assert cycles({"a": ["b"], "b": ["c"], "c": ["a"]}) == [("a", "b", "c", "a")]
    assert cycles({"x": ["a"], "a": ["b"], "b": ["a"]}) == [("a", "b", "a")]
    assert cycles({"a": ["a"]}) == [("a", "a")]
    assert cycles({"a": ["gone"], "b": ["a"]}) == []


@given(graphs)
def test_there_is_a_circle_exactly_where_tasks_cannot_be_ordered(graph: dict[str, list[str]]) -> None:
    left = dict(graph)
    while free := [node for node, needed in left.items() if not any(one in left for one in needed)]:
        for node in free:
            del left[node]
    found = cycles(graph)
    assert bool(found) == bool(left)
    for path in found:
        assert path[0] == path[-1]
        assert all(after in graph[before] for before, after in itertools.pairwise(path))
