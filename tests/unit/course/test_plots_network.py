"""The bars are as long as what was counted or measured."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from bisenet_lib.course import plots
from bisenet_lib.network import profiling


def test_a_bar_for_each_stage_and_each_count():
    rows = profiling.stages(profiling.build_network(), (64, 32))
    figure = plots.stages(rows)
    work, parameters = (
        [bar.get_width() for bar in axis.patches[: len(rows)]] for axis in figure.axes
    )
    assert work == pytest.approx([row.multiply_adds / 1e9 for row in rows])
    assert parameters == pytest.approx([row.parameters / 1e3 for row in rows])
    assert figure.get_facecolor() == (1, 1, 1, 1)
    assert not plt.get_fignums()


def test_ratios_are_to_the_first_variant():
    figure = plots.ratios(["a", "b"], {"work": [10, 40], "time": [2.0, 3.0]})
    (axis,) = figure.axes
    heights = [[bar.get_height() for bar in bars] for bars in axis.containers]
    assert np.allclose(heights, [[1, 4], [1, 1.5]])
    assert axis.get_ylabel() == 'relative to "a"'
