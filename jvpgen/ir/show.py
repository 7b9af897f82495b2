"""IR → text: each statement on one line, the user's literals and comments kept, parentheses only where they are needed.

The emitter lays long lines out; tests and diagnostics print IR with the same functions.
"""

from __future__ import annotations

from collections.abc import Iterable

from jvpgen.ir import nodes

_OR, _AND, _NOT, _COMPARE, _BIT_OR, _BIT_XOR, _BIT_AND, _SHIFT, _SUM, _PRODUCT, _UNARY, _POWER, _ATOM = range(3, 16)
_NAMED, _LAMBDA, _CONDITIONAL = 0, 1, 2
_STARRED = _BIT_OR

_BINARY_LEVEL = {
    "|": _BIT_OR, "^": _BIT_XOR, "&": _BIT_AND, "<<": _SHIFT, ">>": _SHIFT, "+": _SUM, "-": _SUM,
    "*": _PRODUCT, "/": _PRODUCT, "//": _PRODUCT, "%": _PRODUCT, "@": _PRODUCT, "**": _POWER,
}  # fmt: skip


def show(node: nodes.Expression) -> str:
    """The expression as one line of source."""
    return _show(node, _NAMED)


def show_parameters(parameters: nodes.Parameters, annotations: bool = True) -> str:
    """`x, /, y=1, *, z: int = 2, **rest`, without the parentheses."""
    return ", ".join(_parameter_parts(parameters, annotations))


def _parameter_parts(parameters: nodes.Parameters, annotations: bool) -> Iterable[str]:
    items = parameters.items
    starred = any(item.kind == "star" for item in items)
    for position, item in enumerate(items):
        before = items[position - 1].kind if position else None
        if item.kind == "keyword-only" and not starred and before != "keyword-only":
            yield "*"
        mark = {"star": "*", "double-star": "**"}.get(item.kind, "")
        annotated = annotations and item.annotation is not None
        text = mark + item.name + (f": {_show(item.annotation, _CONDITIONAL)}" if annotated and item.annotation else "")
        if item.default is not None:
            text += (" = " if annotated else "=") + _show(item.default, _CONDITIONAL)
        yield text
        last_positional_only = position + 1 == len(items) or items[position + 1].kind != "positional-only"
        if item.kind == "positional-only" and last_positional_only:
            yield "/"


def _show(node: nodes.Expression, level: int) -> str:
    text, own = _text_and_level(node)
    kept = isinstance(node, nodes.Binary) and node.parenthesized and level > _CONDITIONAL
    return f"({text})" if own < level or kept else text


def _text_and_level(node: nodes.Expression) -> tuple[str, int]:
    match node:
        case nodes.Name(id=name):
            return name, _ATOM
        case nodes.Constant(text=text):
            return text, _PRODUCT if " " in text and text[0] not in "'\"" and not text[0].isalpha() else _ATOM
        case nodes.FormattedString(text=text):
            return text, _ATOM
        case nodes.Unsupported(text=text):
            return text, _ATOM if text.startswith("(") else _NAMED
        case nodes.Attribute(value=value, attribute=attribute):
            inner = _show(value, _ATOM)
            if isinstance(value, nodes.Constant) and value.text[:1].isdigit():
                inner = f"({inner})"
            return f"{inner}.{attribute}", _ATOM
        case nodes.Subscript(value=value, index=index):
            return f"{_show(value, _ATOM)}[{_index(index)}]", _ATOM
        case nodes.Slice():
            return _slice(node), _NAMED
        case nodes.Call():
            return _call(node), _ATOM
        case nodes.Unary(operator="not", operand=operand):
            return f"not {_show(operand, _NOT)}", _NOT
        case nodes.Unary(operator=operator, operand=operand):
            return f"{operator}{_show(operand, _UNARY)}", _UNARY
        case nodes.Binary():
            return _binary(node)
        case nodes.Comparison(left=left, operators=operators, rights=rights):
            parts = [_show(left, _BIT_OR)]
            parts += [f"{operator} {_show(right, _BIT_OR)}" for operator, right in zip(operators, rights, strict=True)]
            return " ".join(parts), _COMPARE
        case nodes.Boolean(operator=word, values=values):
            own = _OR if word == "or" else _AND
            return f" {word} ".join(_show(value, own + 1) for value in values), own
        case nodes.Conditional(test=test, body=body, orelse=orelse):
            return f"{_show(body, _OR)} if {_show(test, _OR)} else {_show(orelse, _CONDITIONAL)}", _CONDITIONAL
        case nodes.Lambda(parameters=parameters, body=body):
            head = " " + show_parameters(parameters, annotations=False) if parameters.items else ""
            return f"lambda{head}: {_show(body, _LAMBDA)}", _LAMBDA
        case nodes.TupleDisplay(elements=elements):
            inside = ", ".join(_show(element, _LAMBDA) for element in elements)
            return f"({inside},)" if len(elements) == 1 else f"({inside})", _ATOM
        case nodes.ListDisplay(elements=elements):
            return f"[{', '.join(_show(element, _LAMBDA) for element in elements)}]", _ATOM
        case nodes.SetDisplay(elements=elements):
            return "{" + ", ".join(_show(element, _LAMBDA) for element in elements) + "}", _ATOM
        case nodes.DictDisplay(items=items):
            return "{" + ", ".join(_dict_item(key, value) for key, value in items) + "}", _ATOM
        case nodes.Starred(value=value):
            return f"*{_show(value, _STARRED)}", _LAMBDA
        case nodes.Comprehension():
            return _comprehension(node), _ATOM
        case nodes.NamedExpression(target=target, value=value):
            return f"{target.id} := {_show(value, _CONDITIONAL)}", _NAMED - 1
    raise TypeError(f"not an expression: {node!r}")


