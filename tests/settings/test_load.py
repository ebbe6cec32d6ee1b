"""Settings in layers: what wins, where it came from, and every fault at once."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest

from orchestrator import strict_yaml
from orchestrator.domain.errors import UsageError
from orchestrator.resources import config_dir
from orchestrator.settings.layers import BUDGET_FILE, SHIPPED, Layer, dotted, overlay, shipped_layers
from orchestrator.settings.load import Loaded, effective, load_settings


def load(tmp_path: Path, own: str = "", sets: list[str] | None = None, **environment: str) -> Loaded:
    if own:
        (tmp_path / "orchestrator").mkdir(exist_ok=True)
        (tmp_path / "orchestrator" / "config.yaml").write_text(own)
    return load_settings(environment={"XDG_CONFIG_HOME": str(tmp_path), **environment}, sets=sets or [])


def faults_of(tmp_path: Path, own: str = "", sets: list[str] | None = None, **environment: str) -> list[str]:
    with pytest.raises(UsageError) as caught:
        load(tmp_path, own, sets, **environment)
    return [fault.removeprefix(f"{tmp_path}/orchestrator/") for fault in caught.value.faults]


def test_the_shipped_defaults_load_and_every_leaf_knows_its_source(tmp_path: Path) -> None:
    loaded = load(tmp_path)
    for loc in effective(loaded.settings):
        source = loaded.provenance[dotted(loc)]
        assert source == "default" or source.split(":")[0].removeprefix("config/") in SHIPPED
    assert loaded.provenance["loop.iterations.complex"].startswith("config/loop.yaml:")
    assert loaded.settings.loop.iterations.complex == 7
    assert loaded.settings.models.retries.waits_s == (2, 4, 8)
    assert loaded.settings.caps.max_tokens is not None
    assert loaded.settings.caps.max_cost_usd is not None


@pytest.mark.parametrize("name", SHIPPED)
def test_every_number_that_ships_names_its_source(name: str) -> None:
    """A line with a number has a comment, or stands under a key whose line (or the line above it) has one."""
    lines = (config_dir() / name).read_text().splitlines()
    loaded = strict_yaml.load("\n".join(lines), source=name)
    for loc, (line, _) in loaded.values.items():
        value = loaded.data
        for part in loc:
            value = value[part]
        if isinstance(value, bool) or not isinstance(value, int | float):
            continue
        around = [line] + [loaded.key_position(loc[:depth])[0] for depth in range(1, len(loc))]
        assert any("#" in lines[at - 1] for at in around), f"{name}:{line}: {dotted(loc)} names no source"


def test_each_layer_wins_over_the_weaker_ones(tmp_path: Path) -> None:
    own = "loop:\n  lanes: 2\n  redesigns: 3\n"
    assert load(tmp_path, own).settings.loop.lanes == 2
    assert load(tmp_path, own, ORCHESTRATE_LOOP__LANES="3").settings.loop.lanes == 3
    loaded = load(tmp_path, own, ["loop.lanes=4"], ORCHESTRATE_LOOP__LANES="3")
    assert loaded.settings.loop.lanes == 4
    assert loaded.provenance["loop.lanes"] == "command line --set loop.lanes"
    assert loaded.provenance["loop.redesigns"].endswith("config.yaml:3")
    assert loaded.provenance["loop.autofix_rounds"].startswith("config/loop.yaml:")


def test_the_users_file_is_looked_for_where_xdg_says(tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / ".config" / "orchestrator").mkdir(parents=True)
    (home / ".config" / "orchestrator" / "config.yaml").write_text("loop: {lanes: 9}")
    loaded = load_settings(environment={"HOME": str(home)})
    assert loaded.settings.loop.lanes == 9
    assert loaded.provenance["loop.lanes"] == "~/.config/orchestrator/config.yaml:1"
    assert load_settings(environment={"HOME": str(home), "XDG_CONFIG_HOME": str(tmp_path)}).settings.loop.lanes == 1
    assert load_settings(environment={"XDG_CONFIG_HOME": "relative"}).settings.loop.lanes == 1


def test_mappings_merge_and_lists_are_replaced(tmp_path: Path) -> None:
    loaded = load(
        tmp_path,
        'models: {prices: {"gpt-4.1": {input: 1, output: 2}}, roles: {executor: {tier: 3}}}\ngate: {allow: [network]}',
        ['models.prices."gpt-4.1".output=3.25', "gate.dependency_folders=[deps]", "models.roles.executor.effort=high"],
    )
    price = loaded.settings.models.prices["gpt-4.1"]
    assert (str(price.input), str(price.output)) == ("1", "3.25")
    assert loaded.settings.gate.dependency_folders == ("deps",)
    role = loaded.settings.models.roles["executor"]
    assert (role.tier, role.effort) == (3, "high")
    assert set(loaded.settings.models.providers) >= {"anthropic", "google", "local", "command"}
    assert loaded.provenance['models.prices."gpt-4.1".output'] == 'command line --set models.prices."gpt-4.1".output'


def test_a_layer_never_leaks_into_another(tmp_path: Path) -> None:
    load(tmp_path, sets=["models.roles.executor={tier: 3}", "models.providers.local.tiers={'1': x}"])
    loaded = load(tmp_path)
    assert loaded.settings.models.roles == {}
    assert loaded.settings.models.providers["local"].tiers == {}


def test_a_cap_can_be_lifted(tmp_path: Path) -> None:
    assert load(tmp_path, sets=["caps.max_cost_usd=null"]).settings.caps.max_cost_usd is None


def test_every_fault_at_once(tmp_path: Path) -> None:
    own = "loop:\n  lans: 2\n  redesigns: -1\nautofix: {strict: no}\nbudgets: {weights: {build: .inf}}\n"
    sets = ["loop.lanes=0", "budgets.mode=obsrve", "x", "loop.redesigns=11", "gate.allow=network"]
    environment = {"ORCHESTRATE_LOP__X": "1", "ORCHESTRATE_SANDBX": "none", "ORCHESTRATE_SCRATCH": "/x"}
    assert faults_of(tmp_path, own, sets, **environment) == [
        'config.yaml:2:3: unknown key "lans"; did you mean "lanes"?',
        "config.yaml:3:14: redesigns: input should be greater than or equal to 0, found -1 (a number)",
        'config.yaml:4:19: strict: true or false expected, found "no" (text); write false',
        "config.yaml:5:28: .inf is no number to reckon with; write a smaller number, or quote it where text is meant",
        'command line --set budgets.mode: mode: "obsrve" (text) is none of its words; did you mean "observe"?',
        'command line --set gate.allow: allow: a list expected, found "network" (text); write [network]',
        "command line --set loop.lanes: lanes: input should be greater than or equal to 1, found 0 (a number)",
        "command line --set loop.redesigns: redesigns: input should be less than or equal to 5, found 11 (a number)",
        'command line --set x: "x" is not key=value; write --set loop.lanes=2',
        'environment ORCHESTRATE_LOP__X: unknown section "lop"; did you mean "loop"?',
        'environment ORCHESTRATE_SANDBX: unknown section "sandbx"; did you mean "sandbox"?',
    ]


@pytest.mark.parametrize("value", ["-1", "0", ".nan", ".inf", "1e999", "null", "'3'", "true", "[1]"])
def test_hostile_numbers_are_refused(tmp_path: Path, value: str) -> None:
    assert faults_of(tmp_path, sets=[f"models.deadlines.total_s={value}"])


def test_a_budget_file_lacks_no_phase_and_stays_within_ten(tmp_path: Path) -> None:
    own = "budgets: {complexity: {tiny: 0, simple: 10.5}, importance: {medum: 1}}"
    faults = faults_of(tmp_path, own)
    assert len(faults) == 3
    assert "greater than 0" in faults[0]
    assert 'unknown key "medum"; did you mean "medium"?' in faults[2]


def test_a_check_over_several_layers_is_told_too(tmp_path: Path) -> None:
    (fault,) = faults_of(tmp_path, "loop: {complexity: {simple_up_to: 5}}", ["loop.complexity.moderate_up_to=4"])
    assert "below simple_up_to" in fault


def test_the_digest_follows_the_values_and_not_their_source(tmp_path: Path) -> None:
    plain, same = load(tmp_path), load(tmp_path, sets=["loop.lanes=1"])
    other = load(tmp_path, sets=["budgets.tokens.build=1"])
    assert plain.digest == same.digest
    assert plain.digest != other.digest
    assert plain.budget_digest != other.budget_digest
    assert plain.budget_digest == load(tmp_path, sets=["loop.lanes=2"]).budget_digest


def test_loading_takes_well_under_a_second(tmp_path: Path) -> None:
    began = time.perf_counter()
    load(tmp_path)
    assert time.perf_counter() - began < 1


def test_a_stronger_layer_may_complete_a_weaker_one_but_not_hide_its_faults(tmp_path: Path) -> None:
    assert load(tmp_path, "models: {prices: {m: {input: 1, output: 2}}}", ["models.prices.m.output=3"])
    (fault,) = faults_of(tmp_path, "loop: {lanes: 0}", ["loop.lanes=2"])
    assert fault.startswith("config.yaml:1:15: lanes")
    (fault,) = faults_of(tmp_path, "models: {prices: {m: {input: 1}}}", ["loop.lanes=2"])
    assert 'the key "output" is missing' in fault


def test_plain_text_on_the_command_line_needs_no_quotes(tmp_path: Path) -> None:
    line = "tool --say 'a: b' # &all *of !it"
    loaded = load(tmp_path, sets=[f"models.providers.command.command={line}", 'gate.protected=["a, b"]'])
    assert loaded.settings.models.providers["command"].command == line
    assert loaded.settings.gate.protected == ("a, b",)
    address = "http://127.0.0.1:8080/v1"
    loaded = load(tmp_path, ORCHESTRATE_MODELS__PROVIDERS__LOCAL__BASE_URL=address)
    assert loaded.settings.models.providers["local"].base_url == address


def test_without_a_budget_file_the_same_budgets_are_built_in(tmp_path: Path) -> None:
    for path in config_dir().glob("*.yaml"):
        if path.name != BUDGET_FILE:
            (tmp_path / path.name).write_bytes(path.read_bytes())
    assert overlay(shipped_layers(tmp_path))[0] == overlay(shipped_layers())[0]


HIDDEN = """\
secrets:
  patterns:
    corp: {find: corp-, pattern: "corp-[0-9a-f]{32}"}
  variables: [LEGACY_LOGIN]
