"""Images that tell the validation's answers to the training: near duplicates, frames of one video.

Taught in ``07_your_own_data``.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise

import numpy as np
from PIL import Image

from bisenet_lib.importers.pairing import split_of

SIDE = 8
"""Of the grid whose differences make a fingerprint."""
NEARLY_THE_SAME = 6
"""The most of the 128 bits of two fingerprints that may differ; of unlike images about half do."""
FEWEST_BITS = 8
"""A fingerprint with fewer bits is of a plain surface, which looks like any other."""
FEWEST_FRAMES = 8
"""Images whose names count up, from which on they may be a video."""
ALIKE = 0.7
"""How far neighbours in a video differ at most, in proportion to images further apart; of images
whose names merely count up it is about 1."""
_ROWS = 256
_SHOWN = 3
_HASH = re.compile(r"\.rf\.\w+$")
"""What Roboflow adds to names."""
_COUNTED = re.compile(r"(?P<before>.*?)(?P<number>\d+)(?P<after>\D*)")


def fingerprint(image: Image.Image) -> np.ndarray:
    """A difference hash (dHash), which stays nearly the same when an image is scaled or compressed.

    After N. Krawetz, "Kind of Like That",
    http://www.hackerfactor.com/blog/index.php?/archives/529-Kind-of-Like-That.html, for rows and
    for columns.

    Args:
        image: an opened file, not decoded yet.

    Returns:
        (2,) uint64: a bit for each pixel of 8x8 that is darker than its right neighbour, and for
        each that is darker than the one below.
    """
    image.draft("L", (16 * SIDE, 16 * SIDE))  # a JPEG is decoded at an eighth of its size
    small = image.convert("L").resize((SIDE + 1, SIDE + 1), Image.Resampling.BOX)
    grey = np.asarray(small)
    inner = grey[:-1, :-1]
    bits = np.stack([inner < grey[:-1, 1:], inner < grey[1:, :-1]])
    return np.packbits(bits.reshape(2, SIDE * SIDE), axis=1).view(np.uint64).ravel()


def warnings(splits: Mapping[str, Mapping[str, np.ndarray]]) -> Iterator[str]:
    """Sentences about images of one split that tell what is in the other.

    Args:
        splits: the fingerprints of the images of ``train`` and ``val``, by name.
    """
    if pairs := near_duplicates(splits["train"], splits["val"]):
        yield (
            f"Nearly the same image in training and validation: {len(pairs)}. {_shown(pairs)}. "
            "The score will be too good: leave one of each out, or give --val a list that keeps "
            "them together."
        )
    for pairs in divided_videos(splits):
        yield (
            f"Frames of one video in training and validation: {len(pairs)} neighbours look alike. "
            f"{_shown(pairs)}. The score will be too good: give --val a list of whole videos."
        )


def near_duplicates(
    train: Mapping[str, np.ndarray], val: Mapping[str, np.ndarray]
) -> list[tuple[str, str]]:
    """The pairs of a training and a validation image that look nearly the same.

    Args:
        train: fingerprints by name.
        val: likewise.
    """
    prints, others = np.stack(list(train.values())), np.stack(list(val.values()))
    plain, other_plain = (np.bitwise_count(one).sum(1) < FEWEST_BITS for one in (prints, others))
    pairs: list[tuple[str, str]] = []
    names, other_names = list(train), list(val)
    for first in range(0, len(prints), _ROWS):
        rows = slice(first, first + _ROWS)
        near = distances(prints[rows, np.newaxis], others) <= NEARLY_THE_SAME
        near &= ~plain[rows, np.newaxis] & ~other_plain
        pairs += [(names[first + row], other_names[one]) for row, one in np.argwhere(near)]
    return pairs


def divided_videos(
    splits: Mapping[str, Mapping[str, np.ndarray]],
) -> Iterator[list[tuple[str, str]]]:
    """The neighbours in a video of which one is a training, the other a validation image.

    A video is a series of names that count up, such as ``ride_0007``, whose neighbours look more
    alike than images further apart. One that is cut once, into a beginning and an end, is left
    out.

    Args:
        splits: see :func:`warnings`.

    Yields:
        For each video its pairs (training, validation).
    """
    prints = {name: one for members in splits.values() for name, one in members.items()}
    for series in _series(prints):
        looks = np.stack([prints[name] for name in series])
        apart = distances(looks, np.roll(looks, len(looks) // 2, axis=0))
        if np.median(distances(looks[:-1], looks[1:])) > ALIKE * np.median(apart):
            continue
        pairs = [
            (one, other) if one in splits["train"] else (other, one)
            for one, other in pairwise(series)
            if (one in splits["train"]) != (other in splits["train"])
        ]
        if len(pairs) > 1:
            yield pairs


def distances(prints: np.ndarray, others: np.ndarray) -> np.ndarray:
    """In how many bits fingerprints differ; (..., 2) uint64 both."""
    differing = np.bitwise_count(prints ^ others)
    return differing[..., 0] + differing[..., 1]


def _series(names: Iterable[str]) -> Iterator[list[str]]:
    """Names that differ in their last number alone, in its order."""
    numbered: dict[tuple[str, ...], list[tuple[int, str]]] = {}
    for name in names:
        *folders, last = name.split("/")
        if match := _COUNTED.fullmatch(_HASH.sub("", last)):
            others = [folder for folder in folders if split_of(f"{folder}/") is None]
            key = (*others, match["before"], match["after"])
            numbered.setdefault(key, []).append((int(match["number"]), name))
    for members in numbered.values():
        if len(members) >= FEWEST_FRAMES:
            yield [name for _, name in sorted(members)]


def _shown(pairs: Sequence[tuple[str, str]]) -> str:
    shown = [f"{train} and {val}" for train, val in pairs[:_SHOWN]]
    return "; ".join([*shown, *["..."] * (len(pairs) > _SHOWN)])
