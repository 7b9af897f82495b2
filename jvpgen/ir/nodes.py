"""What a program means, as frozen trees: Python's expressions and statements, each with the span it came from.

The nodes mirror Python's grammar, because the generated code must read like the source. Literals keep the text that
the user wrote (`1e-6`, `'abc'`), comments travel with their statement, and a node's span never takes part in
comparisons: two expressions are equal when they say the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from jvpgen.ir.node import Node as Node
from jvpgen.ir.node import children as children
from jvpgen.ir.node import map_children as map_children
from jvpgen.ir.node import walk as walk

# --- Expressions ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Name(Node):
    id: str


@dataclass(frozen=True)
class Constant(Node):
    """A number, string, bytes, `True`, `False`, `None` or `...`, as the user spelled it."""

    text: str


@dataclass(frozen=True)
class FormattedString(Node):
    """An f-string, kept as text; `values` are the expressions inside it."""

    text: str
    values: tuple[Expression, ...] = ()


@dataclass(frozen=True)
class Attribute(Node):
    value: Expression
    attribute: str


@dataclass(frozen=True)
class Subscript(Node):
    value: Expression
    index: Expression


@dataclass(frozen=True)
class Slice(Node):
    """`lower:upper:step`, only inside the index of a `Subscript`."""

    lower: Expression | None = None
    upper: Expression | None = None
    step: Expression | None = None


@dataclass(frozen=True)
class Argument(Node):
    """One argument of a call: positional, `keyword=value`, `*value` or `**value`."""

    value: Expression
    keyword: str | None = None
    star: Literal["", "*", "**"] = ""


@dataclass(frozen=True)
class Call(Node):
    function: Expression
    arguments: tuple[Argument, ...] = ()


@dataclass(frozen=True)
class Unary(Node):
    """`-x`, `+x`, `~x` or `not x`."""

    operator: str
    operand: Expression


@dataclass(frozen=True)
class Binary(Node):
    """`left operator right`; `parenthesized` says that the user put it in brackets, needed or not."""

    left: Expression
    operator: str
    right: Expression
    parenthesized: bool = field(default=False, compare=False, kw_only=True)


@dataclass(frozen=True)
class Comparison(Node):
    """`left op right op right …`; operators as spelled, e.g. `is not`."""

    left: Expression
    operators: tuple[str, ...]
    rights: tuple[Expression, ...]


@dataclass(frozen=True)
class Boolean(Node):
    """`a and b and c`, or with `or`."""

    operator: Literal["and", "or"]
    values: tuple[Expression, ...]


@dataclass(frozen=True)
class Conditional(Node):
    """`body if test else orelse`."""

    test: Expression
    body: Expression
    orelse: Expression


@dataclass(frozen=True)
class Lambda(Node):
    parameters: Parameters
    body: Expression


@dataclass(frozen=True)
class TupleDisplay(Node):
    """`(a, b)`; also a bare `a, b`, as in an index, a return or the target of an assignment."""

    elements: tuple[Expression, ...]
    parenthesized: bool = field(default=False, compare=False, kw_only=True)


@dataclass(frozen=True)
class ListDisplay(Node):
    elements: tuple[Expression, ...]


@dataclass(frozen=True)
class SetDisplay(Node):
    elements: tuple[Expression, ...]


@dataclass(frozen=True)
class DictDisplay(Node):
    """`{key: value}`; a key of None is `**value`."""

    items: tuple[tuple[Expression | None, Expression], ...]


@dataclass(frozen=True)
class Starred(Node):
    """`*value` inside a display or a target."""

    value: Expression


@dataclass(frozen=True)
class Clause(Node):
    """`for target in iterable if condition …` of a comprehension."""

    target: Expression
    iterable: Expression
    conditions: tuple[Expression, ...] = ()


@dataclass(frozen=True)
class Comprehension(Node):
    """`kind` tells list, set, dict and generator apart; a dict's `element` is a `TupleDisplay` of key and value."""

    kind: Literal["list", "set", "dict", "generator"]
    element: Expression
    clauses: tuple[Clause, ...]


@dataclass(frozen=True)
class NamedExpression(Node):
    """`target := value`."""

    target: Name
    value: Expression


@dataclass(frozen=True)
class Unsupported(Node):
    """An expression or statement outside the language (`yield`, `await`, …), kept as text with the reason."""

    text: str
    reason: str


Expression: TypeAlias = (
    Name
    | Constant
    | FormattedString
    | Attribute
    | Subscript
    | Slice
    | Call
    | Unary
    | Binary
    | Comparison
    | Boolean
    | Conditional
    | Lambda
    | TupleDisplay
    | ListDisplay
    | SetDisplay
    | DictDisplay
    | Starred
    | Comprehension
    | NamedExpression
    | Unsupported
)


# --- Functions --------------------------------------------------------------------------------------------------------

ParameterKind = Literal["positional-only", "positional", "star", "keyword-only", "double-star"]


@dataclass(frozen=True)
class Parameter(Node):
    name: str
    kind: ParameterKind = "positional"
    annotation: Expression | None = None
    default: Expression | None = None


@dataclass(frozen=True)
class Parameters(Node):
    items: tuple[Parameter, ...] = ()

    def __iter__(self) -> Iterator[Parameter]:
        return iter(self.items)

    def names(self) -> tuple[str, ...]:
        return tuple(item.name for item in self.items)


