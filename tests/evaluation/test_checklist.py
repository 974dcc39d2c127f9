"""Rows of the checklist of worked examples, as the public functions return them."""

from __future__ import annotations

import math

import numpy as np
import pytest

from xent import evaluation as ev
from xent.distributions import Bernoulli, Gaussian
from xent.evaluation import ConfusionCounts

TABLE_3_2 = ConfusionCounts(tp=4, fn=2, fp=1, tn=93)
DOGS = ConfusionCounts(tp=5, fn=7, fp=3, tn=7)
CANCER = ConfusionCounts(tp=5, fn=195, fp=100, tn=99_900)
Y3, P3 = [1, 1, 1, 0, 0, 0, 2, 2, 2, 2], [1, 0, 0, 0, 2, 1, 0, 0, 2, 2]
SETS = [[0, 1, 0, 1], [0, 1, 1, 0], [0, 0, 1, 1]]
SETS_PREDICTED = [[0, 1, 1, 0], [0, 1, 1, 0], [1, 1, 0, 0]]
POINTS = np.array([-2.2, -1.4, -0.8, 0.2, 0.4, 0.8, 1.2, 2.2, 2.9, 4.6])
COLORS = np.array([0, 0, 1, 0, 1, 1, 1, 1, 1, 1])


def rows_of(counts: ConfusionCounts[float]) -> tuple[np.ndarray, np.ndarray]:
    """Return truth and labels with these counts."""
    cells = [int(n) for n in (counts.tp, counts.fn, counts.fp, counts.tn)]
    return np.repeat([1, 1, 0, 0], cells), np.repeat([1, 0, 1, 0], cells)


def noisy_scores() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(24)
    y = rng.random(400) < 0.4
    return y, 1 / (1 + np.exp(-rng.normal(2.0 * y - 1.0, 1.5)))


@pytest.mark.checklist(row=11, call="print(ConfusionCounts(...))", figure="TP FN / FP TN")
def test_layout_of_the_confusion_matrix() -> None:
    assert str(TABLE_3_2).splitlines() == [
        "            predicted +  predicted -",
        "truth +               4            2",
        "truth -               1           93",
    ]


@pytest.mark.checklist(row=12, call="binary_counts(y, labels=labels).matrix()")
def test_confusion_counts() -> None:
    y, labels = rows_of(TABLE_3_2)
    counts = ev.binary_counts(y, labels=labels)
    assert counts.matrix().tolist() == [[4, 2], [1, 93]]
    assert counts == TABLE_3_2


@pytest.mark.checklist(row=13, call="accuracy(y, labels=labels)")
def test_accuracy() -> None:
    y, labels = rows_of(TABLE_3_2)
    assert ev.accuracy(y, labels=labels) == TABLE_3_2.accuracy == 0.97


@pytest.mark.checklist(row=14, call="accuracy(y, labels=labels)")
def test_accuracy_misleads() -> None:
    y = np.repeat([1, 0], [5, 95])
    assert ev.accuracy(y, labels=np.zeros(100)) == 0.95  # always negative
    assert ev.accuracy(y, labels=1 - y) == 0.0  # all wrong
    assert ev.balanced_accuracy(y, labels=np.zeros(100)) == 0.5


@pytest.mark.checklist(row=15, call="precision(y, labels=labels)")
def test_precision() -> None:
    y, labels = rows_of(TABLE_3_2)
    assert ev.precision(y, labels=labels) == 0.8


@pytest.mark.checklist(row=16, call="recall(y, labels=labels)")
def test_recall() -> None:
    y, labels = rows_of(TABLE_3_2)
    assert round(ev.recall(y, labels=labels), 4) == 0.6667


@pytest.mark.checklist(row=17, call="fpr(y, labels=labels)")
def test_false_positive_rate() -> None:
    y, labels = rows_of(TABLE_3_2)
    assert round(ev.fpr(y, labels=labels), 6) == 0.010638
    assert round(ev.specificity(y, labels=labels), 5) == 0.98936
    assert round(ev.f1(y, labels=labels), 5) == 0.72727


@pytest.mark.checklist(row=18, call="recall(y, labels=np.ones(n))")
def test_all_positive() -> None:
    y, _ = rows_of(TABLE_3_2)
    counts = ev.binary_counts(y, labels=np.ones(y.size))
    assert counts.recall == 1.0
    assert counts.precision == counts.prevalence == 0.06


