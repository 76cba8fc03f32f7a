"""Reading photographs: what has to hold for the whole process."""

import subprocess
import sys

PROGRAM = """
import warnings
from pathlib import Path
from PIL import Image

default, warned = Image.MAX_IMAGE_PIXELS, Image.DecompressionBombWarning
ignored = ("ignore", None, warned, None, 0)
from bisenet_lib.data import image_io, label_io

assert Image.MAX_IMAGE_PIXELS == default and ignored not in warnings.filters
Image.new("L", (8, 4)).save("a.png")
image_io.check_image(Path("a.png"))
assert Image.MAX_IMAGE_PIXELS == image_io.MOST_PIXELS and ignored in warnings.filters
"""


def test_pillow_s_limit_is_set_by_the_first_file_and_not_by_the_import(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=tmp_path, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
