"""An image in, its overlay out: python app.py street.jpg overlay.jpg.

To copy beside predictor.py and the model.onnx of `bisenet export`. It needs onnxruntime, numpy and
opencv-python-headless, and neither Paddle nor this library.
"""

import sys
from pathlib import Path

import cv2
import numpy as np
from predictor import Predictor


def main(source: str, target: str) -> None:
    """Segment one image, write the overlay, and print the share of each class."""
    image = cv2.imread(source, cv2.IMREAD_COLOR)
    if image is None:
        sys.exit(f"{source}: not there, or no image that OpenCV reads")
    image = cv2.cvtColor(image, cv2.COLOR_BGR2RGB)  # the network wants red first
    predict = Predictor(Path(__file__).with_name("model.onnx"))
    classes = predict(image)
    overlay = predict.draw(image, classes)
    if not cv2.imwrite(target, cv2.cvtColor(overlay, cv2.COLOR_RGB2BGR)):
        sys.exit(f"{target}: cannot be written")
    shares = np.bincount(classes.ravel(), minlength=len(predict.names)) / classes.size
    for number in np.argsort(-shares)[: np.count_nonzero(shares)]:
        print(f"{100 * shares[number]:6.2f} %  {predict.names[number]}")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
