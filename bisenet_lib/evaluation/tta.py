"""Test-time augmentation: a network sees an image several times. Taught in ``05_evaluation``."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from bisenet_lib.errors import InputError


@dataclass(frozen=True)
class Views:
    """Flips, scales and windows, as PaddleSeg's ``paddleseg.core.infer`` has them.

    The logits of all views are scaled to one size and their mean decides.

    Args:
        flip: look at the mirror image too.
        scales: sizes of the image to look at, relative to its own.
        crop_size: (width, height) in pixels of a sliding window; None looks at it whole.
        stride: (width, height) by which the window moves on; the window's own by default.

    Raises:
        InputError: a value is outside its range, or the stride does not fit the window.
    """

    flip: bool = False
    scales: tuple[float, ...] = (1.0,)
    crop_size: tuple[int, int] | None = None
    stride: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        if not self.scales or not all(0 < scale < 10 for scale in self.scales):
            raise InputError(f"scales are {self.scales}; give numbers above 0 and below 10")
        if self.stride and not self.crop_size:
            raise InputError(f"stride {self.stride} without crop_size: give both")
        for name in ("crop_size", "stride"):
            size = getattr(self, name)
            if size and min(size) < 1:
                raise InputError(f"{name} is {size}; give width and height in pixels from 1")
        if self.stride and self.crop_size:
            pairs = zip(self.stride, self.crop_size, strict=True)
            if any(step > window for step, window in pairs):
                raise InputError(
                    f"stride {self.stride} is larger than crop_size {self.crop_size}: pixels "
                    "between the windows would be left out"
                )

    @property
    def augmented(self) -> bool:
        """Whether the image is also mirrored or scaled."""
        return self.flip or self.scales != (1.0,)

    def window(self) -> Mapping[str, Any]:
        """The arguments of PaddleSeg's ``inference`` for the sliding window."""
        if not self.crop_size:
            return {}
        return {
            "is_slide": True,
            "crop_size": self.crop_size,
            "stride": self.stride or self.crop_size,
        }

    def augmentation(self) -> Mapping[str, Any]:
        """The arguments of PaddleSeg's ``aug_inference``."""
        return {"scales": list(self.scales), "flip_horizontal": self.flip, **self.window()}

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


ONCE = Views()
"""The image as it is."""
