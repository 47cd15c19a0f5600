"""Chains of reaches under slips: closed forms, guarantees of thresholds, what the sweep found."""

import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import isotonic_regression
from scipy.stats import ks_2samp

from implicitbias.explore import orchestration_data as stored
from implicitbias.studies import motion

HERE = "studies/orchestration"
HELD = stored.read()
ARM = motion.planar_arm(np.array([0.3, 0.3, 0.2, 0.2]))


def slips(probability: float, chains: int, waypoints: int, seed: int = 0) -> np.ndarray:
    random = np.random.default_rng(seed)
    return random.random((chains, waypoints, motion.BUDGET)) < probability


@pytest.fixture(scope="module")
def taught() -> stored.Learned:
    return stored.learned((30, 3))


@pytest.fixture(scope="module")
def shown() -> motion.Demonstrations:
    return motion.demonstrate(ARM, 400, seed=11)


@pytest.fixture(scope="module")
def scores(taught, shown) -> np.ndarray:
    return np.asarray(taught.progress(motion.hand_inputs(shown.hands, shown.targets)))


# Slips.


def chain_of_steps(probability: float, needed: int, steps: int) -> np.ndarray:
    """The law of arrival by powers of a transition matrix, arrival being absorbing."""
    moves = np.zeros((needed + 1, needed + 1))
    for undisturbed in range(needed):
        moves[undisturbed, 0] += probability
        moves[undisturbed, undisturbed + 1] += 1 - probability
    moves[needed, needed] = 1
    return np.array([np.linalg.matrix_power(moves, t)[0, needed] for t in range(steps + 1)])


@pytest.mark.parametrize(("p", "m"), [(0.0, 6), (0.08, 6), (0.5, 1), (0.3, 4)])
def test_law_of_arrival(check, p, m):
    law = motion.arrival_law(p, m, 80)
    check(
        "The law of the first m steps in a row without a slip",
        HERE,
        "recursion against powers of a transition matrix, four cases of 80 steps",
        float(np.abs(law - chain_of_steps(p, m, 80)).max()),
        1e-12,
    )
    if p:
        mean = float((1 - motion.arrival_law(p, m, 4000)).sum())
        check(
            "Looking takes ((1-p)^-m - 1)/p steps on average",
            HERE,
            "closed form against the sum of 1 - F, relative",
            abs(mean * p / ((1 - p) ** -m - 1) - 1),
            1e-9,
        )


@pytest.mark.parametrize("steps", [6, 9, 24])
def test_a_timer_does_not_profit_from_waiting(check, steps):
    trials, p, m = 200_000, 0.08, 6
    drawn = np.random.default_rng(steps).random((trials, steps)) < p
    right = (motion.since_slip(drawn)[:, -1] >= m).mean()
    law = float(motion.timer_success(p, m, steps))
    check(
        "A timer of any length is right with probability (1-p)^m",
        HERE,
        "200000 runs of 6, 9 and 24 steps against it, in standard errors",
        abs(right - law) / (law * (1 - law) / trials) ** 0.5,
        4.0,
    )


def test_timer_of_an_arm(check):
    count, p = 4000, 0.05
    places = motion.waypoint_chains(count, 1, seed=4)
    runs = motion.run_chains(ARM, places, slips(p, count, 1), motion.timer(10))
    arrival = motion.demonstrate(ARM, count, seed=4).arrival
    law = motion.timer_success(p, arrival, 10)
    check(
        "A timer on an arm with four links is right as often as its numbers of steps say",
        HERE,
        "4000 reaches with slips against the mean of (1-p)^m, in standard errors",
        abs(runs.shares[0] - law.mean()) / ((law * (1 - law)).sum() ** 0.5 / count),
        4.0,
    )


def test_the_servo_shrinks_distances(check, shown):
    before, after = shown.distance[:, 5:12], shown.distance[:, 6:13]
    check(
        "Near the target a step of the servo shrinks the distance to 1 - gain",
        HERE,
        "largest difference of the ratio, 400 reaches, steps 6 to 12",
        float(np.abs(after / before - (1 - motion.GAIN)).max()),
        0.03,
    )


