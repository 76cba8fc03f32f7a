"""A headless Chromium that may talk to this computer alone, and a JupyterLab with the course."""

import os
import re
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import nbformat
import pytest

ROOT = Path(__file__).parents[2]
HERE = ("127.0.0.1", "localhost", "")
INSTALL = "make test-browser installs it"
FLAGS = """--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-sync
    --disable-background-networking --disable-component-update"""
SIZE = {"width": 1280, "height": 900}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--all-notebooks", action="store_true", help="open every notebook, not only the quick ones"
    )


@pytest.fixture(scope="session")
def launch():
    """Start a browser with more flags; without one the tests say what installs it."""
    playwright = pytest.importorskip("playwright.sync_api", reason=f"no Playwright: {INSTALL}")
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        pytest.skip(f"no Chromium: {INSTALL}")
    with playwright.sync_playwright() as running:
        yield lambda *flags: running.chromium.launch(
            executable_path=program, args=[*FLAGS.split(), *flags]
        )


@pytest.fixture(scope="session")
def chromium(launch):
    """The browser."""
    browser = launch()
    yield browser
    browser.close()


@contextmanager
def new_page(browser, **options):
    """A new page; at its end it must have asked nothing of another computer."""
    context = browser.new_context(**{"viewport": SIZE, **options})
    page, asked = context.new_page(), []
    context.on("request", lambda request: asked.append(request.url))
    page.on("websocket", lambda socket: asked.append(socket.url))
    yield page
    context.close()
    assert asked, "the page asked for nothing at all"
    parts = map(urlsplit, asked)
    away = [one.geturl() for one in parts if (one.hostname or "") not in HERE]
    assert not away, f"requests that leave this computer: {away[:5]}"


@pytest.fixture
def page(chromium):
    """:func:`new_page` in the browser."""
    with new_page(chromium) as page:
        yield page


@dataclass(frozen=True)
class Lab:
    """A running JupyterLab."""

    folder: Path
    url: str
    token: str

    def address(self, path: str) -> str:
        return f"{self.url}{path}?token={self.token}&reset"


@pytest.fixture(scope="session")
def lab(chromium, tmp_path_factory) -> Iterator[Lab]:
    """JupyterLab as ``make lab`` starts it, on copies of the notebooks in the smoke profile.

    In ``kept/`` are the notebooks as they are, but saved by another Python.
    """
    folder = tmp_path_factory.mktemp("course")
    shutil.copytree(ROOT / "notebooks" / "images", folder / "notebooks" / "images")
    (folder / "kept").mkdir()
    (folder / "data").symlink_to(ROOT / "data")
    for path in (ROOT / "notebooks").glob("*.ipynb"):
        _copy(path, folder / "notebooks" / path.name)
        notebook = nbformat.read(path, as_version=4)
        notebook.metadata.language_info.version = "3.11.0"
        nbformat.write(notebook, folder / "kept" / path.name)
    token, log = secrets.token_hex(8), folder / "lab.log"
    options = {
        "ServerApp.root_dir": folder,
        "IdentityProvider.token": token,
        "ServerApp.port": 0,
        "LabApp.expose_app_in_browser": True,
        "LabApp.workspaces_dir": folder / "workspaces",
        "LabApp.user_settings_dir": folder / "settings",
    }
    command = [sys.executable, "-m", "jupyter", "lab", "--no-browser", "--allow-root"]
    command += [f"--{name}={value}" for name, value in options.items()]
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    env = {**os.environ, "PATH": path, "JUPYTER_CONFIG_PATH": str(ROOT / ".jupyter")}
    with log.open("w") as out:
        server = subprocess.Popen(command, cwd=ROOT, stdout=out, stderr=out, env=env)
    try:
        yield Lab(folder, _address(log, server), token)
    finally:
        server.terminate()
        server.wait(30)


def _copy(path: Path, target: Path) -> None:
    """Copy a notebook without outputs, its profile set to smoke."""
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
        if "parameters" in cell.metadata.get("tags", []):
            assert 'profile: str = "laptop"' in cell.source
            cell.source = cell.source.replace('"laptop"  #', '"smoke"  #')
            cell.source = cell.source.replace("runs/laptop", "runs/smoke")
    nbformat.write(notebook, target)


def _address(log: Path, server: subprocess.Popen) -> str:
    for _ in range(600):
        if found := re.search(r"http://(?:127\.0\.0\.1|localhost):\d+/", log.read_text()):
            return found[0]
        assert server.poll() is None, log.read_text()
        time.sleep(0.1)
    raise AssertionError(log.read_text())
