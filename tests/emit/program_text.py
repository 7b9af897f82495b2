"""Random statements of Python, each logical line on one physical line: what the layout is tried on."""

from __future__ import annotations

import ast
import keyword
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

WORDS = "x y dot mask self scale x_dot kernel weights features hidden_states attention_mask normalization".split()
OPERATORS = (("+",), ("+", "-"), ("*", "+"), ("*", "/", "@", "+"), ("|",), ("&", "|", "^"), ("//", "%"), ("<<", "+"))


def random_program(random: Random, statements: int) -> str:
    return "import x\n\n" + "".join(random_statement(random) for _ in range(statements))


def random_statement(random: Random) -> str:
    while True:
        text = Statements(Expressions(random)).statement() + "\n"
        indented = "if x:\n" + "".join(f"    {line}\n" for line in text.splitlines())
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)
            try:
                ast.parse(indented)
            except SyntaxError:
                continue
        return random.choice((text, text, indented))


@dataclass(frozen=True)
class Expressions:
    random: Random

    def pick(self, *choices: Callable[[int], str], depth: int) -> str:
        return self.random.choice(choices)(depth)

    def several(self, make: Callable[[int], str], depth: int, counts: Sequence[int], separator: str = ", ") -> str:
        return separator.join(make(depth) for _ in range(self.random.choice(counts)))

    def maybe(self, chance: float, text: str) -> str:
        return text if self.random.random() < chance else ""

    def name(self, _depth: int = 0) -> str:
        name = "_".join(self.random.choice(WORDS) for _ in range(self.random.choice((1, 1, 1, 2, 3))))
        return name + "_" if keyword.iskeyword(name) else name

    def number(self, _depth: int = 0) -> str:
        return self.random.choice(("0", "1", "42", "1e-6", "0.5", "10_000", "0xFF", "1j"))

    def words(self) -> str:
        return "".join(self.random.choice("abc de.") for _ in range(self.random.choice((0, 3, 10, 30))))

    def string(self, _depth: int = 0) -> str:
        return self.random.choice(('"%s"', "'%s'", "'say \"%s\"'", '"it\'s %s"', "b'%s'", "r'%s'")) % self.words()

    def format_string(self, _depth: int = 0) -> str:
        field = self.random.choice(("{%s}", "{%s!r}", "{%s:.2f}", "{%s:>{x}}", "{%s + 1}", "{%s['k']}", "{f(%s, x)}"))
        return f'f"{self.words()}{field % self.name()}{self.words()}"'

    def joined_strings(self, _depth: int = 0) -> str:
        return " ".join(self.random.choice((self.string_piece, self.format_string))() for _ in range(2))

    def string_piece(self) -> str:
        return f"'{self.words()}{self.maybe(0.3, '{}')}'"

    def atom(self, depth: int = 0) -> str:
        return self.pick(self.name, self.name, self.name, self.number, self.string, self.constant, depth=depth)

    def constant(self, _depth: int) -> str:
        return self.random.choice(("None", "True", "..."))

    def parenthesized(self, depth: int) -> str:
        return f"({self.expression(depth - 1)})"

    def primary(self, depth: int) -> str:
        if depth <= 0:
            return self.name()
        make = self.random.choices(
            (self.name, self.attribute, self.call, self.subscript, self.parenthesized), (20, 30, 30, 15, 5)
        )[0]
        return make(depth)

    def attribute(self, depth: int) -> str:
        return f"{self.primary(depth - 1)}.{self.name()}"

    def call(self, depth: int) -> str:
        return f"{self.primary(depth - 1)}({self.arguments(depth - 1)})"

    def subscript(self, depth: int) -> str:
        return f"{self.primary(depth - 1)}[{self.several(self.index, depth - 1, (1, 1, 2, 3))}]"

    def index(self, depth: int) -> str:
        bound = [self.maybe(0.6, self.expression(depth)) for _ in range(3)]
        return self.random.choice((self.expression(depth), f"{bound[0]}:{bound[1]}", ":".join(bound)))

    def arguments(self, depth: int) -> str:
        if self.random.random() < 0.07:
            return f"{self.expression(depth)} for {self.name()} in {self.name()}"
        positional = [self.argument(depth) for _ in range(self.random.choice((0, 1, 1, 2, 3)))]
        names = {self.name() for _ in range(self.random.choice((0, 0, 1, 2)))}
        named = [f"{name}={self.expression(depth)}" for name in sorted(names)]
        return ", ".join(positional + named + [f"**{self.name()}"] * (self.random.random() < 0.1))

    def argument(self, depth: int) -> str:
        return self.random.choices((self.expression, self.joined_strings, self.starred), (90, 5, 5))[0](depth)

    def starred(self, depth: int) -> str:
        return f"*{self.primary(depth)}"

    def display(self, depth: int) -> str:
        items = self.several(self.expression, depth - 1, (1, 2, 3, 5))
        return self.random.choice(
            (f"[{items}]", f"({items}, {self.atom()})", f"{{{items}}}", "[]", "()", self.dictionary(depth))
        )

    def dictionary(self, depth: int) -> str:
        item = lambda depth: f"{self.expression(depth)}: {self.expression(depth)}"  # noqa: E731
        return f"{{{self.several(item, depth - 1, (0, 1, 2, 3))}}}"

    def comprehension(self, depth: int) -> str:
        target = self.random.choice((self.name(), f"{self.name()}, {self.name()}", f"({self.name()}, {self.name()})"))
        clauses = f" for {target} in {self.operand(depth)}{self.maybe(0.4, f' if {self.comparison(depth)}')}"
        key, value = self.expression(depth - 1), self.expression(depth - 1)
        return self.random.choice((f"[{value}{clauses}]", f"({value}{clauses})", f"{{{key}: {value}{clauses}}}"))

    def operand(self, depth: int) -> str:
        if depth <= 0:
            return self.atom()
        choices = (self.atom, self.primary, self.primary, self.parenthesized, self.display, self.comprehension)
        return self.random.choices(choices, (30, 20, 20, 15, 10, 5))[0](depth)

    def signed(self, depth: int) -> str:
        return self.maybe(0.1, self.random.choice("-~+")) + self.operand(depth - 1)

    def power(self, depth: int) -> str:
        return f"{self.primary(depth - 1)} ** {self.operand(depth - 1)}"

    def arithmetic(self, depth: int) -> str:
        operators = self.random.choice(OPERATORS)
        parts = [self.pick(self.signed, self.signed, self.signed, self.power, depth=depth)]
        for _ in range(self.random.choice((1, 1, 2, 3, 5))):
            parts += [self.random.choice(operators), self.pick(self.signed, self.signed, self.power, depth=depth)]
        return " ".join(parts)

    def comparison(self, depth: int) -> str:
        parts = [self.pick(self.operand, self.arithmetic, depth=depth - 1)]
        for _ in range(self.random.choice((1, 1, 2))):
            operator = self.random.choice(("==", "!=", "<", ">=", "in", "not in", "is", "is not"))
            parts += [operator, self.pick(self.operand, self.arithmetic, depth=depth - 1)]
        return " ".join(parts)

    def boolean(self, depth: int) -> str:
        part = lambda depth: self.maybe(0.1, "not ") + self.pick(self.operand, self.comparison, depth=depth)  # noqa: E731
        return part(depth - 1) + "".join(
            f" {self.random.choice(('and', 'or'))} {part(depth - 1)}" for _ in range(self.random.choice((1, 1, 2, 3)))
        )

    def conditional(self, depth: int) -> str:
        value, test = (
            self.pick(self.operand, self.arithmetic, depth=depth - 1),
            self.pick(self.operand, self.comparison, self.boolean, depth=depth - 1),
        )
        return f"{value} if {test} else {self.pick(self.operand, self.arithmetic, depth=depth - 1)}"

    def function(self, depth: int) -> str:
        names = [f"p{number}_{self.name()}" for number in range(self.random.choice((0, 1, 2, 3)))]
        return f"lambda{' ' if names else ''}{', '.join(names)}: {self.expression(depth - 1)}"

    def negation(self, depth: int) -> str:
        return f"not {self.operand(depth)}"

    def walrus(self, depth: int) -> str:
        return f"({self.name()} := {self.expression(depth - 1)})"

    def expression(self, depth: int) -> str:
        if depth <= 0:
            return self.atom()
        choices = {
            self.atom: 20,
            self.primary: 30,
            self.arithmetic: 14,
            self.comparison: 5,
            self.boolean: 5,
            self.conditional: 3,
            self.comprehension: 4,
            self.display: 9,
            self.function: 3,
            self.format_string: 3,
            self.negation: 2,
            self.walrus: 1,
        }
        return self.random.choices(tuple(choices), tuple(choices.values()))[0](depth)


