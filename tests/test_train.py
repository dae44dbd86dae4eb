import itertools
import json
import os
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import nn
from torch.utils.data import TensorDataset

from seglab.train import History, fit, warmup_cosine
from seglab.train.batches import DrawNumbers, EndlessStream


def make_set(count=12):
    generator = torch.Generator().manual_seed(5)
    images = torch.rand(count, 1, 8, 8, generator=generator)
    return TensorDataset(images, (images > 0.5).float())


def make_model(seed=3):
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1),
        nn.BatchNorm2d(4),
        nn.Dropout(0.2),
        nn.ReLU(),
        nn.Conv2d(4, 1, 1),
    )


def add_noise(image, target):
    noise = 0.02 * torch.rand(1) + 0.02 * np.random.rand()
    return image + noise.float() + 0.02 * random.random(), target


def train(model=None, **settings):
    defaults = {
        "loss": nn.functional.binary_cross_entropy_with_logits,
        "steps": 20,
        "batch_size": 4,
        "learning_rate": 0.05,
        "evaluate_every": 5,
        "augment": add_noise,
    }
    model = make_model() if model is None else model
    return fit(model, make_set(), **{**defaults, **settings})


def curve(history):
    names = [n for n in history.names() if n != "seconds"]
    return [[row[n] for n in names] for row in history.rows]


class Killed(Exception):
    pass


def kill_at(step):
    def report(row):
        if row["step"] == step:
            raise Killed

    return report


class TestCurve:
    def test_loss_falls(self):
        loss = train(steps=60, evaluate_every=10).column("loss")
        assert loss[-1] < 0.6 * loss[0]

    def test_same_seed_same_curve(self):
        assert curve(train()) == curve(train())

    def test_other_seed_other_curve(self):
        assert curve(train()) != curve(train(seed=1))

    def test_rows_default_to_a_tenth(self):
        history = train(steps=25, evaluate_every=None)
        assert len(history) == 13
        assert history.rows[-1]["step"] == 25

    def test_workers_do_not_change_the_curve(self):
        assert curve(train(workers=2)) == curve(train())

    @pytest.mark.parametrize("killed_at", [5, 15])
    def test_a_killed_run_resumes_with_the_same_curve(
        self, tmp_path, killed_at
    ):
        whole_model, model = make_model(), make_model()
        whole = train(whole_model)
        with pytest.raises(Killed):
            train(model, folder=tmp_path, report=kill_at(killed_at))
        fresh = make_model(seed=99)
        resumed = train(fresh, folder=tmp_path)
        assert curve(resumed) == curve(whole)
        for name, tensor in whole_model.state_dict().items():
            assert torch.equal(tensor, fresh.state_dict()[name])

    def test_a_kill_between_rows_loses_only_steps(self, tmp_path):
        calls = []

        def dies(logits, target):
            calls.append(1)
            if len(calls) == 8:
                raise Killed
            return nn.functional.binary_cross_entropy_with_logits(
                logits, target
            )

        with pytest.raises(Killed):
            train(folder=tmp_path, loss=dies)
        assert curve(train(folder=tmp_path)) == curve(train())

    def test_a_finished_run_is_only_read(self, tmp_path):
        done = train(folder=tmp_path)
        model = make_model(seed=99)
        again = train(model, folder=tmp_path, report=kill_at(20))
        assert again.rows == done.rows
        best = load_file(tmp_path / "best.safetensors")
        for name, tensor in model.state_dict().items():
            assert torch.equal(tensor, best[name])

    def test_a_folder_of_another_run_is_refused(self, tmp_path):
        train(folder=tmp_path)
        with pytest.raises(ValueError, match="with learning_rate="):
            train(folder=tmp_path, learning_rate=0.01)

    def test_state_needs_no_pickle(self, tmp_path):
        train(folder=tmp_path)
        state = torch.load(tmp_path / "last.pt", weights_only=True)
        assert state["progress"]["step"] == 20
        names = {file.name for file in tmp_path.iterdir()}
        assert names == {"last.pt", "best.safetensors", "history.csv"}
        table = History.load(tmp_path / "history.csv")
        assert curve(table) == curve(train())


