"""What a reader can hold: files and functions stay short, and every waiver of a check says why."""

import ast
import io
import re
import tokenize

from tests.architecture.source import Source, listed, sources

MOST_LINES_OF_A_FILE = 400
MOST_LINES_OF_A_FUNCTION = 45
WAIVER = re.compile(r"#\s*(type:\s*ignore|noqa|pragma:|fmt:\s*off|ruff:|mypy:|pyright:)", re.IGNORECASE)
REASON = re.compile(r"(\]|[A-Z]+\d+|cover)\s*(#|-|:|,)?\s*\S+\s+\S+")
"""After the code that is waived come at least two words."""


def _length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Physical lines of a function from `def` on, its docstring left out."""
    total = (function.end_lineno or function.lineno) - function.lineno + 1
    match function.body[0]:
        case ast.Expr(value=ast.Constant(value=str()) as docstring):
            total -= (docstring.end_lineno or docstring.lineno) - docstring.lineno + 1
    return total


def _functions(source: Source) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    return [node for node in ast.walk(source.tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def test_files_stay_short() -> None:
    lengths = [(len(source.text.splitlines()), source) for source in sources()]
    violations = [
        source.at(1, f"{length} lines, at most {MOST_LINES_OF_A_FILE}") for length, source in lengths if length > MOST_LINES_OF_A_FILE
    ]
    assert not violations, listed(violations)


def test_functions_stay_short() -> None:
    violations = [
        source.at(function.lineno, f"`{function.name}` has {length} lines, at most {MOST_LINES_OF_A_FUNCTION}")
        for source in sources()
        for function in _functions(source)
        if (length := _length(function)) > MOST_LINES_OF_A_FUNCTION
    ]
    assert not violations, listed(violations)


def test_contracts_have_no_behaviour() -> None:
    """A function of a contract may spell a value out; what takes more than five lines belongs to whoever uses it."""
    violations = [
        source.at(function.lineno, f"`{function.name}` has {_length(function)} lines, at most 5")
        for source in sources()
        if source.within("groundwork.contracts") and source.module != "groundwork.contracts.codec"
        for function in _functions(source)
        if _length(function) > 5
    ]
    assert not violations, listed(violations)


def _comments(source: Source) -> list[tokenize.TokenInfo]:
    tokens = tokenize.generate_tokens(io.StringIO(source.text).readline)
    return [token for token in tokens if token.type == tokenize.COMMENT]


def test_a_waiver_names_what_it_waives_and_why() -> None:
    violations = [
        source.at(comment.start[0], f"`{comment.string}` gives no reason")
        for source in sources()
        for comment in _comments(source)
        if WAIVER.match(comment.string) and not REASON.search(comment.string)
    ]
    assert not violations, listed(violations)


def test_every_module_says_what_it_is() -> None:
    """An `__init__` with nothing in it needs no word; a test's name is its own."""
    silent = [source for source in sources() if source.tree.body and ast.get_docstring(source.tree) is None]
    violations = [source.at(1, "has no docstring") for source in silent if source.path.parts[:2] != ("aislecast", "migrations")]
    assert not violations, listed(violations)
