"""Draw the pictures at the top of the notebooks, from MiniCity and a finished laptop run.

Run from the project's folder after `make run`: `python notebooks/images/draw.py`.
"""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import FancyArrowPatch, Rectangle
from PIL import Image

from bisenet_lib import checkpoint, config, evaluation, labels, lesson, plots, runlog
from bisenet_lib.frames import find_frames

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
DATA = ROOT / "data" / "minicity"
RUN = ROOT / "runs" / "laptop" / "03_training" / "run"
BLUE, ORANGE, GREEN, GREY = "#4477aa", "#ee7733", "#228833", "#999999"


def save(figure, name, dots=75):
    """Write a figure as a small PNG with an opaque background."""
    path = HERE / f"{name}.png"
    figure.savefig(path, dpi=dots, bbox_inches="tight", facecolor="white")
    image = Image.open(path).convert("RGB")
    image.quantize(192, dither=Image.Dither.NONE).save(path, optimize=True)


def block(axis, x, y, width, height, colour, title, below):
    """A stage: its height is the size of its output, its width the number of channels."""
    axis.add_patch(Rectangle((x, y - height / 2), width, height, color=colour, alpha=0.85))
    axis.text(x + width / 2, y, title, ha="center", va="center", color="white", fontsize=10)
    axis.text(x + width / 2, y - height / 2 - 0.12, below, ha="center", va="top", fontsize=9)


def arrow(axis, start, end, colour="black"):
    """An arrow from one block to the next."""
    style = {"arrowstyle": "-|>", "mutation_scale": 14, "color": colour}
    axis.add_patch(FancyArrowPatch(start, end, **style))


def architecture():
    """Two branches, their aggregation, and the heads."""
    figure, axis = plt.subplots(figsize=(12, 5.2))
    block(axis, 0.0, 2.5, 0.9, 2.6, GREY, "image", "3 x 512 x 1024")
    detail = [
        (1.7, 1.1, 2.2, "S1", "64, 1/2"),
        (3.5, 1.1, 1.7, "S2", "64, 1/4"),
        (5.3, 1.5, 1.2, "S3", "128, 1/8"),
    ]
    semantic = [
        (1.7, 0.7, 1.7, "stem", "16, 1/4"),
        (3.0, 0.8, 1.2, "S3", "32, 1/8"),
        (4.4, 0.9, 0.85, "S4", "64, 1/16"),
        (5.9, 1.0, 0.6, "S5", "128, 1/32"),
        (7.4, 1.1, 0.6, "context", "128, 1/32"),
    ]
    for y, colour, stages in ((3.9, BLUE, detail), (1.1, ORANGE, semantic)):
        edge = 0.9
        for x, width, height, title, below in stages:
            start = (edge, y if edge > 1 else 2.5)
            arrow(axis, start, (x, y))
            block(axis, x, y, width, height, colour, title, below)
            edge = x + width
        arrow(axis, (edge, y), (9.2, 2.9 if y > 2 else 2.1))
    for x, width, height, _, _ in semantic[:4]:
        top = 1.1 + height / 2
        arrow(axis, (x + width / 2, top), (x + width / 2, top + 0.4), GREY)
    axis.text(4.6, 2.25, "auxiliary heads (training only)", color="#666666", fontsize=9)
    block(axis, 9.2, 2.5, 1.3, 1.4, GREEN, "BGA", "128, 1/8")
    arrow(axis, (10.5, 2.5), (10.9, 2.5))
    block(axis, 10.9, 2.5, 1.0, 1.4, GREY, "head", "19, scaled up to 1")
    axis.text(4.2, 5.2, "detail branch: wide and shallow, where the edges are", color=BLUE)
    axis.text(1.7, -0.35, "semantic branch: narrow and deep, what it is", color=ORANGE)
    axis.set_xlim(-0.2, 12.3)
    axis.set_ylim(-0.6, 5.6)
    axis.axis("off")
    save(figure, "bisenetv2")


def data():
    """A street for the first notebook, and its files for the second."""
    image, truth = lesson.load(find_frames(DATA, "train")[22])
    pictures = {
        "a frame": image,
        "its classes": plots.overlay(image, labels.colourise(truth), 0.65),
    }
    save(plots.images(pictures), "street")
    frame = find_frames(DATA, "train")[22]
    image, truth = lesson.load(frame)
    ids = np.asarray(Image.open(frame.label_ids))
    pictures = {
        "image": image,
        "polygons, drawn": np.asarray(Image.open(frame.color).convert("RGB")),
        "ids 0 to 33": ids,
        "trainIds 0 to 18, ignored white": np.where(truth == labels.IGNORE, np.nan, truth),
    }
    save(plots.images(pictures, columns=4), "kinds")


