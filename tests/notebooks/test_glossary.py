"""The glossary: in order, plain, and every entry leads to a section that there is."""

import re

import lessons

TEXT = (lessons.FOLDER / "GLOSSARY.md").read_text(encoding="utf-8")
ENTRIES = [
    " ".join(entry.split()) for entry in re.findall(r"^- (.+?)(?=\n- |\n\n|\Z)", TEXT, re.M | re.S)
]


def sections(name: str) -> list[str]:
    prose = re.sub(r"^```.*?^```", "", lessons.text(lessons.FOLDER / name), flags=re.M | re.S)
    return re.findall(r"^##+ (.+)$", prose, re.M)


def anchor(heading: str) -> str:
    """A heading as GitHub and the site write it into an address."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def test_terms_are_in_alphabetical_order_and_none_is_there_twice():
    terms = [re.sub(r"\W", "", re.match(r"\*\*(.+?)\*\*", one)[1].lower()) for one in ENTRIES]
    assert len(terms) >= 80
    assert terms == sorted(set(terms))


def test_every_entry_leads_to_the_section_that_teaches_it():
    for entry in ENTRIES:
        number, title, name, target = re.search(
            r"\(\[(\d\d), \*(.+?)\*\]\((\w+\.ipynb)#(.+?)\)\)$", entry
        ).groups()
        assert name.startswith(number), entry
        assert title in sections(name), entry
        assert target == anchor(title), entry


def test_every_notebook_leads_to_the_glossary():
    for path in lessons.PATHS:
        assert "[glossary](GLOSSARY.md)" in lessons.cells(path)[0].source