def test_pairs_of_waypoints_have_one_law(check):
    places = motion.waypoint_chains(4000, 5, seed=8)
    steps = np.linalg.norm(np.diff(places, axis=1), axis=2)
    assert steps.min() >= motion.APART
    centred = np.linalg.norm(places - motion.CENTRE, axis=2)
    assert centred.max() <= motion.RADIUS
    pairs = ((steps[:, 0], steps[:, 4]), (centred[:, 0], centred[:, 5]))
    found = min(float(np.asarray(ks_2samp(*pair))[1]) for pair in pairs)
    check(
        "All pairs of successive waypoints have the same law",
        HERE,
        "0.001 over the p value of Kolmogorov and Smirnov: first pair against last, 4000 chains",
        1e-3 / found,
        1.0,
    )


# Scores and thresholds.


def test_order_does_not_see_increasing_maps(check, scores, shown):
    squeezed = 1 / (1 + np.exp(-3 * scores))
    rows = [
        (motion.value_order(s[: m + 1]), motion.value_order(g[: m + 1] ** a))
        for s, g, m in zip(scores, squeezed, shown.arrival, strict=True)
        for a in (0.01, 60.0)
    ]
    assert (squeezed**60 < 0.97).all() and (squeezed**0.001 > 0.97).all()
    check(
        "Rank correlation with time does not change under increasing maps",
        HERE,
        "largest change over 400 reaches, powers 0.01 and 60 of logistic scores",
        max(abs(a - b) for a, b in rows),
        1e-12,
    )


def test_isotonic_calibration_is_a_threshold(check, scores, shown):
    there = shown.distance < motion.NEAR
    flat, truth = scores[:, :10].ravel(), there[:, :10].ravel()
    order = np.argsort(flat)
    fitted = isotonic_regression(truth[order].astype(float)).x
    says = fitted > 0.5
    threshold = flat[order][~says].max()
    check(
        "Isotonic calibration followed by a level is a threshold of the score itself",
        HERE,
        "number of 4000 moments that are judged otherwise",
        int((says != (flat[order] > threshold)).sum()),
        0,
    )


def test_margins_say_what_a_detector_does(check, taught):
    places = motion.waypoint_chains(300, 1, seed=21)
    shown = motion.demonstrate(ARM, 300, seed=21)
    scores = np.array(taught.progress(motion.hand_inputs(shown.hands, shown.targets)))
    scores[:, 0] = -np.inf  # a detector first looks after one step
    low, high = motion.margins(scores, shown.distance < motion.NEAR)
    wrong = 0
    for threshold in (0.7, 0.85, 0.97):
        detector = motion.detector(taught.progress, threshold)
        outcome = motion.run_chains(ARM, places, slips(0.0, 300, 1), detector).outcome
        expected = np.where(low > threshold, 1, np.where(high > threshold, 0, 3))
        wrong += int((outcome != expected).sum())
    check(
        "A threshold is right about a reach iff it lies between the scores before and after",
        HERE,
        "number of 900 outcomes without slips that are otherwise",
        wrong,
        0,
    )


def test_slips_do_not_make_a_detector_early(check, taught):
    places = motion.waypoint_chains(500, 1, seed=22)
    low, _ = stored.margins_of(taught.progress, motion.demonstrate(ARM, 500, seed=22))
    detector = motion.detector(taught.progress, taught.threshold)
    early = motion.run_chains(ARM, places, slips(0.12, 500, 1), detector).outcome == 1
    check(
        "With slips no reach ends too early that has no premature score above the threshold",
        HERE,
        "number of 500 reaches with slips in 0.12 of the steps",
        int((early & (low <= taught.threshold)).sum()),
        0,
    )