# --- Statements -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class StatementNode(Node):
    """Base of statements. `comments` stand on the lines above, `trailing` after the statement on its first line;
    `text_in_source` is a simple statement as the user wrote it."""

    comments: tuple[str, ...] = field(default=(), compare=False, kw_only=True)
    trailing: str | None = field(default=None, compare=False, kw_only=True)
    text_in_source: str | None = field(default=None, compare=False, kw_only=True, repr=False)


@dataclass(frozen=True)
class Assign(StatementNode):
    """`a = b = value`; an annotation only with a single target, `value` None for a bare `a: int`."""

    targets: tuple[Expression, ...]
    value: Expression | None
    annotation: Expression | None = None


@dataclass(frozen=True)
class AugmentedAssign(StatementNode):
    """`target operator= value`; the operator without its `=`."""

    target: Expression
    operator: str
    value: Expression


@dataclass(frozen=True)
class ExpressionStatement(StatementNode):
    value: Expression


@dataclass(frozen=True)
class Return(StatementNode):
    """`parenthesized` keeps the parentheses of a tuple, so that a formatter puts one element on a line."""

    value: Expression | None = None
    parenthesized: bool = field(default=False, compare=False, kw_only=True)


@dataclass(frozen=True)
class If(StatementNode):
    """An `elif` is an `If` alone in `orelse`, marked `is_elif`."""

    test: Expression
    body: tuple[Statement, ...]
    orelse: tuple[Statement, ...] = ()
    is_elif: bool = field(default=False, compare=False, kw_only=True)


@dataclass(frozen=True)
class For(StatementNode):
    target: Expression
    iterable: Expression
    body: tuple[Statement, ...]
    orelse: tuple[Statement, ...] = ()


@dataclass(frozen=True)
class While(StatementNode):
    test: Expression
    body: tuple[Statement, ...]
    orelse: tuple[Statement, ...] = ()


@dataclass(frozen=True)
class WithItem(Node):
    context: Expression
    target: Expression | None = None


@dataclass(frozen=True)
class With(StatementNode):
    items: tuple[WithItem, ...]
    body: tuple[Statement, ...]


@dataclass(frozen=True)
class ExceptHandler(Node):
    kind: Expression | None
    name: str | None
    body: tuple[Statement, ...]


@dataclass(frozen=True)
class Try(StatementNode):
    body: tuple[Statement, ...]
    handlers: tuple[ExceptHandler, ...]
    orelse: tuple[Statement, ...] = ()
    finalbody: tuple[Statement, ...] = ()


@dataclass(frozen=True)
class Case(Node):
    """`case pattern if guard:`. The pattern is in `pieces`, text and what it reads; it binds `names`, of which
    `captures` say, as assignments, what of the subject each is. A name that is not the same in all alternatives of a
    `|` is in `ambiguous`. `is_literal` is a pattern that compares with a literal."""

    pieces: tuple[str | Expression, ...]
    guard: Expression | None
    body: tuple[Statement, ...]
    names: tuple[str, ...] = ()
    captures: tuple[Assign, ...] = ()
    ambiguous: frozenset[str] = frozenset()
    is_literal: bool = False
    comments: tuple[str, ...] = field(default=(), compare=False, kw_only=True)


@dataclass(frozen=True)
class Match(StatementNode):
    """`match subject:`. In the source's IR the subject gets a name of its own, by which captures refer to it."""

    subject: Expression
    cases: tuple[Case, ...]


@dataclass(frozen=True)
class Raise(StatementNode):
    exception: Expression | None = None
    cause: Expression | None = None


@dataclass(frozen=True)
class Assert(StatementNode):
    test: Expression
    message: Expression | None = None


@dataclass(frozen=True)
class Delete(StatementNode):
    targets: tuple[Expression, ...]


@dataclass(frozen=True)
class Pass(StatementNode):
    pass


@dataclass(frozen=True)
class Break(StatementNode):
    pass


@dataclass(frozen=True)
class Continue(StatementNode):
    pass


@dataclass(frozen=True)
class Verbatim(StatementNode):
    """A statement without a derivative, copied as it stands (an import, `global`, …); it binds `names`."""

    text: str
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Nonlocal(StatementNode):
    names: tuple[str, ...]


@dataclass(frozen=True)
class Function(StatementNode):
    """A `def`: a method, a helper function, or one nested in another. `docstring` is not part of the body.

    With `is_lambda` the source says `name = lambda …`, which is the same.
    """

    name: str
    parameters: Parameters
    body: tuple[Statement, ...]
    decorators: tuple[Expression, ...] = ()
    returns: Expression | None = None
    docstring: str | None = field(default=None, compare=False)
    is_lambda: bool = False

    def as_written(self) -> Statement:
        """The statement in the source's own form."""
        match self.body:
            case (Return(value=value),) if self.is_lambda and value is not None:
                target: tuple[Expression, ...] = (Name(self.name),)
                return Assign(
                    target,
                    Lambda(self.parameters, value),
                    span=self.span,
                    comments=self.comments,
                    trailing=self.trailing,
                )
        return self


@dataclass(frozen=True)
class UnsupportedStatement(StatementNode):
    text: str
    reason: str


Statement: TypeAlias = (
    Assign
    | AugmentedAssign
    | ExpressionStatement
    | Return
    | If
    | For
    | While
    | With
    | Try
    | Match
    | Raise
    | Assert
    | Delete
    | Pass
    | Break
    | Continue
    | Verbatim
    | Nonlocal
    | Function
    | UnsupportedStatement
)
