"""What `jvpgen inspect` says of a module class: what it declares, and how much of its derivative is written out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from jvpgen.analysis.coverage import Remaining
from jvpgen.diagnostics.report import Diagnostic, Report
from jvpgen.forward.reached import reached_unit, remaining_of
from jvpgen.forward.units import Unit
from jvpgen.ir.declarations import Shared, as_dict, declarations_of
from jvpgen.source.reach import Definition, Reach


def inspect_modules(
    modules: Iterable[Definition], derived: Mapping[str, Unit], reach: Reach
) -> tuple[Mapping[str, Any], ...]:
    """An entry for each module class of a file, decorated or not; `derived` are units of those with a derivative."""
    shared = Shared()
    return tuple(
        _inspection(definition, derived.get(definition.path_in_module), reach, shared) for definition in modules
    )


def _inspection(definition: Definition, unit: Unit | None, reach: Reach, shared: Shared) -> Mapping[str, Any]:
    """What there is to say of a class. Its status is about all that an instance may run, inherited methods, functions
    and other modules of the project included; its diagnostics are about its own text."""
    report = Report()
    policy = unit.custom_vjp if unit is not None else None
    reached_unit(definition, reach, report, policy)
    remaining = remaining_of(definition, reach, policy)
    opaque = [_shown(item, definition) for item in remaining if item.kind == "opaque"]
    dispatched = [_shown(item, definition) for item in remaining if item.kind == "dispatched"]
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


def _shown(item: Remaining, definition: Definition) -> dict[str, Any]:
    """An entry of the list; `in` and `file` say where it stands, where that is not a method of the class itself."""
    span = item.span
    own = definition.path_in_module
    is_own = span is None or span.path == definition.module.path
    return {
        **({"code": item.code} if item.kind == "opaque" else {}),
        "expression": item.expression,
        "reason": item.reason,
        "in": None if is_own and item.inside == own else item.inside,
        "file": None if is_own or span is None else span.path,
        "line": span.line if span is not None else None,
    }


def _diagnostic(item: Diagnostic) -> dict[str, Any]:
    return {
        "code": item.code,
        "severity": item.severity,
        "message": item.message,
        "line": item.span.line if item.span is not None else None,
        "column": item.span.column if item.span is not None else None,
    }
