"""Draw the pictures at the top of the notebooks, from MiniCity and a finished laptop run.

Run from the project's folder after `make run`: `python tools/drawings.py`.
"""

import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import FancyArrowPatch, Rectangle
from PIL import Image

from bisenet_lib.config import configuration
from bisenet_lib.config.class_names import class_names
from bisenet_lib.course import experiments, notebook, plots
from bisenet_lib.data import labels
from bisenet_lib.data.cityscapes import find_frames
from bisenet_lib.deployment import export
from bisenet_lib.deployment.predictor import Predictor
from bisenet_lib.evaluation import evaluator
from bisenet_lib.network import checkpoint
from bisenet_lib.training import run_log

ROOT = Path(__file__).parents[1]
IMAGES = ROOT / "notebooks" / "images"
DATA = ROOT / "data" / "minicity"
RUN = ROOT / "runs" / "laptop" / "03_training" / "run"
OWN = ROOT / "runs" / "laptop" / "07_your_own_data"
BLUE, ORANGE, GREEN, GREY = "#4477aa", "#ee7733", "#228833", "#999999"
ROUND = {"boxstyle": "round,pad=0.4", "facecolor": "white", "edgecolor": GREEN, "linewidth": 2}


def save(figure, name, dots=75):
    """Write a figure as a small PNG with an opaque background."""
    path = IMAGES / f"{name}.png"
    figure.savefig(path, dpi=dots, bbox_inches="tight", facecolor="white")
    image = Image.open(path).convert("RGB")
    image.quantize(256, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).save(
        path, optimize=True
    )


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
    figure, axis = plt.subplots(figsize=(13, 6.2))
    block(axis, 0.0, 2.7, 0.9, 2.6, GREY, "image", "3 x 512 x 1024")
    detail = [
        (1.7, 1.1, 2.2, "S1\n2 conv", "64 x 256 x 512"),
        (3.7, 1.1, 1.9, "S2\n3 conv", "64 x 128 x 256"),
        (5.7, 1.6, 1.4, "S3\n3 conv", "128 x 64 x 128"),
    ]
    semantic = [
        (1.7, 0.8, 1.9, "stem", "16 x 128 x 256"),
        (3.3, 0.8, 1.4, "S3\n2 GE", "32 x 64 x 128"),
        (4.85, 0.9, 1.0, "S4\n2 GE", "64 x 32 x 64"),
        (6.4, 1.0, 0.75, "S5\n4 GE", "128 x 16 x 32"),
        (8.0, 1.1, 0.75, "context", "128 x 16 x 32"),
    ]
    for y, colour, stages in ((4.6, BLUE, detail), (1.0, ORANGE, semantic)):
        edge = (0.9, 2.7)
        for x, width, height, title, below in stages:
            arrow(axis, edge, (x, y))
            block(axis, x, y, width, height, colour, title, below)
            edge = (x + width, y)
        arrow(axis, edge, (10.0, 3.1 if y > 2 else 2.3))
    for number, (x, width, height, _, _) in enumerate(semantic[:4], 1):
        top, middle = 1.0 + height / 2, x + width / 2
        arrow(axis, (middle, top), (middle, 2.35), GREY)
        outline = {"fill": False, "edgecolor": GREY, "linestyle": "--"}
        axis.add_patch(Rectangle((middle - 0.45, 2.35), 0.9, 0.42, **outline))
        axis.text(middle, 2.55, f"head {number}", ha="center", va="center", color="#555555")
    axis.text(7.4, 2.55, "auxiliary heads,\nin training only", color="#555555", va="center")
    block(axis, 10.0, 2.7, 1.3, 1.4, GREEN, "BGA", "128 x 64 x 128")
    arrow(axis, (11.3, 2.7), (11.8, 2.7))
    block(axis, 11.8, 2.7, 1.0, 1.4, GREY, "head", "19 x 64 x 128")
    axis.text(12.3, 1.45, "scaled up to the image", ha="center", fontsize=9)
    axis.text(
        1.7, 5.95, "detail branch: wide and shallow. Where are the edges?", color=BLUE, fontsize=13
    )
    axis.text(3.3, -0.7, "semantic branch: narrow and deep. What is it?", color=ORANGE, fontsize=13)
    axis.set_xlim(-0.5, 13.6)
    axis.set_ylim(-0.9, 6.3)
    axis.axis("off")
    save(figure, "bisenetv2")


def steps(axis, x, y, titles, colour, width=2.8):
    """Boxes one below the other, an arrow between; gives back where the last one ends."""
    style = {"ha": "center", "va": "center", "color": "white", "fontsize": 10}
    for number, title in enumerate(titles):
        top = y - 1.05 * number
        axis.add_patch(Rectangle((x - width / 2, top - 0.75), width, 0.75, color=colour, alpha=0.9))
        axis.text(x, top - 0.375, title, **style)
        if number:
            arrow(axis, (x, top + 0.3), (x, top))
    return y - 1.05 * (len(titles) - 1) - 0.75


