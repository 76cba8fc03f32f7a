"""Exercises of ``07_your_own_data``."""

import numpy as np


def size(answer) -> str | None:
    """Two numbers, (width, height): the input size for photographs of 4000 x 3000."""
    width, height = answer
    mistaken = {
        (736, 544): None,
        (544, 736): "Width comes first: the photographs are wider than they are high.",
        (704, 512): "If you round down, the smallest object gets fewer than 16 pixels. Round up.",
        (704, 544): "Round up both sides, or the smallest object gets fewer than 16 pixels.",
        (22528, 16896): "The factor is upside down: 90 pixels must become 16.",
        (4000, 3000): "That is the photograph. How small may it become?",
    }
    if (width, height) in mistaken:
        return mistaken[width, height]
    if width % 32 or height % 32:
        return "Both sides of the network's input must be multiples of 32."
    if 90 * width / 4000 >= 16:
        return "Large enough, but larger than necessary: 90 pixels must become 16, or just above."
    return "By which factor do 90 pixels become 16? Both sides shrink by it."


def pairs(answer) -> str | None:
    """A function of two lists of file names, images and masks; it returns a list of pairs."""
    images = ["fruit_10.jpg", "fruit_2.jpg", "fruit_1.jpg", "table.1.jpg", "leaf.jpg"]
    masks = ["fruit_1.png", "table.1.png", "fruit_2.png", "pear.png", "table.2.png"]
    expected = {(f"{stem}.jpg", f"{stem}.png") for stem in ("fruit_1", "fruit_2", "table.1")}
    given = [(image, mask) for image, mask in answer(images, masks)]
    if sorted(given) == sorted(expected):
        return None
    if set(given) == expected:
        return "Some pairs are in your list twice."
    if {(image, mask) for mask, image in given} == expected:
        return "The image comes first in a pair, then the mask."
    hints = {
        (
            "fruit_10.jpg",
            "fruit_1.png",
        ): "Names must be equal. It is not enough that they begin alike.",
        (
            "table.1.jpg",
            "table.2.png",
        ): "The ending begins at the last dot. See `Path(name).stem`.",
        ("fruit_1", "fruit_1"): "Compare the stems, but return the whole names.",
    }
    mistake = next((hint for pair, hint in hints.items() if pair in given), None)
    if mistake and len(given) < len(images):
        return mistake
    strange = [mask for _, mask in given if mask not in masks]
    if strange:
        return f"You return {strange[0]}, which is not in the list of masks: use names from it."
    wrong = [f"{image} with {mask}" for image, mask in given if (image, mask) not in expected]
    if wrong:
        return f"You pair {wrong[0]}. The position in a list says nothing; the names do."
    lost = sorted(expected - set(given))[0]
    return f"{lost[0]} and {lost[1]} belong together, but are not in your list."


def indices(answer) -> str | None:
    """A function of colours (H, W, 3) and a table {(r, g, b): index}; it returns (H, W) uint8."""
    table = {(150, 100, 60): 0, (230, 230, 240): 1, (220, 30, 40): 2}
    brown, white, red = table
    near, mixed, turned = (150, 100, 59), (230, 100, 60), (60, 100, 150)
    colours = np.array([[brown, white, red, red], [near, mixed, turned, brown]], np.uint8)
    expected = np.array([[0, 1, 2, 2], [255, 255, 255, 0]])
    given = np.asarray(answer(colours, table))
    if given.shape == colours.shape:
        return (
            "Three numbers per pixel: colours are equal if **all** channels are, `.all(axis=-1)`."
        )
    if given.shape != expected.shape:
        return f"Colours (2, 4, 3) should become (2, 4); you have {given.shape}."
    if np.array_equal(given, expected):
        if given.dtype == np.uint8:
            return None
        return f"The numbers are right, but {given.dtype}. An 8-bit PNG is written from uint8."
    first = given[0].tolist()
    if first != [0, 1, 2, 2]:
        return f"The colours {[brown, white, red, red]} are [0, 1, 2, 2]; you have {first}."
    hints = {
        (0, 0, 0): "A colour that is not in the table became class 0. Begin with 255 everywhere.",
        (0, 1, 0): f"{mixed} is not in the table: one equal channel is not enough.",
        (0, 2, 0): f"{near} is only close to a colour of the table. Do not guess: use 255.",
        (255, 255, 0): f"{turned} is not {brown}: the order of the channels matters.",
    }
    unknown = tuple(given[1, :3].tolist())
    return hints.get(
        unknown, f"{[near, mixed, turned]} are not in the table; you have {list(unknown)}."
    )


def kept(answer) -> str | None:
    """A function of two dictionaries {name: shape}, network and file; it returns a number."""
    both = {"db.weight": (64, 3, 3, 3), "head.conv.weight": (128, 128, 3, 3)}
    fresh = both | {
        "sb.weight": (32, 16, 3, 3),
        "head.last.weight": (6, 128, 1, 1),
        "head.last.bias": (6,),
        "aux1.weight": (16, 64, 3, 3),
        "aux2.weight": (64, 64, 3, 3),
        "aux3.weight": (8, 64, 3, 3),
    }
    stored = both | {
        "sb.weight": (16, 32, 3, 3),
        "head.last.weight": (19, 128, 1, 1),
        "head.last.bias": (19,),
        "other.bias": (6,),
        "other.weight": (16, 64, 3, 3),
    }
    mistaken = {
        2: None,
        3: "Arrays with the same number of values can differ in shape: compare the shapes.",
        4: "An array of the same shape under another name has learned something else.",
        5: "The same name is not enough: 19 outputs do not fit into 6.",
        6: "That is how many start from random weights.",
        8: "That is how many arrays the network has. Which are in the file, in the same shape?",
    }
    given = int(answer(fresh, stored))
    return mistaken.get(given, f"Two arrays have the same name and shape; you count {given}.")
