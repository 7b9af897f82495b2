"""Parameters that cannot carry a tangent: their annotation, their default or their use says so.

An array under `jit` has no truth value and is no range, axis, shape or dtype; a parameter used as one is static.
Should a caller pass a tangent for it after all, the runtime notices and differentiates that call another way: nothing
is lost.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace

from jvpgen.analysis import control
from jvpgen.analysis.annotations import annotated_class
from jvpgen.analysis.array_use import arrays_by_use
from jvpgen.analysis.environment import Environment
from jvpgen.ir import nodes
from jvpgen.ir.scoping import dotted
from jvpgen.rules import lookup

_STATIC_TYPES = frozenset(
    "bool int str bytes Dtype DType dtype Shape Axes PRNGKey KeyArray PRNGKeyArray Initializer Module Scope Callable "
    "PrecisionLike DotGeneralT ModuleDef".split()
)
_WRAPPERS = frozenset("Optional Union Sequence Tuple List tuple list Iterable".split())
_STATIC_KEYWORDS = frozenset(
    "axis axes shape dtype deterministic train training is_training use_running_average name param_dtype precision "
    "keepdims mode method out_axes in_axes features num_heads dimension_numbers window_shape strides padding".split()
)
_STATIC_EVERYWHERE = frozenset(
    "train training is_training deterministic use_running_average name dtype param_dtype precision".split()
)  # whatever is called: a truth value, a text or a type
_LIBRARIES = frozenset("jax flax numpy".split())
_TAKES_SIZES = frozenset(
    "builtins.range numpy.arange numpy.zeros numpy.ones jax.numpy.arange jax.numpy.zeros jax.numpy.ones "
    "jax.numpy.eye".split()
)
_STATE_METHODS = frozenset("param variable sow has_variable get_variable put_variable make_rng child push".split())
_STATIC_ARRAY_METHODS = frozenset("reshape transpose astype view".split())


def static_parameters(function: nodes.Function, environment: Environment) -> frozenset[str]:
    """Names of the parameters of `function`, which stands in `environment`, that no tangent is expected for."""
    by_type = {parameter.name for parameter in function.parameters if _typed_static(parameter)}
    by_type |= control.module_parameters(function, environment)
    by_type |= {
        parameter.name
        for parameter in function.parameters
        if annotated_class(parameter.annotation, environment) is not None
    }
    environment = replace(environment, instances={**environment.instances, **_modules_made(function, environment)})
    by_use = {name for statement in function.body for name in _static_uses(statement, environment)}
    given = {*_given_to_initializers(function), *_given_to_modules(function, environment)}
    by_use |= given - arrays_by_use(function, environment) if given else given
    by_use |= _computed_from(by_use, function)
    rebound = {  # a name that the body assigns again may be something else by then
        name for node in _walk(function.body) if isinstance(node, nodes.Assign) for name in _assigned_names(node)
    }
    names = frozenset(function.parameters.names())
    return names & (frozenset(by_type) | (frozenset(by_use) - rebound))


def _computed_from(names: set[str], function: nodes.Function) -> set[str]:
    """The names from which static locals are computed: `pad = (width - 1) * step`."""
    values: dict[str, list[nodes.Expression]] = {}
    for node in _walk(function.body):
        match node:
            case nodes.Assign(targets=(nodes.Name(id=name),), value=value) if value is not None:
                values.setdefault(name, []).append(value)
    found, waiting = set[str](), set(names)
    while waiting:
        bound = values.get(waiting.pop(), [])
        new = set(_sizes(bound[0])) - found - names if len(bound) == 1 else set()
        found |= new
        waiting |= new
    return found


def _sizes(node: nodes.Expression) -> Iterator[str]:
    """The names in an expression that only computes numbers or puts them together."""
    match node:
        case nodes.Name(id=name):
            yield name
        case nodes.Binary() | nodes.Unary() | nodes.TupleDisplay() | nodes.ListDisplay():
            for child in nodes.children(node):
                if isinstance(child, nodes.Expression):
                    yield from _sizes(child)
        case nodes.Subscript(value=value, index=nodes.Constant()):
            yield from _sizes(value)


def _modules_made(function: nodes.Function, environment: Environment) -> dict[str, str]:
    """The locals that are bound once, to a module made there, with its class."""
    bound = [node for node in _walk(function.body) if isinstance(node, nodes.Assign)]
    names = Counter(name for node in bound for name in _assigned_names(node))
    found = {}
    for node in bound:
        target = node.targets[0]
        kind = _callee(node.value, environment) if isinstance(node.value, nodes.Call) else None
        if kind is not None and isinstance(target, nodes.Name) and names[target.id] == 1:
            found[target.id] = kind
    return found


def given_to_fields(function: nodes.Function, environment: Environment) -> frozenset[str]:
    """Parameters, not of a static type, that modules get as fields: callers may have tangents for them after all."""
    found = {
        name
        for statement in function.body
        for node in nodes.walk(statement)
        if isinstance(node, nodes.Call)
        for name in _field_values(node, environment)
    }
    untyped = {parameter.name for parameter in function.parameters if not _typed_static(parameter)}
    return frozenset(found & untyped) - {environment.self_name}


def _field_values(node: nodes.Call, environment: Environment) -> Iterator[str]:
    name = dotted(node.function)
    full = environment.qualified(name) if name else None
    if full is not None and environment.kind(full) == "module_class" and not full.startswith("flax.linen."):
        yield from (argument.value.id for argument in node.arguments if isinstance(argument.value, nodes.Name))


def _walk(body: Iterable[nodes.Statement]) -> Iterator[nodes.Node]:
    for statement in body:
        yield from nodes.walk(statement)


def _assigned_names(node: nodes.Assign) -> Iterator[str]:
    for target in node.targets:
        for part in nodes.walk(target):
            if isinstance(part, nodes.Name):
                yield part.id


def _typed_static(parameter: nodes.Parameter) -> bool:
    if parameter.annotation is not None and is_static_type(parameter.annotation):
        return True
    default = parameter.default
    return isinstance(default, nodes.Constant) and (default.text in ("True", "False") or default.text[:1] in "'\"")


def is_static_type(annotation: nodes.Expression) -> bool:
    """Whether values of this type never carry a tangent: `bool`, `Optional[int]`, `Sequence[str]`, `Dtype`, …"""
    match annotation:
        case nodes.Constant(text=text):
            return text == "None" or text.strip("'\"") in _STATIC_TYPES
        case nodes.Binary(left=left, operator="|", right=right):
            return is_static_type(left) and is_static_type(right)
        case nodes.Subscript(value=value, index=index):
            inner = index.elements if isinstance(index, nodes.TupleDisplay) else (index,)
            wrapper = (dotted(value) or "").split(".")[-1]
            if wrapper == "Callable":  # a function value carries its derivative itself
                return True
            return wrapper in _WRAPPERS and all(is_static_type(item) or _is_ellipsis(item) for item in inner)
    name = dotted(annotation)
    return name is not None and name.split(".")[-1] in _STATIC_TYPES


def _is_ellipsis(node: nodes.Expression) -> bool:
    return isinstance(node, nodes.Constant) and node.text == "..."


def _static_uses(node: nodes.Node, environment: Environment) -> Iterator[str]:
    match node:
        case nodes.If(test=test) | nodes.While(test=test) | nodes.Assert(test=test) | nodes.Conditional(test=test):
            yield from _truth(test)
        case nodes.Match(subject=nodes.NamedExpression(value=nodes.Name(id=name)), cases=cases):
            if any(case.is_literal for case in cases):
                yield name
        case nodes.Comparison(left=left, operators=("==",) | ("!=",) | ("in",) | ("not in",), rights=(right,)):
            if isinstance(left, nodes.Name) and _is_text(right):
                yield left.id
        case nodes.Call(function=function, arguments=arguments):
            yield from _static_arguments(function, arguments, environment)
        case nodes.Unary(operator="not", operand=nodes.Name(id=name)):
            yield name
    for child in nodes.children(node):
        yield from _static_uses(child, environment)


def _truth(test: nodes.Expression) -> Iterator[str]:
    match test:
        case nodes.Name(id=name):
            yield name
        case nodes.Boolean(values=values):
            for value in values:
                yield from _truth(value)
        case nodes.Unary(operator="not", operand=operand):
            yield from _truth(operand)


def _is_text(node: nodes.Expression) -> bool:
    match node:
        case nodes.Constant(text=text):
            return text[:1] in "'\""
        case (
            nodes.TupleDisplay(elements=elements)
            | nodes.ListDisplay(elements=elements)
            | nodes.SetDisplay(elements=elements)
        ):
            return bool(elements) and all(_is_text(element) for element in elements)
    return False


def _static_arguments(
    function: nodes.Expression, arguments: tuple[nodes.Argument, ...], environment: Environment
) -> Iterator[str]:
    name = dotted(function)
    full = environment.qualified(name) if name else None
    is_layer = full is not None and full.startswith("flax.linen.") and environment.kind(full) == "module_class"
    if is_layer:  # its fields: a tangent has no place there
        yield from (argument.value.id for argument in arguments if isinstance(argument.value, nodes.Name))
        yield from (size for argument in arguments for size in _sizes(argument.value))
    keywords = _static_keywords(function, environment)
    for position, argument in enumerate(arguments):
        if not isinstance(argument.value, nodes.Name):
            continue
        of_random = full is not None and full.startswith("jax.random.") and position == 0 and not argument.keyword
        if argument.keyword in keywords or full in _TAKES_SIZES or of_random:
            yield argument.value.id
    if isinstance(function, nodes.Attribute) and function.attribute in _STATE_METHODS:
        for part in (function.value, *(argument.value for argument in arguments[:2])):
            if isinstance(part, nodes.Name):
                yield part.id
    if isinstance(function, nodes.Attribute) and function.attribute in _STATIC_ARRAY_METHODS and full is None:
        for argument in arguments:
            if isinstance(argument.value, nodes.Name):
                yield argument.value.id


def _given_to_initializers(function: nodes.Function) -> Iterator[str]:
    """The names after the initializer of a `param`: a shape, as a rule."""
    for node in _walk(function.body):
        match node:
            case nodes.Call(function=nodes.Attribute(attribute="param"), arguments=(_, _, *rest)):
                yield from (argument.value.id for argument in rest if isinstance(argument.value, nodes.Name))


def _given_to_modules(function: nodes.Function, environment: Environment) -> Iterator[str]:
    """The names that modules other than Flax's get as fields: settings, as a rule."""
    for node in _walk(function.body):
        if isinstance(node, nodes.Call):
            yield from _field_values(node, environment)