class TestBest:
    def evaluate_with(self, values):
        values = iter(values)
        return lambda model: {"dice": next(values)}

    def test_the_best_weights_are_kept(self):
        seen = []

        def evaluate(model):
            weights = model[0].weight.detach().clone()
            seen.append(weights)
            return {"dice": [0.1, 0.9, 0.3, 0.2][len(seen) - 1]}

        model = make_model()
        train(model, evaluate=evaluate, monitor="dice")
        assert torch.equal(model[0].weight, seen[1])
        assert not model.training

    def test_minimum(self):
        model = make_model()
        history = train(
            model,
            evaluate=self.evaluate_with([3, 1, 2, 5]),
            monitor="dice",
            mode="min",
            patience=2,
        )
        assert history.column("dice").tolist() == [3, 1, 2, 5]

    def test_patience_stops(self, tmp_path):
        history = train(
            evaluate=self.evaluate_with([0.5, 0.4, 0.3]),
            monitor="dice",
            patience=2,
            folder=tmp_path,
        )
        assert len(history) == 3
        again = train(
            evaluate=self.evaluate_with([]),
            monitor="dice",
            patience=2,
            folder=tmp_path,
        )
        assert again.rows == history.rows

    def test_nan_is_never_best(self):
        nan = float("nan")
        history = train(
            evaluate=self.evaluate_with([nan, 0.2, nan, 0.1]),
            monitor="dice",
        )
        assert history.best("dice")["step"] == 10

    def test_evaluation_sees_eval_mode_without_gradients(self):
        def evaluate(model):
            return {
                "ok": not model.training,
                "grad": torch.is_grad_enabled(),
            }

        rows = train(evaluate=evaluate).rows
        assert all(row["ok"] == 1 and row["grad"] == 0 for row in rows)

    def test_random_numbers_of_evaluation_change_nothing(self):
        def evaluate(model):
            return {"x": float(torch.rand(7).sum())}

        losses = train(evaluate=evaluate).column("loss")
        assert losses.tolist() == train().column("loss").tolist()

    def test_time_stops(self):
        assert len(train(seconds=1e-9)) == 1

    def test_frozen_weights_stay(self):
        model = make_model()
        before = model[0].weight.detach().clone()
        model[0].requires_grad_(False)
        train(model)
        assert torch.equal(model[0].weight, before)


class TestErrors:
    def test_not_a_finite_loss(self):
        def loss(logits, target):
            return logits.sum() * float("nan")

        with pytest.raises(FloatingPointError, match="nan at step 1"):
            train(loss=loss)

    @pytest.mark.parametrize(
        "settings, said",
        [
            ({"steps": 0}, "steps must be"),
            ({"batch_size": 0}, "batch_size must be"),
            ({"learning_rate": -1.0}, "learning_rate must be"),
            ({"weight_decay": -1.0}, "weight_decay must be"),
            ({"warmup": 1.0}, "warmup must be"),
            ({"clip_norm": 0.0}, "clip_norm must be"),
            ({"mode": "best"}, "mode must be"),
            ({"patience": 3}, "patience needs monitor"),
            ({"monitor": "dice"}, "monitor must be one of"),
        ],
    )
    def test_settings(self, settings, said):
        with pytest.raises(ValueError, match=said):
            train(**settings)

    def test_empty_set(self):
        with pytest.raises(ValueError, match="train_set must hold"):
            fit(
                make_model(),
                [],
                loss=nn.functional.mse_loss,
                steps=1,
                batch_size=1,
            )


class TestBatches:
    def test_every_item_once_an_epoch(self):
        data = TensorDataset(torch.arange(7), torch.arange(7))
        stream = EndlessStream(data, 0, None)
        epochs = [
            [int(stream[e * 7 + i][0]) for i in range(7)] for e in (0, 1)
        ]
        assert all(sorted(epoch) == list(range(7)) for epoch in epochs)
        assert epochs[0] != epochs[1]

    def test_processes_share_a_batch(self):
        whole = list(DrawNumbers(2, 4, batch_size=6))
        parts = [
            list(DrawNumbers(2, 4, batch_size=6, rank=r, processes=2))
            for r in (0, 1)
        ]
        assert whole == [a + b for a, b in zip(*parts, strict=True)]

    def test_augmentation_differs_between_epochs(self):
        data = TensorDataset(torch.zeros(1, 1), torch.zeros(1, 1))
        stream = EndlessStream(data, 0, add_noise)
        assert stream[0][0] != stream[1][0]
        assert stream[1][0] == stream[1][0]