def ranks():
    """Two ranks: the same weights, other images, one mean gradient, the same step."""
    frames = find_frames(DATA, "train")
    figure, axis = plt.subplots(figsize=(12, 4.2))
    axis.set_xlim(0, 12)
    axis.set_ylim(0, 4.2)
    axis.axis("off")
    for rank, (y, frame) in enumerate(((3.1, frames[0]), (1.1, frames[40]))):
        image = np.asarray(Image.open(frame.image).convert("RGB"))
        axis.imshow(image, extent=(0.3, 2.9, y - 0.65, y + 0.65), aspect="auto")
        axis.text(1.6, y + 0.75, f"rank {rank}: its images", ha="center", fontsize=11)
        for x, width, colour, title in (
            (3.7, 1.5, BLUE, "weights"),
            (6.0, 1.5, ORANGE, f"gradient {rank}"),
            (10.1, 1.5, BLUE, "new weights"),
        ):
            axis.add_patch(Rectangle((x, y - 0.45), width, 0.9, color=colour, alpha=0.9))
            axis.text(x + width / 2, y, title, ha="center", va="center", color="white", fontsize=11)
        arrow(axis, (2.95, y), (3.65, y))
        arrow(axis, (5.25, y), (5.95, y))
        arrow(axis, (7.55, y), (8.0, 2.1 + 0.3 * (y - 2.1)))
        arrow(axis, (9.45, 2.1 + 0.3 * (y - 2.1)), (10.05, y))
    axis.add_patch(Rectangle((8.05, 1.6), 1.35, 1.0, color=GREEN, alpha=0.9))
    axis.text(
        8.72, 2.1, "all-reduce:\nthe mean", ha="center", va="center", color="white", fontsize=11
    )
    axis.text(4.45, 2.1, "the same", ha="center", va="center", fontsize=11)
    axis.text(10.85, 2.1, "the same", ha="center", va="center", fontsize=11)
    save(figure, "ranks", 60)


def ring():
    """Four ranks add up an array of four pieces on a ring: what each holds after each step."""
    held = [[[rank] for _ in range(4)] for rank in range(4)]
    figure, axes = plt.subplots(1, 4, figsize=(12, 3.3))
    for step, axis in enumerate(axes):
        axis.set_title("at the start" if step == 0 else f"after step {step}", fontsize=13)
        for rank, row in enumerate(held):
            for piece, ranks in enumerate(row):
                shade = plt.get_cmap("Blues")(0.15 + 0.2 * len(ranks))
                done = len(ranks) == 4
                axis.add_patch(
                    Rectangle(
                        (piece, 3 - rank), 0.92, 0.86, facecolor=ORANGE if done else shade, lw=0
                    )
                )
                colour = "white" if len(ranks) == 3 else "black"
                text = "all" if done else "+".join(map(str, ranks))
                axis.text(piece + 0.46, 3.43 - rank, text, ha="center", va="center", color=colour)
        axis.set_xticks(np.arange(4) + 0.46, [f"piece {n}" for n in range(4)], fontsize=9)
        names = [f"rank {rank}" for rank in range(4)] if step == 0 else [""] * 4
        axis.set_yticks(3.43 - np.arange(4), names, fontsize=11)
        axis.tick_params(length=0)
        axis.set_xlim(-0.05, 4)
        axis.set_ylim(-0.1, 3.95)
        axis.spines[:].set_visible(False)
        passed = [(rank, (rank - step) % 4, held[rank][(rank - step) % 4]) for rank in range(4)]
        for rank, piece, ranks in passed:
            held[(rank + 1) % 4][piece] = [*ranks, (rank + 1) % 4]
    figure.tight_layout()
    save(figure, "ring")


def results():
    """The curves of the laptop run, and what its network makes of a street."""
    save(plots.training(runlog.read(RUN)), "training")
    built = config.builder(config.load(RUN / "config.yml", dataset=DATA))
    checkpoint.load_weights(built.model, RUN)
    built.model.eval()
    frame = find_frames(DATA, "val")[21]
    image, truth = lesson.load(frame)
    prediction = evaluation.predict(built.model, built.val_dataset[21])
    save(plots.errors(image, truth, prediction), "errors")


if __name__ == "__main__":
    architecture()
    data()
    ranks()
    ring()
    results()
