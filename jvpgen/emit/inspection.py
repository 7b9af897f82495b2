"""What `jvpgen inspect` says of a module class: what it declares, and how much of its derivative is written out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from jvpgen.analysis.coverage import Remaining
from jvpgen.diagnostics.report import Diagnostic, Report
from jvpgen.forward.units import Spelling, Unit, derive_unit
from jvpgen.ir.declarations import Shared, as_dict, declarations_of
from jvpgen.source.reach import Definition, Reach


def inspect_modules(
    modules: Iterable[Definition], units: Mapping[str, Unit], reach: Reach
) -> tuple[Mapping[str, Any], ...]:
    """An entry for each module class of a file, decorated or not."""
    shared = Shared()
    return tuple(_inspection(definition, units.get(definition.path_in_module), reach, shared) for definition in modules)


def _inspection(definition: Definition, unit: Unit | None, reach: Reach, shared: Shared) -> Mapping[str, Any]:
    report = Report()
    made = derive_unit(definition, reach, Spelling(definition.module, reach), report)
    opaque = [_shown(item) for item in made.remaining if item.kind == "opaque"]
    dispatched = [_shown(item) for item in made.remaining if item.kind == "dispatched"]
    status = "error" if report.has_errors else "opaque" if opaque else "dispatched" if dispatched else "explicit"
    return {
        "file": definition.module.path,
        "class": definition.path_in_module,
        "line": definition.module.span(definition.node).line,
        **as_dict(declarations_of(definition, reach, shared)),
        "status": status,
        "derived": unit is not None,
        "opaque": opaque,
        "dispatched": dispatched,
        "diagnostics": [_diagnostic(item) for item in report],
    }


def _shown(item: Remaining) -> dict[str, Any]:
    line = item.span.line if item.span is not None else None
    shown = {"line": line, "expression": item.expression, "reason": item.reason}
    return shown if item.kind == "dispatched" else {"line": line, "code": item.code, **shown}


def _diagnostic(item: Diagnostic) -> dict[str, Any]:
    return {
        "code": item.code,
        "severity": item.severity,
        "message": item.message,
        "line": item.span.line if item.span is not None else None,
        "column": item.span.column if item.span is not None else None,
    }
