"""Text that depends on the state."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from implicitbias.explore.axis import Value

_PLACEHOLDER = re.compile(r"{(\w+)}")


@dataclass(frozen=True)
class Clause:
    """A piece of text that is said only in some states.

    Args:
        text: words; ``{name}`` stands for an axis' position or an array's number.
        when: for some axes or arrays, the values in which it is said.
        unless: for some axes or arrays, the values in which it is not said.
    """

    text: str
    when: Mapping[str, tuple[Value, ...]] = field(default_factory=dict)
    unless: Mapping[str, tuple[Value, ...]] = field(default_factory=dict)


Text = str | tuple[Clause, ...]


def clauses(text: Text) -> tuple[Clause, ...]:
    """The clauses of a text; a string is one that always holds."""
    return (Clause(text),) if isinstance(text, str) else text


def named_in(text: Text) -> set[str]:
    """The axes and arrays that a text speaks of."""
    return {
        name
        for clause in clauses(text)
        for name in (*_PLACEHOLDER.findall(clause.text), *clause.when, *clause.unless)
    }


def constant(text: Text) -> str:
    """The words that hold in every state."""
    return "".join(c.text for c in clauses(text) if not (c.when or c.unless))
