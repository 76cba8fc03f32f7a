"""Light and weather of one frame: sun, sky, haze, wetness."""

from dataclasses import dataclass

import numpy as np

from bisenet_lib.data.minicity.colour import Colour, mixed, rgb

KINDS = ("clear", "cloudy", "overcast", "rain", "dusk", "night")
_CHANCES = {False: (0.38, 0.22, 0.24, 0.08, 0.08, 0), True: (0.34, 0.21, 0.22, 0.09, 0.09, 0.05)}
"""Of the kinds, in the plain world and in the varied one."""


@dataclass(frozen=True)
class Weather:
    """How light and air change every colour.

    Attributes:
        kind: one of :data:`KINDS`.
        sun: (3,) unit vector towards the sun.
        sunlight: RGB gain of a face turned to the sun.
        ambient: RGB gain of every face.
        shadow: how much of the light a cast shadow takes away, 0..1.
        sky: RGB at the zenith and at the horizon.
        cloud: cloud cover 0..1.
        haze: metres at which 63 % of a colour is lost in the horizon's.
        wet: share of the scene mirrored in the road, 0..1.
        veil: share of the sky's light that lies over the whole frame, 0..1.
    """

    kind: str
    sun: np.ndarray
    sunlight: Colour
    ambient: Colour
    shadow: float
    sky: tuple[Colour, Colour]
    cloud: float
    haze: float
    wet: float
    veil: float

    @property
    def lit(self) -> bool:
        """Whether lamps are on."""
        return self.kind in ("dusk", "rain", "night")

    def light(self, colours: np.ndarray, facing: np.ndarray, depth: np.ndarray) -> np.ndarray:
        """Colours as the camera sees them.

        Args:
            colours: (N, 3) RGB 0..255.
            facing: (N,) share of sunlight, 0..1.
            depth: (N,) metres.

        Returns:
            (N, 3) RGB 0..255.
        """
        gain = np.asarray(self.ambient) + facing[:, None] * np.asarray(self.sunlight)
        seen = np.exp(-depth / self.haze)[:, None]
        return np.clip(colours * gain * seen + np.asarray(self.sky[1]) * (1 - seen), 0, 255)


_Range = tuple[Colour, Colour]
_LOOK: dict[str, tuple[Colour, Colour, float, _Range, _Range]] = {
    "clear": (
        (0.78, 0.72, 0.58),
        (0.46, 0.51, 0.60),
        0.58,
        ((40, 92, 176), (138, 182, 226)),
        ((164, 196, 226), (238, 240, 240)),
    ),
    "cloudy": (
        (0.50, 0.48, 0.43),
        (0.62, 0.65, 0.70),
        0.40,
        ((70, 118, 186), (150, 178, 206)),
        ((190, 206, 220), (240, 242, 242)),
    ),
    "overcast": (
        (0.14, 0.14, 0.14),
        (0.78, 0.80, 0.82),
        0.12,
        ((158, 166, 176), (244, 246, 248)),
        ((196, 202, 208), (252, 252, 252)),
    ),
    "rain": (
        (0.08, 0.08, 0.09),
        (0.64, 0.67, 0.72),
        0.08,
        ((132, 142, 156), (196, 202, 208)),
        ((170, 178, 186), (222, 226, 228)),
    ),
    "dusk": (
        (0.46, 0.30, 0.16),
        (0.40, 0.40, 0.48),
        0.32,
        ((60, 78, 130), (150, 150, 176)),
        ((222, 150, 104), (248, 214, 168)),
    ),
    "night": (
        (0.08, 0.07, 0.06),
        (0.24, 0.22, 0.21),
        0.10,
        ((4, 6, 14), (26, 30, 46)),
        ((20, 22, 32), (84, 66, 54)),
    ),
}
"""Sunlight, ambient light, shadow, and two ends of the sky's colour at the zenith and below."""

_CLOUD = {"clear": 0.12, "cloudy": 0.55, "overcast": 0.9, "rain": 1.0, "dusk": 0.5, "night": 0.3}
_LOW_SUN = {"dusk": (0.08, 0.4), "night": (0.9, 1.2)}


def draw_weather(rng: np.random.Generator, *, varied: bool = False) -> Weather:
    """Draw one frame's weather.

    Args:
        rng: the random numbers.
        varied: with nights, and with light that veils the picture.
    """
    kind = str(rng.choice(KINDS, p=_CHANCES[varied]))
    sunlight, ambient, shadow, top, low = _LOOK[kind]
    azimuth = rng.uniform(0, 2 * np.pi)
    height = rng.uniform(*_LOW_SUN.get(kind, (0.25, 1.15)))
    sun = np.array(
        [np.cos(height) * np.sin(azimuth), np.sin(height), np.cos(height) * np.cos(azimuth)]
    )
    misty = kind in ("rain", "overcast")
    return Weather(
        kind=kind,
        sun=sun,
        sunlight=_varied(rng, sunlight, rng.uniform(0.7, 1.35)),
        ambient=_varied(rng, ambient, rng.uniform(0.75, 1.1)),
        shadow=min(0.85, shadow * rng.uniform(0.7, 1.35)),
        sky=(_between(rng, top), _between(rng, low)),
        cloud=float(np.clip(_CLOUD[kind] + rng.uniform(-0.2, 0.2), 0, 1)),
        haze=rng.uniform(90, 260) if misty else rng.uniform(180, 800),
        wet=rng.uniform(0.2, 0.45) if kind == "rain" else 0.0,
        veil=rng.uniform(0, 0.42) ** 2 if varied and rng.random() < 0.5 else 0.0,
    )


def _varied(rng: np.random.Generator, gain: Colour, strength: float) -> Colour:
    return rgb(strength * np.asarray(gain) * rng.normal(1, 0.03, 3))


def _between(rng: np.random.Generator, ends: _Range) -> Colour:
    share = rng.random()
    tone = np.array(mixed(*ends, share))
    return rgb(np.clip(tone * rng.normal(1, 0.02, 3), 0, 255))
