"""Code frames, character by character."""

from __future__ import annotations

import pytest

from jvpgen.cli.render import plain, rendered, totals
from jvpgen.diagnostics.catalogue import diagnostic
from jvpgen.diagnostics.report import Report, whole_file
from jvpgen.source.span import Span


def frame(lines: list[str], span: Span | None, **more) -> str:
    return plain(diagnostic("JVP102", "a message", span, **{"remedy": "", **more}), lambda path: lines)


def test_one_line_with_label_notes_and_remedy():
    text = frame(["a", "  bad(x)"], Span("m.py", 2, 3, 2, 6), label="here", notes=("a note",), remedy="mend it")
    assert text == (
        "error[JVP102]: a message\n  --> m.py:2:3\n   |\n 2 |   bad(x)\n   |   ^^^ here\n   |\n"
        "   = note: a note\n   = help: mend it"
    )


def test_several_lines_and_a_wide_gutter():
    lines = [f"    line{number}" for number in range(1, 13)]
    assert frame(lines, Span("m.py", 9, 5, 11, 8), label="all of it") == (
        "error[JVP102]: a message\n   --> m.py:9:5\n    |\n  9 |     line9\n    |     ^^^^^\n 10 |     line10\n"
        " 11 |     line11\n    |     ^^^ all of it"
    )
    assert "\n    ...\n" in frame(lines, Span("m.py", 1, 1, 12, 3))


def test_without_a_place_or_with_a_whole_file_there_is_no_frame():
    assert frame(["x"], None) == "error[JVP102]: a message"
    assert frame(["x"], whole_file("m.py")) == "error[JVP102]: a message\n  --> m.py"
    unreadable = plain(diagnostic("JVP102", "a message", Span("m.py", 2, 1, 2, 2), remedy=""), lambda path: None)
    assert unreadable == "error[JVP102]: a message\n  --> m.py:2:1"


@pytest.mark.parametrize(
    ("line", "span", "shown"),
    [
        ("\tbad", Span("m.py", 1, 2, 1, 5), " 1 |     bad\n   |     ^^^"),
        ("変数 = bad", Span("m.py", 1, 6, 1, 9), " 1 | 変数 = bad\n   |        ^^^"),
        ("bad", Span("m.py", 1, 4, 1, 4), " 1 | bad\n   |    ^"),
        ("bad", Span("m.py", 1, 9, 1, 12), " 1 | bad\n   |    ^"),
        ("a\x1b[2Jb", Span("m.py", 1, 1, 1, 2), " 1 | a\ufffd[2Jb\n   | ^"),
    ],
    ids=["tab", "wide characters", "end of line", "beyond the line", "escape sequence"],
)
def test_carets_stand_under_what_they_mark(line, span, shown):
    assert frame([line], span).endswith(shown)


def test_a_long_line_is_cut_around_the_place():
    line = "x" * 400 + "bad" + "y" * 400
    shown = frame([line], Span("m.py", 1, 401, 1, 404)).splitlines()
    assert max(map(len, shown)) < 160
    assert shown[-2].index("bad") == shown[-1].index("^^^")


def test_brackets_in_messages_are_no_markup():
    assert "[bold]x[/bold]" in rendered(diagnostic("JVP102", "[bold]x[/bold]"), lambda path: None).plain


def test_totals():
    report = Report([diagnostic("JVP102", "a"), diagnostic("JVP102", "b"), diagnostic("JVP401", "c")])
    assert totals(report) == ["2 errors", "1 warning"]
