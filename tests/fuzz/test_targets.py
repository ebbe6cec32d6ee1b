"""Each target for some hundred inputs, the same every time: the short form of ``scripts/fuzz``."""

from __future__ import annotations

from itertools import islice

import pytest

from tests.fuzz import mutate, seeds
from tests.fuzz.targets import TARGETS

COUNT = {"edits": 400, "failures": 120, "adr": 300, "yaml": 250, "tasks": 20, "journal": 300, "shown": 150}


@pytest.mark.parametrize("target", TARGETS)
def test_a_few_hundred_inputs(target: str) -> None:
    given = mutate.inputs(seeds.seeds(target), seeds.words(target), seed=20261121)
    for number, data in enumerate(islice(given, COUNT[target])):
        try:
            TARGETS[target](data)
        except Exception as error:
            raise AssertionError(f"input {number} of {target}: {data!r}") from error


def test_a_target_sees_what_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: a reader that lets a path out of the clone."""
    from orchestrator.agents import matching

    monkeypatch.setattr(matching, "path_fault", lambda _path: None)
    with pytest.raises(AssertionError):
        TARGETS["edits"](b"../x\n<<<<<<< SEARCH\n=======\nout\n>>>>>>> REPLACE\n")