def line(axis, *points):
    """A thin line through the points."""
    axis.plot(*zip(*points, strict=True), color="black", linewidth=1)


def joined(axis, left, right, y, title, half=0.85):
    """Two paths, their ends given as (x, y), that meet in a box as wide as its title."""
    x = (left[0] + right[0]) / 2
    axis.text(x, y, title, ha="center", va="center", fontsize=11, bbox=ROUND)
    for start in (left, right):
        arrow(axis, start, (x + half * np.sign(start[0] - x), y + 0.1))


def blocks():
    """The four blocks of the semantic branch."""
    widths = (5.8, 4.8, 6.0, 4.8)
    figure, axes = plt.subplots(1, 4, figsize=(14, 5.2), width_ratios=widths)
    titles = ("stem", "gather and expand,\nstride 1", "gather and expand,\nstride 2", "context")
    for axis, title, width in zip(axes, titles, widths, strict=True):
        axis.set_title(title, fontsize=13)
        axis.set_xlim(0, width)
        axis.set_ylim(-5.6, 0.6)
        axis.axis("off")
    stem, one, two, context = axes
    end = steps(stem, 2.9, 0.0, ["conv 3x3 /2"], ORANGE)
    arrow(stem, (2.9, end), (1.4, -1.25))
    steps(stem, 1.4, -1.25, ["conv 1x1", "conv 3x3 /2"], ORANGE)
    line(stem, (2.9, end), (4.4, -1.25))
    arrow(stem, (4.4, -1.25), (4.4, -2.3))
    steps(stem, 4.4, -2.3, ["max pool 3x3 /2"], GREY)
    joined(stem, (1.4, -3.05), (4.4, -3.05), -3.75, "stacked")
    arrow(stem, (2.9, -4.05), (2.9, -4.5))
    steps(stem, 2.9, -4.5, ["conv 3x3"], ORANGE)
    for axis, titles in (
        (one, ["conv 3x3", "depthwise 3x3,\n6 times as many", "conv 1x1"]),
        (context, ["mean over the\nwhole image", "batch norm", "conv 1x1"]),
    ):
        end = steps(axis, 1.5, 0.0, titles, ORANGE)
        line(axis, (1.5, 0.55), (1.5, 0.28), (4.2, 0.28), (4.2, end))
        arrow(axis, (1.5, 0.3), (1.5, 0.0))
        title, half = ("+, ReLU", 0.85) if axis is one else ("+", 0.35)
        joined(axis, (1.5, end), (4.2, end), -3.6, title, half)
    arrow(context, (2.85, -3.9), (2.85, -4.5))
    steps(context, 2.85, -4.5, ["conv 3x3"], ORANGE)
    wide = ["conv 3x3", "depthwise 3x3 /2,\n6 times as many", "depthwise 3x3", "conv 1x1"]
    end = steps(two, 1.5, 0.0, wide, ORANGE)
    steps(two, 4.5, -1.05, ["depthwise 3x3 /2", "conv 1x1"], ORANGE)
    line(two, (1.5, 0.55), (1.5, 0.28), (4.5, 0.28), (4.5, -0.8))
    arrow(two, (1.5, 0.3), (1.5, 0.0))
    arrow(two, (4.5, -0.75), (4.5, -1.05))
    line(two, (4.5, -2.85), (4.5, end))
    joined(two, (1.5, end), (4.5, end), -4.65, "+, ReLU")
    save(figure, "blocks")


def aggregation():
    """Bilateral guided aggregation: each branch at both sizes, two products, one sum."""
    figure, axis = plt.subplots(figsize=(12, 5))
    axis.set_xlim(0, 12)
    axis.set_ylim(-5.2, 0.9)
    axis.axis("off")
    columns = {
        1.5: (BLUE, ["depthwise 3x3", "conv 1x1"]),
        4.5: (BLUE, ["conv 3x3 /2", "mean of 3x3 /2"]),
        7.5: (ORANGE, ["conv 3x3", "scaled up 4 times", "sigmoid"]),
        10.5: (ORANGE, ["depthwise 3x3", "conv 1x1", "sigmoid"]),
    }
    for x, (colour, titles) in columns.items():
        line(axis, (x, steps(axis, x, 0.0, titles, colour)), (x, -2.85))
    for x, title in (
        (3.0, "detail branch, 128 x 64 x 128"),
        (9.0, "semantic branch, 128 x 16 x 32"),
    ):
        axis.text(x, 0.75, title, ha="center", color=BLUE if x < 6 else ORANGE, fontsize=13)
        for side in (-1.5, 1.5):
            arrow(axis, (x, 0.6), (x + side, 0.0))
    joined(axis, (1.5, -2.85), (7.5, -2.85), -3.55, "product at 1/8", 0.8)
    joined(axis, (4.5, -2.85), (10.5, -2.85), -3.55, "product at 1/32", 0.85)
    joined(axis, (4.5, -3.85), (7.5, -3.85), -4.8, "sum, conv 3x3", 0.83)
    axis.text(7.4, -4.4, "scaled up 4 times", fontsize=10)
    save(figure, "aggregation")


