"""The strict YAML door: what it refuses, where it says so, and that what it writes reads back equal."""

from __future__ import annotations

import time
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator import strict_yaml
from orchestrator.domain.errors import UsageError


def faults_of(text: str) -> tuple[str, ...]:
    with pytest.raises(UsageError) as caught:
        strict_yaml.load(text, source="t.yaml")
    return caught.value.faults


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("no", "no"),
        ("on", "on"),
        ("Yes", "Yes"),
        ("true", True),
        ("FALSE", False),
        ("~", None),
        ("", None),
        ("012", 12),
        ("0o17", 15),
        ("0x1F", 31),
        ("12:30", "12:30"),
        ("1:2:3", "1:2:3"),
        ("2026-11-21", "2026-11-21"),
        ("1_000", "1_000"),
        ("1e3", 1000.0),
        ("-.5", -0.5),
        ("0b11", "0b11"),
        ("'12'", "12"),
        ("=", "="),
    ],
)
def test_scalars_mean_what_yaml_1_2_says(text: str, meant: Any) -> None:
    got = strict_yaml.load(f"key: {text}", source="t.yaml").data["key"]
    assert got == meant
    assert type(got) is type(meant)


def test_every_fault_is_told_at_once_with_its_place() -> None:
    text = "a: 1\na: 2\nb: &x [1]\nc: *x\n<<: {d: 1}\n7: x\n? [k]\n: v\ne: !!str 1\nf: .inf\ng: 1e999\n"
    assert faults_of(text) == (
        't.yaml:2:1: the key "a" stands here a second time; the first is on line 1: keep one',
        "t.yaml:3:4: an anchor, &x; remove it; anchors and aliases are not read",
        "t.yaml:4:4: an alias, *x; write the value out; aliases are not read",
        "t.yaml:5:1: a merge key, <<; write the keys out; merging is not done",
        't.yaml:6:1: the key "7" is not text; quote it: "7"',
        "t.yaml:7:3: a key that is a collection; use text as the key",
        't.yaml:9:4: a tag, "tag:yaml.org,2002:str"; remove it; quote the value where text is meant',
        "t.yaml:10:4: .inf is no number to reckon with; write a smaller number, or quote it where text is meant",
        't.yaml:11:4: the number "1e999" is too large; write a smaller number, or quote it where text is meant',
    )


@pytest.mark.parametrize(
    ("text", "start", "words"),
    [
        ("a: b: c", "t.yaml:1:5:", "not YAML"),
        ("a: [1\nb: 2", "t.yaml:2:", "not YAML"),
        ("a: 1\n\tb: 2", "t.yaml:2:1:", "not YAML"),
        ("a\n\x07", "t.yaml:2:1:", "U+0007"),
        ("ok: 1\nx: \x00", "t.yaml:2:4:", "U+0000"),
        ("---\na\n---\nb", "t.yaml:3:1:", "second document"),
        ('k: "\\ud800"', "t.yaml:1:4:", "surrogate"),
        ("[" * 40, "t.yaml:1:33:", "nested"),
        ("k: " + "9" * 5000, "t.yaml:1:4:", "longer than 18"),
        ("k: !!python/object/apply:os.system [id]", "t.yaml:1:4:", "a tag"),
    ],
)
def test_what_cannot_be_read_is_placed(text: str, start: str, words: str) -> None:
    (fault,) = faults_of(text)
    assert fault.startswith(start)
    assert words in fault


def test_an_alias_bomb_costs_nothing_and_is_refused() -> None:
    levels = ["a0: &a0 [x, x]"] + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 20)]
    began = time.perf_counter()
    faults = faults_of("\n".join(levels))
    assert time.perf_counter() - began < 2
    assert len(faults) == 51  # fifty shown, and how many more
    assert faults[-1].endswith("more")


def expanded(data: Any) -> int:
    """How many values a program that walks the data would meet."""
    return 1 + sum(map(expanded, data)) if isinstance(data, list) else 1


@pytest.mark.parametrize(
    ("text", "fooled"),
    [
        ("caps: 5\ncaps: 500", {"caps": 500}),  # the second, unseen at the end of a file, wins
        ("strict: no", {"strict": False}),
        ("mode: 012", {"mode": 10}),
        ("at: 12:30", {"at": 750}),
        ("a: &a {x: 1}\nb: {<<: *a}", {"a": {"x": 1}, "b": {"x": 1}}),
        ("a: .inf", {"a": float("inf")}),
    ],
)
def test_the_control_the_plain_loader_falls_for_it(text: str, fooled: dict[str, Any]) -> None:
    assert yaml.load(text, Loader=yaml.SafeLoader) == fooled
    read = strict_yaml.read(text, source="t.yaml")
    assert read.faults or read.data != fooled


def test_the_control_an_alias_bomb_goes_off_in_the_plain_loader() -> None:
    text = "a: &a [x, x, x, x]\nb: &b [*a, *a, *a, *a]\nc: &c [*b, *b, *b, *b]\nd: [*c, *c, *c, *c]\n"
    assert expanded(yaml.load(text, Loader=yaml.SafeLoader)["d"]) > 4**4
    assert len(faults_of(text)) == 3 + 12


def test_size_and_count_are_capped() -> None:
    assert "characters" in faults_of("a" * (strict_yaml.MAX_CHARACTERS + 1))[0]
    assert "values" in faults_of("[" + "1," * (strict_yaml.MAX_NODES + 1) + "]")[0]


def test_faulty_text_cannot_write_to_the_terminal() -> None:
    (fault,) = faults_of('"\\e[31m\\u202e": 1\n"\\e[31m\\u202e": 2')
    assert fault.isprintable()
    assert "\\u001b" in fault


def test_positions_of_keys_and_values() -> None:
    loaded = strict_yaml.load("tasks:\n  - id: one\n    files: [a, b]\n", source="t.yaml")
    assert loaded.position(("tasks",)) == (2, 3)
    assert loaded.key_position(("tasks",)) == (1, 1)
    assert loaded.position(("tasks", 0, "files", 1)) == (3, 16)
    assert loaded.key_position(("tasks", 0, "files")) == (3, 5)
    assert loaded.position(("tasks", 0, "missing", "deeper")) == (2, 5)


def test_read_keeps_what_can_be_used_beside_the_faults() -> None:
    read = strict_yaml.read("a: 1\na: 2\nb: *x\n", source="t.yaml")
    assert read.data["a"] == 1
    assert read.spoiled == {("b",)}
    assert len(read.faults) == 2


plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**17), 10**17)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
    | st.sampled_from(
        ["no", "0o17", "1e3", "012", "08", "~", "<<", "=", "- a", "a: b", "#", "x\ny\n", "\n", " x\n y", "|"]
    ),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), max_size=8), plain, max_size=4))
def test_what_is_dumped_reads_back_equal(data: dict[str, Any]) -> None:
    again = strict_yaml.load(strict_yaml.dump(data), source="t.yaml").data
    assert again == data


@settings(max_examples=300, deadline=None)
@given(st.text(st.sampled_from("abk:-[]{},&*!|>'\"#%? \n\t0179.~<"), max_size=60))
def test_any_text_is_read_or_refused_never_worse(text: str) -> None:
    read = strict_yaml.read(text, source="t.yaml")
    assert read.faults or read.complete
    assert all(fault.line >= 1 and fault.column >= 1 for fault in read.faults)
