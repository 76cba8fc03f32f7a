"""Exercises of the notebooks: answers are checked, and wrong ones get a hint.

A notebook ends in three to five exercises, from easy to hard. Each has three cells::

    markdown   ### Exercise 1: the learning rate
               What is asked, in a few sentences.

    code       rate = ...  # your answer
               check("04.rate", rate)

    markdown   <details><summary>Solution</summary>

               ```python
               rate = 0.05 * (16 * 3) / (4 * 4)
               ```

               Why, in a sentence or two.

               </details>

The answer is a value, several in a tuple, list or dictionary, or a function whose body is ``...``.
The cells use nothing of the notebook but its imports, so that an exercise can be done at any time.

The modules beside this one hold the checks: ``04.rate`` is the function ``rate`` of the module
``e04_multi_gpu``. It takes the answer and returns a hint, or None if the answer is right::

    def rate(answer) -> str | None:
        "A number: the learning rate for two nodes of eight GPUs with three images each."
        if np.isclose(answer, 0.15):
            return None
        if np.isclose(answer, 0.2):
            return "You counted the GPUs and left out the images on each."
        return "How many images make one iteration? The learning rate grows with it."

A check need not handle answers that are missing, that raise, or that have another type:
:func:`check` does this, and shows the learner the docstring, which says what form the answer has.
Names that begin with an underscore are not exercises.

The usual wrong answers, with a part of the hint each should get, belong in
``tests/notebooks/wrong_answers/``, in the module of the same name. A test runs every exercise of
every notebook on its stub, on the solution folded under it, and on the wrong answers.
"""

import copy
import dis
import importlib
import inspect
import pkgutil
import textwrap
from collections.abc import Callable
from typing import Any, NamedTuple

from bisenet_lib.errors import InputError

__all__ = ["Verdict", "check", "is_stub", "names", "verdict"]


class Verdict(NamedTuple):
    """What is said of an answer."""

    right: bool
    text: str
    """``right.``, ``not answered yet.``, or ``not yet.`` and a hint."""


class _NotAnswered(Exception):  # noqa: N818  (not an error)
    """The answer is still the stub."""


class _Hint(Exception):  # noqa: N818  (not an error)
    """What the learner can think about next."""


def check(name: str, answer: Any) -> None:
    """Print whether the answer to an exercise is right, or a hint; no answer ends in a traceback.

    Args:
        name: the notebook's number and the exercise: ``04.rate``.
        answer: a value or a function.

    Raises:
        InputError: there is no exercise of that name.
    """
    print(f"{name}: {verdict(name, answer).text}")


def verdict(name: str, answer: Any) -> Verdict:
    """Whether the answer to an exercise is right; arguments and errors as of :func:`check`."""
    number, _, exercise = name.partition(".")
    module = next(
        (candidate for candidate in _modules() if candidate.startswith(f"e{number}_")), None
    )
    checkers = _checkers(module) if module else {}
    if exercise not in checkers:
        raise InputError(f"no exercise {name!r}; there are: {', '.join(names())}")
    return _verdict(checkers[exercise], answer)


def names() -> list[str]:
    """The exercises there are, in the order of the notebooks and of their modules."""
    return [f"{module[1:3]}.{name}" for module in _modules() for name in _checkers(module)]


def _verdict(checker: Callable[[Any], str | None], answer: Any) -> Verdict:
    try:
        if _missing(answer):
            raise _NotAnswered
        hint = checker(_Asked(answer) if callable(answer) else answer)
    except _NotAnswered:
        return Verdict(False, "not answered yet.")
    except _Hint as raised:
        hint = str(raised)
    except Exception:  # the checker cannot read an answer of this form
        hint = f"The answer needs another form. {inspect.getdoc(checker)}"
    return Verdict(False, f"not yet. {hint}") if hint else Verdict(True, "right.")


class _Asked:
    """A learner's function: it may change its arguments, and its failures become hints."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function

    def __call__(self, *arguments: Any) -> Any:
        try:
            given = self._function(*copy.deepcopy(arguments))
        except NotImplementedError:
            raise _NotAnswered from None
        except Exception as error:
            call = textwrap.shorten(", ".join(map(repr, arguments)), 120)
            raise _Hint(f"Called with {call} it ends in {type(error).__name__}: {error}") from None
        if given is None and not is_stub(self._function):
            raise _Hint("It returns None. Is a `return` missing?")
        if _missing(given):
            raise _NotAnswered
        return given


def _missing(answer: Any) -> bool:
    parts = answer.values() if isinstance(answer, dict) else answer
    if isinstance(answer, dict | list | tuple):
        return any(part is None or part is ... for part in parts)
    return answer is None or answer is ...


def is_stub(function: Callable[..., Any]) -> bool:
    """Whether nothing but ``...`` stands in a function."""

    def stub():
        return None

    if not inspect.isfunction(function):
        return False
    operations = ([step.opname for step in dis.get_instructions(code)] for code in (function, stub))
    return len(set(map(tuple, operations))) == 1


def _modules() -> list[str]:
    names = (module.name for module in pkgutil.iter_modules(__path__))
    return sorted(name for name in names if name[1:3].isdigit())


def _checkers(module: str) -> dict[str, Callable[[Any], str | None]]:
    loaded = importlib.import_module(f"{__name__}.{module}")
    return {
        name: checker
        for name, checker in vars(loaded).items()
        if inspect.isfunction(checker) and checker.__module__ == loaded.__name__ and name[0] != "_"
    }