def street():
    """A street nobody has shown the shipped network, and what it takes it for."""
    image, _ = notebook.load_frame(find_frames(DATA, "val")[3])
    network = notebook.open_network(ROOT / "data" / "checkpoints" / "bisenetv2_minicity")
    classes = network(image)
    pictures = {
        "a street": image,
        "what the network says": network.draw(image, classes, 0.65),
    }
    save(plots.images(pictures), "street")


def kinds():
    """One street in four of its files."""
    frame = find_frames(DATA, "train")[22]
    image, truth = notebook.load_frame(frame)
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


def deployment():
    """What a program without Paddle does with a frame, and the one file it needs."""
    frame, _ = notebook.load_frame(find_frames(DATA, "val")[5])
    run = ROOT / "data" / "checkpoints" / "bisenetv2_minicity"
    settings = configuration.load_config(run / "config.yml", dataset=DATA)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        export.write_onnx(export.trained_network(settings, run), path, settings, labels.CLASS_NAMES)
        predict = Predictor(path)
    pictures = {"frame": frame, "classes, drawn over it": predict.draw(frame, predict(frame))}
    figure, axis = plt.subplots(figsize=(12, 3.6))
    axis.set_xlim(0, 12)
    axis.set_ylim(0, 3.6)
    axis.axis("off")
    for x, (title, picture) in zip((0.1, 8.3), pictures.items(), strict=True):
        axis.imshow(picture, extent=(x, x + 3.6, 1.5, 3.3), aspect="auto")
        axis.text(x + 1.8, 3.4, title, ha="center", fontsize=11)
    for x, title in ((4.3, "normalise"), (5.6, "graph"), (6.9, "argmax")):
        axis.add_patch(Rectangle((x, 2.0), 1.1, 0.8, color=BLUE, alpha=0.9))
        axis.text(x + 0.55, 2.4, title, ha="center", va="center", color="white", fontsize=11)
    for start, end in ((3.75, 4.3), (5.4, 5.6), (6.7, 6.9), (8.0, 8.25)):
        arrow(axis, (start, 2.4), (end, 2.4))
    axis.add_patch(Rectangle((3.6, 0.1), 5.1, 1.0, color=GREEN, alpha=0.9))
    inside = "model.onnx, 9 MB: mean and deviation,\ngraph with weights, names and colours"
    axis.text(6.15, 0.6, inside, ha="center", va="center", color="white", fontsize=11)
    for x in (4.85, 6.15, 7.45):
        arrow(axis, (x, 1.15), (x, 1.95), GREY)
    save(figure, "deployment")


def results():
    """The curves of the laptop run, and what its network makes of a street."""
    save(plots.training(run_log.read_log(RUN)), "training")
    built = configuration.builder(configuration.load_config(RUN / "config.yml", dataset=DATA))
    checkpoint.load_weights(built.model, RUN)
    built.model.eval()
    frame = find_frames(DATA, "val")[21]
    image, truth = notebook.load_frame(frame)
    prediction = evaluator.predict(built.model, built.val_dataset[21])
    save(plots.errors(image, truth, prediction), "errors")


def own_data():
    """Fruit on a table: a validation picture, its mask, and what the fine-tuned network says."""
    settings = configuration.load_config(OWN / "tuned" / "config.yml")
    built = configuration.builder(settings)
    checkpoint.load_weights(built.model, OWN / "tuned")
    built.model.eval()
    image, label = built.val_dataset.file_list[1]
    pictures = {
        "a picture": np.asarray(Image.open(image)),
        "its mask": np.asarray(Image.open(label)),
        "after fine-tuning": evaluator.predict(built.model, built.val_dataset[1]),
    }
    save(plots.labelled_images(pictures, class_names(OWN / "set")), "own_data")


def ablations():
    """What each row of the experiments changes, with its interval."""
    results = experiments.read_results(ROOT / "notebooks" / "experiments.json")
    comparisons = experiments.compare_rows(results)
    save(experiments.differences_figure(comparisons), "experiments")


if __name__ == "__main__":
    architecture()
    blocks()
    aggregation()
    street()
    kinds()
    ranks()
    ring()
    deployment()
    results()
    own_data()
    ablations()
