"""MiniCity: the format, pixel by pixel; determinism; shares; restarting; refusals."""

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest
from cityscapesscripts.helpers.annotation import Annotation
from cityscapesscripts.preparation.json2instanceImg import createInstanceImage
from cityscapesscripts.preparation.json2labelImg import json2labelImg
from PIL import Image, ImageDraw
from typer.testing import CliRunner

from bisenet_lib.cli.main import app
from bisenet_lib.course.plots import PUBLISHED_SHARES
from bisenet_lib.data.labels import CLASSES, LABELS, id_to_train_id
from bisenet_lib.data.minicity import CITIES, generate, render, size_of
from bisenet_lib.data.minicity.dataset import SETTINGS, VERSION, paths
from bisenet_lib.data.minicity.frame import _sky
from bisenet_lib.data.minicity.geometry import Camera
from bisenet_lib.errors import InputError

pytestmark = pytest.mark.slow

COUNTS = {"train": 48, "val": 40, "test": 2}
SIZE = (256, 128)
SMALL = {"train": 3, "val": 2, "test": 1, "size": (96, 48)}


@pytest.fixture(scope="module")
def city(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("minicity")
    generate(root, **COUNTS, size=SIZE)
    return root


@pytest.fixture(scope="module")
def varied_city(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("varied")
    generate(root, **COUNTS, size=SIZE, varied=1)
    return root


def polygons(root: Path, split: str) -> list[dict]:
    return [json.loads(path.read_text()) for path in files(root, split, "polygons.json")]


def files(root: Path, split: str, kind: str) -> list[Path]:
    return sorted((root / "gtFine" / split).glob(f"*/*_gtFine_{kind}"))


def pixels(root: Path, split: str) -> np.ndarray:
    """How often each label id occurs in each frame: (frames, 256)."""
    images = [np.asarray(Image.open(path)) for path in files(root, split, "labelIds.png")]
    return np.array([np.bincount(image.ravel(), minlength=256) for image in images])


def contents(root: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


def test_tree_holds_five_files_a_frame(city):
    for split, count in COUNTS.items():
        expected = {path for number in range(count) for path in paths(city, split, number)}
        found = {path for path in city.glob(f"*/{split}/*/*") if path.is_file()}
        assert found == expected
        assert len(expected) == 5 * count
        for path in found:
            assert path.parent.name in CITIES[split]
            assert path.name.startswith(f"{path.parent.name}_0000")


def test_no_city_is_in_two_splits():
    every = [name for names in CITIES.values() for name in names]
    assert len(every) == len(set(every))
    assert all(name.isalpha() for name in every)


def test_images_are_as_cityscapes_writes_them(city):
    photo, _, ids, instances, colour = paths(city, "train", 0)
    for path, mode in ((photo, "RGB"), (ids, "L"), (instances, "I;16"), (colour, "RGBA")):
        with Image.open(path) as image:
            assert (image.mode, image.size) == (mode, SIZE)


@pytest.mark.parametrize("split", COUNTS)
def test_labels_are_what_cityscapesscripts_draws(city, tmp_path, split):
    for number in range(min(COUNTS[split], 6)):
        _, source, ids, instances, colour = paths(city, split, number)
        for encoding, ours in (("ids", ids), ("color", colour)):
            drawn = tmp_path / f"{encoding}.png"
            json2labelImg(str(source), str(drawn), encoding)
            np.testing.assert_array_equal(
                np.asarray(Image.open(ours)), np.asarray(Image.open(drawn))
            )
        annotation = Annotation()
        annotation.fromJsonFile(str(source))
        np.testing.assert_array_equal(
            np.asarray(Image.open(instances)), np.asarray(createInstanceImage(annotation, "ids"))
        )


def test_polygons_are_whole_pixels_near_the_frame(city):
    for annotation in polygons(city, "train"):
        assert (annotation["imgWidth"], annotation["imgHeight"]) == SIZE
        for one in annotation["objects"]:
            points = np.array(one["polygon"])
            assert points.dtype.kind == "i"
            assert len(points) >= 3
            assert (points >= -1).all() and (points <= SIZE).all()


@pytest.mark.parametrize("split", ["train", "val"])
@pytest.mark.parametrize("world", ["city", "varied_city"])
def test_shares_are_within_a_factor_three_of_cityscapes(world, split, request):
    """But for three rare classes, which are drawn a little more often than that."""
    most = {"truck": 3.5, "bus": 3.5, "motorcycle": 3.5}
    total = pixels(request.getfixturevalue(world), split).sum(0)
    labelled = sum(total[one.id] for one in CLASSES)
    ratios = {
        one.name: 100 * total[one.id] / labelled / PUBLISHED_SHARES[one.name] for one in CLASSES
    }
    wrong = {name: x for name, x in ratios.items() if not 1 / 3 < x < most.get(name, 3)}
    assert wrong == {}


@pytest.mark.parametrize("world", ["city", "varied_city"])
def test_every_class_is_in_enough_frames(world, request):
    for split, share in (("train", 0.12), ("val", 0.1)):
        frames = (pixels(request.getfixturevalue(world), split) > 0).mean(0)
        assert {one.name: frames[one.id] for one in CLASSES if frames[one.id] < share} == {}


def test_void_groups_deleted_and_plates_occur(city):
    objects = [one for frame in polygons(city, "train") for one in frame["objects"]]
    found = {one["label"] for one in objects}
    void = {one.name for one in LABELS if one.ignoreInEval} - {"unlabeled", "tunnel"}
    assert void - found == set()
    assert {"cargroup", "persongroup", "bicyclegroup"} <= found
    assert any(one["deleted"] == 1 for one in objects)


@pytest.mark.parametrize("world", ["city", "varied_city"])
def test_every_pixel_of_a_scene_is_labelled(world, request):
    assert pixels(request.getfixturevalue(world), "train")[:, 0].sum() == 0


def test_the_varied_world_has_other_cameras_and_lights(city, varied_city):
    """Its images differ more in brightness, and its horizons in height, than the plain ones."""
    spread = {}
    for root in (city, varied_city):
        images = [np.asarray(Image.open(paths(root, "train", n)[0])) for n in range(48)]
        ids = [np.asarray(Image.open(paths(root, "train", n)[2])) for n in range(48)]
        sky = next(one.id for one in CLASSES if one.name == "sky")
        spread[root] = (
            np.std([image.mean() for image in images]),
            np.std([(label == sky).any(1).sum() for label in ids]),
        )
    assert np.greater(spread[varied_city], spread[city]).all()


def test_a_share_of_the_frames_is_varied(tmp_path):
    """The rest are the plain world's own, and a larger share only adds varied ones."""
    of = {}
    for share in (0, 0.5, 0.7, 1):
        generate(tmp_path / str(share), train=10, val=0, test=0, size=(96, 48), varied=share)
        of[share] = [paths(tmp_path / str(share), "train", n)[0].read_bytes() for n in range(10)]
    varied = {share: {n for n in range(10) if of[share][n] == of[1][n]} for share in (0, 0.5, 0.7)}
    assert varied[0] == set()
    assert varied[0.5] < varied[0.7]
    assert (len(varied[0.5]), len(varied[0.7])) == (5, 7)
    for share in (0.5, 0.7):
        assert all(of[share][n] == of[0][n] for n in range(10) if n not in varied[share])


def test_test_labels_are_void(city):
    counts = pixels(city, "test").sum(0)
    assert (id_to_train_id()[np.flatnonzero(counts)] == 255).all()
    labels = {one["label"] for frame in polygons(city, "test") for one in frame["objects"]}
    assert labels == {"out of roi", "ego vehicle", "rectification border"}


def test_a_class_has_no_one_colour(city):
    means = []
    car = next(one.id for one in CLASSES if one.name == "car")
    for number in range(20):
        photo, _, ids, *_ = paths(city, "train", number)
        mask = np.asarray(Image.open(ids)) == car
        if mask.sum() > 50:
            means.append(np.asarray(Image.open(photo))[mask].mean())
    assert np.std(means) > 8


def test_same_bytes_from_one_seed_with_any_workers(tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    generate(one, **SMALL, seed=5)
    generate(two, **SMALL, seed=5, workers=2)
    assert contents(one) == contents(two)
    photo = paths(one, "train", 0)[0]
    image, annotation = render(5, "train", 0, SMALL["size"])
    np.testing.assert_array_equal(np.asarray(Image.open(photo)), image)
    assert json.loads(paths(one, "train", 0)[1].read_text()) == annotation
    assert (render(6, "train", 0, SMALL["size"])[0] != image).any()


def test_restart_makes_only_what_is_missing_and_counts_may_grow(tmp_path):
    generate(tmp_path, **SMALL)
    before = contents(tmp_path)
    lost = paths(tmp_path, "val", 1)[3]
    lost.unlink()
    again = generate(tmp_path, **SMALL)
    assert (again.made, again.kept) == (1, 5)
    assert contents(tmp_path) == before
    more = generate(tmp_path, **{**SMALL, "train": 4})
    assert (more.made, more.kept) == (1, 6)
    assert "1 frames made, 6 kept" in str(more)
    with pytest.raises(InputError, match=r"train is 3 but 4 frames"):
        generate(tmp_path, **SMALL)


def test_what_a_killed_run_left_is_cleared(tmp_path):
    generate(tmp_path, **SMALL)
    before = contents(tmp_path)
    photo, polygons, *_ = paths(tmp_path, "train", 0)
    ended = subprocess.Popen(["true"])
    ended.wait()
    for path in (photo, polygons, tmp_path / SETTINGS):
        path.with_name(f".{path.stem}.{ended.pid}.part{path.suffix}").write_bytes(b"half")
    generate(tmp_path, **SMALL)
    assert contents(tmp_path) == before


def test_refuses_other_settings(tmp_path):
    generate(tmp_path, train=1, val=0, test=0, size=(64, 32))
    before = contents(tmp_path)
    with pytest.raises(InputError, match=r"made with seed 0, not 1; ask for seed 0"):
        generate(tmp_path, train=1, val=0, test=0, size=(64, 32), seed=1)
    with pytest.raises(InputError, match=r"made with size \[64, 32\], not \[128, 64\]"):
        generate(tmp_path, train=1, val=0, test=0, size=(128, 64))
    assert contents(tmp_path) == before


def test_refuses_a_folder_of_an_older_generator(tmp_path):
    generate(tmp_path, train=1, val=0, test=0, size=(64, 32))
    settings = tmp_path / SETTINGS
    settings.write_text(settings.read_text().replace(f'"version": {VERSION}', '"version": 1'))
    before = contents(tmp_path)
    with pytest.raises(InputError, match=rf"made by version 1 .* Delete {tmp_path} and run"):
        generate(tmp_path, train=1, val=0, test=0, size=(64, 32))
    assert contents(tmp_path) == before


def test_refuses_a_folder_that_holds_something_else(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match=r"holds no minicity.json; give a new or empty folder"):
        generate(tmp_path, train=1)
    assert contents(tmp_path) == {"notes.txt": b"mine"}


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"version": 1, "seed": 0'])
def test_refuses_damaged_settings(tmp_path, text):
    (tmp_path / SETTINGS).write_text(text)
    with pytest.raises(InputError, match="is damaged"):
        generate(tmp_path, train=1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"train": -1}, "train is -1"),
        ({"seed": -1}, "seed is -1"),
        ({"workers": 0}, "workers is 0"),
        ({"train": 0, "val": 0, "test": 0}, "at least one frame"),
        ({"size": (63, 32)}, "size is 63x32"),
        ({"size": (64, 31)}, "size is 64x31"),
        ({"size": (2049, 1024)}, "size is 2049x1024"),
        ({"size": (2048, 1025)}, "size is 2048x1025"),
        ({"size": (64.5, 32)}, "size is 64.5x32"),
    ],
)
def test_refuses_impossible_parameters(tmp_path, options, message):
    root = tmp_path / "new"
    with pytest.raises(InputError, match=message):
        generate(root, **options)
    assert not root.exists()


def test_refuses_an_unknown_split():
    with pytest.raises(InputError, match="split is 'dev'; choose one of train, val, test"):
        render(0, "dev")


@pytest.mark.parametrize("size", [(64, 32), (300, 300), (100, 200), (64, 1024), (2048, 32)])
def test_any_shape_in_range_can_be_drawn(size):
    for number in range(3):
        for varied in (False, True):
            image, annotation = render(1, "train", number, size, varied=varied)
            assert image.shape == (size[1], size[0], 3)
            assert image.std() > 10
            assert (annotation["imgWidth"], annotation["imgHeight"]) == size


@pytest.mark.parametrize("roll", [-0.3, -0.04, 0.0, 0.001, 0.04, 0.3])
@pytest.mark.parametrize("size", [(512, 256), (2048, 64)])
def test_the_sky_ends_at_the_horizon_even_where_that_leaves_the_frame(size, roll):
    width, height = size
    camera = Camera(*size, roll=roll)
    sky = Image.new("L", size)
    ImageDraw.Draw(sky).polygon([tuple(corner) for corner in _sky(camera)], fill=1)
    lowest = np.array([camera.horizon_at(x) + camera.focal / 250 for x in range(width)])
    rows = np.asarray(sky).sum(0)
    assert np.abs(rows - np.clip(lowest, 0, height)).max() < 2.5


def test_a_horizon_above_the_frame_leaves_no_sky():
    assert _sky(Camera(512, 256, horizon=-0.2)) == []


@pytest.mark.parametrize("text", ["512", "512x", "ax b", "512x256x3", "-512x256", "10x10"])
def test_size_of_refuses(text):
    with pytest.raises(InputError, match="size is"):
        size_of(text)


def test_command_line(tmp_path):
    command = ["minicity", str(tmp_path), "--train", "1", "--val", "0", "--test", "0"]
    done = CliRunner().invoke(app, [*command, "--size", "64x32"])
    assert done.exit_code == 0
    assert done.output.splitlines()[-1].startswith("1 frames made in ")
    assert str(tmp_path) in done.output
    refused = CliRunner().invoke(app, [*command, "--size", "10x10"])
    assert isinstance(refused.exception, InputError)


def test_size_of_reads():
    assert size_of("512x256") == size_of(" 512X256 ") == (512, 256)
