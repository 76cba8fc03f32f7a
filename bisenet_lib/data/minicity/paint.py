"""Painting a scene: sky, ground, things, and what a camera adds to them."""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np

from bisenet_lib.data.minicity.ego import paint_border, paint_ego
from bisenet_lib.data.minicity.geometry import Camera
from bisenet_lib.data.minicity.scene import Scene
from bisenet_lib.data.minicity.texture import SIDE, patch, tile
from bisenet_lib.data.minicity.view import SHIFT, Patch, fixed_each
from bisenet_lib.data.minicity.weather import Weather

FINEST = 300
"""The least pixels of the canvas a thing fills for its grain to be painted in a drive."""

_LUT = np.arange(256, dtype=np.float32)[:, None] / 128

_EXPOSURE = {"dusk": 1.3, "rain": 1.1, "night": 2.2}
"""By how much longer a camera exposes in this weather."""


@dataclass(frozen=True)
class Look:
    """What camera and sky do to a whole frame.

    Attributes:
        clouds: where in the cloud texture the sky begins.
        blur: of the lens, pixels.
        vignette: how much darker the corners are, 0..1.
        gain: RGB exposure and white balance.
        noise: (H, W, 3) added to the image.
        shake: columns and rows by which the camera moves while the shutter is open, pixels.
        gamma: of the tone curve; below 1 lifts the shadows.
        saturation: of the colours; 1 leaves them.
        quality: of the JPEG file that the frame went through, 0..100; 0 for none.
    """

    clouds: np.ndarray
    blur: float
    vignette: float
    gain: np.ndarray
    noise: np.ndarray
    shake: np.ndarray = field(default_factory=lambda: np.zeros(2))
    gamma: float = 1.0
    saturation: float = 1.0
    quality: int = 0

    @classmethod
    def usual(cls, rng: np.random.Generator, camera: Camera, weather: Weather) -> "Look":
        """Draw the look of one good camera."""
        exposure = _EXPOSURE.get(weather.kind, 1.0)
        size = (camera.height, camera.width, 3)
        noise: np.ndarray = rng.standard_normal(size, dtype=np.float32)
        return cls(
            clouds=rng.uniform(0, SIDE, 2),
            blur=rng.uniform(0.3, 0.6) * max(camera.width / 512, 0.5),
            vignette=rng.uniform(0.08, 0.22),
            gain=exposure * rng.uniform(0.95, 1.2) * rng.normal(1, 0.018, 3),
            noise=noise * np.float32(rng.uniform(1.5, 4.5)),
        )

    @classmethod
    def random(cls, rng: np.random.Generator, camera: Camera, weather: Weather) -> "Look":
        """Draw the look of any camera: sharp or not, shaking, too bright, noisy, compressed."""
        wide = max(camera.width / 512, 0.5)
        exposure = _EXPOSURE.get(weather.kind, 1.0)
        size = (camera.height, camera.width, 3)
        noise: np.ndarray = rng.standard_normal(size, dtype=np.float32)
        if rng.random() < 0.5:
            noise = cv2.GaussianBlur(noise, (0, 0), 0.7) * 2
        noise *= np.float32(rng.choice([1, 3, 6, 10], p=[0.3, 0.4, 0.2, 0.1]) * rng.uniform(0.6, 1))
        return cls(
            clouds=rng.uniform(0, SIDE, 2),
            blur=rng.uniform(0.3, rng.choice([0.6, 1.4], p=[0.75, 0.25])) * wide,
            shake=rng.normal(0, 2.5, 2) * wide * (rng.random() < 0.12),
            vignette=rng.uniform(0.0, 0.35),
            gain=exposure * rng.uniform(0.8, 1.4) * rng.normal(1, 0.035, 3),
            gamma=rng.uniform(0.75, 1.2),
            saturation=rng.uniform(0.45, 1.4),
            noise=noise,
            quality=int(rng.integers(25, 96)) if rng.random() < 0.6 else 0,
        )


