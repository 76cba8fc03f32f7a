"""Videos segmented by a network one can do by hand: size, speed, number and colours of frames."""

import time

import av
import cv2
import numpy as np
import pytest

from bisenet_lib.deployment import photographs, video
from bisenet_lib.errors import InputError

RED, GREEN, BLUE = (230, 20, 20), (20, 230, 20), (20, 20, 230)


@pytest.fixture
def network(tmp_path, colour_network):
    colour_network(tmp_path / "model.onnx")
    return photographs.open_predictor(tmp_path / "model.onnx")


def record(path, colours, fps=10.0, size=(64, 48), codec="mp4v"):
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*codec), fps, size)
    for colour in colours:
        writer.write(np.full((size[1], size[0], 3), colour[::-1], np.uint8))
    writer.release()


def play(path):
    capture = cv2.VideoCapture(str(path))
    frames = []
    while (read := capture.read())[0]:
        frames.append(read[1][..., ::-1])
    return capture.get(cv2.CAP_PROP_FPS), frames


@pytest.mark.parametrize(("name", "codec"), [("a.mp4", "mp4v"), ("a.avi", "MJPG")])
def test_frames_keep_their_order_size_and_speed(network, tmp_path, name, codec):
    colours = [RED] * 3 + [GREEN] * 2 + [BLUE] * 7
    record(tmp_path / name, colours, 12.5, codec=codec)
    tally = video.predict_video(network, tmp_path / name, tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["a_overlay.mp4"]
    with av.open(str(tmp_path / "out" / "a_overlay.mp4")) as overlay:
        stream = overlay.streams.video[0]
        browsers_play = ("h264", "yuv420p", 12)
        assert (stream.codec_context.name, stream.pix_fmt, stream.frames) == browsers_play
    fps, frames = play(tmp_path / "out" / "a_overlay.mp4")
    assert fps == 12.5
    assert [frame.shape for frame in frames] == [(48, 64, 3)] * 12
    assert [int(frame.mean((0, 1)).argmax()) for frame in frames] == [0] * 3 + [1] * 2 + [2] * 7
    # Colours of the classes (255) are laid over the frames' (230).
    assert frames[0][..., 0].mean() > 238
    assert tally.frames == 12
    assert tally.problems == []
    assert tally.shares() == pytest.approx({"blue": 7 / 12, "red": 3 / 12, "green": 2 / 12})


def test_two_videos_of_one_name_stay_apart(network, tmp_path):
    for name, codec in (("a.mp4", "mp4v"), ("a.avi", "MJPG")):
        record(tmp_path / name, [RED] * 3, codec=codec)
    for name in ("a.mp4", "a.avi"):
        video.predict_video(network, tmp_path / name, tmp_path / "out")
    made = {path.name for path in (tmp_path / "out").iterdir()}
    assert made == {"a.mp4_overlay.mp4", "a.avi_overlay.mp4"}


def test_a_video_that_breaks_off_names_the_frame(network, tmp_path):
    path = tmp_path / "a.avi"
    record(path, [RED] * 40, codec="MJPG")
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * 3 // 5])
    tally = video.predict_video(network, path, tmp_path / "out")
    assert 10 < tally.frames < 35
    assert f"a.avi: breaks off after frame {tally.frames} of 40" in tally.problems[0]
    assert len(play(tmp_path / "out" / "a_overlay.mp4")[1]) == tally.frames


def empty(path):
    path.write_bytes(b"")


def noise(path):
    path.write_bytes(np.random.default_rng(0).bytes(5000))


def cut_off(path):
    """An .mp4 has its index at the end."""
    record(path, [RED] * 40)
    path.write_bytes(path.read_bytes()[:-200])


def no_frame(path):
    """A container that is whole, of frames that are not."""
    record(path, [RED] * 4, codec="MJPG")
    content = bytearray(path.read_bytes())
    frames = slice(content.index(b"movi") + 12, content.index(b"idx1"))
    content[frames] = bytes(len(content[frames]))
    path.write_bytes(content)


@pytest.mark.parametrize("fault", [empty, noise, cut_off, no_frame])
def test_what_cannot_be_decoded_leaves_nothing(network, tmp_path, fault, capfd):
    name = "a.avi" if fault is no_frame else "a.mp4"
    fault(tmp_path / name)
    with pytest.raises(InputError, match=rf"{name}: .* can be decoded"):
        video.predict_video(network, tmp_path / name, tmp_path / "out")
    assert not list(tmp_path.glob("out/*"))
    assert capfd.readouterr().err.strip().count("\n") == 0


def test_a_missing_file(network, tmp_path):
    with pytest.raises(InputError, match="no such image, folder or video"):
        video.predict_video(network, tmp_path / "a.mp4", tmp_path / "out")


def test_a_video_is_not_read_once_it_is_closed(network, tmp_path, monkeypatch):
    opened, released, late = cv2.VideoCapture, [], []

    class Watched:
        # Not a subclass: OpenCV frees an instance of one at a wrong address.
        def __init__(self, *arguments):
            self.capture = opened(*arguments)

        def __getattr__(self, name):
            return getattr(self.capture, name)

        def read(self):
            time.sleep(0.05)
            late.extend(released)
            return self.capture.read()

        def release(self):
            released.append("read after its release")
            self.capture.release()

    record(tmp_path / "a.mp4", [RED] * 12)
    (tmp_path / "out").write_text("a file where the folder should be")
    monkeypatch.setattr(cv2, "VideoCapture", Watched)
    with pytest.raises(InputError):
        video.predict_video(network, tmp_path / "a.mp4", tmp_path / "out")
    time.sleep(0.3)
    assert released and not late
