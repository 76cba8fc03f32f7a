"""The process that runs one cell of a learner and answers the judge: see the package.

It reads lines of JSON from its input and writes lines to its output. The first says what to run.
Then it says that it is ready, runs the cell and sends its answer. If that is a function, each
further line holds arguments to call it with.
"""

import ast
import json
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

from bisenet_lib.course.grading import walls


def main() -> None:
    """Serve one judge, whose pipes are this process's input and output."""
    orders, replies = os.fdopen(os.dup(0)), os.fdopen(os.dup(1), "w")
    silence = os.open(os.devnull, os.O_RDWR)
    for descriptor in range(3):
        os.dup2(silence, descriptor)
    order = json.loads(orders.readline())
    if order["isolated"]:
        walls.enter(os.getcwd(), order["readable"], order["hidden"])  # noqa: PTH109
        os.environ["HOME"] = walls.HOME
    # Not before: they load NumPy.
    from bisenet_lib.course.exercises import is_stub
    from bisenet_lib.course.grading.messages import decode, encode

    space = _prepared(order["source"], order["imports"])
    function: Any = None

    def answer() -> dict[str, Any]:
        nonlocal function
        value = _run(order["source"], order["exercise"], order["answer"], space)
        if callable(value) and not hasattr(value, "__array__"):
            function = value
            return {"function": True}
        return {"value": encode(value)}

    def call(arguments: str) -> dict[str, Any]:
        given = function(*decode(json.loads(arguments)))
        return {"value": encode(... if given is None and is_stub(function) else given)}

    walls.limit(order["seconds"], order["megabytes"], isolated=order["isolated"])
    walls.refuse_the_rest()
    print("{}", file=replies, flush=True)
    print(_guarded(answer), file=replies, flush=True)
    for line in orders:
        print(_guarded(partial(call, line)), file=replies, flush=True)


def _prepared(source: str, imports: Sequence[str]) -> dict[str, Any]:
    """The names that a cell finds: those of the notebook's imports that it uses, and no others.

    The course's ``check`` does nothing here, and IPython's magics do not either.
    """
    from bisenet_lib.course import exercises

    exercises.check = _ignored
    space: dict[str, Any] = {"__name__": "__main__", "check": _ignored, "display": _ignored}
    space["get_ipython"] = _NoShell
    used: set[str] = set()
    with suppress(SyntaxError, ValueError, RecursionError, MemoryError):  # told when the cell runs
        used = {node.id for node in ast.walk(_parsed(source)) if isinstance(node, ast.Name)}
    for line in imports:
        (statement,) = ast.parse(line).body
        assert isinstance(statement, ast.Import | ast.ImportFrom)
        for alias in statement.names:
            name = (alias.asname or alias.name).partition(".")[0]
            if name in used and name not in space:
                statement.names = [alias]
                exec(ast.unparse(statement), space)
    return space


def _run(source: str, exercise: str, answer: str, space: dict[str, Any]) -> Any:
    """Run a cell; the answer is what it gives to ``check``, or else what the notebook asks for."""
    tree = _parsed(source)
    exec(compile(tree, "answer", "exec"), space)
    asked: ast.expr = ast.parse(answer, mode="eval").body
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "check" and len(node.args) == 2:
            name = node.args[0]
            if isinstance(name, ast.Constant) and name.value == exercise:
                asked = node.args[1]
    return eval(compile(ast.Expression(asked), "answer", "eval"), space)


def _parsed(source: str) -> ast.Module:
    try:
        return ast.parse(source)
    except SyntaxError:
        from IPython.core.inputtransformer2 import TransformerManager

        return ast.parse(TransformerManager().transform_cell(source))  # %timeit, !ls


def _guarded(run: Callable[[], dict[str, Any]]) -> str:
    """What ``run`` gives, or how it failed, as a line of JSON; nothing ends the process."""
    try:
        return json.dumps(run())
    except BaseException as error:
        text = ""
        with suppress(BaseException):
            text = str(error)[:1000]
        return json.dumps({"error": [type(error).__name__, text]})


def _ignored(*_arguments: Any, **_options: Any) -> None:
    """Stands for ``check`` and ``display``."""


class _NoShell:
    """Stands for IPython's shell: whatever a magic asks of it does nothing."""

    def __getattr__(self, name: str) -> Callable[..., None]:
        return _ignored


if __name__ == "__main__":
    main()
