"""Cases for the layout: what it should do, a text with long lines, and the text it should become at 40 columns."""

from __future__ import annotations

from textwrap import dedent
from typing import NamedTuple


class Case(NamedTuple):
    name: str
    before: str
    after: str


def case(name: str, before: str, after: str) -> Case:
    return Case(name, dedent(before).lstrip("\n"), dedent(after).lstrip("\n"))


CALLS = [
    case(
        "arguments that fit share the line after the parenthesis",
        "convolution(features, kernel, stride=(2,))\n",
        """
        convolution(
            features, kernel, stride=(2,)
        )
        """,
    ),
    case(
        "arguments that do not fit get a line each",
        "layer(features, kernel_size, strides=strides, padding=padding)\n",
        """
        layer(
            features,
            kernel_size,
            strides=strides,
            padding=padding,
        )
        """,
    ),
    case(
        "the arguments of the last call of a short chain break",
        "self.attention.projection(hidden_states, mask)\n",
        """
        self.attention.projection(
            hidden_states, mask
        )
        """,
    ),
    case(
        "a long chain of calls breaks before its dots",
        "total = values.reshape(shape).transpose(axes).sum(axis=0)\n",
        """
        total = (
            values.reshape(shape)
            .transpose(axes)
            .sum(axis=0)
        )
        """,
    ),
    case(
        "a string of several lines starts in its parenthesis",
        'raise ValueError("""one\ntwo""")\n',
        'raise ValueError("""one\ntwo""")\n',
    ),
]

ASSIGNMENTS = [
    case(
        "a pair of values is broken before its targets",
        "x, x_dot = first_function(x), second_function(x, x_dot)\n",
        """
        x, x_dot = (
            first_function(x),
            second_function(x, x_dot),
        )
        """,
    ),
    case(
        "the call on the right of a pair of targets breaks",
        "x, x_dot = pushforward(layer, (x,), (x_dot,))\n",
        """
        x, x_dot = pushforward(
            layer, (x,), (x_dot,)
        )
        """,
    ),
    case(
        "a name that is too long gets parentheses if they help",
        "self.some_attribute.of_this = another_value_there\n",
        """
        self.some_attribute.of_this = (
            another_value_there
        )
        """,
    ),
    case(
        "a name that is too long keeps its line if they do not",
        "self.some_attribute.of_this = another_value_that_is_far_too_long_for_it\n",
        "self.some_attribute.of_this = another_value_that_is_far_too_long_for_it\n",
    ),
    case(
        "a comment after an unbreakable value moves into its parentheses",
        "self.some_attribute.of_this = another_value  # why\n",
        """
        self.some_attribute.of_this = (
            another_value  # why
        )
        """,
    ),
    case(
        "an instruction to a tool does not make a line too long",
        "self.some_attribute.of = value()  # noqa: E501\n",
        "self.some_attribute.of = value()  # noqa: E501\n",
    ),
    case(
        "an annotation breaks only inside its brackets",
        "table: dict[str, int] = build_the_table(names)\n",
        """
        table: dict[str, int] = build_the_table(
            names
        )
        """,
    ),
    case(
        "of several targets the value is broken first",
        "first = self.second = some_function(argument)\n",
        """
        first = self.second = some_function(
            argument
        )
        """,
    ),
    case(
        "the value of an augmented assignment is parenthesized",
        "self.total += weight_of_first + weight_of_second\n",
        """
        self.total += (
            weight_of_first + weight_of_second
        )
        """,
    ),
    case(
        "a lambda's body is parenthesized, not the lambda",
        "activation = lambda x, alpha: x * sigmoid(alpha * x) + bias\n",
        """
        activation = lambda x, alpha: (
            x * sigmoid(alpha * x) + bias
        )
        """,
    ),
]

