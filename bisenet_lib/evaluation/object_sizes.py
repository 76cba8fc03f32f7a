"""How well objects are found, by their size, from results on disk. Taught in ``05_evaluation``."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial

import cv2
import numpy as np

from bisenet_lib.common.parallel import every
from bisenet_lib.data.label_io import read_instances
from bisenet_lib.data.labels import CLASSES, IGNORE, id_to_train_id
from bisenet_lib.errors import InputError
from bisenet_lib.evaluation.cityscapes_benchmark import truth_files
from bisenet_lib.evaluation.error_analysis import Results, SavedFrame, read_pair


@dataclass(frozen=True)
class Objects:
    """Every object of the truth, and how well it was found, see :func:`find_objects`.

    Attributes:
        names: of the classes.
        frames: (N,) int: its frame's place in ``Results.frames``.
        classes: (N,) int.
        pixels: (N,) int: its size.
        recall: (N,) float, 0 to 1: the share of its pixels that were given its class.
        iou: (N,) float, 0 to 1.
    """

    names: tuple[str, ...]
    frames: np.ndarray
    classes: np.ndarray
    pixels: np.ndarray
    recall: np.ndarray
    iou: np.ndarray

    def select(self, classes: Iterable[str] | None = None, min_pixels: int = 1) -> "Objects":
        """The objects of some classes, and of some size or more.

        Args:
            classes: their names; all by default.
            min_pixels: the smallest size.

        Raises:
            InputError: a class that is not there.
        """
        wanted = self.names if classes is None else tuple(classes)
        if unknown := set(wanted) - set(self.names):
            raise InputError(f"no class {', '.join(sorted(unknown))} in these results")
        kept = np.isin(self.classes, [self.names.index(name) for name in wanted])
        kept &= self.pixels >= min_pixels
        columns = (self.frames, self.classes, self.pixels, self.recall, self.iou)
        return Objects(self.names, *(column[kept] for column in columns))


def find_objects(results: Results, *, workers: int = 1) -> Objects:
    """Measure every object of the truth.

    An object is an instance of ``instanceIds.png`` where the data set is in the Cityscapes
    layout and the class has instances. Other classes have none: there it is a connected region
    of the truth (8 neighbours), so a pole behind a car is two.

    A segmentation has no instances, so a predicted pixel belongs to no object by itself.
    *Recall* needs none: it is the share of the object's pixels given its class. For *IoU* the
    wrong pixels of a connected predicted region are shared among the objects it meets, in
    proportion to the pixels of each it got right: the union is the object and its share. What
    was predicted where no object of the class is near lowers no object's IoU.

    Args:
        results: see :func:`bisenet_lib.evaluation.error_analysis.load_results`.
        workers: processes to use.

    Returns:
        The objects.

    Raises:
        InputError: see :func:`bisenet_lib.evaluation.error_analysis.read_pair`; all bad frames are
            named, up to ten.
    """
    names = tuple(results.scores.names)
    function = partial(_measure, num_classes=len(names))
    measured = every(function, results.frames, workers=workers, title="objects")
    frames = np.repeat(np.arange(len(measured)), [len(objects[0]) for objects in measured])
    return Objects(
        names, frames, *(np.concatenate(column) for column in zip(*measured, strict=True))
    )


def _measure(frame: SavedFrame, num_classes: int) -> tuple[np.ndarray, ...]:
    """Classes, pixels, recall and IoU of a frame's objects."""
    truth, prediction = read_pair(frame, num_classes)
    numbers, classes = _number_objects(frame, truth)
    regions, _ = _number_regions(prediction, range(num_classes))
    count = len(classes) + 1
    pixels = np.bincount(numbers.ravel(), minlength=count)[1:]
    correct = truth == prediction
    correct_in_region = np.bincount(regions[correct], minlength=regions.max() + 1)
    wrong = ~correct & (truth != IGNORE)
    wrong_in_region = np.bincount(regions[wrong], minlength=regions.max() + 1)
    hit_pixels = correct & (numbers > 0)
    hits = np.bincount(numbers[hit_pixels], minlength=count)[1:]
    # The wrong pixels of a region, spread over its right ones, which know their object.
    shared = (wrong_in_region / np.maximum(correct_in_region, 1))[regions[hit_pixels]]
    extra = np.bincount(numbers[hit_pixels], weights=shared, minlength=count)[1:]
    return classes, pixels, hits / pixels, hits / (pixels + extra)


def _number_objects(frame: SavedFrame, truth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(H, W) int, 0 for none and else the object's number from 1; and (N,) their classes."""
    numbers, classes = np.zeros(truth.shape, int), np.empty(0, int)
    without_instances = set(np.unique(truth)) - {IGNORE}
    files = truth_files(frame.truth)
    if files and files[1].is_file():
        instances = read_instances(files[1], truth.shape[::-1])
        inside = (instances >= 1000) & (id_to_train_id()[instances // 1000] == truth)
        inside &= truth != IGNORE
        instance_numbers, numbers[inside] = np.unique(instances[inside], return_inverse=True)
        numbers[inside] += 1
        classes = id_to_train_id()[instance_numbers // 1000].astype(int)
        without_instances -= {label.trainId for label in CLASSES if label.hasInstances}
    regions, region_classes = _number_regions(truth, without_instances)
    numbers += np.where(regions > 0, regions + len(classes), 0)
    return numbers, np.concatenate([classes, region_classes])


def _number_regions(values: np.ndarray, classes: Iterable[int]) -> tuple[np.ndarray, np.ndarray]:
    """Like :func:`_number_objects`, for the connected regions of some classes.

    Of 8 neighbours: with 4 OpenCV 4.5.5 crashes.
    """
    numbers = np.zeros(values.shape, int)
    region_classes: list[int] = []
    for value in sorted(classes):
        mask = (values == value).astype(np.uint8)
        count, regions = cv2.connectedComponents(mask, connectivity=8)
        numbers += np.where(regions > 0, regions + len(region_classes), 0)
        region_classes += [value] * (count - 1)
    return numbers, np.array(region_classes, int)


@dataclass(frozen=True)
class SizeCurve:
    """How well objects are found, by size.

    Attributes:
        edges: (B + 1,) float: the bins, in pixels; a bin holds sizes from its lower edge to
            below its upper one.
        count: (B,) int: objects in each.
        recall: (B,) float: the mean of the objects' recall; nan in an empty bin.
        iou: (B,) float: the mean of the objects' IoU; nan in an empty bin.
    """

    edges: np.ndarray
    count: np.ndarray
    recall: np.ndarray
    iou: np.ndarray


def size_curve(objects: Objects, edges: Iterable[float] = 4.0 ** np.arange(12)) -> SizeCurve:
    """Average recall and IoU of objects of about the same size.

    Args:
        objects: see :func:`find_objects`; of some classes by :meth:`Objects.select`.
        edges: of the bins, rising, in pixels. By default a bin's upper edge is four times its
            lower one: twice the width and height.

    Returns:
        The curve.
    """
    edges = np.asarray(list(edges), float)
    bins = np.searchsorted(edges, objects.pixels, side="right") - 1
    inside = (bins >= 0) & (bins < len(edges) - 1)
    count = np.bincount(bins[inside], minlength=len(edges) - 1)
    means = []
    for values in (objects.recall, objects.iou):
        total = np.bincount(bins[inside], weights=values[inside], minlength=len(count))
        means.append(np.divide(total, count, out=np.full(len(count), np.nan), where=count > 0))
    return SizeCurve(edges, count, *means)