def _static_keywords(function: nodes.Expression, environment: Environment) -> frozenset[str]:
    """The keywords of a call that take what is static: the callee's own parameters say so where they can be read."""
    called = _callee(function, environment)
    if called is not None:
        known = environment.static_parameters_of(called)
        if known is not None:
            return known
        return _STATIC_KEYWORDS if called.split(".")[0] in _LIBRARIES else _STATIC_EVERYWHERE
    is_of_arrays = isinstance(function, nodes.Attribute) and lookup(f"array.{function.attribute}") is not None
    return _STATIC_KEYWORDS if is_of_arrays else _STATIC_EVERYWHERE


def _callee(function: nodes.Expression, environment: Environment) -> str | None:
    """The function that is called, or the class of the module that is: `Block` for `Block(4)(x)`, `self.block(x)`."""
    match function:
        case nodes.Call(function=nodes.Name() | nodes.Attribute() as made):
            name = dotted(made)
            full = environment.qualified(name) if name else None
            return full if full is not None and environment.kind(full) == "module_class" else None
        case nodes.Attribute(value=nodes.Name(id=owner), attribute=attribute) if owner == environment.self_name:
            facts = environment.facts
            if facts is not None and attribute in facts.methods:
                return f"{facts.qualified}.{attribute}"
            return facts.submodules.get(attribute) if facts is not None else None
        case nodes.Name(id=local) if local in environment.instances:
            return environment.instances[local]
    name = dotted(function)
    return environment.qualified(name) if name else None
