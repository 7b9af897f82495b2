"""`match` statements lowered: each pattern as its text and what it reads, each capture as a part of the subject."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import libcst as cst

from jvpgen.ir import nodes
from jvpgen.source.span import Span

_Expression = Callable[[cst.BaseExpression], nodes.Expression]
_WHOLE = frozenset(
    "bool bytearray bytes dict float frozenset int list set str tuple".split()
)  # `int(n)`: n is all of it
FIELD = "$"  # before the position of a field that a class pattern names by position


def lower_match(
    node: cst.Match,
    expression: _Expression,
    block: Callable[[cst.BaseSuite], tuple[nodes.Statement, ...]],
    place: Callable[[cst.CSTNode], Span | None],
    number: int,
) -> nodes.Match:
    """The IR of a `match` statement, the one of this `number` in its function."""
    subject, name = expression(node.subject), nodes.Name(f"$subject_{number}")
    cases = []
    for case in node.cases:
        pattern, span = _Pattern(expression, name), place(case.pattern)
        pattern.add(case.pattern, _element_wise(subject, name))
        cases.append(
            nodes.Case(
                tuple(pattern.pieces),
                expression(case.guard) if case.guard is not None else None,
                block(case.body),
                tuple(pattern.captured),
                tuple(_capture(name, tuple(found), span) for name, found in pattern.captured.items()),
                frozenset(name for name, found in pattern.captured.items() if len(set(found)) > 1),
                _is_literal(case.pattern),
                comments=tuple(line.comment.value for line in case.leading_lines if line.comment is not None),
            )
        )
    return nodes.Match(nodes.NamedExpression(name, subject), tuple(cases), span=place(node))


def _capture(name: str, parts: tuple[nodes.Expression, ...], span: Span | None) -> nodes.Assign:
    """What a name captures: one of several parts, where alternatives differ."""
    part = parts[0] if len(set(parts)) == 1 else nodes.Boolean("or", parts)
    return nodes.Assign((nodes.Name(name),), part, span=span)


def _element_wise(subject: nodes.Expression, name: nodes.Name) -> nodes.Expression:
    """What captures are parts of: of `match (a, b)` the names `a` and `b` themselves, where nothing else stands."""
    is_display = isinstance(subject, nodes.TupleDisplay) and bool(subject.elements)
    if is_display and all(isinstance(part, nodes.Name | nodes.Constant) for part in nodes.children(subject)):
        return subject
    return name


def _is_literal(pattern: cst.MatchPattern) -> bool:
    match pattern:
        case cst.MatchSingleton():
            return True
        case cst.MatchValue(value=value):
            return not isinstance(value, cst.Attribute)
        case cst.MatchOr(patterns=patterns):
            return any(_is_literal(item.pattern) for item in patterns)
        case cst.MatchAs(pattern=inner) if inner is not None:
            return _is_literal(inner)
    return False


def is_irrefutable(case: nodes.Case) -> bool:
    """Whether a case takes whatever comes to it."""
    pattern = "".join(piece for piece in case.pieces if isinstance(piece, str))
    return case.guard is None and len(case.pieces) == 1 and pattern.isidentifier()


@dataclass
class _Pattern:
    """A pattern under construction: its text with the expressions in it, and what each name captures."""

    expression: _Expression
    subject: nodes.Name
    pieces: list[str | nodes.Expression] = field(default_factory=list)
    captured: dict[str, list[nodes.Expression]] = field(default_factory=dict)

    def add(self, pattern: cst.MatchPattern, part: nodes.Expression, nested: bool = False) -> None:
        """Adds a pattern for a part of the subject; one that is `nested` in another may need parentheses."""
        match pattern:
            case cst.MatchValue(value=value) | cst.MatchSingleton(value=value):
                self._expression(self.expression(value))
            case cst.MatchAs(pattern=None, name=None):
                self._text("_")
            case cst.MatchAs(pattern=None, name=cst.Name(value=name)):
                self._capture(name, name, part)
            case cst.MatchAs(pattern=cst.MatchPattern() as inner, name=cst.Name(value=name)):
                self._text("(" if nested else "")
                self.add(inner, part, nested=isinstance(inner, cst.MatchAs))
                self._capture(name, f" as {name}", part)
                self._text(")" if nested else "")
            case cst.MatchOr(patterns=patterns):
                self._text("(" if nested else "")
                for place, item in enumerate(patterns):
                    self._text(" | " if place else "")
                    self.add(item.pattern, part, nested=True)
                self._text(")" if nested else "")
            case cst.MatchList(patterns=items) if pattern.lbracket is not None:
                self._sequence("[", items, "]", part)
            case cst.MatchList(patterns=items) | cst.MatchTuple(patterns=items):
                self._sequence("(", items, ",)" if len(items) == 1 else ")", part)
            case cst.MatchMapping():
                self._mapping(pattern, part)
            case cst.MatchClass():
                self._class(pattern, part)
            case _:
                raise TypeError(f"not a pattern: {pattern!r}")

    def _text(self, text: str) -> None:
        if self.pieces and isinstance(self.pieces[-1], str):
            self.pieces[-1] += text
        else:
            self.pieces.append(text)

    def _expression(self, node: nodes.Expression) -> None:
        self.pieces.append(node)

    def _capture(self, name: str, text: str, part: nodes.Expression) -> None:
        self._text(text)
        self.captured.setdefault(name, []).append(part)

    def _sequence(
        self,
        left: str,
        items: Sequence[cst.MatchSequenceElement | cst.MatchStar],
        right: str,
        part: nodes.Expression,
    ) -> None:
        self._text(left)
        for place, (item, item_part) in enumerate(zip(items, _parts(items, part, self.subject), strict=True)):
            self._text(", " if place else "")
            if isinstance(item, cst.MatchSequenceElement):
                self.add(item.value, item_part, nested=True)
            elif item.name is None:
                self._text("*_")
            else:
                self._capture(item.name.value, f"*{item.name.value}", item_part)
        self._text(right)

    def _mapping(self, pattern: cst.MatchMapping, part: nodes.Expression) -> None:
        self._text("{")
        keys = [self.expression(item.key) for item in pattern.elements]
        for place, (key, item) in enumerate(zip(keys, pattern.elements, strict=True)):
            self._text(", " if place else "")
            self._expression(key)
            self._text(": ")
            self.add(item.pattern, nodes.Subscript(part, key), nested=True)
        if pattern.rest is not None:
            self._text(", **" if keys else "**")
            self._capture(pattern.rest.value, pattern.rest.value, _others(part, keys))
        self._text("}")

    def _class(self, pattern: cst.MatchClass, part: nodes.Expression) -> None:
        self._expression(self.expression(pattern.cls))
        self._text("(")
        is_whole = isinstance(pattern.cls, cst.Name) and pattern.cls.value in _WHOLE
        for place, item in enumerate(pattern.patterns):
            self._text(", " if place else "")
            self.add(item.value, part if is_whole else _field(part, pattern, place), nested=True)
        for place, keyword in enumerate(pattern.kwds):
            self._text(", " if place or pattern.patterns else "")
            self._text(f"{keyword.key.value}=")
            self.add(keyword.pattern, nodes.Attribute(part, keyword.key.value), nested=True)
        self._text(")")


def _field(part: nodes.Expression, pattern: cst.MatchClass, place: int) -> nodes.Expression:
    """The field at a position: of which class, is in the attribute's name."""
    name = cst.Module([]).code_for_node(pattern.cls)
    return nodes.Attribute(part, f"{FIELD}{name}{FIELD}{place}")