@pytest.mark.parametrize(("n", "k"), [(19, 1), (79, 2)])
def test_the_conformal_bound_is_exact(check, n, k):
    random = np.random.default_rng(n)
    pool = random.standard_normal(5000) ** 3
    rates = np.array(
        [(pool > motion.conformal_threshold(random.choice(pool, n), k)).mean() for _ in range(4000)]
    )
    mean, spread = k / (n + 1), (k * (n + 1 - k) / (n + 1) ** 2 / (n + 2)) ** 0.5
    check(
        "A calibrated threshold is exceeded too early at the mean rate k/(n+1)",
        HERE,
        "4000 calibrations of 19 and of 79 scores, in standard errors",
        abs(rates.mean() - mean) / (spread / 4000**0.5),
        4.0,
    )
    check(
        "The rate of one calibrated threshold has the spread of a beta law",
        HERE,
        "relative difference of the standard deviation, 4000 calibrations",
        abs(rates.std() / spread - 1),
        0.1,
    )


def test_estimators_are_kernel_ridge_regression(check):
    random = np.random.default_rng(0)
    X, y, unseen = random.random((60, 4)), random.random(60), random.random((50, 4))
    estimator = motion.fit_estimator(X, y, seed=5)
    predicted = np.asarray(estimator(jnp.asarray(unseen)))
    features, new = (np.asarray(estimator.features(jnp.asarray(A))) for A in (X, unseen))
    dual = np.linalg.solve(features @ features.T + 1e-2 * np.eye(60), y - y.mean())
    check(
        "Ridge regression on random features is kernel ridge regression with their kernel",
        HERE,
        "weights against dual coefficients, largest difference on 50 new inputs",
        float(np.abs(predicted - y.mean() - new @ features.T @ dual).max()),
        1e-9,
    )
    distant = np.abs(new @ features.T - np.exp(-8 * ((unseen[:, None] - X) ** 2).sum(-1)))
    assert distant.max() < 5 / 400**0.5


# What the sweep found.


def done(who: str, slip: float, size: int, arm: str = "4 links") -> np.ndarray:
    """The shares of chains that are done, over the seeds."""
    at = stored.ORCHESTRATORS.index(who), stored.SLIPS.index(slip)
    return HELD[arm, size].outcomes[:, at[0], at[1], 0]


def test_a_point_of_the_sweep_is_recomputed(check, taught):
    places, uniform = stored.draws(3)
    at = stored.SLIPS.index(0.08)
    worst = 0.0
    for i, who in enumerate(stored.ORCHESTRATORS):
        runs = motion.run_chains(
            stored.arm("4 links"), places, uniform < 0.08, taught.orchestrators[who]
        )
        difference = runs.shares - HELD["4 links", 30].outcomes[3, i, at]
        worst = max(worst, float(np.abs(difference).max()))
    check(
        "Points of the stored sweep, recomputed",
        HERE,
        "largest difference of a share of 100 chains, five orchestrators",
        worst,
        0.011,
    )


def test_order_is_nearly_perfect_on_all_arms(check):
    worst = min(held.order.mean() for (_, size), held in HELD.items() if size == 300)
    check(
        "Progress learned from 300 demonstrations of two links is in order on all arms",
        HERE,
        "1 less the mean rank correlation with time, worst of three arms",
        1 - worst,
        0.03,
    )


def test_order_is_not_detection(check):
    gains = [
        float((done("calibrated", slip, 300, arm) - done("progress", slip, 300, arm)).mean())
        for slip in stored.SLIPS[:-1]
        for arm in stored.LENGTHS
    ]
    check(
        "With 300 demonstrations the calibrated threshold gets at least half of all chains more "
        "done than 0.97 does",
        HERE,
        "0.5 over the least mean difference, five probabilities of slips up to 0.08, three arms",
        0.5 / min(gains),
        1.0,
    )


def test_looking_beats_waiting_under_slips(check):
    gain = min(
        float((done(who, 0.08, 300) - done("timer", 0.08, 300)).min())
        for who in ("calibrated", "success")
    )
    check(
        "At p = 0.08 detectors from 300 demonstrations get 0.2 of all chains more done than timers",
        HERE,
        "0.2 over the least difference of eight seeds, four links",
        0.2 / gain,
        1.0,
    )


