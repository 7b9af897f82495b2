"""The calls that declare variables and draw keys: `self.param`, `self.variable`, `sow`, `perturb`, `make_rng`, …"""

from __future__ import annotations

from typing import TYPE_CHECKING

from jvpgen.ir import nodes
from jvpgen.ir.declarations import resolution
from jvpgen.ir.declarations.record import DeclaredVariable
from jvpgen.ir.declarations.text import constant, name_pattern
from jvpgen.ir.declarations.values import Frame, FunctionValue, Sequence, Text, Value
from jvpgen.ir.scoping import dotted
from jvpgen.ir.show import show

if TYPE_CHECKING:
    from jvpgen.ir.declarations.walk import Walk

Arguments = list[tuple[str | None, Value]]
Expressions = dict[int | str, nodes.Expression]

_RANDOM = frozenset({"normal", "uniform", "truncated_normal", "bernoulli", "gumbel", "orthogonal"})


def declared(walk: Walk, method: str, arguments: Arguments, node: nodes.Call, frame: Frame) -> bool:
    """Records what a call of the module's own method `method` declares; whether it is such a method."""
    arguments = _as_written(walk, arguments, node, frame)
    positional = [value for keyword, value in arguments if keyword is None]
    named = {keyword: value for keyword, value in arguments if keyword is not None}

    def argument(position: int, keyword: str) -> Value | None:
        return positional[position] if position < len(positional) else named.get(keyword)

    match method:
        case "param":
            initial = (argument(1, "init_fn"), positional[2:], named)
            _declare(walk, "params", argument(0, "name"), *initial, "param", node, frame)
            walk.recorder.draw("params", node.span, initial=True)
        case "variable":
            initial = (argument(2, "init_fn"), positional[3:], named)
            _declare(walk, argument(0, "col"), argument(1, "name"), *initial, "variable", node, frame)
        case "sow" | "put_variable":
            _declare(walk, argument(0, "col"), argument(1, "name"), None, [], {}, method, node, frame)
        case "perturb":
            collection = argument(2, "collection") or "perturbations"
            _declare(walk, collection, argument(0, "name"), None, [], {}, method, node, frame)
        case "make_rng":
            stream = _pattern(walk, argument(0, "name") or "params", frame)
            walk.recorder.draw(stream, node.span)
        case _:
            return False
    return True


def declared_by_function(walk: Walk, qualified: str, arguments: Arguments, node: nodes.Call, frame: Frame) -> bool:
    """Records what `nn.partitioning`'s functions declare in the current module; whether `qualified` is one of them."""
    if qualified == "flax.linen.partitioning.param_with_axes":
        method = "param"
    elif qualified == "flax.linen.partitioning.variable_with_axes":
        method = "variable"
    else:
        return False
    kept: Arguments = [
        (keyword, value) for keyword, value in arguments if keyword not in ("axes", "module", "fallback")
    ]
    declared(walk, method, kept, node, frame)
    names = [value for keyword, value in kept if keyword is None][:2]
    collection = "params" if method == "param" else _pattern(walk, names[0] if names else None, frame)
    name = names[-1] if method == "variable" and len(names) > 1 else names[0] if names else None
    axes = DeclaredVariable(
        f"{collection}_axes", f"{_pattern(walk, name, frame)}_axes", None, None, None, node.span, how="variable"
    )
    walk.recorder.declare(axes)
    return True


def _declare(
    walk: Walk,
    collection: Value | str | None,
    name: Value | None,
    initializer: Value | None,
    positional: list[Value],
    named: dict[str, Value],
    how: str,
    node: nodes.Call,
    frame: Frame,
) -> None:
    shape, dtype = _shape_and_dtype(walk, initializer, positional, named)
    shown = _initializer_text(initializer)
    group, path = _pattern(walk, collection, frame), _pattern(walk, name, frame)
    walk.recorder.declare(DeclaredVariable(group, path, _text(shape), _text(dtype), shown, node.span, how=how))


