"""Make ``bisenetv2_minicity/`` from a finished run: `make checkpoint` trains it, then calls this.

Run from the project's folder: `python tools/shipped_checkpoint.py RUN`.
"""

import pickle
import shutil
import sys
from pathlib import Path

from bisenet_lib.common import array_files
from bisenet_lib.common.atomic_files import write_text, written_whole
from bisenet_lib.config import configuration
from bisenet_lib.evaluation import evaluator
from bisenet_lib.network import checkpoint
from bisenet_lib.training import run_log

TARGET = Path(__file__).parents[1] / "data" / "checkpoints" / "bisenetv2_minicity"
TEXT = """# BiSeNet V2 on MiniCity: one I made earlier

Validation mIoU {miou:.2f} %, pixel accuracy {accuracy:.2f} %, on the 40 validation frames of
`data/minicity` (other cities than those trained on) at their full 512 x 256. To see
it yourself, after `make run`:

```
bisenet evaluate data/checkpoints/bisenetv2_minicity
```

## How it was made

`make checkpoint`: 1,600 generated training frames, seven in ten of them of any camera in any
light (`bisenet minicity data/minicity_large --train 1600 --varied 0.7`), {iterations} iterations
of {batch} crops of 256 x 256, {optimizer} with the learning rate {rate:g} falling to 0, on two
processes of one thread each; the weights are a moving average of those of the iterations.
Training took {minutes:.0f} minutes on two cores without a GPU, at {ips:.1f} images/s, and was
scored {scored} times on the way; the best model is from iteration {best}. Configuration:
`config.yml`. Log: `metrics.jsonl`.

`model.pdparams` holds the weights without the four auxiliary heads, which only training uses:
{size:.1f} MB.

{table}

mIoU on the way (at iteration): {history}.
"""


def main(run: Path) -> None:
    """Write the folder: weights, configuration, log and README with the figures of this run."""
    settings, records = configuration.load_config(run / "config.yml"), run_log.read_log(run)
    weights = array_files.read_arrays(checkpoint.weights_file(run))
    kept = {name: one for name, one in weights.items() if not name.startswith("aux_head")}
    target = TARGET / checkpoint.WEIGHTS
    with written_whole(target) as part, part.open("wb") as file:
        pickle.dump(kept, file, protocol=4)
    for name in ("config.yml", "metrics.jsonl"):
        shutil.copyfile(run / name, TARGET / name)
    scores = evaluator.evaluate_checkpoint(settings, TARGET, engine="paddle", device="cpu").scores
    steps = [one for one in records if "loss" in one]
    scored = {one["iteration"]: one["miou"] for one in records if "miou" in one}
    total = checkpoint.newest(run)
    batch = checkpoint.read_state(total)["total_batch"]
    seconds = sum(
        batch * (after["iteration"] - before["iteration"]) / after["ips"]
        for before, after in zip([{"iteration": 0}, *steps], steps, strict=False)
    ) + sum(one.get("seconds", 0) for one in records)
    text = TEXT.format(
        miou=100 * scores.miou,
        accuracy=100 * scores.pixel_accuracy,
        iterations=settings["iters"],
        batch=batch,
        optimizer=settings["optimizer"]["type"],
        rate=settings["lr_scheduler"]["learning_rate"],
        minutes=seconds / 60,
        ips=batch * steps[-1]["iteration"] / seconds,
        scored=len(scored),
        best=max(scored, key=scored.get),
        size=target.stat().st_size / 1e6,
        table=scores.table(),
        history=", ".join(f"{100 * miou:.1f} % ({n})" for n, miou in scored.items()),
    )
    write_text(TARGET / "README.md", text)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