def test_premature_scores_keep_the_bound(check):
    rates = np.array([held.early for held in HELD.values()])
    taught = np.array([HELD["2 links", size].early for size in stored.SIZES])
    bound = stored.RANK / (stored.HELD_OUT + 1)
    spread = (bound * (1 - bound) * (1 / (stored.HELD_OUT + 2) + 1 / stored.UNSEEN)) ** 0.5
    check(
        "On the arm that taught, new reaches exceed the calibrated threshold too early at a rate "
        "of at most k/(n+1) = 0.025",
        HERE,
        "excess of the mean of 8 calibrations in standard errors, largest of three sizes",
        max(float((taught.mean(axis=1) - bound).max() / (spread / 8**0.5)), 0.0),
        4.0,
    )
    check(
        "On the other arms the rate of premature scores is below twice the bound",
        HERE,
        "largest mean rate of three arms and three sizes over 0.05",
        float(rates.mean(axis=1).max() / (2 * bound)),
        1.0,
    )


def test_arms_hardly_differ(check):
    worst = max(
        abs(float((done(who, slip, 300, arm) - done(who, slip, 300, "2 links")).mean()))
        for who in stored.ORCHESTRATORS
        for slip in stored.SLIPS
        for arm in stored.LENGTHS
    )
    check(
        "What two links taught works as well on three and four",
        HERE,
        "largest mean difference of the share of chains done, 300 demonstrations",
        worst,
        0.05,
    )


def test_the_oracle_only_runs_out_of_time():
    for held in HELD.values():
        outcomes = held.outcomes[:, stored.ORCHESTRATORS.index("oracle")]
        assert outcomes[..., 1:4].max() == 0 and outcomes[:, 0, 0].min() == 1


def test_shares_add_up_to_one():
    for held in HELD.values():
        np.testing.assert_allclose(held.outcomes.sum(axis=-1), 1)


def test_causes_exclude_each_other():
    # One waypoint, a hand that is there from its sixth step on, and four kinds of misfortune.
    places = motion.waypoint_chains(1, 1, seed=2)
    needed = int(motion.demonstrate(ARM, 1, seed=2).arrival[0])
    calm = np.zeros((1, 1, motion.BUDGET), bool)
    always, after = calm.copy(), calm.copy()
    always[..., ::2] = True
    after[..., needed + 1] = True

    def outcome(slipping, orchestrator):
        return motion.OUTCOMES[motion.run_chains(ARM, places, slipping, orchestrator).outcome[0]]

    never = motion.oracle()._replace(threshold=2.0)
    assert outcome(calm, motion.timer(needed)) == "done"
    assert outcome(calm, motion.timer(needed - 1)) == "too early"
    assert outcome(after, motion.timer(needed + 3)) == "lost to a slip"
    assert outcome(calm, never) == "not noticed"
    assert outcome(always, motion.oracle()) == "out of time"


def test_arguments():
    with pytest.raises(ValueError, match="count must be an integer, at least 1, found 0"):
        motion.waypoint_chains(0, 5)
    with pytest.raises(ValueError, match="length must be an integer"):
        motion.waypoint_chains(3, 0)
    with pytest.raises(ValueError, match="probability must lie between 0 and 1, found 1.5"):
        motion.arrival_law(1.5, 6, 10)
    with pytest.raises(ValueError, match="needed must be an integer"):
        motion.arrival_law(0.5, 0, 10)
    with pytest.raises(ValueError, match="rank must lie between 1 and 3, found 4"):
        motion.conformal_threshold(np.array([0.1, 0.2, 0.3]), 4)
    with pytest.raises(ValueError, match="y must have one entry a row of X"):
        motion.fit_estimator(np.ones((5, 4)), np.ones(4))
    with pytest.raises(ValueError, match="slips must have the shape"):
        places = motion.waypoint_chains(2, 5)
        motion.run_chains(ARM, places, np.zeros((2, 4, 3), bool), motion.oracle())