def _binary(node: nodes.Binary) -> tuple[str, int]:
    own = _BINARY_LEVEL[node.operator]
    if node.operator == "**":  # binds to the right, and tighter than a sign on its left
        return f"{_show(node.left, _ATOM)} ** {_show(node.right, _UNARY)}", own
    return f"{_show(node.left, own)} {node.operator} {_show(node.right, own + 1)}", own


def _call(node: nodes.Call) -> str:
    arguments = node.arguments
    if len(arguments) == 1 and not arguments[0].keyword and not arguments[0].star:
        (only,) = arguments
        if isinstance(only.value, nodes.Comprehension) and only.value.kind == "generator":
            return f"{_show(node.function, _ATOM)}{_comprehension(only.value)}"
    return f"{_show(node.function, _ATOM)}({', '.join(_argument(argument) for argument in arguments)})"


def _argument(node: nodes.Argument) -> str:
    if node.keyword:
        return f"{node.keyword}={_show(node.value, _LAMBDA)}"
    return node.star + _show(node.value, _BIT_OR if node.star == "*" else _LAMBDA)


def _index(node: nodes.Expression) -> str:
    if isinstance(node, nodes.TupleDisplay) and node.elements:
        inside = ", ".join(_index_item(element) for element in node.elements)
        return inside + "," if len(node.elements) == 1 else inside
    return _index_item(node)


def _index_item(node: nodes.Expression) -> str:
    return _slice(node) if isinstance(node, nodes.Slice) else _show(node, _LAMBDA)


def _slice(node: nodes.Slice) -> str:
    lower = _show(node.lower, _LAMBDA) if node.lower is not None else ""
    upper = _show(node.upper, _LAMBDA) if node.upper is not None else ""
    return f"{lower}:{upper}" + (f":{_show(node.step, _LAMBDA)}" if node.step is not None else "")


def _dict_item(key: nodes.Expression | None, value: nodes.Expression) -> str:
    return f"**{_show(value, _BIT_OR)}" if key is None else f"{_show(key, _LAMBDA)}: {_show(value, _LAMBDA)}"


def _comprehension(node: nodes.Comprehension) -> str:
    brackets = {"list": ("[", "]"), "set": ("{", "}"), "dict": ("{", "}"), "generator": ("(", ")")}
    left, right = brackets[node.kind]
    if node.kind == "dict":
        assert isinstance(node.element, nodes.TupleDisplay)
        element = _dict_item(*node.element.elements)
    else:
        element = _show(node.element, _LAMBDA)
    return left + " ".join([element, *(_clause(clause) for clause in node.clauses)]) + right


def _clause(clause: nodes.Clause) -> str:
    parts = [f"for {show_bare(clause.target)} in {_show(clause.iterable, _OR)}"]
    parts += [f"if {_show(condition, _OR)}" for condition in clause.conditions]
    return " ".join(parts)


def show_bare(node: nodes.Expression) -> str:
    """Like `show`, a tuple without its parentheses: for targets and right-hand sides."""
    if isinstance(node, nodes.TupleDisplay) and node.elements:
        inside = ", ".join(_show(element, _LAMBDA) for element in node.elements)
        return inside + "," if len(node.elements) == 1 else inside
    return _show(node, _NAMED)


# --- Statements -------------------------------------------------------------------------------------------------------


def show_block(statements: Iterable[nodes.Statement], indent: int = 0) -> list[str]:
    """The statements as lines; a block without statements is `pass`."""
    lines = [line for statement in statements for line in show_statement(statement, indent)]
    if not any(line.strip() and not line.strip().startswith("#") for line in lines):
        lines.append("    " * indent + "pass")
    return lines


def show_statement(node: nodes.Statement, indent: int = 0) -> list[str]:
    margin = "    " * indent
    lines = [margin + comment for comment in node.comments]
    own = _statement_lines(node, indent)
    if node.trailing:
        own[0] += "  " + node.trailing
    return lines + own


