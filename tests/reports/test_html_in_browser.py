"""report.html in a real Chromium: nothing runs, nothing is fetched, nothing overflows, light, dark and printed."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.reports.inputs import ReportInputs
from orchestrator.reports.rebuild import summary_of
from orchestrator.reports.report import report_html
from orchestrator.reports.timeline import timeline
from tests.reports.browser import Browser
from tests.reports.hostile import MARK, hostile_inputs, hostile_summary
from tests.reports.night import details, hundred, night
from tests.system import needs

SCREENS = os.environ.get("ORCHESTRATE_TEST_SCREENS")
"""A folder to leave the screenshots in, for a look by eye; with ``docs/pictures`` the docs' own are made anew."""
DOCS_BYTES = 150_000


OPEN_THE_THIRD = """(() => {
  const branch = document.querySelectorAll(".branch")[2];
  branch.open = branch.querySelector("details").open = true;
  document.querySelector("#queue").scrollIntoView();
})()"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One start for all tests here."""
    with Browser() as started:
        yield started


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    events = night()
    text = report_html(summary_of(events), ReportInputs(details=details(), timeline=timeline(events)))
    path = tmp_path_factory.mktemp("good") / "report.html"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def evil(tmp_path_factory: pytest.TempPathFactory) -> Path:
    summary = hostile_summary()
    path = tmp_path_factory.mktemp("evil") / "report.html"
    path.write_text(report_html(summary, hostile_inputs(summary)), encoding="utf-8")
    return path


def keep(browser: Browser, name: str, *, whole: bool = True) -> None:
    shot = browser.screenshot(whole=whole)
    assert shot.startswith(b"\x89PNG")
    assert whole or len(shot) < DOCS_BYTES
    if SCREENS and not (whole and Path(SCREENS).name == "pictures"):
        (Path(SCREENS) / f"{name}.png").write_bytes(shot)


@needs("chromium")
def test_report_is_complete_without_network_or_console_errors(browser: Browser, good: Path) -> None:
    browser.shape(1200, 900)
    browser.open(good)
    assert browser.complaints() == []
    assert browser.requests() == [good.resolve().as_uri()]
    assert browser.evaluate("document.querySelectorAll('#tasks tbody tr').length") == 10
    assert browser.evaluate("document.querySelectorAll('svg[role=img]').length") == 3
    order = browser.evaluate("[...document.querySelectorAll('section')].map(s => s.id).join()")
    assert order.startswith("todo,queue,tasks,")
    assert browser.evaluate("document.querySelectorAll('details[open]').length") == 0, "diffs are folded"
    assert "--task circular --hint" in browser.evaluate("document.querySelector('#todo').innerText")
    keep(browser, "light")


@needs("chromium")
def test_style_sheet_is_let_in_by_the_policy_and_colours_light_and_dark(browser: Browser, good: Path) -> None:
    grounds = []
    for dark in (False, True):
        browser.shape(780, 760, dark=dark)
        browser.open(good)
        assert browser.complaints() == []
        grounds.append(browser.evaluate("getComputedStyle(document.body).backgroundColor"))
        bar = browser.evaluate("getComputedStyle(document.querySelector('rect.p-build')).fill")
        assert bar not in ("rgb(0, 0, 0)", ""), "the pictures have their colours from the style sheet"
        browser.evaluate(OPEN_THE_THIRD)
        keep(browser, f"report-{'dark' if dark else 'light'}", whole=False)
    assert grounds[0] == "rgb(255, 255, 255)"
    assert grounds[1] != grounds[0]


@needs("chromium")
@pytest.mark.parametrize("width", [375, 768, 1200])
def test_page_never_scrolls_sideways(browser: Browser, good: Path, evil: Path, width: int) -> None:
    browser.shape(width, 800)
    for path in (good, evil):
        browser.open(path)
        assert browser.evaluate("document.documentElement.scrollWidth") <= width
    browser.open(good)
    keep(browser, f"width-{width}")


@needs("chromium")
def test_report_prints(browser: Browser, good: Path) -> None:
    browser.shape(1000, 800)
    browser.open(good)
    assert browser.pdf().startswith(b"%PDF")
    seen = "document.querySelector('.branch details .diff').checkVisibility()"
    assert browser.evaluate(seen) is False, "folded on the screen"
    browser.shape(1000, 800, media="print")
    assert browser.evaluate(seen) is True, "open on paper"


