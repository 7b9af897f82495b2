"""CST → IR: the functions of a file as the frozen trees of `nodes`, with comments, spans and the user's own literals.

What enters is a libcst node and a way to ask for its span; what leaves says the same in fewer kinds of node. Nothing
is refused here: what the language does not cover becomes `Unsupported`, with its text, and a later pass decides what
that means.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

import libcst as cst

from jvpgen.ir import nodes
from jvpgen.ir.lower_comments import comments_on, header_comment, inner_comments
from jvpgen.ir.lower_match import lower_match
from jvpgen.source.span import Span

Place = Callable[[cst.CSTNode], Span | None]

_PRINTER = cst.Module([])

_BINARY = {
    cst.Add: "+", cst.Subtract: "-", cst.Multiply: "*", cst.Divide: "/", cst.FloorDivide: "//", cst.Modulo: "%",
    cst.Power: "**", cst.MatrixMultiply: "@", cst.LeftShift: "<<", cst.RightShift: ">>", cst.BitAnd: "&",
    cst.BitOr: "|", cst.BitXor: "^",
}  # fmt: skip
_AUGMENTED = {
    cst.AddAssign: "+", cst.SubtractAssign: "-", cst.MultiplyAssign: "*", cst.DivideAssign: "/",
    cst.FloorDivideAssign: "//", cst.ModuloAssign: "%", cst.PowerAssign: "**", cst.MatrixMultiplyAssign: "@",
    cst.LeftShiftAssign: "<<", cst.RightShiftAssign: ">>", cst.BitAndAssign: "&", cst.BitOrAssign: "|",
    cst.BitXorAssign: "^",
}  # fmt: skip
_UNARY = {cst.Minus: "-", cst.Plus: "+", cst.BitInvert: "~", cst.Not: "not"}
_COMPARISON = {
    cst.Equal: "==", cst.NotEqual: "!=", cst.LessThan: "<", cst.LessThanEqual: "<=", cst.GreaterThan: ">",
    cst.GreaterThanEqual: ">=", cst.Is: "is", cst.IsNot: "is not", cst.In: "in", cst.NotIn: "not in",
}  # fmt: skip


def text_of(node: cst.CSTNode) -> str:
    """The source text of `node`."""
    return _PRINTER.code_for_node(node)


def lower_function(node: cst.FunctionDef, place: Place = lambda node: None) -> nodes.Function:
    """The IR of a `def`; its own comments above it are kept, its docstring is set apart."""
    return _Lowering(place).function(node)


def lower_expression(node: cst.BaseExpression, place: Place = lambda node: None) -> nodes.Expression:
    return _Lowering(place).expression(node)


def parse_expression(text: str) -> nodes.Expression:
    """The IR of an expression given as text, without spans: how rule terms become trees.

    Raises:
      libcst.ParserSyntaxError: if `text` is not an expression.
    """
    return lower_expression(cst.parse_expression(text))


def with_names(text: str, names: Mapping[str, str]) -> str:
    """The f-string `text` with the names that it interpolates replaced; what is bound inside of it is not looked at."""
    renamed = cst.parse_expression(text).visit(_Renaming(names))
    assert isinstance(renamed, cst.CSTNode)
    return text_of(renamed)


class _Renaming(cst.CSTTransformer):
    def __init__(self, names: Mapping[str, str]):
        self.names = names

    def leave_Name(self, original_node: cst.Name, updated_node: cst.Name) -> cst.Name:
        return updated_node.with_changes(value=self.names.get(original_node.value, original_node.value))

    def leave_Attribute(self, original_node: cst.Attribute, updated_node: cst.Attribute) -> cst.Attribute:
        return updated_node.with_changes(attr=original_node.attr)

    def leave_Arg(self, original_node: cst.Arg, updated_node: cst.Arg) -> cst.Arg:
        return updated_node.with_changes(keyword=original_node.keyword)


class _Lowering:
    def __init__(self, place: Place):
        self.place = place
        self.matches = 0

    # --- Expressions --------------------------------------------------------------------------------------------------

    def expression(self, node: cst.BaseExpression) -> nodes.Expression:
        lower = getattr(self, f"_{type(node).__name__}", None)
        if lower is None:
            return nodes.Unsupported(
                text_of(node), f"`{type(node).__name__.lower()}` expression", span=self.place(node)
            )
        result: nodes.Expression = lower(node)
        return result

    def _optional(self, node: cst.BaseExpression | None) -> nodes.Expression | None:
        return None if node is None else self.expression(node)

    def _Name(self, node: cst.Name) -> nodes.Expression:
        if node.value in ("True", "False", "None"):
            return nodes.Constant(node.value, span=self.place(node))
        return nodes.Name(node.value, span=self.place(node))

    def _constant(self, node: cst.BaseExpression) -> nodes.Expression:
        return nodes.Constant(text_of(_without_parentheses(node)), span=self.place(node))

    _Integer = _Float = _Imaginary = _SimpleString = _constant

    def _Ellipsis(self, node: cst.Ellipsis) -> nodes.Expression:
        return nodes.Constant("...", span=self.place(node))

    def _FormattedString(self, node: cst.BaseExpression) -> nodes.Expression:
        text = text_of(_without_parentheses(node))
        return nodes.FormattedString(text, tuple(self._interpolated(node)), span=self.place(node))

    def _ConcatenatedString(self, node: cst.ConcatenatedString) -> nodes.Expression:
        pieces = tuple(_string_pieces(node))
        text = " ".join(text_of(piece) for piece in pieces)
        values = tuple(value for piece in pieces for value in self._interpolated(piece))
        if any(isinstance(piece, cst.FormattedString) for piece in pieces):
            return nodes.FormattedString(text, values, span=self.place(node))
        return nodes.Constant(text, span=self.place(node))

    def _interpolated(self, node: cst.CSTNode) -> Iterable[nodes.Expression]:
        if isinstance(node, cst.FormattedString):
            for part in node.parts:
                if isinstance(part, cst.FormattedStringExpression):
                    yield self.expression(part.expression)

    def _Attribute(self, node: cst.Attribute) -> nodes.Expression:
        return nodes.Attribute(self.expression(node.value), node.attr.value, span=self.place(node))

    def _Subscript(self, node: cst.Subscript) -> nodes.Expression:
        items = tuple(self._index(element.slice) for element in node.slice)
        is_tuple = len(items) > 1 or isinstance(node.slice[-1].comma, cst.Comma)
        index = nodes.TupleDisplay(items) if is_tuple else items[0]
        return nodes.Subscript(self.expression(node.value), index, span=self.place(node))

    def _index(self, node: cst.BaseSlice) -> nodes.Expression:
        if isinstance(node, cst.Slice):
            return nodes.Slice(self._optional(node.lower), self._optional(node.upper), self._optional(node.step))
        assert isinstance(node, cst.Index)
        value = self.expression(node.value)
        return nodes.Starred(value) if node.star else value

    def _Call(self, node: cst.Call) -> nodes.Expression:
        arguments = tuple(self._argument(argument) for argument in node.args)
        return nodes.Call(self.expression(node.func), arguments, span=self.place(node))

    def _argument(self, node: cst.Arg) -> nodes.Argument:
        keyword = node.keyword.value if node.keyword else None
        star = node.star if node.star in ("*", "**") else ""
        return nodes.Argument(self.expression(node.value), keyword, star, span=self.place(node))

    def _UnaryOperation(self, node: cst.UnaryOperation) -> nodes.Expression:
        operator = _UNARY[type(node.operator)]
        return nodes.Unary(operator, self.expression(node.expression), span=self.place(node))

    def _BinaryOperation(self, node: cst.BinaryOperation) -> nodes.Expression:
        left, right = self.expression(node.left), self.expression(node.right)
        operator = _BINARY[type(node.operator)]
        return nodes.Binary(left, operator, right, parenthesized=bool(node.lpar), span=self.place(node))

    def _BooleanOperation(self, node: cst.BooleanOperation) -> nodes.Expression:
        operator = "and" if isinstance(node.operator, cst.And) else "or"
        values: list[nodes.Expression] = []
        for side in (node.left, node.right):
            value = self.expression(side)
            same = isinstance(value, nodes.Boolean) and value.operator == operator and not side.lpar
            values.extend(value.values if same and isinstance(value, nodes.Boolean) else (value,))
        return nodes.Boolean(operator, tuple(values), span=self.place(node))  # type: ignore[arg-type]

    def _Comparison(self, node: cst.Comparison) -> nodes.Expression:
        operators = tuple(_COMPARISON[type(target.operator)] for target in node.comparisons)
        rights = tuple(self.expression(target.comparator) for target in node.comparisons)
        return nodes.Comparison(self.expression(node.left), operators, rights, span=self.place(node))

    def _IfExp(self, node: cst.IfExp) -> nodes.Expression:
        test, body, orelse = (self.expression(part) for part in (node.test, node.body, node.orelse))
        return nodes.Conditional(test, body, orelse, span=self.place(node))

    def _Lambda(self, node: cst.Lambda) -> nodes.Expression:
        return nodes.Lambda(self._parameters(node.params), self.expression(node.body), span=self.place(node))

    def _elements(self, elements: Sequence[cst.BaseElement]) -> tuple[nodes.Expression, ...]:
        return tuple(self._element(element) for element in elements)

    def _element(self, element: cst.BaseElement) -> nodes.Expression:
        value = self.expression(element.value)
        if isinstance(element, cst.StarredElement):
            return nodes.Starred(value, span=self.place(element))
        return value

    def _StarredElement(self, node: cst.StarredElement) -> nodes.Expression:
        return self._element(node)

    def _Tuple(self, node: cst.Tuple) -> nodes.Expression:
        elements = self._elements(node.elements)
        return nodes.TupleDisplay(elements, parenthesized=bool(node.lpar), span=self.place(node))

    def _List(self, node: cst.List) -> nodes.Expression:
        return nodes.ListDisplay(self._elements(node.elements), span=self.place(node))

    def _Set(self, node: cst.Set) -> nodes.Expression:
        return nodes.SetDisplay(self._elements(node.elements), span=self.place(node))

    def _Dict(self, node: cst.Dict) -> nodes.Expression:
        items = tuple(
            (
                self.expression(element.key) if isinstance(element, cst.DictElement) else None,
                self.expression(element.value),
            )
            for element in node.elements
        )
        return nodes.DictDisplay(items, span=self.place(node))

    def _ListComp(self, node: cst.ListComp) -> nodes.Expression:
        return nodes.Comprehension("list", self.expression(node.elt), self._clauses(node.for_in), span=self.place(node))

    def _SetComp(self, node: cst.SetComp) -> nodes.Expression:
        return nodes.Comprehension("set", self.expression(node.elt), self._clauses(node.for_in), span=self.place(node))

    def _GeneratorExp(self, node: cst.GeneratorExp) -> nodes.Expression:
        element = self.expression(node.elt)
        return nodes.Comprehension("generator", element, self._clauses(node.for_in), span=self.place(node))

    def _DictComp(self, node: cst.DictComp) -> nodes.Expression:
        element = nodes.TupleDisplay((self.expression(node.key), self.expression(node.value)))
        return nodes.Comprehension("dict", element, self._clauses(node.for_in), span=self.place(node))

    def _clauses(self, node: cst.CompFor | None) -> tuple[nodes.Clause, ...]:
        clauses = []
        while node is not None:
            conditions = tuple(self.expression(condition.test) for condition in node.ifs)
            clauses.append(nodes.Clause(self.expression(node.target), self.expression(node.iter), conditions))
            node = node.inner_for_in
        return tuple(clauses)

    def _NamedExpr(self, node: cst.NamedExpr) -> nodes.Expression:
        target = self.expression(node.target)
        assert isinstance(target, nodes.Name)
        return nodes.NamedExpression(target, self.expression(node.value), span=self.place(node))

    # --- Functions ----------------------------------------------------------------------------------------------------

    def _parameters(self, node: cst.Parameters) -> nodes.Parameters:
        items = [self._parameter(item, "positional-only") for item in node.posonly_params]
        items += [self._parameter(item, "positional") for item in node.params]
        if isinstance(node.star_arg, cst.Param):
            items.append(self._parameter(node.star_arg, "star"))
        items += [self._parameter(item, "keyword-only") for item in node.kwonly_params]
        if node.star_kwarg is not None:
            items.append(self._parameter(node.star_kwarg, "double-star"))
        return nodes.Parameters(tuple(items), span=None)

    def _parameter(self, node: cst.Param, kind: nodes.ParameterKind) -> nodes.Parameter:
        annotation = self.expression(node.annotation.annotation) if node.annotation else None
        return nodes.Parameter(node.name.value, kind, annotation, self._optional(node.default), span=self.place(node))

    def function(self, node: cst.FunctionDef) -> nodes.Function:
        body = self.block(node.body)
        docstring = None
        first = body[0] if body else None
        if isinstance(first, nodes.ExpressionStatement) and _is_string(first.value):
            assert isinstance(first.value, nodes.Constant)
            docstring, body = first.value.text, body[1:]
        if node.asynchronous is not None:
            body = (nodes.UnsupportedStatement("async def", "an asynchronous function"),)
        return nodes.Function(
            node.name.value,
            self._parameters(node.params),
            body,
            tuple(self.expression(decorator.decorator) for decorator in node.decorators),
            self.expression(node.returns.annotation) if node.returns else None,
            docstring,
            span=self.place(node.name) or self.place(node),
            comments=comments_on(node.leading_lines),
        )

    # --- Statements ---------------------------------------------------------------------------------------------------

    def block(self, node: cst.BaseSuite) -> tuple[nodes.Statement, ...]:
        if isinstance(node, cst.SimpleStatementSuite):
            return tuple(self._small(statement) for statement in node.body)
        assert isinstance(node, cst.IndentedBlock)
        statements = [lowered for statement in node.body for lowered in self.statement(statement)]
        statements += [nodes.Verbatim(comment) for comment in comments_on(node.footer)]
        return tuple(statements)

    def statement(self, node: cst.BaseStatement | cst.BaseSmallStatement) -> list[nodes.Statement]:
        if isinstance(node, cst.SimpleStatementLine):
            lowered = [replace(self._small(small), text_in_source=text_of(small).rstrip("; ")) for small in node.body]
            trailing = node.trailing_whitespace.comment
            comments = (*comments_on(node.leading_lines), *inner_comments(node))
            return _with_comments(lowered, comments, trailing.value if trailing else None)
        lower = getattr(self, f"_{type(node).__name__}", None)
        comments = comments_on(getattr(node, "leading_lines", ()))
        if lower is None:
            reason = f"a `{_keyword(node)}` statement"
            return [nodes.UnsupportedStatement(text_of(node).strip(), reason, span=self.place(node), comments=comments)]
        return _with_comments([lower(node)], comments, header_comment(node))

    def _small(self, node: cst.BaseSmallStatement) -> nodes.Statement:
        lower = getattr(self, f"_{type(node).__name__}", None)
        if lower is None:
            return nodes.UnsupportedStatement(text_of(node), f"a `{_keyword(node)}` statement", span=self.place(node))
        result: nodes.Statement = lower(node)
        return result

    def _Assign(self, node: cst.Assign) -> nodes.Statement:
        targets = tuple(self.expression(target.target) for target in node.targets)
        value = self.expression(node.value)
        match targets, value:
            case [nodes.Name(id=name)], nodes.Lambda(parameters=parameters, body=body):  # the same as a `def`
                return nodes.Function(name, parameters, (nodes.Return(body),), is_lambda=True, span=self.place(node))
        return nodes.Assign(targets, value, span=self.place(node))

    def _AnnAssign(self, node: cst.AnnAssign) -> nodes.Statement:
        target, annotation = self.expression(node.target), self.expression(node.annotation.annotation)
        return nodes.Assign((target,), self._optional(node.value), annotation, span=self.place(node))

    def _AugAssign(self, node: cst.AugAssign) -> nodes.Statement:
        operator = _AUGMENTED[type(node.operator)]
        target, value = self.expression(node.target), self.expression(node.value)
        return nodes.AugmentedAssign(target, operator, value, span=self.place(node))

    def _Expr(self, node: cst.Expr) -> nodes.Statement:
        return nodes.ExpressionStatement(self.expression(node.value), span=self.place(node))

    def _Return(self, node: cst.Return) -> nodes.Statement:
        return nodes.Return(self._optional(node.value), span=self.place(node))

    def _Raise(self, node: cst.Raise) -> nodes.Statement:
        cause = self.expression(node.cause.item) if node.cause else None
        return nodes.Raise(self._optional(node.exc), cause, span=self.place(node))

    def _Assert(self, node: cst.Assert) -> nodes.Statement:
        return nodes.Assert(self.expression(node.test), self._optional(node.msg), span=self.place(node))

    def _Del(self, node: cst.Del) -> nodes.Statement:
        target = self.expression(node.target)
        targets = target.elements if isinstance(target, nodes.TupleDisplay) else (target,)
        return nodes.Delete(targets, span=self.place(node))

    def _Nonlocal(self, node: cst.Nonlocal) -> nodes.Statement:
        return nodes.Nonlocal(tuple(item.name.value for item in node.names), span=self.place(node))

    def _Pass(self, node: cst.Pass) -> nodes.Statement:
        return nodes.Pass(span=self.place(node))

    def _Break(self, node: cst.Break) -> nodes.Statement:
        return nodes.Break(span=self.place(node))

    def _Continue(self, node: cst.Continue) -> nodes.Statement:
        return nodes.Continue(span=self.place(node))

    def _Import(self, node: cst.Import | cst.ImportFrom) -> nodes.Statement:
        names: tuple[str, ...] = ()
        if not isinstance(node.names, cst.ImportStar):
            names = tuple(_bound_name(alias) for alias in node.names)
        return nodes.Verbatim(text_of(node), names, span=self.place(node))

    _ImportFrom = _Import

    def _If(self, node: cst.If) -> nodes.Statement:
        orelse: tuple[nodes.Statement, ...] = ()
        if isinstance(node.orelse, cst.If):
            nested = self._If(node.orelse)
            assert isinstance(nested, nodes.If)
            (nested_with_comments,) = _with_comments(
                [nested], comments_on(node.orelse.leading_lines), header_comment(node.orelse)
            )
            orelse = (_as_elif(nested_with_comments),)
        elif node.orelse is not None:
            orelse = self._orelse(node.orelse)
        return nodes.If(self.expression(node.test), self.block(node.body), orelse, span=self.place(node))

    def _orelse(self, node: cst.Else | None) -> tuple[nodes.Statement, ...]:
        if node is None:
            return ()
        return (*(nodes.Verbatim(comment) for comment in comments_on(node.leading_lines)), *self.block(node.body))

    def _For(self, node: cst.For) -> nodes.Statement:
        target, iterable = self.expression(node.target), self.expression(node.iter)
        if node.asynchronous is not None:
            return nodes.UnsupportedStatement(text_of(node), "an `async for` loop", span=self.place(node))
        return nodes.For(target, iterable, self.block(node.body), self._orelse(node.orelse), span=self.place(node))

    def _While(self, node: cst.While) -> nodes.Statement:
        test = self.expression(node.test)
        return nodes.While(test, self.block(node.body), self._orelse(node.orelse), span=self.place(node))

    def _With(self, node: cst.With) -> nodes.Statement:
        if node.asynchronous is not None:
            return nodes.UnsupportedStatement(text_of(node), "an `async with` block", span=self.place(node))
        items = tuple(
            nodes.WithItem(self.expression(item.item), self.expression(item.asname.name) if item.asname else None)
            for item in node.items
        )
        return nodes.With(items, self.block(node.body), span=self.place(node))

    def _Try(self, node: cst.Try) -> nodes.Statement:
        handlers = tuple(
            nodes.ExceptHandler(
                self._optional(handler.type),
                text_of(handler.name.name).strip() if handler.name else None,
                self.block(handler.body),
            )
            for handler in node.handlers
        )
        final = self.block(node.finalbody.body) if node.finalbody else ()
        return nodes.Try(self.block(node.body), handlers, self._orelse(node.orelse), final, span=self.place(node))

    def _Match(self, node: cst.Match) -> nodes.Statement:
        self.matches += 1
        return lower_match(node, self.expression, self.block, self.place, self.matches)

    def _FunctionDef(self, node: cst.FunctionDef) -> nodes.Statement:
        if node.asynchronous is not None:
            return nodes.UnsupportedStatement(text_of(node), "an asynchronous function", span=self.place(node))
        return self.function(node)


def _without_parentheses(node: cst.BaseExpression) -> cst.BaseExpression:
    return node.with_changes(lpar=(), rpar=()) if node.lpar else node


def _string_pieces(node: cst.BaseExpression) -> Iterable[cst.BaseExpression]:
    if isinstance(node, cst.ConcatenatedString):
        yield from _string_pieces(node.left)
        yield from _string_pieces(node.right)
    else:
        yield node


def _is_string(node: nodes.Expression) -> bool:
    return isinstance(node, nodes.Constant) and node.text.lstrip("rRuUbB")[:1] in ("'", '"')


def _with_comments(
    statements: list[nodes.Statement], comments: tuple[str, ...], trailing: str | None
) -> list[nodes.Statement]:
    """The statements of one line, the first with the comments above it, the last with the comment behind it."""
    if comments:
        statements[0] = replace(statements[0], comments=statements[0].comments or comments)
    if trailing:
        statements[-1] = replace(statements[-1], trailing=trailing)
    return statements


def _as_elif(statement: nodes.Statement) -> nodes.Statement:
    assert isinstance(statement, nodes.If)
    return replace(statement, is_elif=True)


def _keyword(node: cst.CSTNode) -> str:
    names = {"ClassDef": "class", "FunctionDef": "def", "TryStar": "except*", "TypeAlias": "type"}
    name = type(node).__name__
    return names.get(name, name.lower())


def _bound_name(alias: cst.ImportAlias) -> str:
    if alias.asname is not None:
        return text_of(alias.asname.name)
    return text_of(alias.name).split(".")[0]
