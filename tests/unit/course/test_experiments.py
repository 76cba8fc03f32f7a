"""The ablations: each row differs by one thing, a run is measured once, and the statistics."""

import importlib.util
import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml
from scipy import stats

from bisenet_lib.config import configuration
from bisenet_lib.course import experiments
from bisenet_lib.errors import InputError

STEPS_TO_FAST = (
    {"optimizer", "lr_scheduler"},
    {"batch_size", "iters", "lr_scheduler"},
    {"loss"},
    {"loss", "model"},
    {"train_dataset"},
)
TOOL = Path(__file__).parents[3] / "tools" / "experiments.py"


@pytest.fixture(scope="module")
def tool():
    spec = importlib.util.spec_from_file_location("experiments_tool", TOOL)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


@pytest.fixture(scope="module")
def table(tool):
    return tool.rows(configuration.load_config("laptop"))


def images_seen(settings):
    return settings["batch_size"] * settings["iters"]


def test_every_row_is_a_configuration_that_differs_by_what_it_names(table, tmp_path):
    base = configuration.find_config("laptop")
    resolved = {}
    for row in table:
        path = tmp_path / "row.yml"
        path.write_text(yaml.safe_dump({"_base_": str(base), **row.changes}))
        resolved[row.name] = configuration.load_config(path)
    assert len(resolved) == len(table), "no two rows have one name"
    assert len({row.folder for row in table}) == len(table)
    assert not any(set(row.folder) & set(':,/ "<>|?*') for row in table), "nor a strange folder"
    seen = []
    for row in table:
        differing = configuration.differences(resolved[row.against], resolved[row.name])
        sections = {key.partition(".")[0] for key in differing}
        if row.group == "batch":
            assert sections - {"lr_scheduler"} == {"batch_size", "iters"}
            assert images_seen(resolved[row.name]) == 800
        elif row.name == "no booster":
            assert sections == {"model", "loss"}, "without the heads there are no losses of theirs"
        elif row.name.startswith("images"):
            assert sections == {"train_dataset", "val_dataset"}
        elif row.group == "minutes":
            assert sections in STEPS_TO_FAST
            assert images_seen(resolved[row.name]) == 800
        elif row.group != "base":
            assert len(sections) == 1, row.name
        assert row.group == "base" or (row.against, differing) not in seen
        seen.append((row.against, differing))
    fast = configuration.load_config("minicity_fast")
    assert not configuration.differences(fast, resolved["minicity_fast"])


def test_rows_with_figures_of_the_paper_are_compared_as_it_compares(table):
    with_paper = {row.name: row for row in table if row.paper}
    assert {row.against for row in with_paper.values()} == {"base", "no booster"}
    assert with_paper["lambda 1/8"].changes["model"] == {"booster": False, "lambd": 0.125}
    for row in with_paper.values():
        assert row.paper_against == (73.19 if row.against == "base" else 69.67)


@pytest.mark.slow
def test_a_tiny_grid_is_measured_once_and_gone_on_with(tool, tiny, tree, tmp_path, capsys):
    out, folder = tmp_path / "experiments.json", tmp_path / "runs"
    words = ["--base", str(tiny), "--dataset", str(tree), "--folder", str(folder)]
    words += ["--json", str(out), "--jobs", "1", "--rows", "base", "EMA", "--seeds"]
    tool.main([*words, "0"])
    printed = capsys.readouterr().out
    assert "2 of 2, EMA, seed 0: mIoU" in printed
    assert "one seed says nothing" in printed
    assert out.with_suffix(".png").stat().st_size > 1000
    results = experiments.read_results(out)
    assert results["versions"]["paddlepaddle"] and "cores" in results["machine"]
    rows = {row["name"]: row for row in results["rows"]}
    (run,) = rows["EMA"]["runs"]
    log = (folder / "EMA" / "seed0" / "run" / "metrics.jsonl").read_text().splitlines()
    assert run["miou"] == json.loads(log[-1])["miou"]
    present = [iou for iou in run["iou"] if iou is not None]
    assert np.mean(present) == pytest.approx(run["miou"], abs=1e-4)
    assert run["command"].startswith("bisenet train --config runs/experiments/EMA/seed0/row.yml")
    written = {path: path.stat().st_mtime_ns for path in folder.glob("*/*/run/metrics.jsonl")}
    (folder / "base" / "seed0" / "result.json").unlink()  # killed after the training
    tool.main([*words, "0"])
    assert written == {path: path.stat().st_mtime_ns for path in written}, "nothing trained again"
    assert experiments.read_results(out)["rows"] == results["rows"]
    (one,) = [row for row in experiments.compare_rows(results) if row.name == "EMA"]
    assert not one.significant and one.seeds == 1
    assert "one seed says nothing" in experiments.table([one])
    assert experiments.on_photographs(results) == []

    tool.main([*words, "0", "--photographs", str(tree)])
    assert written == {path: path.stat().st_mtime_ns for path in written}, "nothing trained again"
    seen = experiments.on_photographs(experiments.read_results(out))
    assert [row.name for row in seen] == ["base", "EMA"]
    report = json.loads((folder / "EMA" / "seed0" / "photographs.json").read_text())
    assert report["engine"] == "onnx" and report["size"] == [256, 144]
    assert seen[1].photographs == pytest.approx([100 * report["miou"]])
    others = shutil.copytree(tree, tmp_path / "others")
    tool.main([*words, "0", "--photographs", str(others)])
    report = json.loads((folder / "EMA" / "seed0" / "photographs.json").read_text())
    assert report["dataset"] == str(others), "not the scores on the photographs of before"