OPERATORS = [
    case(
        "a sum breaks before its operators",
        "result = first_summand * weight + second_summand - third\n",
        """
        result = (
            first_summand * weight
            + second_summand
            - third
        )
        """,
    ),
    case(
        "one operator in front of a call leaves the break to the call",
        "result = scale * normalize(first_argument, second)\n",
        """
        result = scale * normalize(
            first_argument, second
        )
        """,
    ),
    case(
        "simple operands are close to their power",
        "y = x ** 2 + f(x) ** 2 + x.y ** -1 + x[0] ** 2\n",
        """
        y = (
            x**2
            + f(x) ** 2
            + x.y**-1
            + x[0] ** 2
        )
        """,
    ),
    case(
        "a condition is parenthesized around its and",
        "if first_condition and second_condition or third:\n    pass\n",
        """
        if (
            first_condition
            and second_condition
            or third
        ):
            pass
        """,
    ),
    case(
        "a conditional expression breaks before if and else",
        "return_value = value_if_true if the_condition else other\n",
        """
        return_value = (
            value_if_true
            if the_condition
            else other
        )
        """,
    ),
    case(
        "superfluous parentheses around a condition and a value go away",
        "if (a):\n    x = (b)\n",
        "if a:\n    x = b\n",
    ),
    case(
        "parentheses inside of an expression stay",
        "x = (a) + (b * c) and not (d)\n",
        "x = (a) + (b * c) and not (d)\n",
    ),
]

DISPLAYS = [
    case(
        "a list of values gets a line for each",
        "sizes = [first_size, second_size, third_size]\n",
        """
        sizes = [
            first_size,
            second_size,
            third_size,
        ]
        """,
    ),
    case(
        "a dictionary keeps keys and values together",
        "table = {'kernel': kernel_value, **other_parameters}\n",
        """
        table = {
            "kernel": kernel_value,
            **other_parameters,
        }
        """,
    ),
    case(
        "a comprehension breaks before its clauses",
        "squares = [value**2 for value in values if value > 0]\n",
        """
        squares = [
            value**2
            for value in values
            if value > 0
        ]
        """,
    ),
    case(
        "a generator needs no second parentheses in a call",
        "total = sum(value * weight for value, weight in pairs)\n",
        """
        total = sum(
            value * weight
            for value, weight in pairs
        )
        """,
    ),
    case(
        "only simple bounds are close to the colon of a slice",
        "x[1:n], x[a + 1 :], x[: f(n)], x[::2], x[a.b : c]\n",
        """
        (
            x[1:n],
            x[a + 1 :],
            x[: f(n)],
            x[::2],
            x[a.b : c],
        )
        """,
    ),
    case(
        "an index that is too long breaks",
        "value = table[first_index_name, second_index_name]\n",
        """
        value = table[
            first_index_name, second_index_name
        ]
        """,
    ),
    case("a tuple of one keeps its comma", "x = a,\n", "x = (a,)\n"),
]

LITERALS = [
    case("strings get double quotes", "x = 'a' + 'say \"b\"' + \"it's\"\n", 'x = "a" + \'say "b"\' + "it\'s"\n'),
    case("inner quotes of an f-string are the other ones", "x = f'{a[\"b\"]:>{w}}'\n", "x = f\"{a['b']:>{w}}\"\n"),
    case("prefixes and escapes are small", "x = B'\\xAB', R'a', U'b'\n", 'x = b"\\xab", R"a", "b"\n'),
    case("numbers have a normal spelling", "x = 0XfF, 1E+5, 1., .5, 2J\n", "x = 0xFF, 1e5, 1.0, 0.5, 2j\n"),
    case("adjacent strings are joined if they fit", "x = 'one ' f'{two}' 'th{r}ee'\n", 'x = f"one {two}th{{r}}ee"\n'),
    case(
        "adjacent strings get a line each if they do not",
        "raise ValueError('The first half of it ' 'and the second half.')\n",
        """
        raise ValueError(
            "The first half of it "
            "and the second half."
        )
        """,
    ),
]