@pytest.mark.checklist(row=19, call="precision_at_recall(y, scores, recall=0.8)")
def test_precision_at_recall() -> None:
    y, scores = noisy_scores()
    best = ev.precision_at_recall(y, scores, recall=0.8)
    each = [ev.binary_counts(y, labels=scores >= t) for t in np.unique(scores)]
    assert best == max(counts.precision for counts in each if counts.recall >= 0.8)
    assert ev.precision_at_recall(y, scores, recall=1.0) <= best
    assert ev.precision_at_recall(y, scores, recall=0.0) >= best


@pytest.mark.checklist(row=24, call="fixed_threshold_roc(y, probabilities=p)")
def test_roc_on_24_fixed_thresholds() -> None:
    y, p = noisy_scores()
    curve = ev.fixed_threshold_roc(y, probabilities=p)
    assert ev.BOOK_THRESHOLDS[:3] == (0.0, 0.05, 0.1)
    assert ev.BOOK_THRESHOLDS[17:] == (0.85, 0.9, 0.92, 0.94, 0.96, 0.98, 1.0)
    assert curve.thresholds.tolist() == list(ev.BOOK_THRESHOLDS)
    pairs = list(zip(curve.fpr.tolist(), curve.tpr.tolist(), strict=True))
    assert (len(pairs), pairs[0], pairs[-1]) == (24, (1.0, 1.0), (0.0, 0.0))
    at_half = ev.binary_counts(y, labels=p > 0.5)
    assert pairs[10] == (at_half.fpr, at_half.recall)
    # Scores that crowd at the ends fall between the thresholds: the estimate is too small.
    crowded = p**0.02
    estimate = ev.fixed_threshold_roc(y, probabilities=crowded).area
    assert estimate < ev.roc_auc(y, crowded) - 0.01


def test_a_score_on_a_fixed_threshold_is_not_above_it() -> None:
    curve = ev.fixed_threshold_roc([1, 0], probabilities=[0.5, 0.05], thresholds=[0.05, 0.5])
    assert curve.tpr.tolist() == [1.0, 0.0]
    assert curve.fpr.tolist() == [0.0, 0.0]


@pytest.mark.checklist(row=26, call="roc_auc(y, scores)")
def test_exact_auc() -> None:
    y, scores = noisy_scores()
    scores = scores.round(1)  # many ties
    positive, negative = scores[y][:, None], scores[~y][None, :]
    wins = (positive > negative).sum() + (positive == negative).sum() / 2
    assert ev.roc_auc(y, scores) == wins / (positive.size * negative.size)
    assert ev.roc_curve(y, scores).area == pytest.approx(ev.roc_auc(y, scores), abs=1e-14)


@pytest.mark.checklist(row=27, call="roc_auc(y, scores)")
def test_auc_of_the_diagonal_and_of_the_ideal_curve() -> None:
    y = [0, 0, 0, 1, 1]
    assert ev.roc_auc(y, [0.3] * 5) == 0.5
    assert ev.roc_auc(y, y) == 1.0
    assert ev.roc_curve(y, y).tpr.tolist() == [0.0, 1.0, 1.0]
    assert ev.RocCurve(np.array([0.0, 1.0]), np.array([0.0, 1.0]), np.array([1, 0])).area == 0.5


@pytest.mark.checklist(row=28, call="roc_curve(y, scores)")
def test_movement_along_the_curve() -> None:
    y, scores = noisy_scores()
    curve = ev.roc_curve(y, scores)
    assert (curve.fpr[0], curve.tpr[0], curve.thresholds[0]) == (0.0, 0.0, np.inf)
    assert (curve.fpr[-1], curve.tpr[-1]) == (1.0, 1.0)
    assert (np.diff(curve.thresholds) < 0).all()
    assert (np.diff(curve.fpr) >= 0).all()
    assert (np.diff(curve.tpr) >= 0).all()