def _statement_lines(node: nodes.Statement, indent: int) -> list[str]:
    margin = "    " * indent
    match node:
        case nodes.If():
            return _if_lines(node, indent, "if")
        case nodes.For(target=target, iterable=iterable, body=body, orelse=orelse):
            head = f"{margin}for {show_bare(target)} in {show_bare(iterable)}:"
            return [head, *show_block(body, indent + 1), *_else_lines(orelse, indent)]
        case nodes.While(test=test, body=body, orelse=orelse):
            return [f"{margin}while {show(test)}:", *show_block(body, indent + 1), *_else_lines(orelse, indent)]
        case nodes.With(items=items, body=body):
            return [f"{margin}with {', '.join(_with_item(item) for item in items)}:", *show_block(body, indent + 1)]
        case nodes.Try():
            return _try_lines(node, indent)
        case nodes.Match(subject=subject, cases=cases):
            lines = (line for case in cases for line in _case_lines(case, indent + 1))
            return [f"{margin}match {show(subject)}:", *lines]
        case nodes.Function(is_lambda=True):
            return [margin + _simple(node.as_written())]
        case nodes.Function():
            return _function_lines(node, indent)
        case nodes.Verbatim(text=text) | nodes.UnsupportedStatement(text=text):
            return [margin + line for line in text.splitlines()]
    return [margin + _simple(node)]


def _simple(node: nodes.Statement) -> str:
    match node:
        case nodes.Assign(targets=targets, value=value, annotation=None):
            assert value is not None
            return " = ".join([*(show_bare(target) for target in targets), _right_side(value)])
        case nodes.Assign(targets=(target,), value=value, annotation=annotation):
            assert annotation is not None
            return f"{show(target)}: {show(annotation)}" + (f" = {show_bare(value)}" if value is not None else "")
        case nodes.AugmentedAssign(target=target, operator=operator, value=value):
            return f"{show(target)} {operator}= {show_bare(value)}"
        case nodes.ExpressionStatement(value=value):
            return show(value)
        case nodes.Return(value=value):
            if value is None:
                return "return"
            return f"return {show(value) if node.parenthesized else show_bare(value)}"
        case nodes.Raise(exception=exception, cause=cause):
            text = "raise" if exception is None else f"raise {show(exception)}"
            return text if cause is None else f"{text} from {show(cause)}"
        case nodes.Assert(test=test, message=message):
            return f"assert {show(test)}" + (f", {show(message)}" if message is not None else "")
        case nodes.Delete(targets=targets):
            return f"del {', '.join(show(target) for target in targets)}"
        case nodes.Nonlocal(names=names):
            return f"nonlocal {', '.join(names)}"
        case nodes.Pass() | nodes.Break() | nodes.Continue():
            return type(node).__name__.lower()
    raise TypeError(f"not a statement: {node!r}")


def _right_side(value: nodes.Expression) -> str:
    """A value after `=`: a tuple keeps the parentheses that the user gave it."""
    return show(value) if isinstance(value, nodes.TupleDisplay) and value.parenthesized else show_bare(value)


def _if_lines(node: nodes.If, indent: int, word: str) -> list[str]:
    margin = "    " * indent
    lines = [f"{margin}{word} {show(node.test)}:", *show_block(node.body, indent + 1)]
    if len(node.orelse) == 1 and isinstance(node.orelse[0], nodes.If) and node.orelse[0].is_elif:
        nested = node.orelse[0]
        lines += [margin + comment for comment in nested.comments]
        tail = _if_lines(nested, indent, "elif")
        if nested.trailing:
            tail[0] += "  " + nested.trailing
        return lines + tail
    return lines + _else_lines(node.orelse, indent)


def _else_lines(orelse: tuple[nodes.Statement, ...], indent: int) -> list[str]:
    return ["    " * indent + "else:", *show_block(orelse, indent + 1)] if orelse else []


def _with_item(item: nodes.WithItem) -> str:
    return show(item.context) + (f" as {show(item.target)}" if item.target is not None else "")


def _try_lines(node: nodes.Try, indent: int) -> list[str]:
    margin = "    " * indent
    lines = [f"{margin}try:", *show_block(node.body, indent + 1)]
    for handler in node.handlers:
        head = "except" + (f" {show(handler.kind)}" if handler.kind is not None else "")
        lines += [
            f"{margin}{head}{f' as {handler.name}' if handler.name else ''}:",
            *show_block(handler.body, indent + 1),
        ]
    lines += _else_lines(node.orelse, indent)
    if node.finalbody:
        lines += [f"{margin}finally:", *show_block(node.finalbody, indent + 1)]
    return lines


def _case_lines(node: nodes.Case, indent: int) -> list[str]:
    margin = "    " * indent
    pattern = "".join(piece if isinstance(piece, str) else show(piece) for piece in node.pieces)
    guard = f" if {show(node.guard)}" if node.guard is not None else ""
    comments = [margin + comment for comment in node.comments]
    return [*comments, f"{margin}case {pattern}{guard}:", *show_block(node.body, indent + 1)]


def _function_lines(node: nodes.Function, indent: int) -> list[str]:
    margin = "    " * indent
    lines = [f"{margin}@{show(decorator)}" for decorator in node.decorators]
    returns = f" -> {show(node.returns)}" if node.returns is not None else ""
    lines.append(f"{margin}def {node.name}({show_parameters(node.parameters)}){returns}:")
    if node.docstring:
        lines += [f"{margin}    {node.docstring}"]  # its further lines carry their own margin
    body = show_block(node.body, indent + 1)
    return lines + (body if node.body or not node.docstring else [])