def test_warmup_then_cosine():
    shares = [warmup_cosine(step, 100, 0.1) for step in range(100)]
    assert shares[:10] == pytest.approx([k / 10 for k in range(1, 11)])
    assert shares[10] == 1
    assert all(a > b for a, b in itertools.pairwise(shares[10:]))
    assert shares[-1] < 0.001
    assert warmup_cosine(0, 10, 0) == 1


class TestHistory:
    rows = ({"step": 1, "loss": 0.5}, {"step": 2, "loss": 0.25, "iou": 1.0})

    def test_round_trip(self, tmp_path):
        History(self.rows).save(tmp_path / "deep" / "h.csv")
        assert History.load(tmp_path / "deep" / "h.csv").rows == list(
            self.rows
        )

    def test_missing_cells(self):
        column = History(self.rows).column("iou")
        assert np.isnan(column[0]) and column[1] == 1

    def test_unknown_column(self):
        with pytest.raises(KeyError, match="name must be one of"):
            History(self.rows).column("dice")

    def test_html(self):
        html = History(self.rows)._repr_html_()
        assert html.count("<tr>") == 3 and "<td>0.2500</td>" in html

    def test_empty(self):
        assert History().table() == ""
        assert len(History()) == 0

    def test_plot(self):
        import matplotlib

        matplotlib.use("Agg")
        ax = History(self.rows).plot(columns=("loss", "iou"))
        assert len(ax.lines) == 2
        assert ax.lines[1].get_xdata().tolist() == [2]

    def test_best(self):
        assert History(self.rows).best("loss", mode="min")["step"] == 2
        with pytest.raises(ValueError, match="mode"):
            History(self.rows).best("loss", mode="least")


# run with Fabric's two processes, or with none, as a reader does
IN_A_PROCESS = """
import json, sys
from pathlib import Path
sys.path[:0] = [{tests!r}]
import torch
from test_train import make_model, train
{before}
from lightning_fabric import Fabric

fabric = {fabric}
if fabric is not None:
    fabric.launch()
rank = 0 if fabric is None else fabric.global_rank
model = make_model(seed=3 + rank)
model[1] = torch.nn.Identity()  # statistics of half a batch differ
model[2] = torch.nn.Identity()
folder = Path({folder!r})
history = train(
    model, fabric=fabric, folder=folder / "run",
    evaluate=lambda m: {{"size": m[0].weight.abs().sum()}}, monitor="size",
)
weights = [p.flatten().tolist() for p in model.parameters()]
out = folder / f"rank{{rank}}.json"
for row in history.rows:
    del row["seconds"]
out.write_text(json.dumps([weights, history.rows]))
"""


def run_in_a_process(folder, fabric, before=""):
    """What the process printed, and the weights and rows of each rank."""
    script = folder / "script.py"
    tests = str(Path(__file__).parent)
    script.write_text(
        IN_A_PROCESS.format(
            tests=tests, fabric=fabric, folder=str(folder), before=before
        )
    )
    done = subprocess.run(
        [sys.executable, str(script)],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found = [
        json.loads(file.read_text())
        for file in sorted(folder.glob("rank*.json"))
    ]
    return done.stdout + done.stderr, found


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    return run_in_a_process(tmp_path_factory.mktemp("alone"), "None")


@pytest.mark.slow
def test_two_processes_agree_with_each_other_and_with_one(tmp_path, alone):
    two = 'Fabric(accelerator="cpu", devices=2, strategy="ddp")'
    # which Fabric would import in both, and neither needs
    without = 'sys.modules["torchmetrics"] = None'
    _, (first, second) = run_in_a_process(tmp_path, two, without)
    assert first == second
    (single,) = alone[1]
    assert np.allclose(
        [row["loss"] for row in first[1]],
        [row["loss"] for row in single[1]],
        atol=1e-5,
    )


@pytest.mark.slow
def test_a_run_writes_nothing_to_the_screen(alone):
    assert alone[0] == ""
