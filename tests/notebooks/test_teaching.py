"""What makes a notebook a lesson: exercises, a quiz, a header that tells what was measured."""

import json
import re
import subprocess
import sys
from pathlib import Path

import lessons
import pytest

from bisenet_lib.course.exercises import names

TIMES = lessons.FOLDER / "times.json"

every_lesson = pytest.mark.parametrize("path", lessons.PATHS, ids=lambda path: path.stem)


def section(path: Path, title: str) -> str:
    """The Markdown from a heading of the second level to the next."""
    found = re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", lessons.text(path), re.M | re.S)
    assert found, f"no section {title}"
    return found[1]


@every_lesson
def test_three_to_five_exercises_with_folded_solutions(path):
    found = lessons.exercises(path)
    assert 3 <= len(found) <= 5
    for number, one in enumerate(found, 1):
        assert one.name.startswith(f"{path.stem[:2]}.")
        assert re.match(rf"### Exercise {number}: \w", one.task), one.task
        folded = r"<details><summary>Solution</summary>\n\n.*\n\n</details>"
        assert re.fullmatch(folded, one.solution.strip(), re.S), one.solution
        assert one.solution_code
    asked = {one.name for one in found}
    assert asked == {name for name in names() if name.startswith(path.stem[:2])}


@every_lesson
def test_a_quiz_with_folded_answers(path):
    quiz = section(path, "Quiz")
    questions = re.findall(
        r"^\*\*(\d)\.\*\* [^<]+?\?\n\n<details><summary>Answer</summary>\n\n[^<]+\n\n</details>",
        quiz,
        re.M,
    )
    assert questions == [str(number) for number in range(1, len(questions) + 1)]
    assert len(questions) >= 3
    assert quiz.count("<details>") == len(questions)


@every_lesson
def test_exercises_then_quiz_then_recap(path):
    heads = re.findall(r"^## (.+)$", lessons.text(path), re.M)
    assert heads[-3:] == ["Exercises", "Quiz", "Recap"]


@every_lesson
def test_the_header_tells_what_the_last_course_run_measured(path):
    if not TIMES.exists():
        pytest.skip("nothing is measured yet: bisenet course times")
    line = lessons.cells(path)[0].source.split("**Time and memory**")[1].split("\n>\n")[0]
    for profile, measured in json.loads(TIMES.read_text()).items():
        told = re.search(rf"{profile} (\d+) s, (\d+(?:\.\d)?) GB", line)
        seconds, gigabytes = measured[path.stem]["seconds"], measured[path.stem]["peak_mb"] / 1000
        for said, is_so in ((float(told[1]), seconds), (float(told[2]), gigabytes)):
            assert is_so / 2 <= said <= 2 * is_so, f"{profile}: {line}; measured {is_so}"


@pytest.mark.parametrize("path", lessons.PATHS, ids=lambda path: path.stem)
def test_no_formula_needs_mathjax(path):
    """Slides and site have none: a formula is written as code, or in words."""
    prose = re.sub(r"```.*?```|`[^`]*`", "", lessons.text(path), flags=re.S)
    assert not re.findall(r"\$[^$\n]+\$", prose)


@pytest.mark.parametrize("path", lessons.PATHS, ids=lambda path: path.stem)
def test_spelling(path):
    words = "\n".join(cell.source for cell in lessons.cells(path))
    codespell = Path(sys.executable).with_name("codespell")
    done = subprocess.run([codespell, "-"], input=words, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
