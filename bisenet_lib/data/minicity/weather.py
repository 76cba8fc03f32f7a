"""Light and weather of one frame: sun, sky, haze, wetness."""

from dataclasses import dataclass

import numpy as np

from bisenet_lib.data.minicity.geometry import Colour

KINDS = ("clear", "cloudy", "overcast", "rain", "dusk")
_CHANCE = (0.34, 0.22, 0.22, 0.11, 0.11)


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


_LOOK: dict[str, tuple[Colour, Colour, float, Colour, Colour]] = {
    #            sunlight          ambient             shadow sky top         sky low
    "clear": ((0.75, 0.70, 0.58), (0.50, 0.54, 0.62), 0.55, (84, 138, 208), (196, 216, 232)),
    "cloudy": ((0.50, 0.48, 0.43), (0.62, 0.65, 0.70), 0.40, (112, 152, 204), (214, 222, 228)),
    "overcast": ((0.14, 0.14, 0.14), (0.78, 0.80, 0.82), 0.12, (196, 202, 208), (222, 225, 226)),
    "rain": ((0.08, 0.08, 0.09), (0.64, 0.67, 0.72), 0.08, (158, 166, 176), (190, 196, 202)),
    "dusk": ((0.42, 0.28, 0.16), (0.42, 0.42, 0.50), 0.30, (92, 108, 150), (236, 186, 140)),
}
_CLOUD = {"clear": 0.15, "cloudy": 0.6, "overcast": 0.9, "rain": 1.0, "dusk": 0.5}


def draw_weather(rng: np.random.Generator) -> Weather:
    """Draw one frame's weather.

    Args:
        rng: the random numbers.

    Returns:
        The weather; kinds come with the chances 34, 22, 22, 11 and 11 %.
    """
    kind = str(rng.choice(KINDS, p=_CHANCE))
    sunlight, ambient, shadow, top, low = _LOOK[kind]
    azimuth = rng.uniform(0, 2 * np.pi)
    height = rng.uniform(0.2, 0.4) if kind == "dusk" else rng.uniform(0.55, 1.05)
    sun = np.array(
        [np.cos(height) * np.sin(azimuth), np.sin(height), np.cos(height) * np.cos(azimuth)]
    )
    tint = rng.normal(1, 0.02, 3)
    return Weather(
        kind=kind,
        sun=sun,
        sunlight=sunlight,
        ambient=ambient,
        shadow=shadow * rng.uniform(0.8, 1.1),
        sky=(tuple(np.clip(top * tint, 0, 255)), tuple(np.clip(low * tint, 0, 255))),
        cloud=float(np.clip(_CLOUD[kind] + rng.uniform(-0.15, 0.15), 0, 1)),
        haze=rng.uniform(120, 260) if kind in ("rain", "overcast") else rng.uniform(220, 600),
        wet=rng.uniform(0.2, 0.45) if kind == "rain" else 0.0,
    )
