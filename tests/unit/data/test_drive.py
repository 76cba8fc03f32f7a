"""The drive: consecutive frames of one street, exact labels, films that browsers play."""

import json
from pathlib import Path

import av
import numpy as np
import pytest
from cityscapesscripts.preparation.json2labelImg import json2labelImg
from PIL import Image
from typer.testing import CliRunner

from bisenet_lib.cli.main import app
from bisenet_lib.data import inspection
from bisenet_lib.data.film_io import film_writer
from bisenet_lib.data.labels import name2label
from bisenet_lib.data.minicity import drive
from bisenet_lib.data.minicity.drive import LAP, PERIOD, Street
from bisenet_lib.errors import InputError

pytestmark = pytest.mark.slow

SIZE = (256, 128)


@pytest.fixture(scope="module")
def street():
    return Street(1, SIZE)


def difference(one, other):
    return np.abs(one.image.astype(int) - other.image).mean()


def test_a_seed_gives_one_drive(street):
    first, second = (list(drive(1, SIZE, 3)) for _ in range(2))
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one.image, other.image)
        assert one.annotation == other.annotation
    np.testing.assert_array_equal(street.shot(2).image, first[2].image)
    assert difference(first[0], next(drive(2, SIZE))) > 20


def test_labels_are_what_cityscapesscripts_draws(street, tmp_path):
    for number in (0, 17, 333):
        shot = street.shot(number)
        source, drawn = tmp_path / "a_polygons.json", tmp_path / "a.png"
        source.write_text(json.dumps(shot.annotation))
        for kind in ("ids", "trainIds", "color"):
            json2labelImg(str(source), str(drawn), kind)
            np.testing.assert_array_equal(
                np.asarray(shot.labels(kind)), np.asarray(Image.open(drawn))
            )


def test_frames_follow_one_another_without_a_jump_also_where_the_ring_closes(street):
    numbers = [*range(318, 322), *range(PERIOD - 3, PERIOD + 2)]
    shots = {number: street.shot(number) for number in numbers}
    steps = [difference(shots[n], shots[n + 1]) for n in numbers if n + 1 in shots]
    assert max(steps) < 1.5 * min(steps)
    assert max(steps) < difference(shots[318], shots[PERIOD])


def test_a_period_later_everything_is_where_it_was(street):
    assert street.shot(7).annotation == street.shot(7 + PERIOD).annotation
    assert street.shot(7).annotation != street.shot(7 + PERIOD // 2).annotation


def test_others_move_and_what_stands_keeps_its_colour(street):
    """A parked car's faces have one colour in all frames; drivers and walkers change place."""
    places = {mover.place(share) % LAP for mover in street.movers for share in (0.1, 0.2)}
    assert len(places) == 2 * len(street.movers)
    colours = {}
    for number in range(0, 10, 3):
        scene = street.shot(number).scene
        for thing in scene.things:
            if thing.faces:
                colours.setdefault((thing.label, thing.faces[0].colour), []).append(thing.depth)
    followed = [depths for depths in colours.values() if len(depths) == 4]
    assert len(followed) > 50
    assert sum(depths == sorted(depths, reverse=True) for depths in followed) > 30


def test_every_frame_has_the_classes_of_a_street(street):
    seen = [set(np.unique(np.asarray(street.shot(n).labels()))) for n in range(0, PERIOD, 80)]
    always = {name2label[name].id for name in ("road", "sidewalk", "building", "car", "sky")}
    assert all(always <= one for one in seen)
    sometimes = {name2label[name].id for name in ("person", "rider", "bicycle", "pole")}
    assert sometimes <= set.union(*seen)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"seed": -1}, "seed is -1"),
        ({"frames": 0}, "frames is 0"),
        ({"size": (10, 10)}, "size is 10x10"),
    ],
)
def test_bad_parameters(arguments, message):
    with pytest.raises(InputError, match=message):
        drive(**arguments)


@pytest.mark.parametrize("kind", ["mp4", "webp", "gif"])
def test_a_film_has_every_frame(tmp_path, kind):
    target = tmp_path / f"drive.{kind}"
    words = ["drive", str(target), "--frames", "5", "--size", "128x64"]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.output
    if kind == "mp4":
        with av.open(str(target)) as film:
            stream = film.streams.video[0]
            assert (stream.codec_context.name, stream.average_rate) == ("h264", 10)
            assert stream.pix_fmt == "yuv420p"
            frames = [frame.to_ndarray(format="rgb24") for frame in film.decode(stream)]
    else:
        with Image.open(target) as film:
            assert film.info["loop"] == 0
            frames = []
            for number in range(film.n_frames):
                film.seek(number)
                film.load()
                assert film.info["duration"] == 100
                frames.append(np.asarray(film.convert("RGB")))
    assert len(frames) == 5
    for frame, shot in zip(frames, drive(0, (128, 64), 5), strict=True):
        assert np.abs(frame.astype(int) - shot.image).mean() < 12
    assert [path.name for path in tmp_path.iterdir()] == [target.name]


def test_a_folder_is_a_data_set(tmp_path):
    target = tmp_path / "driven"
    words = ["drive", str(target), "--frames", "3", "--size", "128x64", "--seed", "3"]
    assert CliRunner().invoke(app, words).exit_code == 0
    report = inspection.inspect(target)
    assert not report.problems
    assert len(list((target / "leftImg8bit" / "val" / "drive").iterdir())) == 3
    again = CliRunner().invoke(app, words)
    assert isinstance(again.exception, InputError)
    assert "holds files already" in str(again.exception)


def test_another_kind_of_file_is_refused(tmp_path):
    result = CliRunner().invoke(app, ["drive", str(tmp_path / "drive.avi")])
    assert "a name that ends in .mp4, .webp, .gif" in str(result.exception)
    assert not list(tmp_path.iterdir())


def test_a_full_disk_is_named_and_leaves_no_film(mount_disk):
    folder = mount_disk("64k")
    result = CliRunner().invoke(app, ["drive", str(folder / "a.mp4"), "--frames", "40"])
    assert isinstance(result.exception, InputError)
    assert "a.mp4: cannot be written (No space left on device)" in str(result.exception)
    assert not [path for path in Path(folder).iterdir() if path.suffix == ".mp4"]


def test_a_size_that_no_film_has(tmp_path):
    target = tmp_path / "x.mp4"
    message = "a film of 1x1 at 10 frames/s cannot be encoded"
    with pytest.raises(InputError, match=message), film_writer(target, 10, (1, 1)):
        pass