@pytest.mark.checklist(row=29, call="score_counts(y, scores).confusion().mean_cost(...)")
def test_operating_point_by_cost() -> None:
    y, scores = noisy_scores()
    counts = ev.score_counts(y, scores)
    chosen = []
    for cost_fn in (20.0, 1.0, 0.05):
        costs = counts.confusion().mean_cost(cost_fn=cost_fn, cost_fp=1.0)
        threshold = counts.thresholds[costs.argmin()]
        each = [((scores < t) & y).sum() * cost_fn + ((scores >= t) & ~y).sum() for t in scores]
        assert costs.min() == pytest.approx(min(each) / y.size)
        chosen.append(counts.at(threshold))
    # The dearer a miss, the more is called positive.
    assert chosen[0].recall > chosen[1].recall > chosen[2].recall
    assert chosen[0].fpr > chosen[1].fpr > chosen[2].fpr


@pytest.mark.checklist(row=30, call="pr_curve(y, scores)")
def test_precision_recall_curve() -> None:
    y, scores = noisy_scores()
    curve = ev.pr_curve(y, scores)
    for k in (0, 50, 399):
        counts = ev.binary_counts(y, labels=scores >= curve.thresholds[k])
        assert (curve.recall[k], curve.precision[k]) == (counts.recall, counts.precision)
    assert (np.diff(curve.recall) >= 0).all()
    assert curve.average_precision == pytest.approx(ev.average_precision(y, scores), abs=1e-14)


@pytest.mark.checklist(row=38, call="log_loss(y, logits=z), accuracy(y, labels=...)")
def test_loss_and_metric_differ_for_classification_and_coincide_for_regression() -> None:
    y, z = np.array([1, 0, 1]), np.array([0.5, -0.5, 0.5])
    sure = 4 * z
    assert ev.accuracy(y, labels=z > 0) == ev.accuracy(y, labels=sure > 0) == 1.0
    assert ev.log_loss(y, logits=sure) < ev.log_loss(y, logits=z)
    # The Gaussian loss of a fixed sd is the mean squared error, scaled and shifted.
    truth, predicted = np.array([1.0, 2.0, 4.0]), np.array([1.5, 1.0, 4.5])
    loss = ev.nll(truth, parameters=predicted, distribution=Gaussian(sd=1.0))
    half_error = ev.mse(truth, predictions=predicted) / 2
    assert loss == pytest.approx(half_error + 0.5 * math.log(2 * math.pi))


@pytest.mark.checklist(row=123, call="mae, mse, rmse, mape, r2")
def test_regression_figures_by_their_definitions() -> None:
    y, p = [1.0, 2.0, 4.0], [2.0, 2.0, 2.0]
    assert ev.mae(y, predictions=p) == 1.0
    assert ev.mse(y, predictions=p) == pytest.approx(5 / 3)
    assert ev.rmse(y, predictions=p) == pytest.approx(math.sqrt(5 / 3))
    assert ev.mape(y, predictions=p) == 0.5
    assert ev.r2(y, predictions=p) == pytest.approx(1 - 5 / (14 / 3))
    for figure in (ev.mae, ev.mse, ev.rmse, ev.mape):
        assert figure(y, predictions=y) == 0.0
    assert ev.r2(y, predictions=y) == 1.0
    assert ev.r2(y, predictions=[7 / 3] * 3) == pytest.approx(0.0)


@pytest.mark.checklist(row=124, call="mae, mse, rmse, mape, r2")
def test_regression_figures_on_simulated_data() -> None:
    rng = np.random.RandomState(10)
    y = 2 * rng.randn(200) + 1
    predicted = y + rng.randn(200)
    assert ev.mae(y, predictions=predicted) == pytest.approx(0.7395229164418393, rel=1e-14)
    assert ev.mse(y, predictions=predicted) == pytest.approx(0.8560928033277224, rel=1e-14)
    assert ev.rmse(y, predictions=predicted) == pytest.approx(0.9252528321100792, rel=1e-14)
    assert ev.mape(y, predictions=predicted) == pytest.approx(2.2088106952308864, rel=1e-14)
    assert ev.r2(y, predictions=predicted) == pytest.approx(0.7754336793632532, rel=1e-14)


@pytest.mark.checklist(row=125, call="mse(y, predictions=line)")
def test_two_candidate_lines_are_compared_by_a_metric() -> None:
    rng = np.random.RandomState(20)
    x = 30 * rng.rand(100) + 50
    y = 8 * x - 127 - 50 * rng.rand(100)

    def line(x0: float, y0: float, x1: float, y1: float) -> np.ndarray:
        return y0 + (y1 - y0) / (x1 - x0) * (x - x0)

    first, second = line(50, 253, 78, 467), line(51, 246, 78, 486)
    for figure in (ev.mae, ev.mse, ev.rmse, ev.mape):
        assert figure(y, predictions=first) < figure(y, predictions=second)
    assert ev.r2(y, predictions=first) > ev.r2(y, predictions=second) > 0.9


