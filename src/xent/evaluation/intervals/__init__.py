"""How sure a figure is: intervals, paired tests, and the rows that an interval of a given width needs."""

from xent.evaluation.intervals.average_precision import (
    average_precision_interval,
)
from xent.evaluation.intervals.bootstrap import (
    bootstrap,
    bootstrap_difference,
    percentile_interval,
)
from xent.evaluation.intervals.decision_figures import (
    DECISION_FIGURES,
    decision_interval,
    f1_interval,
    f_beta_interval,
)
from xent.evaluation.intervals.delong import (
    AucSpread,
    delong,
    delong_variance,
)
from xent.evaluation.intervals.estimate import (
    Estimate,
)
from xent.evaluation.intervals.means import (
    mean_interval,
)
from xent.evaluation.intervals.paired import (
    PairedTest,
    benjamini_hochberg,
    delong_test,
    holm,
    mcnemar,
)
from xent.evaluation.intervals.paired_ratios import (
    average_precision_test,
    ratio_test,
)
from xent.evaluation.intervals.proportions import (
    kish,
    proportion_interval,
    share_interval,
    wilson,
    wilson_bounds,
)
from xent.evaluation.intervals.replicates import (
    RankingReplicates,
    bootstrap_ranking,
)
from xent.evaluation.intervals.sample_size import (
    auc_power,
    rows_for_auc,
    rows_for_auc_difference,
    rows_for_share,
)

__all__ = [
    "DECISION_FIGURES",
    "AucSpread",
    "Estimate",
    "PairedTest",
    "RankingReplicates",
    "auc_power",
    "average_precision_interval",
    "average_precision_test",
    "benjamini_hochberg",
    "bootstrap",
    "bootstrap_difference",
    "bootstrap_ranking",
    "decision_interval",
    "delong",
    "delong_test",
    "delong_variance",
    "f1_interval",
    "f_beta_interval",
    "holm",
    "kish",
    "mcnemar",
    "mean_interval",
    "percentile_interval",
    "proportion_interval",
    "ratio_test",
    "rows_for_auc",
    "rows_for_auc_difference",
    "rows_for_share",
    "share_interval",
    "wilson",
    "wilson_bounds",
]
