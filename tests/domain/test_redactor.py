"""What is hidden, in which forms; that hiding twice is hiding once; that what was met can be put back."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from orchestrator import redaction
from orchestrator.domain.classification import INTERNAL, PUBLIC, SECRET, Sensitivity, public, sensitivity
from orchestrator.domain.pattern import compile_pattern
from orchestrator.domain.redactor import WELL_KNOWN, Own, Redactor
from orchestrator.redaction import Stream, hidden_fields, secret_values
from orchestrator.settings import SecretPattern

VALUE = 'Zq7/key+0001=X"w9 ü'
OWN = (Own("corp", "corp-", compile_pattern("corp-[0-9a-f]{8,64}")), Own("pw", "pw=", compile_pattern(r"pw=(\S+)")))
KNOWS = Redactor({"MY_KEY": VALUE}, OWN)
SAMPLES = {
    "anthropic-key": "sk-ant-" + "a1B2-_" * 4,
    "openai-key": "sk-proj-" + "a1B2c3" * 4,
    "google-key": "AIza" + "S" * 35,
    "aws-key": "AKIA" + "A1B2C3D4E5F6G7H8",
    "github-token": "ghp_" + "a1B2c3" * 6,
    "gitlab-token": "glpat-" + "a1B2c" * 4,
    "slack-token": "xoxb-1234567890-abc",
    "stripe-key": "sk_live_" + "a1B2" * 5,
    "npm-token": "npm_" + "a1B2c3" * 6,
    "pypi-token": "pypi-" + "a1B2c3" * 9,
    "jwt": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abcdefghijklmnop",
    "private-key": "-----BEGIN RSA PRIVATE KEY-----\n" + "MIIEow\n" * 10 + "-----END RSA PRIVATE KEY-----",
    "bearer": "Authorization: Bearer abcdefghij0123456789",
    "url-token": "https://abcdefghij0123456789@host/x",
    "url-password": "postgres://me:hunter22@db/x",
}


def encoded(before: bytes, behind: bytes = b"") -> str:
    return base64.b64encode(before + VALUE.encode() + behind).decode()


FORMS = {
    "plain": VALUE,
    "json": json.dumps(VALUE)[1:-1],
    "hex": VALUE.encode().hex(),
    "url": "Zq7%2Fkey%2B0001%3DX%22w9%20%C3%BC",
    "base64": encoded(b""),
    "base64-inside-1": encoded(b"a", b"tail"),
    "base64-inside-2": encoded(b"ab", b"tail"),
    "base64-wrapped": encoded(b"user:")[:14] + "\n    " + encoded(b"user:")[14:],
    "over-lines": f'"{VALUE[:7]}"\n    "{VALUE[7:]}"',
}


@pytest.mark.parametrize("form", FORMS)
def test_a_value_is_hidden_in_every_form_and_can_be_put_back(form: str) -> None:
    text = f"before {FORMS[form]} behind"
    hidden = KNOWS.hide(text, meet=True)
    assert "[hidden:MY_KEY#" in hidden
    assert FORMS[form] not in hidden
    assert KNOWS.reveal(hidden) == (text, ())


@pytest.mark.parametrize("name", SAMPLES)
def test_well_known_forms_are_hidden_and_what_looks_alike_is_not(name: str) -> None:
    assert f"[hidden:{name}#" in Redactor().hide(f"x = '{SAMPLES[name]}'")


def test_every_well_known_form_has_a_sample() -> None:
    assert {known.name for known in WELL_KNOWN} == set(SAMPLES)


@pytest.mark.parametrize(
    "text",
    [
        "AKIAIOSFODNN7EXAMPLE",
        "postgres://user:password@localhost/db",
        "task-1234567890abcdefghij risk-assessment-of-something-long",
        "https://${USER}:${PASSWORD}@host",
        "git@github.com:owner/name.git and https://host:8080/@scope/name",
        "sk-folding-cube-animation",
        "def key(token: str) -> str: ...",
    ],
)
def test_examples_and_words_are_left_alone(text: str) -> None:
    assert Redactor().hide(text) == text


def test_own_patterns_hide_their_group_and_nothing_else() -> None:
    assert KNOWS.hide("corp-0123abcd, pw=hallo1 x").startswith("[hidden:corp#")
    assert ", pw=[hidden:pw#" in KNOWS.hide("corp-0123abcd, pw=hallo1 x")
    assert KNOWS.hide("corp-zz is no token") == "corp-zz is no token"


def test_a_pattern_that_takes_too_long_hides_too_much_rather_than_too_little() -> None:
    slow = Redactor(own=(Own("slow", "aaa", compile_pattern("aaa(?:a|a|a|a|a|a|a|a)*b")),))
    assert "aaa" not in slow.hide("aaa" * 100_000 + "\nnext line").partition("\n")[0][-200:]


def test_two_secrets_stand_apart_and_an_unknown_placeholder_is_told() -> None:
    one, other = KNOWS.hide("corp-00000000"), KNOWS.hide("corp-11111111")
    assert one != other
    assert Redactor().reveal(f"x {one}") == (f"x {one}", (one,))


@given(st.text(max_size=200), st.text(max_size=50), st.sampled_from([*FORMS.values(), *SAMPLES.values()]))
def test_hiding_twice_is_hiding_once_and_putting_back_gives_the_text(before: str, behind: str, secret: str) -> None:
    knows = Redactor({"MY_KEY": VALUE}, OWN)
    text = f"{before} {secret} {behind}"
    hidden = knows.hide(text, meet=True)
    assert secret not in hidden
    assert knows.hide(hidden) == hidden
    assert knows.reveal(hidden)[0] == text


@given(st.lists(st.binary(max_size=400), max_size=30), st.integers(0, 12))
def test_a_stream_hides_across_its_pieces_and_keeps_every_other_byte(pieces: list[bytes], cut: int) -> None:
    secret = SAMPLES["github-token"].encode()
    stream, clean = Stream(), Stream()
    said = (
        b"".join(stream.feed(piece) for piece in (*pieces, b"\n", secret[:cut], secret[cut:], b"\n")) + stream.flush()
    )
    assert secret not in said
    assert b"[hidden:github-token#" in said
    plain = [piece.hex().encode() for piece in pieces]
    assert b"".join(clean.feed(piece) for piece in plain) + clean.flush() == b"".join(plain)


def test_which_variables_hold_secrets() -> None:
    environment = {
        "GITHUB_TOKEN": "abcdefgh-1", "DB_PASSWORD": "abcdefgh-2", "SHORT_KEY": "abc",
        "GIT_CONFIG_KEY_0": "safe.directory",
        "GOOGLE_APPLICATION_CREDENTIALS": "/etc/passwd", "KEYBOARD": "abcdefgh-3", "PLAIN": "abcdefgh-4",
        "MAX_TOKENS": "123456789", "OTEL_EXPORTER_OTLP_HEADERS": "x-api=abcdefgh-5",
    }  # fmt: skip
    assert set(secret_values(environment)) == {"GITHUB_TOKEN", "DB_PASSWORD", "OTEL_EXPORTER_OTLP_HEADERS.0"}
    assert "PLAIN" in secret_values(environment, ["PLAIN"])


@pytest.mark.parametrize(
    ("find", "pattern", "why"),
    [("corp-", "corp-(?=x)", "at character"), ("corp-", "(a*", "at character"), ("corp-", "x*", "everywhere")],
)
def test_patterns_that_cannot_be_used_are_refused_with_their_place(find: str, pattern: str, why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        SecretPattern(find=find, pattern=pattern)


def test_fields_are_public_internal_or_secret_and_unknown_ones_stay_here() -> None:
    assert not PUBLIC & INTERNAL
    assert not PUBLIC & SECRET
    assert sensitivity("never_heard_of") is Sensitivity.INTERNAL
    assert (sensitivity("reason"), sensitivity("reason", "call:answer")) == (Sensitivity.INTERNAL, Sensitivity.PUBLIC)
    fields = {"task": "t", "why": "prose", "api_key": "k", "phases": [{"phase": "plan", "note": "prose"}]}
    assert public(fields) == {"task": "t", "phases": [{"phase": "plan"}]}


def test_an_entry_keeps_its_ids_and_states_and_loses_its_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_TOKEN", "abcdefgh-1")
    redaction.arm()
    entry = {"task": "abcdefgh-1", "why": "abcdefgh-1", "api_key": "x", "outcome": {"reason": "with abcdefgh-1"}}
    kept = hidden_fields(entry, "note")
    assert kept["task"] == "abcdefgh-1"
    assert kept["api_key"] == redaction.HIDDEN
    assert "abcdefgh-1" not in json.dumps([kept["why"], kept["outcome"]])
    monkeypatch.undo()
    redaction.arm()
