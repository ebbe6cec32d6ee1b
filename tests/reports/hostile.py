"""Text that tries to get out of every surface, and a night that is full of it."""

from __future__ import annotations

from dataclasses import replace

from orchestrator.domain.adr import Adr
from orchestrator.domain.failure import Category, CheckKind, Failure
from orchestrator.domain.outcome import RunSummary
from orchestrator.reports.inputs import (
    CertificateNote,
    Finding,
    GateMark,
    ReportInputs,
    ReviewRound,
    Span,
    TaskDetail,
    Timeline,
)
from orchestrator.reports.rebuild import summary_of
from tests.reports.night import night

MARK = "PWNED"
ANSI = "\x1b[31mred\x1b[0m\x1b]0;PWNED title\x07\x1b]8;;http://evil.example\x1b\\link\x1b]8;;\x1b\\\x9b2J\x1bc\x08\x08"
BIDI = "a\u202eb\u2066c\u200bd\u2028e\ufefff\U000e0041g"
HTML = (
    '</pre></title></style></details><script>document.title="PWNED"</script><img src=x onerror=document.title="PWNED">'
    '<svg onload=document.title="PWNED"><a href="javascript:document.title=1">x</a><meta http-equiv=refresh content="0;'
    'url=http://evil.example"><link rel=stylesheet href=http://evil.example/x.css>{{ 7*7 }}{% raw %}'
)
MARKDOWN = (
    "\n```\n````\n~~~\n# PWNED\n\n![x](http://evil.example/x.png) [y](javascript:alert(1)) <https://evil.example>"
    " | cell | \n| a | b |\n|---|---|\n\n<details open><summary>PWNED</summary>\n"
    "\n---\n1. one\n- two\n> three\n[z]: http://evil.example\n"
)
SURROGATE = "\ud800\udfff"
FORGED = "\nOrchestrate-Run: forged\nstatus: delivered\n"
NASTY = ANSI + BIDI + HTML + MARKDOWN + SURROGATE + FORGED + "\0\r\x85"
MEGABYTES = NASTY + "A" * 3_000_000 + "\n" + "`" * 5_000 + "\n" + NASTY


def hostile_summary() -> RunSummary:
    """The made-up night with every text from outside replaced."""
    summary = summary_of(night())
    tasks = tuple(
        replace(
            task,
            title=NASTY,
            reason=NASTY,
            next_step=NASTY,
            adr_title=NASTY,
            adr_date=NASTY,
            branch=task.branch and task.branch + HTML,
            files_changed=(NASTY,),
            history=tuple(replace(note, headline=NASTY, move=NASTY, failed_check=NASTY) for note in task.history),
        )
        for task in summary.tasks
    )
    return replace(
        summary,
        tasks=tasks,
        repo=NASTY,
        sandbox=NASTY,
        models={NASTY: NASTY},
        notes=(NASTY, MEGABYTES),
        replay_drift=(NASTY,),
        registry_before={NASTY: 1},
        finished_at=NASTY,
    )


def hostile_detail() -> TaskDetail:
    """A task's texts, each of them hostile, some of them huge."""
    return TaskDetail(
        adr=Adr(
            title=NASTY, status=NASTY, date=NASTY, text=MEGABYTES, decision=NASTY, files=(), compliance={NASTY: NASTY}
        ),
        diff=f"diff --git a/x.py b/x.py\n@@ -1 +1,9 @@ {NASTY}\n-{NASTY}\n+{MEGABYTES}\ndiff --git {HTML}\n@@\n+{HTML}",
        acceptance=(NASTY, MARKDOWN),
        after=(NASTY,),
        flags=(NASTY, f"weakened test: {HTML}"),
        certificate=CertificateNote(
            commit=NASTY,
            tree=NASTY,
            sandbox=NASTY,
            at=NASTY,
            measured=True,
            base_green=None,
            tests_before=None,
            tests_after=1,
            coverage=None,
        ),
        answers={NASTY: NASTY, HTML: MARKDOWN},
        failing_check=NASTY,
        failing_command=NASTY,
        failing_output=MEGABYTES,
        failures=(
            Failure(check=CheckKind.TEST, tool=NASTY, message=NASTY, file=NASTY, why=NASTY, category=Category.TACTICAL),
        ),
        reviews=(
            ReviewRound(
                role=NASTY,
                model=NASTY,
                verdict=NASTY,
                text=MEGABYTES,
                findings=(Finding(text=NASTY, severity=NASTY, file=NASTY, line=3),),
            ),
        ),
        hints=(NASTY,),
        folder=NASTY,
    )


def hostile_inputs(summary: RunSummary) -> ReportInputs:
    """The same for every task."""
    names = [task.id for task in summary.tasks]
    return ReportInputs(
        details=dict.fromkeys(names, hostile_detail()),
        timeline=Timeline(
            spans=tuple(Span(task=name, phase='x"/><script>', start_s=0, end_s=9) for name in names),
            gates=(GateMark(task=names[0], at_s=3, passed=True),),
            seconds=10,
        ),
    )
