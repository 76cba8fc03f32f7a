"""Files in the folders that Pascal VOC and CVAT share, and the labels drawn from them."""

import pickle

import numpy as np
from PIL import Image


def save_image(path, size, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, (90, 120, 30)).save(path, **options)
    return path


def save_list(root, name, *names):
    path = root / "ImageSets" / "Segmentation" / f"{name}.txt"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{name}\n" for name in names), encoding="utf-8")
    return path


def drawn(found, number=0, *, size) -> np.ndarray:
    """The label of an image, drawn as in a worker process."""
    return pickle.loads(pickle.dumps(found.images[number].draw))(size)
