"""What clipping does to the losses of a trained network: checklist rows 216 to 219.

A small convolutional network, four convolutions with pooling, dropout and two dense layers, is trained on images of
two classes. After 8 epochs its raw outputs are moderate: the log loss from logits equals that from probabilities.
Fully trained, some outputs are so large that a float32 probability, clipped to [1e-7, 1 - 1e-7] as Keras does, no
longer tells how right or wrong they are. The mean over batches of 4 hides it.

    python examples/losses_of_a_cnn.py ../shared/data/cats_dogs_128.zip --output figures

Any source of images that `xent train` takes will do. It needs PyTorch: pip install 'xent[torch]'.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import xent
from xent import figures
from xent.distributions import Bernoulli
from xent.figures.clipped_losses import clipped_losses

if TYPE_CHECKING:
    import altair as alt

    from xent.training import Moment


@dataclass(frozen=True, eq=False)
class Snapshot:
    """Raw outputs and truths of the validation images after an epoch."""

    epoch: int
    z: np.ndarray
    y: np.ndarray

    @property
    def exact(self) -> np.ndarray:
        """Log loss of each image from its logit, in nats."""
        return Bernoulli().nll(self.z.astype(np.float64), self.y)

    @property
    def clipped(self) -> np.ndarray:
        """The same from float32 probabilities clipped to [1e-7, 1 - 1e-7]."""
        return clipped_losses(self.z, self.y)


class Outputs(xent.Callback):
    """Keeps the raw outputs of the validation images after 8 epochs and after the last one."""

    def __init__(self) -> None:
        self.trainer: Any = None
        self.snapshots: dict[str, Snapshot] = {}

    def epoch_end(self, moment: Moment) -> None:
        """Look at what the trainer has just found."""
        truths = np.asarray(self.trainer.validation.y, dtype=np.float64)
        outputs = np.array(self.trainer.validation_logits[:, 0])
        self.snapshots["last"] = Snapshot(moment.epoch, outputs, truths)
        if moment.epoch == 8:
            self.snapshots["early"] = self.snapshots["last"]


def train(source: object, runs: Path, **settings: Any) -> tuple[xent.Run, Snapshot, Snapshot]:
    """Train the network of row 216 until 15 epochs bring no lower loss; return the run and both snapshots."""
    from xent.workflow import begin

    chosen = {"network": "small_cnn", "batch_norm": False, "optimizer": "adam", "runs": runs}
    chosen |= {"learning_rate": 3e-4, "schedule": "constant", "patience": 15, "epochs": 100}
    chosen["augment"] = ("flip", "shift", "crop")
    outputs = Outputs()
    session = begin(source, {**chosen, **settings}, callbacks=[outputs])
    outputs.trainer = session.trainer
    run = session.run()
    return run, outputs.snapshots["early"], outputs.snapshots["last"]


def charts(early: Snapshot, late: Snapshot) -> dict[str, alt.TopLevelMixin]:
    """Return the figures of rows 217 to 219 by file name."""
    drawn: dict[str, alt.TopLevelMixin] = {}
    for snapshot in (early, late):
        name = f"epoch-{snapshot.epoch}"
        from_logits = xent.evaluate(snapshot.y, logits=snapshot.z)
        from_probabilities = xent.evaluate(snapshot.y, probabilities=Bernoulli().mean(snapshot.z))
        title = f"after {snapshot.epoch} epochs"
        drawn[f"{name}-outputs"] = figures.score_histogram(
            from_logits, title=f"Raw outputs {title}"
        )
        drawn[f"{name}-probabilities"] = figures.score_histogram(
            from_probabilities, title=f"Probabilities {title}"
        )
        drawn[f"{name}-losses"] = figures.loss_agreement(
            snapshot.z, snapshot.y, title=f"Log loss of each image {title}"
        )
    drawn[f"epoch-{late.epoch}-batches"] = figures.loss_agreement(
        late.z, late.y, batch_size=4, title="Means of batches of 4"
    )
    return drawn


def main() -> None:
    """Train, print the figures of the rows, and draw them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", help="images of two classes: a folder, a zip, an .npz")
    parser.add_argument("--output", type=Path, default=Path("figures"), help="folder for the PNGs")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    run, early, late = train(options.source, options.output / "runs", random_state=options.seed)
    for snapshot in (early, late):
        apart = np.abs(snapshot.exact - snapshot.clipped)
        print(
            f"epoch {snapshot.epoch}: raw outputs {snapshot.z.min():.1f} to {snapshot.z.max():.1f}; "
            f"largest difference of the two losses {apart.max():.2g} nats"
        )
    accuracy = run.verdict.parts["test"]["accuracy"]
    print(f"test accuracy {accuracy.value:.3f} [{accuracy.low:.3f}, {accuracy.high:.3f}]")
    for name, chart in charts(early, late).items():
        figures.save(chart, options.output / f"{name}.png")
    print(f"figures: {options.output}")


if __name__ == "__main__":
    main()