@pytest.mark.checklist(row=126, call="accuracy(y, labels=labels)")
def test_accuracy_of_dogs_and_cats() -> None:
    y, labels = rows_of(DOGS)
    assert round(ev.accuracy(y, labels=labels), 6) == 0.545455


@pytest.mark.checklist(row=127, call="accuracy(y, labels=labels)")
def test_accuracy_of_cancer_cells() -> None:
    y, labels = rows_of(CANCER)
    assert round(ev.accuracy(y, labels=labels), 6) == 0.997056
    assert round(ev.accuracy(y, labels=np.zeros(y.size)), 6) == 0.998004


@pytest.mark.checklist(row=128, call="binary_counts(y, labels=labels).matrix()")
def test_confusion_matrix_of_dogs_and_cats() -> None:
    y, labels = rows_of(DOGS)
    assert ev.binary_counts(y, labels=labels).matrix().tolist() == [[5, 7], [3, 7]]


@pytest.mark.checklist(row=129, call="accuracy, precision, recall, f_beta")
def test_binary_figures_by_their_definitions() -> None:
    y, labels = [1, 1, 1, 0, 0, 0, 0, 0], [1, 1, 0, 1, 0, 0, 0, 0]
    assert ev.accuracy(y, labels=labels) == 6 / 8
    p, r = ev.precision(y, labels=labels), ev.recall(y, labels=labels)
    assert (p, r) == (2 / 3, 2 / 3)
    for beta in (0.5, 1.0, 2.0):
        weighted_harmonic = (1 + beta**2) * p * r / (beta**2 * p + r)
        assert ev.f_beta(y, labels=labels, beta=beta) == pytest.approx(weighted_harmonic)


@pytest.mark.checklist(row=130, call="precision, recall, f1, f_beta")
def test_dogs_and_cats() -> None:
    y, labels = rows_of(DOGS)
    assert ev.precision(y, labels=labels) == 0.625
    assert round(ev.recall(y, labels=labels), 6) == 0.416667
    assert ev.f1(y, labels=labels) == 0.5
    assert round(ev.f_beta(y, labels=labels, beta=2), 6) == 0.446429
    assert round(ev.f_beta(y, labels=labels, beta=0.5), 6) == 0.568182


@pytest.mark.checklist(row=132, call="precision, recall, f1")
def test_cancer_cells() -> None:
    y, labels = rows_of(CANCER)
    assert round(ev.precision(y, labels=labels), 6) == 0.047619
    assert ev.recall(y, labels=labels) == 0.025
    assert round(ev.f1(y, labels=labels), 6) == 0.032787


@pytest.mark.checklist(row=133, call="ConfusionCounts(tp=200, fn=0, fp=100_000, tn=0).f1")
def test_case_1_all_positive() -> None:
    counts = ConfusionCounts(tp=200, fn=0, fp=100_000, tn=0)
    assert round(counts.accuracy, 6) == round(counts.precision, 6) == 0.001996
    assert counts.recall == 1.0
    assert round(counts.f1, 6) == 0.003984


@pytest.mark.checklist(row=134, call="ConfusionCounts(tp=50, fn=150, fp=0, tn=100_000).f1")
def test_case_2() -> None:
    counts = ConfusionCounts(tp=50, fn=150, fp=0, tn=100_000)
    assert round(counts.accuracy, 6) == 0.998503
    assert (counts.precision, counts.recall, counts.f1) == (1.0, 0.25, 0.4)


@pytest.mark.checklist(row=135, call="ConfusionCounts(tp=190, fn=10, fp=20, tn=99_980).accuracy")
def test_case_3() -> None:
    counts = ConfusionCounts(tp=190, fn=10, fp=20, tn=99_980)
    assert round(counts.accuracy, 6) == 0.999701
    assert round(counts.precision, 6) == 0.904762
    assert counts.recall == 0.95
    assert round(counts.f1, 6) == 0.926829