def _as_written(walk: Walk, arguments: Arguments, node: nodes.Call, frame: Frame) -> Arguments:
    """The arguments, with the source's words for those whose value has no expression: a list that was built up."""
    if len(arguments) != len(node.arguments):
        return arguments
    result: Arguments = []
    for (keyword, value), argument in zip(arguments, node.arguments, strict=True):
        plain = isinstance(value, FunctionValue) or _expression(value) is not None or argument.star
        result.append((keyword, value if plain else walk.text(argument.value, frame)))
    return result


def _pattern(walk: Walk, value: Value | str | None, frame: Frame) -> str:
    if isinstance(value, str):
        return value
    if not isinstance(value, Text):
        return "{name}"
    return name_pattern(resolution.global_constant(walk, value.expression, frame) or value.expression)


def _text(expression: nodes.Expression | None) -> str | None:
    return None if expression is None else show(expression)


def _initializer_text(value: Value | None) -> str | None:
    match value:
        case Text(expression=expression):
            return None if constant(expression) == (True, None) else show(expression)
        case FunctionValue(function=nodes.Lambda() as function):
            return show(function)
        case FunctionValue(function=nodes.Function(name=name)):
            return name
    return None


# --- Shapes -----------------------------------------------------------------------------------------------------------


def _shape_and_dtype(
    walk: Walk, initializer: Value | None, positional: list[Value], named: dict[str, Value]
) -> tuple[nodes.Expression | None, nodes.Expression | None]:
    """The shape and dtype of what an initializer makes of its arguments (those after the key of a parameter's)."""
    expressions = [_expression(value) for value in positional]
    if isinstance(initializer, FunctionValue):
        return _of_function(walk, initializer, expressions)
    if isinstance(initializer, Text):
        function = dotted(initializer.expression)
        by_name = {key: item for key, value in named.items() if (item := _expression(value)) is not None}
        if function is not None:
            known = array_shape(function, expressions, by_name)
            if known is not None:
                return known
    if expressions and expressions[0] is not None and _is_key(expressions[0]):
        expressions = expressions[1:]  # an initializer called by `variable`: it gets its key here
    shape = expressions[0] if expressions else _expression(named.get("shape"))
    dtype = expressions[1] if len(expressions) > 1 else _expression(named.get("dtype"))
    return shape, dtype


def _is_key(expression: nodes.Expression) -> bool:
    """Whether an expression is a random key, by its words."""
    if isinstance(expression, nodes.Call):
        return (dotted(expression.function) or "").rpartition(".")[2] in ("PRNGKey", "key", "make_rng", "fold_in")
    return isinstance(expression, nodes.Name) and expression.id in ("key", "rng")


def _expression(value: Value | None) -> nodes.Expression | None:
    if isinstance(value, Text):
        return value.expression
    if isinstance(value, Sequence):
        parts = [_expression(item) for item in value.items]
        known = [part for part in parts if part is not None]
        return nodes.TupleDisplay(tuple(known)) if len(known) == len(parts) else None
    return None


def _of_function(
    walk: Walk, value: FunctionValue, arguments: list[nodes.Expression | None]
) -> tuple[nodes.Expression | None, nodes.Expression | None]:
    """The shape that a lambda or local function returns, as far as its text tells."""
    function = value.function
    names = [parameter.name for parameter in function.parameters]
    if len(names) == len(arguments) + 1:  # a parameter's initializer: the key comes first
        names = names[1:]
    local: dict[str, Value] = dict(value.frame.locals)
    local |= {name: Text(item) for name, item in zip(names, arguments, strict=False) if item is not None}
    frame = Frame(value.frame.module, value.frame.names, local, value.frame.owner, value.frame.is_own)
    if isinstance(function, nodes.Lambda):
        result: nodes.Expression | None = function.body
    else:
        returns = [node.value for node in nodes.walk(function) if isinstance(node, nodes.Return)]
        result = returns[-1] if returns else None
    if result is None:
        return None, None
    passed = frozenset(names)
    own = Frame(frame.module, frame.names, {k: v for k, v in local.items() if k in passed}, frame.owner, is_own=False)
    return _of_array(walk.written(walk.written(result, own), frame))


