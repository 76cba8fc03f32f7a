"""Painting a scene: sky, ground, things, and what a camera adds to them."""

import cv2
import numpy as np

from bisenet_lib.minicity.ego import paint_bonnet, paint_border
from bisenet_lib.minicity.geometry import Camera
from bisenet_lib.minicity.scene import Scene
from bisenet_lib.minicity.texture import SIDE, patch, tile
from bisenet_lib.minicity.view import SHIFT, Patch, fixed
from bisenet_lib.minicity.weather import Weather

_ROAD = 7
_LUT = np.arange(256, dtype=np.float32)[:, None] / 128


def paint(
    scene: Scene,
    flats: list[list[Patch]],
    things: list[list[Patch]],
    ids: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    """Paint a frame.

    Args:
        scene: its camera, weather and shadows.
        flats: the ground, seen without haze, in drawing order.
        things: everything that stands on it, deepest first.
        ids: (H, W) uint8 label ids, to know where the wet road mirrors.
        rng: draws clouds, exposure and noise.

    Returns:
        (H, W, 3) uint8, RGB.
    """
    camera = scene.camera
    scale = 2 if camera.width <= 1024 else 1
    size = (camera.width * scale, camera.height * scale)
    canvas = _sky(camera, scene.weather, size, rng)
    for patches in flats:
        _draw(canvas, patches, scale)
    _ground(canvas, scene, scale)
    for patches in things:
        _draw(canvas, patches, scale)
    image = cv2.resize(canvas, (camera.width, camera.height), interpolation=cv2.INTER_AREA)
    wet = _mirror(image, ids, scene)
    paint_bonnet(wet)
    shot = _expose(wet, scene.weather, rng)
    paint_border(shot)
    return shot


def _draw(canvas: np.ndarray, patches: list[Patch], scale: int) -> None:
    for one in patches:
        if one.face.alpha <= 0:
            continue
        points = fixed(one.points, scale)
        if not one.face.texture and one.face.alpha == 1:
            cv2.fillPoly(canvas, [points], one.colour, cv2.LINE_8, SHIFT)
        else:
            _draw_blended(canvas, one, points, scale)


def _draw_blended(canvas: np.ndarray, one: Patch, points: np.ndarray, scale: int) -> None:
    x, y, wide, high = cv2.boundingRect(points >> SHIFT)
    x0, y0 = max(x - 1, 0), max(y - 1, 0)
    x1, y1 = min(x + wide + 2, canvas.shape[1]), min(y + high + 2, canvas.shape[0])
    if x1 <= x0 or y1 <= y0:
        return
    region = canvas[y0:y1, x0:x1]
    mask = np.zeros(region.shape[:2], np.uint8)
    cv2.fillPoly(mask, [points - ((x0 << SHIFT), (y0 << SHIFT))], 255, cv2.LINE_8, SHIFT)
    if one.face.texture:
        level = int(np.clip(np.rint(np.log2(one.pixels_per_metre * scale / 80)), -3, 1))
        place = (abs(int(points[0, 0, 0] if points.ndim == 3 else points[0, 0])) * 7,) * 2
        grey = patch(one.face.texture, level, place, mask.shape, canvas.shape[:2])
        table = np.clip(_LUT * np.asarray(one.colour, np.float32), 0, 255).astype(np.uint8)
        new = cv2.LUT(cv2.cvtColor(grey, cv2.COLOR_GRAY2RGB), table[None])
    else:
        new = np.full(region.shape, one.colour, np.float32).astype(np.uint8)
    if one.face.alpha < 1:
        new = cv2.addWeighted(new, one.face.alpha, region, 1 - one.face.alpha, 0)
    cv2.copyTo(new, mask, region)


def _sky(
    camera: Camera, weather: Weather, size: tuple[int, int], rng: np.random.Generator
) -> np.ndarray:
    width, height = size
    rows = int(np.ceil(camera.horizon * height)) + 1
    top, low = (np.asarray(one) for one in weather.sky)
    mix = np.linspace(0, 1, rows)[:, None] ** 0.8
    canvas = np.empty((height, width, 3), np.uint8)
    canvas[rows:] = 90
    flat = np.broadcast_to((top * (1 - mix) + low * mix)[:, None], (rows, width, 3))
    above = np.maximum(np.linspace(1, 0, rows, dtype=np.float32), 0.06)[:, None]
    across = np.linspace(-1, 1, width, dtype=np.float32)[None]
    start = rng.uniform(0, SIDE, 2).astype(np.float32)
    x = (start[0] + 90 * across / above) % SIDE
    y = np.broadcast_to((start[1] + 90 / above) % SIDE, x.shape).astype(np.float32)
    noise = cv2.remap(tile("cloud"), x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)
    cover = np.clip((noise.astype(np.float32) - 255 * (1 - weather.cloud)) / 90, 0, 1)
    shade = np.clip(noise.astype(np.float32) / 255, 0.2, 1)[..., None]
    cloud = np.minimum((0.80 + 0.28 * shade) * (0.25 * top + 0.75 * low + 14), 255)
    cover = cover[..., None] * (0.85 if weather.kind in ("clear", "cloudy", "dusk") else 0.5)
    canvas[:rows] = flat * (1 - cover) + cloud * cover
    return canvas


def _ground(canvas: np.ndarray, scene: Scene, scale: int) -> None:
    camera, weather = scene.camera, scene.weather
    height, width = canvas.shape[:2]
    first = int(np.ceil(camera.horizon * height)) + 1
    focal = camera.focal * scale
    z = focal * camera.eye / (np.arange(first, height) + 0.5 - camera.horizon * height)
    z = z.astype(np.float32)[:, None]
    columns = np.arange(width, dtype=np.float32)[None] + 0.5 - camera.centre * width
    x = columns * z / focal - camera.bend * z**2
    grain = np.zeros((height - first, width), np.float32)
    for per_metre, weight, reach in ((90, 0.5, 12.0), (14, 1.0, 60.0)):
        noise = cv2.remap(
            tile("asphalt"),
            (x * per_metre) % SIDE,
            np.broadcast_to((z * per_metre) % SIDE, x.shape),
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_WRAP,
        )
        grain += (noise.astype(np.float32) - 128) / 128 * weight * np.exp(-z / reach)
    gain = (1 + grain) * (1 - _shadows(scene, scale, canvas.shape[:2])[first:])
    seen = np.exp(-z / weather.haze)[..., None]
    haze = np.asarray(weather.sky[1], np.float32) * (1 - seen)
    ground = canvas[first:].astype(np.float32) * gain[..., None] * seen + haze
    canvas[first:] = np.clip(ground, 0, 255)


def _shadows(scene: Scene, scale: int, shape: tuple[int, int]) -> np.ndarray:
    masks = []
    for polygons, strength in (
        (scene.cast_shadows, scene.weather.shadow),
        (scene.contact_shadows, 0.6),
    ):
        mask = np.zeros(shape, np.uint8)
        for points in polygons:
            pixels = scene.camera.project(scene.camera.bent(points))
            cv2.fillPoly(mask, [fixed(pixels, scale)], round(255 * strength), cv2.LINE_8, SHIFT)
        masks.append(cv2.blur(mask, (6 * scale + 1, 2 * scale + 1)))
    return np.maximum(*masks).astype(np.float32) / 255


def _mirror(image: np.ndarray, ids: np.ndarray, scene: Scene) -> np.ndarray:
    out = image.astype(np.float32)
    if not scene.weather.wet:
        return out
    height = len(image)
    horizon = int(scene.camera.horizon * height)
    rows = np.clip(2 * horizon - np.arange(height), 0, height - 1)
    flipped = cv2.blur(image, (3, max(3, height // 20)))[rows].astype(np.float32)
    share = (ids == _ROAD).astype(np.float32)[..., None] * scene.weather.wet
    return out * (1 - share) + flipped * share


def _expose(image: np.ndarray, weather: Weather, rng: np.random.Generator) -> np.ndarray:
    height, width = image.shape[:2]
    sigma = rng.uniform(0.3, 0.6) * max(width / 512, 0.5)
    image = cv2.GaussianBlur(image, (0, 0), sigma)
    y = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    x = np.linspace(-1, 1, width, dtype=np.float32)[None]
    vignette = 1 - rng.uniform(0.08, 0.22) * (x**2 + y**2) / 2
    dark = {"dusk": 0.85, "rain": 0.92}.get(weather.kind, 1.0)
    gain = dark * rng.uniform(0.85, 1.12) * rng.normal(1, 0.025, 3)
    image *= vignette[..., None] * gain.astype(np.float32)
    noise = rng.standard_normal(image.shape, dtype=np.float32)
    image += noise * np.float32(rng.uniform(1.5, 4.5))
    return np.clip(image, 0, 255).astype(np.uint8)
