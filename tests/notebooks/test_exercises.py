"""Every exercise on its stub, on its solution, and on the usual wrong answers."""

import importlib.util
from pathlib import Path

import lessons
import numpy as np
import pytest

from bisenet_lib.course.exercises import check, names
from bisenet_lib.errors import InputError

WRONG_ANSWERS = Path(__file__).with_name("wrong_answers")
IN_NOTEBOOKS = [one for path in lessons.PATHS for one in lessons.exercises(path)]


def wrong_answers():
    for file in sorted(WRONG_ANSWERS.glob("e*.py")):
        spec = importlib.util.spec_from_file_location(f"wrong_{file.stem}", file)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        for name, answers in module.WRONG.items():
            for number, (answer, hint) in enumerate(answers, 1):
                yield pytest.param(
                    f"{file.stem[1:3]}.{name}", answer, hint, id=f"{file.stem[1:3]}.{name}-{number}"
                )


WRONG = list(wrong_answers())


@pytest.mark.parametrize("exercise", IN_NOTEBOOKS, ids=lambda one: one.name)
def test_stub_is_not_answered_and_solution_is_right(exercise, capsys):
    space: dict = {}
    exec(exercise.imports, space)
    capsys.readouterr()
    exec(exercise.stub, space)
    assert capsys.readouterr().out == f"{exercise.name}: not answered yet.\n"
    exec(exercise.solution_code, space)
    exec(exercise.check, space)
    assert capsys.readouterr().out == f"{exercise.name}: right.\n"


@pytest.mark.parametrize(("name", "answer", "hint"), WRONG)
def test_a_usual_wrong_answer_gets_its_hint(name, answer, hint, capsys):
    check(name, answer)
    said = capsys.readouterr().out
    assert said.startswith(f"{name}: not yet. ")
    assert hint in said


def test_every_exercise_has_usual_wrong_answers_with_hints_of_their_own():
    hints: dict[str, set[str]] = {}
    for one in WRONG:
        name, _, hint = one.values
        hints.setdefault(name, set()).add(hint)
    assert set(hints) == set(names())
    assert min(map(len, hints.values())) >= 2


def stub(size, ranks): ...


def stub_that_says_so(size, ranks):
    """With a docstring."""
    raise NotImplementedError


@pytest.mark.parametrize(
    "answer", [..., None, (..., 3), [None], stub, stub_that_says_so, lambda size, ranks: (6, ...)]
)
def test_what_is_not_answered(answer, capsys):
    check("04.ring", answer)
    assert capsys.readouterr().out == "04.ring: not answered yet.\n"


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (lambda size, ranks: print(end=""), "Is a `return` missing?"),
        (lambda size: size, "it ends in TypeError"),
        (lambda size, ranks: 1 / 0, "Called with 8, 4 it ends in ZeroDivisionError"),
        (lambda size, ranks: "six", "The answer needs another form. A function of"),
        (6, "The answer needs another form. A function of"),
        (np.zeros(3), "The answer needs another form. A function of"),
    ],
)
def test_no_answer_ends_in_a_traceback(answer, told, capsys):
    check("04.ring", answer)
    assert told in capsys.readouterr().out


def test_an_answer_may_change_its_arguments(capsys):
    def in_place(ranks):
        for one in ranks[1:]:
            ranks[0] += one
        ranks[0] /= len(ranks)
        return [ranks[0]] * len(ranks)

    check("04.all_reduce", in_place)
    assert capsys.readouterr().out == "04.all_reduce: right.\n"


def test_an_unknown_exercise_is_refused():
    with pytest.raises(InputError, match=r"no exercise '04.rat'; there are: .*04.rate"):
        check("04.rat", 1)
    with pytest.raises(InputError, match="no exercise 'rate'"):
        check("rate", 1)