def _of_array(expression: nodes.Expression) -> tuple[nodes.Expression | None, nodes.Expression | None]:
    """The shape and dtype of an expression that makes an array."""
    known, value = constant(expression)
    if known and isinstance(value, int | float | complex):
        return nodes.TupleDisplay(()), None
    match expression:
        case nodes.Call(function=nodes.Attribute(value=value, attribute="astype"), arguments=(dtype,)):
            return _of_array(value)[0], dtype.value
        case nodes.Call(function=function, arguments=arguments):
            positional = [item.value for item in arguments if item.keyword is None and not item.star]
            named = {item.keyword: item.value for item in arguments if item.keyword is not None}
            name = dotted(function)
            found = array_shape(name, list(positional), named) if name is not None else None
            if found is not None:
                return found
            if positional and isinstance(positional[0], nodes.Name | nodes.Call) and len(positional) > 1:
                shape = positional[1]  # an initializer: (key, shape, dtype)
                looks = isinstance(shape, nodes.TupleDisplay) or "shape" in show(shape)
                return (shape, positional[2] if len(positional) > 2 else named.get("dtype")) if looks else (None, None)
        case nodes.Binary(left=left, operator="+" | "-" | "*" | "/", right=right):
            one, other = _of_array(left), _of_array(right)
            empty = nodes.TupleDisplay(())
            return other if one[0] in (None, empty) else one if other[0] in (None, empty) else (None, None)
        case nodes.Unary(operand=operand):
            return _of_array(operand)
    return None, None


def array_shape(
    function: str, positional: list[nodes.Expression | None], named: dict[str, nodes.Expression]
) -> tuple[nodes.Expression | None, nodes.Expression | None] | None:
    """The shape and dtype of what one of numpy's array makers makes; None if `function` is none of them."""

    def argument(position: int, name: str) -> nodes.Expression | None:
        return positional[position] if position < len(positional) else named.get(name)

    module, _, last = function.rpartition(".")
    if not module or "initializers" in module:
        return None
    match last:
        case "zeros" | "ones" | "empty":
            if len(positional) > 2:  # an initializer of these names
                return None
            return _as_shape(argument(0, "shape")), argument(1, "dtype")
        case "full":
            return _as_shape(argument(0, "shape")), argument(2, "dtype")
        case "array" | "asarray" | "float32" | "int32" | "bfloat16" | "float16":
            value = argument(0, "object")
            shape = _of_array(value)[0] if value is not None else None
            return shape, argument(1, "dtype") or (nodes.Name(function) if last[-1].isdigit() else None)
        case "zeros_like" | "ones_like" | "full_like" | "empty_like":
            value = argument(0, "a")
            position = 2 if last == "full_like" else 1
            return (None if value is None else nodes.Attribute(value, "shape")), argument(position, "dtype")
        case "arange" if len(positional) == 1 and positional[0] is not None:
            return nodes.TupleDisplay((positional[0],)), argument(3, "dtype")
        case "eye" if len(positional) == 1 and positional[0] is not None:
            return nodes.TupleDisplay((positional[0], positional[0])), named.get("dtype")
        case "broadcast_to":
            return _as_shape(argument(1, "shape")), None
        case _ if module.endswith("random") and last in _RANDOM and len(positional) > 1:
            return _as_shape(positional[1]), argument(2, "dtype")
    return None


def _as_shape(expression: nodes.Expression | None) -> nodes.Expression | None:
    """`zeros(3)` makes an array of shape `(3,)`."""
    if expression is not None and isinstance(constant(expression)[1], int):
        return nodes.TupleDisplay((expression,))
    return expression
