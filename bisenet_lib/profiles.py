"""The profiles of the course; known here so that naming them loads neither Paddle nor Jupyter."""

PROFILES = {
    "smoke": "minicity_smoke",
    "laptop": "minicity_laptop",
    "cityscapes": "bisenet_cityscapes_1024x1024_160k",
}
"""Each profile of the course and the configuration it trains with."""