STATEMENTS = [
    case(
        "imported names are parenthesized",
        "from package.module import first_name, second_name\n",
        """
        from package.module import (
            first_name,
            second_name,
        )
        """,
    ),
    case(
        "a returned pair is parenthesized",
        "def f():\n    return the_normalized_output, its_tangent\n",
        """
        def f():
            return (
                the_normalized_output,
                its_tangent,
            )
        """,
    ),
    case(
        "the parameters of a function break before its result",
        "def apply(self, x: Array, train: bool = False) -> Array: pass\n",
        """
        def apply(
            self, x: Array, train: bool = False
        ) -> Array:
            pass
        """,
    ),
    case(
        "parameters that do not fit get a line each",
        "def apply(self, hidden_states, /, *args, train=False, **kwargs): pass\n",
        """
        def apply(
            self,
            hidden_states,
            /,
            *args,
            train=False,
            **kwargs,
        ):
            pass
        """,
    ),
    case(
        "an assertion breaks its test before its message",
        "assert isinstance(some_value, SomeArray), 'no array'\n",
        """
        assert isinstance(
            some_value, SomeArray
        ), "no array"
        """,
    ),
    case(
        "several managers of a with statement are parenthesized",
        "with first_manager(x) as a, second_manager(y):\n    pass\n",
        """
        with (
            first_manager(x) as a,
            second_manager(y),
        ):
            pass
        """,
    ),
    case(
        "the names of a loop lose their parentheses",
        "for (a, b) in (c):\n    pass\nelse:\n    pass\n",
        "for a, b in c:\n    pass\nelse:\n    pass\n",
    ),
    case(
        "deleted names are parenthesized",
        "del first_attribute_name, second_attribute[0]\n",
        """
        del (
            first_attribute_name,
            second_attribute[0],
        )
        """,
    ),
    case(
        "match statements",
        """
        match  x , y:
            case (1, _) if y>2: pass  # one
            # two
            case {"k": v, **rest}: return f(v )
        """,
        """
        match x, y:
            case (1, _) if y > 2:
                pass  # one
            # two
            case {"k": v, **rest}:
                return f(v)
        """,
    ),
    case("statements on one line are taken apart", "x = 1; y = 2\nif x: del y\n", "x = 1\ny = 2\nif x:\n    del y\n"),
    case(
        "statements without rules stay as they are",
        "match  x:\n    case (1,\n        2): y = '''\n a'''\n",
        "match  x:\n    case (1,\n        2): y = '''\n a'''\n",
    ),
]

LINES_BETWEEN = [
    case(
        "definitions are set apart",
        """
        import a
        x = 1
        def f():
            y = 2
            def g(): pass
            return g
        class C:
            x = 1
            def h(self): ...
        z = 3
        """,
        """
        import a

        x = 1


        def f():
            y = 2

            def g():
                pass

            return g


        class C:
            x = 1

            def h(self): ...


        z = 3
        """,
    ),
    case(
        "at most two blank lines stay, and one inside of functions",
        "x = 1\n\n\n\ny = 2\nif x:\n    a = 1\n\n\n    b = 2\n",
        "x = 1\n\n\ny = 2\nif x:\n    a = 1\n\n    b = 2\n",
    ),
    case(
        "a comment stays with the definition that follows it",
        "x = 1\n# about f\n@decorate\n# still\ndef f(): pass\n#last\n",
        """
        x = 1


        # about f
        @decorate
        # still
        def f():
            pass


        # last
        """,
    ),
    case(
        "docstrings are indented like their function",
        'class C:\n    """  Words.\n\n          Deep.\n      Shallow.   \n    """\n    x = 1\n',
        'class C:\n    """Words.\n\n        Deep.\n    Shallow.\n    """\n\n    x = 1\n',
    ),
    case(
        "comments in front of clauses and at the end of blocks stay there",
        """
        try:
            a()
            # end of try
        # in front of except
        except (A, B) as error:
            b()

            # end of except
        finally:
            c()
        """,
        """
        try:
            a()
            # end of try
        # in front of except
        except (A, B) as error:
            b()

            # end of except
        finally:
            c()
        """,
    ),
]

CASES = [*CALLS, *ASSIGNMENTS, *OPERATORS, *DISPLAYS, *LITERALS, *STATEMENTS, *LINES_BETWEEN]