@needs("chromium")
def test_hostile_night_is_inert(browser: Browser, evil: Path) -> None:
    browser.shape(1200, 900)
    browser.open(evil)
    assert browser.complaints() == []
    assert browser.requests() == [evil.resolve().as_uri()]
    # The attack writes the title; ours quotes no hostile text.
    assert browser.evaluate(f"document.title === '{MARK}'") is False
    assert (
        browser.evaluate(
            "document.querySelectorAll('img, link, iframe, object, [onload], [onerror], script ~ script').length"
        )
        == 0
    )
    assert browser.evaluate("[...document.querySelectorAll('a')].map(a => a.className).join()") == "skip"
    assert browser.evaluate("document.querySelectorAll('#tasks tbody tr').length") == 10


SHOWN = "[...document.querySelectorAll('{}')].filter(e => !e.hidden).length"


@needs("chromium")
def test_filters_and_keys(browser: Browser, good: Path) -> None:
    browser.shape(1200, 900)
    browser.open(good)
    rows, branches = SHOWN.format("#tasks tbody tr"), SHOWN.format(".branch")
    assert (browser.evaluate(rows), browser.evaluate(branches)) == (10, 6)
    browser.press("/")
    for key in "rate":
        browser.press(key)
    assert browser.evaluate("document.activeElement.value") == "rate"
    assert 0 < browser.evaluate(rows) < 10
    browser.press("Escape")
    assert browser.evaluate(rows) == 10
    browser.evaluate(
        "(() => { const s = document.getElementById('status'); s.value = 'stopped';"
        " s.dispatchEvent(new Event('change')); })()"
    )
    assert (browser.evaluate(rows), browser.evaluate(branches)) == (1, 0)
    assert browser.evaluate("document.getElementById('shown').value") == "1 of 10 tasks"
    browser.press("Escape")
    focused = "document.activeElement.querySelector('.rank')?.textContent"
    assert [(browser.press(key), browser.evaluate(focused))[1] for key in "jjk"] == ["1", "2", "1"]
    assert browser.complaints() == []


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    summary, inputs = hundred()
    assert sum(len(detail.diff) for detail in inputs.details.values()) > 2_000_000, "what it is made of is larger"
    path = tmp_path_factory.mktemp("large") / "report.html"
    path.write_text(report_html(summary, inputs), encoding="utf-8")
    return path


def test_a_hundred_tasks_stay_below_two_megabytes(large: Path) -> None:
    assert large.read_text(encoding="utf-8").count('<details class="branch"') == 100
    assert large.stat().st_size < 2_000_000


@needs("chromium")
def test_a_hundred_tasks_open_and_can_be_filtered(browser: Browser, large: Path) -> None:
    browser.shape(1200, 900)
    browser.open(large)
    assert browser.evaluate("document.querySelectorAll('.branch').length") == 100
    browser.press("/")
    for key in "task-07":
        browser.press(key)
    assert browser.evaluate(SHOWN.format(".branch")) == 10
    assert browser.complaints() == []


BARE = '<!doctype html><title>x</title>{policy}<img src=x onerror=document.title="PWNED"><p>end</p>'
PLANTED = "<script>document.title='PWNED'</script>"


def wait_for_image(browser: Browser) -> None:
    """Until the broken image has failed: by then its handler has run, or never will."""
    until = time.monotonic() + 10
    while not browser.evaluate("document.querySelector('img').complete"):
        assert time.monotonic() < until


@needs("chromium")
def test_positive_control_the_attack_works_where_nothing_is_escaped(browser: Browser, tmp_path: Path) -> None:
    bare = tmp_path / "bare.html"
    bare.write_text(BARE.format(policy=""), encoding="utf-8")
    browser.open(bare)
    wait_for_image(browser)
    assert len(browser.requests()) == 2, "the harness sees what a page asks for"
    assert browser.evaluate("document.title") == MARK
    bare.write_text(f"<!doctype html><title>x</title>{PLANTED}", encoding="utf-8")
    browser.open(bare)
    assert browser.evaluate("document.title") == MARK


@needs("chromium")
def test_the_policy_holds_even_where_escaping_would_fail(browser: Browser, good: Path, tmp_path: Path) -> None:
    policy = next(line for line in good.read_text(encoding="utf-8").splitlines() if "Content-Security-Policy" in line)
    bare = tmp_path / "policy.html"
    bare.write_text(BARE.format(policy=policy), encoding="utf-8")
    browser.open(bare)
    wait_for_image(browser)
    assert browser.evaluate("document.title") == "x"
    assert browser.complaints(), "the browser says what it refused"
    bare.write_text(good.read_text(encoding="utf-8").replace("<main>", f"{PLANTED}<main>"), encoding="utf-8")
    browser.open(bare)
    assert browser.evaluate("document.title") != MARK
    assert browser.evaluate("document.getElementById('filter').hidden") is False, "its own script is let in"
    assert "Content Security Policy" in "".join(browser.complaints())
