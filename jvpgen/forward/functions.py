"""Functions pushed forward: a method or helper as a whole, a function nested in another, a lambda.

A body has the parameters of its source, each active one followed by its tangent. A nested function is a value: the
function itself stays, where anything reads it, and carries its derivative with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from jvpgen.analysis.activity import active_parameter_names, function_environment
from jvpgen.analysis.decorators import drops_tangents, wraps_derivative
from jvpgen.analysis.effects import is_pure
from jvpgen.analysis.environment import Environment
from jvpgen.analysis.inertness import as_function
from jvpgen.analysis.uses import Uses, is_derived_inside
from jvpgen.forward import expressions, statements
from jvpgen.forward.pushed import Block, Frame, NotExpressible, Pushed, call, commit, tuple_of
from jvpgen.ir import nodes
from jvpgen.ir.lower_match import is_irrefutable

_SIMPLE_TYPES = frozenset(("bool", "int", "str", "float", "None"))


def push_function(
    function: nodes.Function,
    frame: Frame,
    name: str,
    decorator: nodes.Expression,
    depth: int = 0,
    defaults: Mapping[str, nodes.Expression] | None = None,
) -> nodes.Function:
    """The body of `function`: a function of primals and tangents that returns both; `defaults` are tangents."""
    active = derived_parameters(function, frame.environment)
    drops = drops_tangents(function, frame.environment)
    inside = replace(frame, environment=function_environment(function, frame.environment, active), drops_tangents=drops)
    body = statements.push_block(function.body, inside, depth + 1)
    if _falls_through(body) and any(isinstance(node, nodes.Return) for part in body for node in nodes.walk(part)):
        body = (*body, nodes.Return(tuple_of((nodes.Constant("None"), nodes.Constant("None")))))
    parameters = with_tangents(function.parameters, active, frame, defaults or {})
    return nodes.Function(name, parameters, body, (decorator,), span=function.span)


def derived_parameters(function: nodes.Function, outer: Environment) -> frozenset[str]:
    """The parameters that get a tangent: those that may come with one, and those that the body makes active later."""
    active = active_parameter_names(function, outer)
    inside = function_environment(function, outer, active)
    return active | (frozenset(function.parameters.names()) & inside.active)


def _falls_through(body: tuple[nodes.Statement, ...]) -> bool:
    """Whether the end of the block can be reached: comments, and what cannot run, may follow its last statement."""
    return all(_goes_on(statement) for statement in body)


def _goes_on(statement: nodes.Statement) -> bool:
    match statement:
        case nodes.Return() | nodes.Raise():
            return False
        case nodes.If(body=inner, orelse=orelse) if orelse:
            return _falls_through(inner) or _falls_through(orelse)
        case nodes.With(body=inner):
            return _falls_through(inner)
        case nodes.Match(cases=cases) if is_irrefutable(cases[-1]):
            return any(_falls_through(case.body) for case in cases)
    return True


def with_tangents(
    parameters: nodes.Parameters, active: frozenset[str], frame: Frame, defaults: Mapping[str, nodes.Expression]
) -> nodes.Parameters:
    """Each active parameter followed by its tangent; that of `*args` and `**kwargs` by keyword."""
    before, keyword_only, double_star = [], [], []
    for item in parameters:
        item = replace(item, annotation=_simple(item.annotation))
        dot = nodes.Parameter(frame.naming.tangent(item.name), item.kind, None, _default(item, defaults))
        if item.kind in ("positional-only", "positional"):
            before += [item, dot] if item.name in active else [item]
        elif item.kind == "star":
            before.append(item)
            if item.name in active:
                keyword_only.append(replace(dot, kind="keyword-only", default=nodes.TupleDisplay(())))
        elif item.kind == "keyword-only":
            keyword_only += [item, dot] if item.name in active else [item]
        else:
            double_star.append(item)
            if item.name in active:
                keyword_only.append(replace(dot, kind="keyword-only", default=nodes.Constant("None")))
    return nodes.Parameters((*before, *keyword_only, *double_star))


def _default(item: nodes.Parameter, defaults: Mapping[str, nodes.Expression]) -> nodes.Expression | None:
    return defaults.get(item.name, nodes.Constant("None")) if item.default is not None else None


def _simple(annotation: nodes.Expression | None) -> nodes.Expression | None:
    """Annotations of builtin types are kept, others would need imports that nothing else uses."""
    match annotation:
        case nodes.Name(id=name) if name in _SIMPLE_TYPES:
            return annotation
        case nodes.Binary(left=left, operator="|", right=right) if _simple(left) and _simple(right):
            return annotation
        case nodes.Constant(text="None"):
            return annotation
    return None


# --- Nested functions -------------------------------------------------------------------------------------------------


def push_nested(function: nodes.Function, frame: Frame, block: Block) -> None:
    """A nested `def`: itself where it is read as a plain function, its derivative where it may have one."""
    if not is_derived_inside(function.name, frame.environment):
        block.add(replace(function.as_written(), comments=(), trailing=None))
        return
    parameters, defaults = _push_defaults(function, frame, block)
    function = replace(function, parameters=parameters)
    if function.decorators and not all(wraps_derivative(item, frame.environment) for item in function.decorators):
        raise NotExpressible("a decorated nested function over active values", function)
    if function.decorators or Uses(function.name, frame.environment).has_plain:
        block.add(replace(function, comments=(), trailing=None))
        decorator = call(frame.naming.helper("body"), nodes.Name(function.name))
        name = frame.naming.temporary(f"{function.name}_jvp", set())
    else:
        decorator = call(frame.naming.helper("body"), nodes.Constant("None"))
        name = function.name
    block.add(push_function(function, frame, name, decorator, block.depth, defaults))


def _push_defaults(
    function: nodes.Function, frame: Frame, block: Block
) -> tuple[nodes.Parameters, dict[str, nodes.Expression]]:
    """The parameters with defaults that may be written twice, and the tangents of those that have one."""
    given = {item.name: item.default for item in function.parameters if item.default is not None}
    operands = [expressions.push_operand(default, frame, block) for default in given.values()]
    active = derived_parameters(function, frame.environment)
    named = set()
    for index, (name, operand) in enumerate(zip(given, operands, strict=True)):
        if operand.pushed.is_active and name not in active:
            raise NotExpressible(f"the default of `{name}` is an active value", given[name])
        if operand.pushed.is_active or not is_pure(operand.pushed.primal, frame.environment):
            named.add(index)
    values = dict(zip(given, commit(operands, frame, block, named), strict=True))
    items = tuple(
        replace(item, default=values[item.name].primal) if item.name in values else item for item in function.parameters
    )
    tangents = {name: value.tangent for name, value in values.items() if value.tangent is not None}
    return nodes.Parameters(items), tangents


def push_lambda(node: nodes.Lambda, frame: Frame, block: Block, only_as: str = "") -> Pushed:
    """A lambda with a derivative: a named function, and its derivative beside it; or the derivative alone, called
    `only_as`, where nothing calls the function without tangents."""
    name = frame.naming.temporary(only_as or "function", block.taken)
    parameters, defaults = _push_defaults(as_function(node, name), frame, block)
    function = replace(as_function(node, name), parameters=parameters)
    if only_as:
        alone = call(frame.naming.helper("body"), nodes.Constant("None"))
        block.add(push_function(function, frame, name, alone, block.depth, defaults))
        return Pushed(nodes.Name(name))
    block.add(nodes.Function(name, parameters, (nodes.Return(node.body),)))
    decorator = call(frame.naming.helper("body"), nodes.Name(name))
    block.add(push_function(function, frame, "_", decorator, block.depth, defaults))
    return Pushed(nodes.Name(name))
