"""Reports collect, sort and drop repetitions; they never raise."""

from __future__ import annotations

import pickle

from jvpgen.diagnostics.catalogue import STRICT_CODES, diagnostic
from jvpgen.diagnostics.report import Report, whole_file
from jvpgen.source.span import Span


def test_sorted_by_place_and_without_repetitions():
    later = diagnostic("JVP102", "later", Span("b.py", 1, 1, 1, 2))
    second = diagnostic("JVP102", "second", Span("a.py", 10, 1, 10, 2))
    first = diagnostic("JVP401", "first", Span("a.py", 9, 1, 9, 2))
    placeless = diagnostic("JVP904", "placeless")
    report = Report([later, second, first, second, placeless])
    assert [found.message for found in report] == ["placeless", "first", "second", "later"]
    assert len(report) == 4
    assert report.of("a.py") == (first, second)


def test_errors_come_before_warnings_of_the_same_place():
    report = Report([diagnostic("JVP401", "w", whole_file("a.py")), diagnostic("JVP901", "e", whole_file("a.py"))])
    assert [found.severity for found in report] == ["error", "warning"]


def test_has_errors_and_promotion():
    warning = diagnostic("JVP401", "opaque")
    assert not Report([warning]).has_errors
    strict = Report([warning], promoted=STRICT_CODES)
    assert strict.has_errors
    assert (strict.count("error"), strict.count("warning")) == (1, 0)


def test_diagnostics_travel_between_processes():
    found = diagnostic("JVP401", "opaque", Span("a.py", 1, 1, 1, 2), notes=["one"])
    assert pickle.loads(pickle.dumps(found)) == found
