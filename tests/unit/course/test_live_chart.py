"""The chart of a run is drawn in one place, not too often, and after every evaluation."""

import json

from bisenet_lib.config import configuration
from bisenet_lib.course import widgets
from bisenet_lib.training import trainer


class Screen:
    """Stands in for IPython's display."""

    def __init__(self):
        self.shown = self.updated = 0

    def __call__(self, figure, display_id):
        assert display_id and figure.axes
        self.shown += 1
        return self

    def update(self, figure):
        assert figure.axes
        self.updated += 1


def test_one_figure_updated_in_place(tmp_path, monkeypatch):
    screen, now = Screen(), [0.0]
    monkeypatch.setattr(widgets, "display", screen)
    monkeypatch.setattr(widgets.time, "monotonic", lambda: now[0])
    step = {"iteration": 1, "losses": [1.0] * 5, "loss": 5.0, "lr": 0.1}
    log = tmp_path / "metrics.jsonl"
    log.write_text(json.dumps(step) + "\n")
    draw = widgets.live_chart()
    draw(tmp_path)
    draw(tmp_path)
    assert (screen.shown, screen.updated) == (1, 0)
    now[0] = widgets.REDRAW_SECONDS + 1
    draw(tmp_path)
    assert (screen.shown, screen.updated) == (1, 1)
    log.write_text(log.read_text() + json.dumps({"iteration": 1, "miou": 0.5}) + "\n")
    draw(tmp_path)
    assert (screen.shown, screen.updated) == (1, 2)


def test_training_calls_it_after_every_record(tiny, tmp_path):
    seen = []
    options = {"save_interval": 2, "log_iters": 1, "watch": seen.append}
    trainer.fit(configuration.load_config(tiny), tmp_path / "run", **options)
    assert seen == [tmp_path / "run"] * 6