"""


def beside_tasks(text: str) -> Layer:
    """The layer of a file that may have come with a repository."""
    return Layer(name="orchestrate.yaml", data=strict_yaml.load(text, source="orchestrate.yaml").data, project=True)


def with_project(tmp_path: Path, text: str) -> Loaded:
    (tmp_path / "orchestrator").mkdir(exist_ok=True)
    (tmp_path / "orchestrator" / "config.yaml").write_text(HIDDEN)
    return load_settings(environment={"XDG_CONFIG_HOME": str(tmp_path)}, project=[beside_tasks(text)])


def test_a_repository_adds_to_what_is_hidden(tmp_path: Path) -> None:
    more = (
        'secrets: {patterns: {team: {find: team-, pattern: "team-[0-9]{9}"}}, variables: [TEAM_LOGIN, LEGACY_LOGIN]}\n'
    )
    found = with_project(tmp_path, more).settings.secrets
    assert set(found.patterns) == {"corp", "team"}
    assert found.variables == ("LEGACY_LOGIN", "TEAM_LOGIN")
    assert with_project(tmp_path, HIDDEN).settings.secrets.patterns["corp"].find == "corp-"


@pytest.mark.parametrize("empty", ["secrets: {}", "secrets: {patterns: {}, variables: []}"])
def test_a_repository_that_names_none_takes_none_away(tmp_path: Path, empty: str) -> None:
    found = with_project(tmp_path, empty).settings.secrets
    assert ("corp" in found.patterns, found.variables) == (True, ("LEGACY_LOGIN",))


@pytest.mark.parametrize("change", ['pattern: "corp-zzz"', "find: nowhere-"])
def test_a_repository_changes_no_pattern_of_the_user(tmp_path: Path, change: str) -> None:
    with pytest.raises(UsageError) as caught:
        with_project(tmp_path, f"secrets: {{patterns: {{corp: {{{change}}}}}}}\n")
    assert any("secrets.patterns.corp is yours already" in fault for fault in caught.value.faults)


def test_the_examples_of_the_executors_page_load(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "executors.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    assert len(blocks) == 3
    models = [load(tmp_path, block).settings.models for block in blocks]
    assert models[0].roles["executor"].provider == "claude-code"
    assert models[0].providers["claude-code"].output == "claude-code"
    assert models[1].providers["codex"].config_dirs == ("~/.codex/config.toml",)
    assert (models[2].providers["mine"].output, models[2].providers["mine"].tokens_per_call) == ("text", 400_000)