@pytest.mark.checklist(row=136, call="confusion_matrix(y, labels=labels)")
def test_three_class_confusion_matrix() -> None:
    assert ev.confusion_matrix(Y3, labels=P3).tolist() == [[1, 1, 1], [2, 1, 0], [2, 0, 2]]


@pytest.mark.checklist(row=137, call="class_counts(y, labels=labels).precision")
def test_per_class_figures() -> None:
    counts = ev.class_counts(Y3, labels=P3)
    assert counts.precision.round(4).tolist() == [0.2, 0.5, 0.6667]
    assert counts.recall.round(4).tolist() == [0.3333, 0.3333, 0.5]
    assert counts.f1.round(4).tolist() == [0.25, 0.4, 0.5714]


@pytest.mark.checklist(row=138, call="accuracy(y, labels=labels)")
def test_three_class_accuracy() -> None:
    assert ev.accuracy(Y3, labels=P3) == 0.4


@pytest.mark.checklist(row=139, call="multiclass_f1(y, labels=labels, average='macro')")
def test_macro_average() -> None:
    assert round(ev.multiclass_precision(Y3, labels=P3), 4) == 0.4556
    assert round(ev.multiclass_recall(Y3, labels=P3), 4) == 0.3889
    assert round(ev.multiclass_f1(Y3, labels=P3), 4) == 0.4071


@pytest.mark.checklist(row=140, call="multiclass_f1(y, labels=labels, average='weighted')")
def test_weighted_average() -> None:
    assert round(ev.multiclass_precision(Y3, labels=P3, average="weighted"), 4) == 0.4767
    assert round(ev.multiclass_recall(Y3, labels=P3, average="weighted"), 4) == 0.4
    assert round(ev.multiclass_f1(Y3, labels=P3, average="weighted"), 4) == 0.4236


@pytest.mark.checklist(row=141, call="classification_report(y, labels=labels)")
def test_classification_report() -> None:
    assert ev.classification_report(Y3, labels=P3).splitlines() == [
        "              precision    recall  f1-score   support",
        "",
        "           0       0.20      0.33      0.25         3",
        "           1       0.50      0.33      0.40         3",
        "           2       0.67      0.50      0.57         4",
        "",
        "    accuracy                           0.40        10",
        "   macro avg       0.46      0.39      0.41        10",
        "weighted avg       0.48      0.40      0.42        10",
    ]


@pytest.mark.checklist(row=142, call="top_k_accuracy(y, scores, k=2)")
def test_top_k_of_one_row() -> None:
    scores = [[0.32, 0.1, 0.2, 0.05, 0.33]]
    assert [ev.top_k_accuracy([0], scores, k=k) for k in (1, 2, 5)] == [0.0, 1.0, 1.0]


@pytest.mark.checklist(row=143, call="top_k_accuracy(y, scores, k=1)")
def test_top_k_accuracy() -> None:
    scores = [[0.1, 0.3, 0.2, 0.4], [0.5, 0.01, 0.9, 0.4]]
    assert ev.top_k_accuracy([3, 0], scores, k=1) == 0.5
    assert ev.top_k_accuracy([3, 0], scores, k=2) == 1.0


@pytest.mark.checklist(row=185, call="exact_match(y, labels=labels)")
def test_exact_match_ratio() -> None:
    assert round(ev.exact_match(SETS, labels=SETS_PREDICTED), 4) == 0.3333


@pytest.mark.checklist(row=186, call="zero_one_loss(y, labels=labels)")
def test_zero_one_loss() -> None:
    assert round(ev.zero_one_loss(SETS, labels=SETS_PREDICTED), 4) == 0.6667


@pytest.mark.checklist(row=187, call="multilabel_jaccard(y, labels=labels, average='samples')")
def test_jaccard_per_sample() -> None:
    first = ev.multilabel_jaccard(SETS[:1], labels=SETS_PREDICTED[:1], average="samples")
    assert first == 1 / 3
    every = ev.multilabel_jaccard(SETS, labels=SETS_PREDICTED, average="samples")
    assert round(every, 4) == 0.4444


@pytest.mark.checklist(row=188, call="multilabel_precision(y, labels=labels, average='samples')")
def test_precision_per_sample() -> None:
    first = ev.multilabel_precision(SETS[:1], labels=SETS_PREDICTED[:1], average="samples")
    every = ev.multilabel_precision(SETS, labels=SETS_PREDICTED, average="samples")
    assert (first, every) == (0.5, 0.5)


