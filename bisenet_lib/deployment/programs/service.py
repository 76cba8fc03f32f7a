"""The network as an HTTP service on this computer: python service.py 8000.

In another terminal: curl --data-binary @street.jpg http://127.0.0.1:8000/ --output overlay.jpg

To copy beside predictor.py and the model.onnx of `bisenet export`.
"""

import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import cv2
import numpy as np
from predictor import Predictor

MOST_BYTES = 20_000_000
"""Of an image that is sent."""
predict = Predictor(Path(__file__).with_name("model.onnx"))


class Handler(BaseHTTPRequestHandler):
    """Answers an image with its overlay, as JPEG."""

    def do_POST(self) -> None:
        """Segment the image in the request's body."""
        length = self.headers.get("Content-Length", "")
        if not length.isdigit() or not 0 < int(length) <= MOST_BYTES:
            return self.send_error(413, f"send an image of 1 to {MOST_BYTES} bytes")
        body = np.frombuffer(self.rfile.read(int(length)), np.uint8)
        image = cv2.imdecode(body, cv2.IMREAD_COLOR)
        if image is None:
            return self.send_error(400, "no image that OpenCV reads")
        image = cv2.cvtColor(image, cv2.COLOR_BGR2RGB)  # the network wants red first
        overlay = cv2.cvtColor(predict.draw(image, predict(image)), cv2.COLOR_RGB2BGR)
        self.send_response(200)
        self.send_header("Content-Type", "image/jpeg")
        self.end_headers()
        self.wfile.write(cv2.imencode(".jpg", overlay)[1].tobytes())


if __name__ == "__main__":
    server = HTTPServer(("127.0.0.1", int(sys.argv[1]) if sys.argv[1:] else 8000), Handler)
    print(f"http://127.0.0.1:{server.server_port}/", flush=True)
    server.serve_forever()