@dataclass(frozen=True)
class Statements:
    expressions: Expressions

    @property
    def random(self) -> Random:
        return self.expressions.random

    def name(self) -> str:
        return self.expressions.name()

    def expression(self) -> str:
        return self.expressions.expression(self.random.choice((1, 2, 2, 3)))

    def comment(self) -> str:
        return self.random.choice(("", "", "", "", "  # why", "  # a longer remark about what the line is for"))

    def value(self) -> str:
        choices = (self.expression(), self.expressions.joined_strings(), f"{self.expression()}, {self.expression()}")
        return self.random.choices(choices, (80, 5, 15))[0]

    def target(self) -> str:
        return self.random.choice(
            (self.name(), f"{self.name()}.{self.name()}", f"{self.name()}[{self.expressions.index(2)}]", self.targets())
        )

    def targets(self) -> str:
        return ", ".join(
            self.random.choice((self.name(), f"self.{self.name()}")) for _ in range(self.random.choice((2, 3)))
        )

    def parameters(self) -> str:
        names = [f"p{number}_{self.name()}" for number in range(self.random.choice((0, 1, 2, 4)))]
        plain = [name + self.random.choice(("", "", f": {self.annotation()}")) for name in names]
        star = ["*", f"train: bool = {self.random.choice(('True', 'None'))}", f"rng={self.expressions.atom()}"]
        return ", ".join(
            [*plain, *star[: self.random.choice((0, 0, 2, 3))], *["**kwargs"] * (self.random.random() < 0.2)]
        )

    def annotation(self) -> str:
        return self.random.choice(
            (self.name(), f"{self.name()}[{self.name()}, {self.name()}]", f"{self.name()} | None")
        )

    def simple(self) -> str:
        assigned = f"{self.target()} = {self.value()}"
        choices = {
            assigned: 30,
            f"{self.name()} = {assigned}": 5,
            f"{self.random.choice((self.name(), f'self.{self.name()}'))} += {self.expression()}": 5,
            f"{self.name()}: {self.annotation()} = {self.expression()}": 5,
            f"{self.name()}: {self.annotation()}": 2,
            self.expressions.call(3): 8,
            self.expressions.arithmetic(2): 4,
            f"assert {self.expression()}, {self.expression()}": 4,
            f"raise {self.name()}({self.expressions.joined_strings()}) from {self.name()}": 3,
            f"from {self.name()} import {', '.join(self.name() for _ in range(self.random.choice((1, 3, 6))))}": 3,
            f"del {self.name()}[{self.expressions.index(1)}]": 1,
        }
        return self.random.choices(tuple(choices), tuple(choices.values()))[0] + self.comment()

    def block(self) -> str:
        return "\n".join(f"    {self.simple()}" for _ in range(self.random.choice((1, 2))))

    def header(self) -> str:
        test = self.expression()
        choices = {
            f"if {test}": 8,
            f"while {test}": 2,
            f"for {self.random.choice((self.name(), self.targets()))} in {test}": 6,
            f"with {self.expressions.call(2)}": 2,
            f"with {self.expressions.call(2)} as {self.name()}": 3,
            f"with {self.expressions.call(2)} as {self.name()}, {self.expressions.call(2)}": 2,
            f"def {self.name()}({self.parameters()})": 5,
            f"def {self.name()}({self.parameters()}) -> {self.annotation()}": 3,
            f"@{self.expressions.call(2)}\ndef {self.name()}({self.parameters()})": 2,
            f"class {self.name()}({self.expressions.arguments(1)})": 1,
        }
        return self.random.choices(tuple(choices), tuple(choices.values()))[0]

    def compound(self) -> str:
        choices = (
            f"{self.header()}:{self.comment()}\n{self.block()}",
            f"if {self.expression()}:\n{self.block()}\nelif {self.expression()}:\n{self.block()}\nelse:\n    pass",
            f"try:\n{self.block()}\nexcept ({self.name()}, {self.name()}) as error:\n{self.block()}",
            f"def f():\n    return {self.value()}{self.comment()}",
        )
        return self.random.choices(choices, (60, 10, 5, 25))[0]

    def statement(self) -> str:
        return self.random.choice((self.simple, self.simple, self.compound))()
