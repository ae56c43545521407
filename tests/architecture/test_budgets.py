"""Budgets of size and taste: when one breaks, the design is asking to be changed, not the number."""
from __future__ import annotations

import ast
import io
import tokenize
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = [ROOT / "main.py", *sorted(p for folder in ("app", "segcore", "benchmarks") for p in (ROOT / folder).rglob("*.py"))]
FORBIDDEN_NAMES = {"utils", "util", "helpers", "helper", "manager", "common", "misc"}


def code_lines(text: str) -> set[int]:
    """Numbers of the lines that hold code: neither blank nor only comment or docstring."""
    lines: set[int] = set()
    skip = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENCODING,
            tokenize.ENDMARKER}
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in skip:
            lines.update(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            lines.difference_update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return lines


def chain_length(node: ast.If) -> int:
    """Number of branches of an if/elif chain that compare the same thing with names."""
    count, subject, current = 0, None, node
    while True:
        test = current.test
        if not (isinstance(test, ast.Compare) and isinstance(test.ops[0], ast.Eq)):
            return count
        if not (isinstance(test.comparators[0], ast.Constant) and isinstance(test.comparators[0].value, str)):
            return count
        left = ast.unparse(test.left)
        if subject not in (None, left):
            return count
        subject, count = left, count + 1
        if len(current.orelse) == 1 and isinstance(current.orelse[0], ast.If):
            current = current.orelse[0]
        else:
            return count


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_budgets(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    tree, code = ast.parse(text), code_lines(text)
    problems: list[str] = []
    if text.count("\n") > 400:
        problems.append(f"{text.count(chr(10))} lines (400)")
    if text.strip() and not ast.get_docstring(tree):
        problems.append("no module docstring")
    if path.stem in FORBIDDEN_NAMES:
        problems.append("a name that says nothing")
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            size = len([n for n in range(node.lineno, (node.end_lineno or 0) + 1) if n in code])
            if size > 40:
                problems.append(f"{node.name}: {size} code lines (40)")
        elif isinstance(node, ast.ClassDef):
            methods = [n for n in node.body if isinstance(n, ast.FunctionDef)]
            if len(methods) > 20:
                problems.append(f"class {node.name}: {len(methods)} methods (20)")
        elif isinstance(node, ast.If) and chain_length(node) > 3:
            problems.append(f"line {node.lineno}: an if/elif chain over names; make it a table")
        elif isinstance(node, ast.ExceptHandler) and (node.type is None or ast.unparse(node.type) == "BaseException"):
            problems.append(f"line {node.lineno}: bare except")
    assert not problems, f"{path.relative_to(ROOT)}: " + "; ".join(problems)