def paint(
    scene: Scene,
    flats: list[list[Patch]],
    things: list[list[Patch]],
    road: Callable[[], np.ndarray],
    look: Look,
) -> np.ndarray:
    """Paint a frame.

    Args:
        scene: its camera, weather and shadows.
        flats: the ground, seen without haze, in drawing order.
        things: everything that stands on it, deepest first.
        road: gives (H, W) bool, the road's pixels; asked for when the road is wet.
        look: clouds, lens, exposure and noise.

    Returns:
        (H, W, 3) uint8, RGB.
    """
    camera = scene.camera
    scale = 2 if camera.width <= 1024 else 1
    size = (camera.width * scale, camera.height * scale)
    canvas = cv2.resize(_sky(camera, scene.weather, look.clouds), size)
    for patches in flats:
        _draw(canvas, patches, scale, scene.moving)
    _ground(canvas, scene, scale)
    for patches in things:
        _draw(canvas, patches, scale, scene.moving)
    image = cv2.resize(canvas, (camera.width, camera.height), interpolation=cv2.INTER_AREA)
    light = image.astype(np.float32)
    if scene.weather.wet:
        _mirror(light, road(), scene)
    paint_ego(light, scene.ego)
    if scene.weather.veil:
        veil = scene.weather.veil * np.asarray(scene.weather.sky[1], np.float32)
        light = light * np.float32(1 - scene.weather.veil) + veil
    _glare(light, scene)
    shot = _expose(light, look)
    paint_border(shot)
    return shot


def _draw(canvas: np.ndarray, patches: list[Patch], scale: int, moving: bool) -> None:
    if not patches:
        return
    drawn = fixed_each([face_patch.points for face_patch in patches], scale)
    pairs = list(zip(patches, drawn, strict=True))
    for texture, group in itertools.groupby(pairs, lambda pair: pair[0].face.texture):
        if moving and texture:
            _draw_grained(canvas, list(group), scale)
            continue
        for face_patch, points in group:
            if face_patch.face.alpha <= 0:
                continue
            if not texture and face_patch.face.alpha == 1:
                cv2.fillPoly(canvas, [points], face_patch.colour, cv2.LINE_8, SHIFT)
            else:
                _draw_blended(canvas, face_patch, points, scale)


def _draw_grained(
    canvas: np.ndarray, group: Sequence[tuple[Patch, np.ndarray]], scale: int
) -> None:
    """Draw faces of one texture, whose grain moves with the thing when the camera moves."""
    first, anchor = group[0][0], group[0][1][0] >> SHIFT
    window = _window(np.concatenate([points for _, points in group]), canvas)
    if window is None:
        return
    (x0, y0, *_), region = window
    for face_patch, points in group:
        cv2.fillPoly(canvas, [points], face_patch.colour, cv2.LINE_8, SHIFT)
    if region.shape[0] * region.shape[1] < FINEST:
        return
    mask = np.zeros(region.shape[:2], np.uint8)
    for _, points in group:
        cv2.fillPoly(mask, [points - ((x0 << SHIFT), (y0 << SHIFT))], 255, cv2.LINE_8, SHIFT)
    place = (y0 - anchor[1], x0 - anchor[0])
    grain = _grain(first, scale, place, canvas, region.shape[:2])
    grain = cv2.convertScaleAbs(grain, alpha=first.clear, beta=128 * (1 - first.clear))
    grained = cv2.multiply(region, cv2.cvtColor(grain, cv2.COLOR_GRAY2RGB), scale=1 / 128)
    cv2.copyTo(grained, mask, region)


def _draw_blended(canvas: np.ndarray, face_patch: Patch, points: np.ndarray, scale: int) -> None:
    window = _window(points, canvas)
    if window is None:
        return
    (x0, y0, *_), region = window
    mask = np.zeros(region.shape[:2], np.uint8)
    cv2.fillPoly(mask, [points - ((x0 << SHIFT), (y0 << SHIFT))], 255, cv2.LINE_8, SHIFT)
    if face_patch.face.texture:
        place = (abs(int(points[0, 0])) * 7,) * 2
        grey = _grain(face_patch, scale, place, canvas, region.shape[:2])
        colour = np.asarray(face_patch.colour, np.float32)
        table = np.minimum((1 + (_LUT - 1) * face_patch.clear) * colour, 255).astype(np.uint8)
        new = cv2.LUT(cv2.cvtColor(grey, cv2.COLOR_GRAY2RGB), table[None])
    else:
        new = np.full(region.shape, face_patch.colour, np.float32).astype(np.uint8)
    alpha = face_patch.face.alpha
    if alpha < 1:
        new = cv2.addWeighted(new, alpha, region, 1 - alpha, 0)
    cv2.copyTo(new, mask, region)


