"""The teacher's notes: every Predict has its answer, and the minutes add up."""

import re

import lessons
import pytest

TEXT = (lessons.FOLDER / "TEACHING.md").read_text(encoding="utf-8")

every_lesson = pytest.mark.parametrize("path", lessons.PATHS, ids=lambda path: path.stem)


def predicts(path) -> list[str]:
    """The section of each question, in order."""
    found, section = [], ""
    for line in lessons.text(path).splitlines():
        section = line.removeprefix("## ") if line.startswith("## ") else section
        asked = line.count("**Predict") if section != "How to use a notebook" else 0
        found += [section] * asked
    return found


@every_lesson
def test_every_predict_has_an_answer_under_its_section(path):
    table = re.search(rf"^\*\*{path.stem[:2]}\*\*\n\n((?:\|.*\n)+)", TEXT, re.M)[1]
    assert re.findall(r"^\| (.+?) \|", table, re.M)[1:] == predicts(path)


@every_lesson
def test_minutes_add_up_with_slack(path):
    total, parts = re.search(
        rf"^- \*\*{path.stem[:2]}\*\* \((\d+)\): (.+?)\.$", TEXT, re.M | re.S
    ).groups()
    minutes = [int(part) for part in re.findall(r"\s(\d+)(?=,|$)", parts)]
    assert sum(minutes) == int(total)
    assert re.search(r"slack (\d+)$", parts)


def test_sections_in_italics_exist():
    heads = {
        head.replace("`", "")
        for path in lessons.PATHS
        for head in re.findall(r"^## (.+)$", lessons.text(path), re.M)
    }
    plans = TEXT.split("## Minutes per section")[0]
    named = set(re.findall(r"\*(?!\*)([A-Z][^*\n]{6,})\*(?!\*)", plans))
    assert len(named) > 20
    assert named - heads == {"Where it is wrong"}
