"""The pictures show the numbers they are given; every figure is opaque and closed."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from bisenet_lib.course import plots
from bisenet_lib.data.labels import CLASS_NAMES, colour_table
from bisenet_lib.evaluation.error_analysis import BoundaryIou
from bisenet_lib.evaluation.object_sizes import SizeCurve

IOU = np.linspace(0.1, 0.9, 19)
NAN = float("nan")


def heights(axis, container):
    return [patch.get_height() for patch in axis.containers[container]]


@pytest.fixture(autouse=True)
def nothing_stays_open():
    yield
    assert not plt.get_fignums()


def test_the_reference_is_a_mark_and_the_mean_a_column():
    figure = plots.iou({"mine": IOU / 2}, reference={"published": IOU})
    (axis,) = figure.axes
    assert figure.get_facecolor() == (1, 1, 1, 1)
    assert [one.get_text() for one in axis.get_xticklabels()] == [*CLASS_NAMES, "mean"]
    assert heights(axis, 0) == pytest.approx([*(50 * IOU), 50 * IOU.mean()])
    marks = [segment[0, 1] for segment in axis.collections[0].get_segments()]
    assert marks == pytest.approx([*(100 * IOU), 100 * IOU.mean()])
    assert {one.get_text() for one in axis.get_legend().get_texts()} == {"mine", "published"}


def test_rows_of_the_confusion_matrix_are_shares():
    figure = plots.confusion(np.array([[3, 1, 0], [0, 2, 0], [0, 0, 0]]), "abc")
    shown = figure.axes[0].images[0].get_array()
    np.testing.assert_array_equal(shown.filled(NAN), [[75, 25, 0], [0, 100, 0], [NAN] * 3])
    written = {one.get_position(): one.get_text() for one in figure.axes[0].texts}
    assert written == {(0, 0): "75", (1, 0): "25", (1, 1): "100"}


def test_small_shares_of_the_confusion_matrix_are_not_written():
    figure = plots.confusion(np.array([[96, 4], [5, 95]]), "ab")
    assert [one.get_text() for one in figure.axes[0].texts] == ["96", "5", "95"]


def test_a_sheet_has_a_row_a_frame():
    truth = np.array([[0, 1, 255]], np.uint8)
    prediction = np.array([[0, 2, 2]], np.uint8)
    image = np.zeros((1, 3, 3), np.uint8)
    figure = plots.frame_sheet({"worst": (image, truth, prediction), "best": (image, truth, truth)})
    assert len(figure.axes) == 8
    assert [figure.axes[place].get_title(loc="left") for place in (0, 4)] == ["worst", "best"]
    wrong = figure.axes[3].images[0].get_array()
    assert wrong.any(axis=2).tolist() == [[False, True, True]]
    assert len(set(map(tuple, wrong[0].tolist()))) == 3


def test_size_curves_leave_empty_bins_out():
    curve = SizeCurve(
        np.array([1.0, 4, 16, 64]),
        np.array([2, 0, 5]),
        np.array([0.5, NAN, 1]),
        np.array([0.4, NAN, 0.9]),
    )
    figure = plots.size_curves({"human": curve, "vehicle": curve})
    recall, iou, count = (axis.lines[0] for axis in figure.axes)
    assert recall.get_xdata().tolist() == [2, 32]
    assert recall.get_ydata().tolist() == [50, 100]
    assert iou.get_ydata().tolist() == [40, 90]
    assert count.get_ydata().tolist() == [2, 5]
    assert len({line.get_marker() for line in figure.axes[0].lines}) == 2


def test_a_class_is_drawn_where_it_has_enough_objects():
    curve = SizeCurve(
        np.array([1.0, 4, 16, 64]),
        np.array([5, 4, 9]),
        np.array([0.5, 0.6, 1]),
        np.array([0.4, 0.5, 0.9]),
    )
    figure = plots.class_size_curves({"a": {"car": curve}, "b": {"pole": curve}}, least=5)
    assert [axis.get_title() for axis in figure.axes] == ["a", "b"]
    (line,) = figure.axes[1].lines
    assert line.get_label() == "pole"
    assert line.get_xdata().tolist() == [2, 32]
    assert line.get_ydata().tolist() == [40, 90]


def test_intervals_are_bars_around_their_values():
    (axis,) = plots.intervals({"car": 50.0, "pole": 20.0}, [40, 5], [55, 25], "IoU %").axes
    ends = [segment[:, 1].tolist() for segment in axis.collections[0].get_segments()]
    assert ends == [[40, 55], [5, 25]]
    assert axis.lines[0].get_ydata().tolist() == [50, 20]


def test_found_objects_are_bars_with_their_counts():
    (axis,) = plots.found({"person": (3, 4), "rider": (0, 2), "train": (0, 0)}).axes
    assert heights(axis, 0) == [75, 0, 0]
    assert [one.get_text() for one in axis.texts] == ["3 of 4", "0 of 2", "0 of 0"]


def test_the_legend_of_pictures_is_in_their_palette():
    picture = {"a": np.zeros((2, 4, 3), np.uint8)}
    table = colour_table("colour-blind") / 255
    figure = plots.images(picture, classes=np.array([0, 13, 255]), palette="colour-blind")
    (legend,) = figure.legends
    assert [one.get_text() for one in legend.get_texts()] == ["road", "car"]
    shown = [patch.get_facecolor()[:3] for patch in legend.get_patches()]
    np.testing.assert_allclose(shown, table[[0, 13]])


def test_boundary_iou_beside_plain_iou():
    found = BoundaryIou(np.array([1, 3]), np.stack([IOU / 4, IOU / 2]))
    figure = plots.boundaries(found, IOU, width=3)
    mean, classes = figure.axes
    assert mean.lines[0].get_ydata() == pytest.approx([25 * IOU.mean(), 50 * IOU.mean()])
    assert mean.lines[1].get_ydata()[0] == pytest.approx(100 * IOU.mean())
    assert heights(classes, 0) == pytest.approx(100 * IOU)
    assert heights(classes, 1) == pytest.approx(50 * IOU)


def test_a_reliability_diagram_has_its_diagonal_and_the_classes_by_gap():
    curves = {"before": ([0.5, 0.9], [0.7, 0.95]), "after": ([0.6], [0.6])}
    left, right = plots.reliability(curves, {"road": 0.02, "fence": -0.3, "car": 0.0}).axes
    assert [line.get_label() for line in left.lines] == ["calibrated", "before", "after"]
    assert left.lines[0].get_xydata().tolist() == [[0, 0], [1, 1]]
    assert left.lines[1].get_xydata().tolist() == [[0.5, 0.7], [0.9, 0.95]]
    assert [one.get_text() for one in right.get_yticklabels()] == ["fence", "car", "road"]
    assert [bar.get_width() for bar in right.patches] == pytest.approx([-30, 0, 2])


def test_a_network_has_the_same_mark_in_every_chart():
    panels = {"papers": {"A": [(150, 72.6)], "B": [(30, 70)]}, "ours": {"B": [(20, 69), (9, 75)]}}
    figure = plots.network_map(panels)
    papers, ours = figure.axes
    assert ours.lines[0].get_xydata().tolist() == [[20, 69], [9, 75]]
    first, second = papers.lines
    assert first.get_marker() != second.get_marker() == ours.lines[0].get_marker()
    assert second.get_color() == ours.lines[0].get_color()
    assert papers.get_xscale() == "log" and papers.get_xlim() == ours.get_xlim()
    assert [one.get_text() for one in figure.legends[0].get_texts()] == ["A", "B"]