def _window(points: np.ndarray, canvas: np.ndarray) -> tuple[tuple[int, ...], np.ndarray] | None:
    """The part of the canvas around fixed-point polygons: left, top, right, bottom; pixels."""
    x, y, wide, high = cv2.boundingRect(points >> SHIFT)
    x0, y0 = max(x - 1, 0), max(y - 1, 0)
    x1, y1 = min(x + wide + 2, canvas.shape[1]), min(y + high + 2, canvas.shape[0])
    return None if x1 <= x0 or y1 <= y0 else ((x0, y0, x1, y1), canvas[y0:y1, x0:x1])


def _grain(
    face_patch: Patch,
    scale: int,
    place: tuple[int, int],
    canvas: np.ndarray,
    shape: tuple[int, int],
) -> np.ndarray:
    level = int(np.clip(np.rint(np.log2(face_patch.pixels_per_metre * scale / 80)), -3, 2))
    return patch(face_patch.face.texture, level, place, shape, canvas.shape[:2])


def _sky(camera: Camera, weather: Weather, start: np.ndarray) -> np.ndarray:
    height, width = camera.height, camera.width
    rows = min(int(np.ceil(camera.horizon * height)) + 1, height)
    top, low = (np.asarray(colour, np.float32) for colour in weather.sky)
    mix = np.linspace(0, 1, rows, dtype=np.float32)[:, None, None] ** 0.8
    above = np.maximum(np.linspace(1, 0, rows, dtype=np.float32), 0.06)[:, None]
    across = np.linspace(-1, 1, width, dtype=np.float32)[None]
    noise = _sampled("cloud", start[0] + 90 * across / above, start[1] + 90 / above)
    thick = np.clip((noise - 255 * (1 - weather.cloud)) / 90, 0, 1)[..., None]
    thick *= 0.5 if weather.kind in ("overcast", "rain") else 0.85
    shade = 0.72 + 0.36 * np.clip(noise / 255, 0.2, 1)[..., None]
    cloud = np.minimum(shade * (0.25 * top + 0.75 * low + 14), 255)
    canvas = np.full((height, width, 3), 90, np.uint8)
    canvas[:rows] = (top * (1 - mix) + low * mix) * (1 - thick) + cloud * thick
    return _rolled(canvas, camera)


def _rolled(level: np.ndarray, camera: Camera) -> np.ndarray:
    """An image of a level camera as the rolled one sees it."""
    if not camera.roll:
        return level
    size = (camera.width, camera.height)
    return cv2.warpAffine(level, camera.rolling, size, borderMode=cv2.BORDER_REPLICATE)


