"""Every slide that a notebook names can be made, and is fit for a room."""

import importlib.util
from pathlib import Path

import nbformat
import pytest
from lessons import FOLDER, PATHS, cells

WORDS = 25
"""Of a slide, at most: more is read, not heard."""
CODE = 8
"""Lines of code on a slide, at most."""


@pytest.fixture(scope="module")
def slides():
    path = Path(__file__).parents[2] / "tools" / "publish" / "slides.py"
    spec = importlib.util.spec_from_file_location("slides", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_slides_have_few_words_and_little_code(path, slides):
    for cell in cells(path):
        for mark in slides.marks_of(cell):
            assert len(f"{mark.title} {mark.text}".split()) <= WORDS, mark.title
            if mark.show == "code" and cell.cell_type == "code":
                assert (mark.lines or len(cell.source.splitlines())) <= CODE, mark.title


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_every_slide_finds_what_it_shows(path, slides):
    assert len(slides.slides_of(nbformat.read(path, as_version=4), FOLDER)) > 1