@pytest.mark.checklist(row=189, call="multilabel_recall(y, labels=labels, average='samples')")
def test_recall_per_sample() -> None:
    assert ev.multilabel_recall(SETS, labels=SETS_PREDICTED, average="samples") == 0.5


@pytest.mark.checklist(row=190, call="multilabel_f1(y, labels=labels, average='samples')")
def test_f1_per_sample() -> None:
    assert ev.multilabel_f1(SETS, labels=SETS_PREDICTED, average="samples") == 0.5


@pytest.mark.checklist(row=191, call="hamming_loss(y, labels=labels)")
def test_hamming_loss() -> None:
    assert ev.hamming_loss(SETS, labels=SETS_PREDICTED) == 0.5
    each = [ev.hamming_loss([y], labels=[p]) * 4 for y, p in zip(SETS, SETS_PREDICTED, strict=True)]
    assert each == [2, 0, 4]


@pytest.mark.checklist(row=192, call="multilabel_precision(..., average='samples'), ...")
def test_agreement_with_the_library_forms() -> None:
    from sklearn import metrics

    y, p = np.array(SETS), np.array(SETS_PREDICTED)
    pairs = [
        (ev.multilabel_precision, metrics.precision_score, 0.5),
        (ev.multilabel_recall, metrics.recall_score, 0.5),
        (ev.multilabel_f1, metrics.f1_score, 0.5),
        (ev.multilabel_jaccard, metrics.jaccard_score, 0.4444),
    ]
    for ours, theirs, printed in pairs:
        value = ours(y, labels=p, average="samples")
        assert value == pytest.approx(theirs(y, p, average="samples"), abs=1e-15)
        assert round(value, 4) == printed


@pytest.mark.checklist(row=193, call="multilabel_confusion(y, labels=labels)")
def test_per_label_confusion_and_averages() -> None:
    assert ev.multilabel_confusion(SETS, labels=SETS_PREDICTED).tolist() == [
        [[2, 1], [0, 0]],
        [[0, 1], [0, 2]],
        [[0, 1], [1, 1]],
        [[1, 0], [2, 0]],
    ]
    figures = [ev.multilabel_precision, ev.multilabel_recall, ev.multilabel_f1]
    micro = [figure(SETS, labels=SETS_PREDICTED, average="micro") for figure in figures]
    assert micro == [0.5, 0.5, 0.5]
    # The printed averages count the labels without a value as 0, which is to be declared.
    macro = [
        figure(SETS, labels=SETS_PREDICTED, average="macro", undefined=0.0) for figure in figures
    ]
    assert np.round(macro, 4).tolist() == [0.2917, 0.375, 0.325]


@pytest.mark.checklist(row=207, call="log_loss(y, logits=z)")
def test_three_forms_of_the_log_loss() -> None:
    z = 0.971934 * POINTS + 0.655536  # the L2-penalised fit, C = 1
    loss = ev.log_loss(COLORS, logits=z)
    assert round(loss, 6) == 0.332911
    each = np.array([ev.log_loss([y], logits=[one]) for y, one in zip(COLORS, z, strict=True)])
    assert each.mean() == pytest.approx(loss, abs=1e-15)  # points weighing 1 / N
    green = ev.log_loss(COLORS[COLORS == 1], logits=z[COLORS == 1])
    red = ev.log_loss(COLORS[COLORS == 0], logits=z[COLORS == 0])
    assert (round(green, 6), round(red, 6)) == (0.216749, 0.603957)
    assert 0.7 * green + 0.3 * red == pytest.approx(loss, abs=1e-15)  # class by class


@pytest.mark.checklist(row=208, call="judge(...)['log_loss'].constant")
def test_log_loss_of_the_constant_predictor() -> None:
    constant = ev.fit_constant("binary", COLORS, distribution=Bernoulli())
    z = 0.971934 * POINTS + 0.655536
    part = ev.judge("binary", COLORS, z, distribution=Bernoulli(), constant=constant)
    assert round(part["log_loss"].constant, 6) == 0.610864
    assert round(ev.log_loss(COLORS, probabilities=np.full(10, 0.7)), 6) == 0.610864