def _sampled(kind: str, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    x, y = np.broadcast_arrays((x % SIDE).astype(np.float32), (y % SIDE).astype(np.float32))
    noise = cv2.remap(tile(kind), x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)
    return noise.astype(np.float32)


def _ground(canvas: np.ndarray, scene: Scene, scale: int) -> None:
    camera = scene.camera
    height, width = camera.height, camera.width
    first = min(int(np.ceil(camera.horizon * height)) + 1, height - 1)
    rows = np.arange(first, height, dtype=np.float32)[:, None] + 0.5
    z = camera.focal * camera.eye / (rows - camera.horizon * height)
    columns = np.arange(width, dtype=np.float32)[None] + 0.5 - camera.centre * width
    x = columns * z / camera.focal - camera.bend * z**2
    gain = np.ones((len(rows), width), np.float32)
    for per_metre, weight, reach in ((90, 0.5, 12.0), (14, 1.0, 60.0)):
        grain = _sampled("asphalt", x * per_metre, (z + camera.gone) * per_metre) - 128
        gain *= 1 + grain * (weight / 128 * np.exp(-z / reach))
    seen = np.exp(-z / scene.weather.haze)
    gain, haze = gain * seen, np.repeat(1 - seen, width, 1)
    if camera.roll:
        above = ((first, 0), (0, 0))
        gain = _rolled(np.pad(gain, above, constant_values=1), camera)
        haze = _rolled(np.pad(haze, above), camera)
        first = 0
    gain = gain * (1 - _shadows(scene)[first:])
    target = canvas[first * scale :]
    size = target.shape[1::-1]
    gain = cv2.resize(np.rint(gain * 128).astype(np.uint8), size)
    lit = cv2.multiply(target, cv2.cvtColor(gain, cv2.COLOR_GRAY2RGB), scale=1 / 128)
    light = haze[..., None] * np.asarray(scene.weather.sky[1], np.float32)
    canvas[first * scale :] = cv2.add(lit, cv2.resize(light.astype(np.uint8), size))


def _shadows(scene: Scene) -> np.ndarray:
    camera, masks = scene.camera, []
    for polygons, strength in (
        (scene.cast_shadows, scene.weather.shadow),
        (scene.contact_shadows, 0.6),
    ):
        mask = np.zeros((camera.height, camera.width), np.uint8)
        pixels = [camera.project(camera.bent(points)) for points in polygons]
        for points in fixed_each(pixels) if pixels else ():
            cv2.fillPoly(mask, [points], round(255 * strength), cv2.LINE_8, SHIFT)
        masks.append(cv2.blur(mask, (5, 3)))
    return np.maximum(*masks).astype(np.float32) / 255


def _mirror(image: np.ndarray, road: np.ndarray, scene: Scene) -> None:
    height = len(image)
    horizon = int(scene.camera.horizon * height)
    rows = np.clip(2 * horizon - np.arange(height), 0, height - 1)
    flipped = cv2.blur(image, (3, max(3, height // 20)))[rows]
    share = road.astype(np.float32)[..., None] * np.float32(scene.weather.wet)
    image += (flipped - image) * share


def _glare(image: np.ndarray, scene: Scene) -> None:
    """Add the sun's disc and glow where the camera looks towards a low sun."""
    camera, sun = scene.camera, scene.weather.sun
    if scene.weather.kind not in ("clear", "dusk") or sun[2] < 0.2:
        return
    x, y = camera.project(np.array([sun * 1e4 + (0, camera.eye, 0)]))[0]
    height, width = image.shape[:2]
    if not (-0.3 * width < x < 1.3 * width and -0.4 * height < y < height):
        return
    columns = (np.arange(width, dtype=np.float32) - np.float32(x)) / width
    rows = (np.arange(height, dtype=np.float32) - np.float32(y)) / width
    distance = np.sqrt(columns[None] ** 2 + rows[:, None] ** 2)
    glow = 150 * np.exp(-distance / 0.07) + 45 * np.exp(-distance / 0.35)
    image += glow[..., None] * np.array([1, 0.96, 0.86], np.float32)


def _expose(image: np.ndarray, look: Look) -> np.ndarray:
    height, width = image.shape[:2]
    image = cv2.GaussianBlur(image, (0, 0), look.blur).astype(np.float32, copy=False)
    if look.shake.any():
        image = cv2.filter2D(image, -1, _streak(look.shake))
    y = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    x = np.linspace(-1, 1, width, dtype=np.float32)[None]
    vignette = 1 - look.vignette * (x**2 + y**2) / 2
    image *= vignette[..., None] * look.gain.astype(np.float32)
    grey = image.mean(2, keepdims=True)
    image = grey + (image - grey) * np.float32(look.saturation) + look.noise
    curve = 255 * (np.arange(256) / 255) ** look.gamma
    shot = cv2.LUT(np.clip(image, 0, 255).astype(np.uint8), curve.astype(np.uint8))
    if look.quality:
        quality = (cv2.IMWRITE_JPEG_QUALITY, look.quality)
        jpeg = cv2.imencode(".jpg", shot[..., ::-1], quality)[1]
        return np.ascontiguousarray(np.asarray(cv2.imdecode(jpeg, cv2.IMREAD_COLOR))[..., ::-1])
    return shot


def _streak(shake: np.ndarray) -> np.ndarray:
    """The kernel of a straight movement by ``shake`` (columns, rows) pixels."""
    half = int(np.ceil(np.abs(shake).max() / 2))
    kernel = np.zeros((2 * half + 1,) * 2, np.float32)
    for share in np.linspace(-0.5, 0.5, 4 * half + 1):
        column, row = np.rint(half + share * shake).astype(int)
        kernel[row, column] += 1
    return kernel / kernel.sum()
