"""A file that a docstring or a comment names is there: who follows a pointer must not have to guess what it was called before."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

from tests.architecture.source import Source, files, listed, sources

POINTER = re.compile(r"(?<![\w/.*{-])((?:[\w-]+/)*[\w-]+\.py)\b(?!:\d)")
OF_EACH_PACKAGE = {"app.py", "reasons.py"}
"""Where these are named without a folder, every package's own is meant."""
PATTERNS = {"versions/NNNN_slug.py", "versions/NNNN_SLUG.py", "path.py"}


def _texts(source: Source) -> Iterator[tuple[int, str]]:
    """Line and text of every docstring, bare string and comment."""
    for node in ast.walk(source.tree):
        match node:
            case ast.Expr(value=ast.Constant(value=str(text))):
                yield node.lineno, text
    for token in tokenize.generate_tokens(io.StringIO(source.text).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string


def _there(pointer: str, folder: Path, known: set[str]) -> bool:
    """Whether it is a path from the folder or from one around it; with a folder of its own in it, also the end of any path."""
    if pointer in PATTERNS or pointer in OF_EACH_PACKAGE:
        return True
    if any((around / pointer).as_posix() in known for around in (folder, *folder.parents)):
        return True
    return "/" in pointer and any(path.endswith(f"/{pointer}") for path in known)


def test_a_file_that_a_docstring_or_a_comment_names_is_there() -> None:
    known = {path.as_posix() for path in files()}
    violations = [
        source.at(line, f"`{pointer}` is nowhere")
        for source in sources()
        if ".py" in source.text
        for line, text in _texts(source)
        for pointer in POINTER.findall(text)
        if not _there(pointer, source.path.parent, known)
    ]
    assert not violations, listed(violations)
