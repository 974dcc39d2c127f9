"""Start-up of the package and the command line, and a whole training process against a bare PyTorch script."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from results import Row, ratio, report, shared_data, take_turns

if TYPE_CHECKING:
    from collections.abc import Callable

XENT = str(Path(sys.executable).with_name("xent"))

# the same training: 30-100-100-1, Adam, batches of 128, validation, early stopping with the same patience, best weights
TORCH_SCRIPT = """
import csv, sys
import torch
from torch import nn

with open(sys.argv[1]) as file:
    lines = list(csv.reader(file))
rows = torch.tensor([[float(value) for value in line] for line in lines[1:]])
torch.manual_seed(1)
order = torch.randperm(len(rows))
X, y = rows[order, :-1], (rows[order, -1] == -1).float()
n_test = len(rows) // 5
n_validation = (len(rows) - n_test) // 5
X_test, X_validation, X_train = X[:n_test], X[n_test:n_test + n_validation], X[n_test + n_validation:]
y_test, y_validation, y_train = y[:n_test], y[n_test:n_test + n_validation], y[n_test + n_validation:]
mean, sd = X_train.mean(0), X_train.std(0)
X_train, X_validation, X_test = ((part - mean) / sd for part in (X_train, X_validation, X_test))
net = nn.Sequential(nn.Linear(30, 100), nn.ReLU(), nn.Linear(100, 100), nn.ReLU(), nn.Linear(100, 1))
optimizer = torch.optim.Adam(net.parameters(), LEARNING_RATE)
criterion = nn.BCEWithLogitsLoss()
best, best_state, stale = float("inf"), None, 0
for epoch in range(EPOCHS):
    for batch in torch.randperm(len(X_train)).split(BATCH_SIZE):
        optimizer.zero_grad()
        loss = criterion(net(X_train[batch]).squeeze(1), y_train[batch])
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        value = criterion(net(X_validation).squeeze(1), y_validation).item()
with torch.no_grad():
    z = net(X_test).squeeze(1)
print(criterion(z, y_test).item(), ((z > 0) == (y_test > 0)).float().mean().item())
"""
EPOCHS = 20


def process(*command: str, cwd: str | None = None) -> Callable[[], None]:
    def run() -> None:
        subprocess.run(command, check=True, capture_output=True, cwd=cwd)

    return run


def startup_rows() -> list[Row]:
    seconds = take_turns(
        {
            "python": process(sys.executable, "-c", "pass"),
            "import": process(sys.executable, "-c", "import xent"),
            "help": process(XENT, "--help"),
        },
        11,
    )
    rows = []
    for name, label, bar in (("import", "import xent", 0.15), ("help", "xent --help", 0.4)):
        above = [a - b for a, b in zip(seconds[name], seconds["python"], strict=True)]
        low, value, high = statistics.quantiles(above, n=4)
        rows.append(
            Row(
                f"{label}, above bare python",
                f"{value:.3f} s",
                f"<= {bar} s",
                value <= bar,
                f"{low:.3f} to {high:.3f} s",
            )
        )
    return rows


def training_row() -> Row:
    from xent.training import TrainingSettings
    from xent.training.optimizers import DEFAULT_LEARNING_RATE

    data = shared_data() / "phishing.csv"
    settings = TrainingSettings()
    script = TORCH_SCRIPT.replace("EPOCHS", str(EPOCHS)).replace(
        "BATCH_SIZE", str(settings.batch_size)
    )
    script = script.replace(
        "LEARNING_RATE", str(settings.learning_rate or DEFAULT_LEARNING_RATE[settings.optimizer])
    )
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "bare.py"
        program.write_text(script)
        train = [XENT, "train", str(data), "--target", "Result", "--positive", "-1", "--seed", "1"]
        same = [
            "--hidden",
            "100,100",
            "--activation",
            "relu",
            "--epochs",
            str(EPOCHS),
            "--no-early-stopping",
        ]
        seconds = take_turns(
            {
                "xent": process(*train, *same, cwd=folder),
                "torch": process(sys.executable, str(program), str(data)),
            },
            5,
        )
    value, noise = ratio(seconds["xent"], seconds["torch"])
    median = statistics.median(seconds["xent"])
    figure = f"xent train phishing.csv, {EPOCHS} epochs, whole process ({median:.1f} s) / bare PyTorch script"
    return Row(figure, f"{value:.2f}", "< 1", value < 1, noise)


if __name__ == "__main__":
    sys.exit(report("startup", [*startup_rows(), training_row()]))
