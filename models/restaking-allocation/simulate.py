"""Simulated markets of six liquid staking and restaking tokens.

``redemptions.py`` gives each token its redemption queue.  Here it gets yield,
liquidity, peg, restaked share and losses, day by day; then ``decide`` takes
moments out of these histories, with what is known then (the model's inputs) and
what a holding until the horizon earns.  The magnitudes are assumptions, with
their sources in README.md.  Rates are fractions a year, prices in ETH.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

_MODELS = str(Path(__file__).resolve().parent.parent)
if _MODELS not in sys.path:
    sys.path.append(_MODELS)  # for the package `common`

from common.noise import ornstein_uhlenbeck  # noqa: E402
from inputs import *  # noqa: E402, F403

# --------------------------------------------------------------------------
# 1. Histories
# --------------------------------------------------------------------------


def _mean_reverting(rng, shape, days, tau_days):
    """Stationary mean-reverting noise of variance 1, [*shape, days]."""
    start, shocks = rng.standard_normal(shape), rng.standard_normal((days - 1, *shape))
    return np.moveaxis(ornstein_uhlenbeck(start, shocks, np.exp(-1.0 / tau_days)), 0, -1)


def _decaying_jumps(rate, size, decay):
    """Jumps of ``size`` on days where ``rate`` is true, fading by ``decay`` a day."""
    out = np.zeros(size.shape)
    out[..., 0] = rate[..., 0] * size[..., 0]
    for d in range(1, out.shape[-1]):
        out[..., d] = out[..., d - 1] * decay + rate[..., d] * size[..., d]
    return out


def yields(rng, markets, restaked, days):
    """Yield a year [markets, 6, days] (fraction): consensus, services, campaigns.

    Campaigns are jumps: a restaking token pays more for a while, then no more.
    """
    shape = (markets, TOKENS)
    consensus = 0.029 + 0.0025 * _mean_reverting(rng, (markets, 1), days, 25)
    fee = rng.uniform(0.05, 0.15, (*shape, 1))
    own = 0.0008 * _mean_reverting(rng, shape, days, 3)
    services = np.minimum(rng.lognormal(np.log(0.018), 0.7, shape), 0.08)
    level = _mean_reverting(rng, shape, days, 30)
    paid = services[..., None] * np.exp(0.35 * level - 0.06)
    campaign = np.zeros((*shape, days))
    for m, i in np.ndindex(shape):
        for _ in range(rng.poisson(2.0 * days / 365)):
            start = int(rng.integers(-20, days))
            end = start + 1 + int(rng.exponential(18.0))
            campaign[m, i, max(start, 0) : max(end, 0)] += min(rng.exponential(0.03), 0.12)
    total = consensus * (1 - fee) + own + restaked * (paid + campaign)
    return np.clip(total, 0.0, 0.30), services


def pegs(rng, discount_bp, restaked, depth_base):
    """Discount to redemption value, bp: the queue's, and depegs on top.

    A depeg is a jump that fades over days.  It hits one token, the more likely
    the thinner its market, the more of it is restaked and the wider its discount
    already is; or all tokens of a market at once, each by its own part.
    """
    markets, _, days = discount_bp.shape
    thin = (1500.0 / depth_base[..., None]) ** 0.25
    rate = (0.4 + 2.0 * restaked) * thin * (1 + 1.5 * (discount_bp > 30)) / 365
    size = np.minimum(rng.lognormal(np.log(110.0), 0.9, rate.shape), 1_500.0)
    decay = np.exp(-1.0 / rng.uniform(2.0, 12.0, rate.shape[:2]))
    own = _decaying_jumps(rng.random(rate.shape) < rate, size, decay)
    all_at_once = rng.random((markets, 1, days)) < 0.8 / 365
    each = rng.uniform(0.1, 0.6, rate.shape) + 0.8 * restaked * thin
    blow = np.minimum(rng.lognormal(np.log(110.0), 0.7, (markets, 1, days)), 1_000.0) * each
    together = _decaying_jumps(np.broadcast_to(all_at_once, blow.shape), blow, decay)
    return discount_bp + own + together


def losses(rng, restaked, services, days):
    """Permanent losses (slashing, exploits): moments a year, and drawn events.

    A token's own events: 0.3 % a year for any token, and for restaked stake the
    more the better its services pay.  Common events hit all restaked stake.
    Losses are lognormal with median 4 %, at most 30 %.
    """
    shape = restaked.shape[:2]
    share = restaked.mean(-1)
    rate = 0.003 + share * np.minimum(0.02 + 1.6 * services, 0.15) * rng.lognormal(0, 0.3, shape)
    size = lambda n: np.minimum(rng.lognormal(np.log(0.04), 0.8, n), 0.30)  # noqa: E731
    probe = size(200_000)
    mean, square = float(probe.mean()), float((probe * probe).mean())
    common_rate = 0.03
    part = share * rng.uniform(0.2, 1.0, shape)
    events = rng.poisson(rate[..., None] / 365, (*shape, days)) * size((*shape, days))
    struck = rng.poisson(common_rate / 365, (shape[0], 1, days)) * size((shape[0], 1, days))
    return {
        "loss_mean": rate * mean + common_rate * part * mean,
        "loss_own": rate * square,
        "loss_common": np.sqrt(common_rate * square) * part,
        "loss_events": np.minimum(events + struck * part[..., None], 0.5),
    }


def simulate_markets(queues, seed):
    """Everything but the queues, which ``redemptions.simulate_queues`` made."""
    rng = np.random.default_rng(seed)
    markets, _, days = queues["discount_bp"].shape
    shape = (markets, TOKENS)
    restaking = rng.random(shape) < 0.5
    share = np.where(restaking, rng.uniform(0.35, 1.0, shape), rng.uniform(0.0, 0.12, shape))
    drift = 0.04 * _mean_reverting(rng, shape, days, 60)
    restaked = np.clip(share[..., None] + drift, 0.0, 1.0)
    year, services = yields(rng, markets, restaked, days)
    base = np.clip(rng.lognormal(np.log(1_500), 1.1, shape) * np.where(restaking, 0.6, 1.4), 150, 12_000)
    discount = pegs(rng, queues["discount_bp"], restaked, base)
    calm = np.exp(0.3 * _mean_reverting(rng, shape, days, 10))
    depth = base[..., None] * calm / (1 + np.maximum(discount, 0) / 80)
    return {
        **queues,
        "restaked": restaked,
        "yield": year,
        "observed_yield": np.clip(year + 0.0006 * rng.standard_normal(year.shape), 0, None),
        "depth_eth": np.clip(depth, 100.0, None),
        "peg_bp": discount,
        **losses(rng, restaked, services, days),
    }


# --------------------------------------------------------------------------
# 2. Holding a token until the horizon
# --------------------------------------------------------------------------


def slippage(depth_eth):
    """What selling the position costs beyond the discount (fraction)."""
    return DEPTH_MOVE * POSITION_ETH / depth_eth


def safe_hours(predicted_hours):
    """Time that a careful holder leaves for a redemption."""
    return 1.1 * np.clip(predicted_hours, *REDEMPTION_HOURS) + 24.0


def hold(paths, market, day, horizon):
    """Return of each token over ``horizon`` days from ``day``, before losses.

    Bought at the market's discount where that is cheaper than minting at par.
    Day by day the holder looks at the predicted redemption time.  On the last
    day on which a request still seems safe they redeem, if the yield forgone is
    less than what the market would cost now; the redemption comes when it comes,
    and every day after the horizon costs LATE_RATE.  Else, and where no request
    was ever safe, they sell on the market at the horizon.
    """
    at = lambda k, d: paths[k][market, :, np.minimum(d, paths[k].shape[-1] - 1)]  # noqa: E731
    cost = lambda d: 1e-4 * at("peg_bp", d) + slippage(at("depth_eth", d))  # noqa: E731
    n = len(market)
    gain = np.maximum(1e-4 * at("peg_bp", day) - slippage(at("depth_eth", day)), 0.0)
    earned = np.zeros((n, TOKENS))
    decided = np.zeros((n, TOKENS), bool)
    redeemed = np.zeros((n, TOKENS), bool)
    result = np.zeros((n, TOKENS))
    for s in range(int(horizon.max())):
        left = (horizon - s)[:, None]
        need = safe_hours(at("predicted_hours", day + s))
        year = at("yield", day + s)
        last = ~decided & (left > 0) & (need > 24.0 * (left - 1))
        redeem = last & (need <= 24.0 * left) & (year * left / 365 < cost(day + s))
        late = np.maximum(at("actual_hours", day + s) / 24.0 - left, 0.0)
        result = np.where(redeem, gain + earned - LATE_RATE * late / 365, result)
        redeemed |= redeem
        decided |= last
        earned += np.where(left > 0, year / 365, 0.0)
    sold = gain + earned - cost(day + horizon)
    return np.where(redeemed, result, sold), redeemed


def utility(shares, gain, loss_mean, loss_cov, gamma, horizon):
    """Risk-adjusted return a year, %: expectation over the losses, given the rest.

    With R = w.(g - X), X a loss of mean m and covariance C:
    E[R - gamma/2 R^2] = u - gamma/2 (u^2 + w'Cw),  u = w.(g - m);
    divided by the horizon in years, times 100.  Also its gradient in ``shares``.
    """
    net = gain - loss_mean
    mean = np.einsum("ni,ni->n", shares, net)
    spread = np.einsum("nij,nj->ni", loss_cov, shares)
    risk = mean * mean + np.einsum("ni,ni->n", shares, spread)
    year = 100.0 * 365.0 / horizon
    slope = net - gamma[:, None] * (mean[:, None] * net + spread)
    return year * (mean - 0.5 * gamma * risk), year[:, None] * slope


# --------------------------------------------------------------------------
# 3. Decisions
# --------------------------------------------------------------------------


def observe(paths, market, day):
    """The inputs [N, 6, 7] at the start of a day, clipped to their ranges."""
    at = lambda k: paths[k][market, :, day]  # noqa: E731
    window = np.stack([paths["observed_yield"][market, :, day - b] for b in range(HISTORY)], -1)
    x = np.stack(
        [
            100 * at("observed_yield"),
            (100 * window).var(-1),
            at("queue_eth"),
            at("predicted_hours"),
            at("depth_eth"),
            at("peg_bp"),
            100 * at("restaked"),
        ],
        -1,
    )
    return np.clip(x, FEATURE_MIN, FEATURE_MAX)


def decide(paths, seed, every=3, horizons=4):
    """Decisions of users: inputs, settings, and what each token then earned.

    Every ``every`` days of a market, ``horizons`` users with horizons spread
    evenly in their logarithm and risks spread evenly.
    """
    rng = np.random.default_rng(seed)
    markets, _, days = paths["yield"].shape
    last = days - HORIZON_DAYS[1]
    moments = np.arange(HISTORY, last, every)
    market = np.repeat(np.arange(markets), len(moments) * horizons)
    phase = np.repeat(rng.integers(0, every, markets), len(moments) * horizons)
    day = np.tile(np.repeat(moments, horizons), markets) + phase
    day = np.minimum(day, last - 1)
    n = len(market)
    lo, hi = np.log(HORIZON_DAYS[0]), np.log(HORIZON_DAYS[1] + 1)
    part = (np.tile(np.arange(horizons), n // horizons) + rng.random(n)) / horizons
    horizon = np.floor(np.exp(lo + (hi - lo) * part) + 1e-9).astype(int)
    horizon = np.clip(horizon, *HORIZON_DAYS)
    risk = rng.random(n)
    gain, redeemed = hold(paths, market, day, horizon)
    years = (horizon / 365.0)[:, None]
    common = paths["loss_common"][market]
    cov = common[:, :, None] * common[:, None, :]
    cov[:, range(TOKENS), range(TOKENS)] += paths["loss_own"][market]
    total = np.cumsum(paths["loss_events"], axis=-1)
    window = np.arange(HISTORY)
    back = (day[:, None] - HISTORY + window)[:, None, :]
    row = market[:, None, None], np.arange(TOKENS)[None, :, None]
    price = 1.0 - 1e-4 * paths["peg_bp"]
    daily = (
        paths["observed_yield"][(*row, back)] / 365
        + price[(*row, back + 1)]
        - price[(*row, back)]
        - paths["loss_events"][(*row, back)]
    )
    return {
        "x": observe(paths, market, day),
        "horizon": horizon.astype(float),
        "risk": risk,
        "gamma": aversion(risk),
        "gain": gain,
        "redeemed": redeemed,
        "loss_mean": paths["loss_mean"][market] * years,
        "loss_cov": cov * years[:, :, None],
        "loss_drawn": total[market, :, day + horizon - 1] - total[market, :, day - 1],
        "history": daily,
        "market": market,
        "day": day,
    }