def _parts(
    items: Sequence[cst.MatchSequenceElement | cst.MatchStar], whole: nodes.Expression, subject: nodes.Name
) -> Iterator[nodes.Expression]:
    """What of a sequence each pattern gets."""
    stars = [place for place, item in enumerate(items) if isinstance(item, cst.MatchStar)]
    if isinstance(whole, nodes.TupleDisplay) and not stars and len(whole.elements) == len(items):
        yield from whole.elements
        return
    if isinstance(whole, nodes.TupleDisplay):
        whole = subject
    for place in range(len(items)):
        if not stars or place < stars[0]:
            yield nodes.Subscript(whole, nodes.Constant(str(place)))
        elif place > stars[0]:
            yield nodes.Subscript(whole, nodes.Unary("-", nodes.Constant(str(len(items) - place))))
        else:
            end = len(items) - 1 - place
            upper = nodes.Unary("-", nodes.Constant(str(end))) if end else None
            sliced = nodes.Subscript(whole, nodes.Slice(nodes.Constant(str(place)) if place else None, upper))
            yield nodes.Call(nodes.Name("list"), (nodes.Argument(sliced),))


def _others(part: nodes.Expression, keys: Sequence[nodes.Expression]) -> nodes.Expression:
    """The entries of a mapping but those of some keys."""
    item = nodes.TupleDisplay((nodes.Name("key"), nodes.Name("value")))
    items = nodes.Call(nodes.Attribute(part, "items"))
    unlike = nodes.Comparison(nodes.Name("key"), ("not in",), (nodes.TupleDisplay(tuple(keys)),))
    return nodes.Comprehension("dict", item, (nodes.Clause(item, items, (unlike,) if keys else ()),))
