"""What expressions may not say, since the engine's budget of steps does not bound it.

Measured (docs/decisions/0003-policies-in-cel.md): a text that a loop makes longer took all memory of a machine; 5,000
patterns taken from facts took 14 s to compile; a pattern with repetitions of repetitions took 2 us for each character.
"""

import re

from cel_expr_python import cel

SOURCE_MAX = 4_000  # characters
PATTERN_MAX = 200  # characters
REPEATS_MAX = 100  # of all counted repetitions of a pattern together

_LITERAL = re.compile(
    r"""(?sx)
    (?P<comment>//[^\n]*)
    | \b(?:[rR][bB]?|[bB][rR]) (?:\"{3}.*?\"{3} | '{3}.*?'{3} | "[^"\n]*" | '[^'\n]*')
    | \"{3}(?:\\.|[^\\])*?\"{3} | '{3}(?:\\.|[^\\])*?'{3} | "(?:\\.|[^"\\\n])*" | '(?:\\.|[^'\\\n])*'
    """
)
_BLANK = "§"  # no character of CEL outside its texts
_PATTERN_FROM_FACTS = re.compile(rf"\bmatches\s*\((?!\s*{_BLANK}+\s*\))")
_PATTERN = re.compile(rf"\bmatches\s*\(\s*({_BLANK}+)\s*\)")
_REPEAT = re.compile(r"\{(\d+)(?:,(\d*))?\}")


class ExpressionError(ValueError):
    """The expression does not compile; says line, column and why."""

    def __init__(self, why: str, *, line: int = 1, column: int = 1) -> None:
        super().__init__(f"line {line}, column {column}: {why}")
        self.why, self.line, self.column = why, line, column


def refuse_unbounded(source: str) -> None:
    """Refuse an expression whose steps could cost without bound.

    Raises:
        ExpressionError: says where and why.
    """
    if len(source) > SOURCE_MAX:
        raise ExpressionError(f"it has {len(source):,} characters; {SOURCE_MAX:,} are allowed")
    # Texts and comments out of the way, at the same length: what is left is code.
    code = _LITERAL.sub(lambda found: (" " if found["comment"] else _BLANK) * len(found.group()), source)
    if (plus := code.find("+")) >= 0:
        raise _error(source, plus, "there is no '+' in policies, with which texts grow; compare with '-' instead")
    if found := _PATTERN_FROM_FACTS.search(code):
        raise _error(source, found.start(), "the pattern of matches() is written out as a text, not taken from a fact")
    for literal in _PATTERN.finditer(code):
        _refuse_pattern(source, *literal.span(1))


def _refuse_pattern(source: str, start: int, end: int) -> None:
    pattern = source[start:end]
    if len(pattern) > PATTERN_MAX:
        raise _error(source, start, f"the pattern has {len(pattern)} characters; {PATTERN_MAX} are allowed")
    if re.search(r"[)}]\{\d", pattern):
        raise _error(source, start, "a pattern repeats no group, and no repetition, a number of times")
    if sum(int(most or least) for least, most in _REPEAT.findall(pattern)) > REPEATS_MAX:
        raise _error(source, start, f"the repetitions of a pattern add up to {REPEATS_MAX} at most")
    try:
        value = cel.NewEnv().compile(f'"".matches({pattern})').eval(data={})
    except RuntimeError:
        return  # no literal after all: compiling the whole expression says what it is
    if value.type() == cel.Type.ERROR:
        raise _error(source, start, re.sub(r"^[A-Z_]+: ", "", str(value.value()).splitlines()[0]))


def _error(source: str, at: int, why: str) -> ExpressionError:
    before = source[:at]
    return ExpressionError(why, line=before.count("\n") + 1, column=at - before.rfind("\n"))