def test_an_unknown_row_is_named(tool, tiny, tree):
    with pytest.raises(SystemExit, match="no row or group 'bosster'; there are:"):
        tool.main(["--base", str(tiny), "--dataset", str(tree), "--rows", "bosster"])


def test_runs_that_fail_are_told_of_and_stop_no_other(
    tool, tiny, tree, tmp_path, capsys, monkeypatch
):
    def measure(row, seed, **where):
        if seed == 1:
            raise InputError("train.log: the training ended with code 1")
        return {"seed": seed, "miou": 0.5}

    monkeypatch.setattr(tool, "measure", measure)
    words = ["--base", str(tiny), "--dataset", str(tree), "--folder", str(tmp_path / "runs")]
    words += ["--json", str(tmp_path / "r.json"), "--jobs", "1", "--rows", "EMA"]
    with pytest.raises(SystemExit, match="1 of 3 runs failed"):
        tool.main(words)
    printed = capsys.readouterr().out
    assert "2 of 3, EMA, seed 1: FAILED: train.log: the training ended with code 1" in printed
    assert "3 of 3, EMA, seed 2: mIoU 50.00 %" in printed
    with pytest.raises(SystemExit, match=r"--photographs is .*nowhere: no val\.txt there"):
        tool.main([*words, "--photographs", str(tmp_path / "nowhere")])
    with pytest.raises(SystemExit, match="--jobs is 0; give 1 or more"):
        tool.main(["--base", str(tiny), "--jobs", "0"])


def test_the_interval_is_that_of_the_paired_t_test():
    random = np.random.default_rng(0)
    for size in (2, 3, 5):
        base, scores = random.normal(0.2, 0.01, size), random.normal(0.22, 0.01, size)
        difference, interval = experiments.paired(scores, base)
        test = stats.ttest_rel(scores, base)
        np.testing.assert_allclose(interval, test.confidence_interval(0.95))
        np.testing.assert_allclose(difference, np.mean(scores - base))
        one = comparison(difference, interval)
        assert one.significant == (test.pvalue < 0.05)


def comparison(difference, interval):
    return experiments.Comparison(
        "x", "x", 3, 0.2, 0.01, "base", difference, tuple(interval), (0.0352, "table 2")
    )


def results_of(base, other, seeds=(0, 1, 2)):
    def row(name, scores, against, paper=None):
        runs = [{"seed": seed, "miou": miou} for seed, miou in zip(seeds, scores, strict=False)]
        figures = {"paper": paper, "paper_against": 73.19 if paper else None}
        return {"group": "g", "name": name, "against": against, "runs": runs, **figures}

    return {"rows": [row("base", base, "base"), row("other", other, "base", [69.67, "table 2"])]}


def test_a_row_is_compared_with_the_same_seeds_of_the_other():
    base, other = experiments.compare_rows(results_of([0.20, 0.30, 0.40], [0.21, 0.31, 0.41]))
    assert base.against == "" and np.isnan(base.difference)
    np.testing.assert_allclose([other.mean, other.spread], [0.31, 0.1])
    np.testing.assert_allclose(other.difference, 0.01)
    assert other.significant, "each seed is better by a point, however much the seeds differ"
    np.testing.assert_allclose(other.paper[0], -0.0352)
    text = experiments.table([base, other]).splitlines()[-1]
    assert "31.00 ± 10.00" in text and "+1.00" in text and "better" in text
    assert "-3.52 (table 2)" in text
    missing, partial = experiments.compare_rows(results_of([0.20], [0.21, 0.35]))
    assert missing.seeds == 1 and np.isnan(partial.interval[0])
    np.testing.assert_allclose(partial.difference, 0.01)


def test_the_figure_shows_what_is_significant_and_the_paper():
    rows = experiments.compare_rows(results_of([0.2, 0.3, 0.4], [0.21, 0.31, 0.412]))
    (axis,) = experiments.differences_figure(rows).axes
    interval, mean, paper = axis.lines[:3]
    np.testing.assert_allclose(mean.get_xdata(), [100 * rows[1].difference])
    np.testing.assert_allclose(interval.get_xdata(), 100 * np.array(rows[1].interval))
    np.testing.assert_allclose(paper.get_xdata(), [-3.52])
    assert [label.get_text() for label in axis.get_yticklabels()] == ["other"]


def test_rows_stand_beside_their_scores_on_photographs():
    results = results_of([0.2, 0.21, 0.22], [0.3, 0.31, 0.35])
    assert experiments.on_photographs(results) == []
    for number, run in enumerate(results["rows"][1]["runs"]):
        run["photographs"] = {"miou": 0.1 + 0.01 * number, "pixel_accuracy": 0.5}
    (row,) = experiments.on_photographs(results)
    name = results["rows"][1]["name"]
    assert experiments.worlds_table([row]).splitlines()[-1] == (
        f"| {name} | 32.0 | 10.0, 11.0, 12.0 | 11.0 |"
    )
    (axis,) = experiments.worlds_figure([row], [name]).axes
    assert [text.get_text() for text in axis.texts] == [name]
    assert axis.lines[0].get_xydata()[0] == pytest.approx((32, 11))


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"rows": [{"name": "a"}]}'])
def test_a_damaged_file_of_results_is_named(text, tmp_path):
    path = tmp_path / "experiments.json"
    with pytest.raises(InputError, match=r"experiments\.json: not there; `make experiments`"):
        experiments.read_results(path)
    path.write_text(text)
    with pytest.raises(InputError, match=r"experiments\.json: not what `make experiments` writes"):
        experiments.read_results(path)
