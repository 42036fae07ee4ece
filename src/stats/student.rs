//! The normal and Student's t distribution.
//!
//! Logarithms and the gamma function come from `libm`, so that a confidence interval computed on the cluster is the same
//! to the last bit where `verify` computes it again.

use std::f64::consts::SQRT_2;

/// The probability that a standard normal value is at most `x`.
pub(super) fn normal(x: f64) -> f64 {
    0.5 * libm::erfc(-x / SQRT_2)
}

/// The quantile of the standard normal distribution.
pub(super) fn normal_quantile(probability: f64) -> f64 {
    solve(probability, normal)
}

/// The quantile of Student's t with `freedom` degrees of freedom, which need not be whole.
pub(super) fn quantile(freedom: f64, probability: f64) -> f64 {
    solve(probability, |x| cumulative(freedom, x))
}

/// The probability that Student's t is at most `x`.
pub(super) fn cumulative(freedom: f64, x: f64) -> f64 {
    let tail = 0.5 * beta_share(0.5 * freedom, 0.5, freedom / (freedom + x * x));
    if x > 0.0 { 1.0 - tail } else { tail }
}

/// The point at which an increasing distribution function reaches `probability`: bisection to the last bit. It needs no
/// derivative and gives the same result on every machine.
fn solve(probability: f64, cumulative: impl Fn(f64) -> f64) -> f64 {
    assert!(probability > 0.0 && probability < 1.0, "a quantile of {probability} lies at infinity");
    let (mut low, mut high) = (-1.0, 1.0);
    while cumulative(low) > probability {
        low *= 2.0;
    }
    while cumulative(high) < probability {
        high *= 2.0;
    }
    loop {
        let middle = low + (high - low) / 2.0;
        if middle <= low || middle >= high {
            return high;
        }
        match cumulative(middle) < probability {
            true => low = middle,
            false => high = middle,
        }
    }
}

/// The regularised incomplete beta function I_x(a, b) by its continued fraction (DLMF 8.17.22,
/// <https://dlmf.nist.gov/8.17>), evaluated by Lentz's method.
fn beta_share(a: f64, b: f64, x: f64) -> f64 {
    if x <= 0.0 || x >= 1.0 {
        return if x <= 0.0 { 0.0 } else { 1.0 };
    }
    // The fraction converges quickly on this side of the mean only.
    if x > (a + 1.0) / (a + b + 2.0) {
        return 1.0 - beta_share(b, a, 1.0 - x);
    }
    let scale = libm::lgamma(a + b) - libm::lgamma(a) - libm::lgamma(b);
    let front = libm::exp(scale + a * libm::log(x) + b * libm::log(1.0 - x)) / a;
    front / fraction(a, b, x)
}

fn fraction(a: f64, b: f64, x: f64) -> f64 {
    const TINY: f64 = 1e-300;
    const TERMS_MAX: u32 = 500;
    let away_from_zero = |value: f64| if value.abs() < TINY { TINY } else { value };
    let (mut value, mut c, mut d) = (1.0, 1.0, 0.0);
    for term in 1..=TERMS_MAX {
        let m = f64::from(term / 2);
        let numerator = match term % 2 {
            0 => m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m)),
            _ => -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0)),
        };
        d = 1.0 / away_from_zero(1.0 + numerator * d);
        c = away_from_zero(1.0 + numerator / c);
        value *= c * d;
        if (c * d - 1.0).abs() < f64::EPSILON {
            break;
        }
    }
    value
}

/// Ratio of the standard deviation of a normal distribution to its median absolute deviation.
pub(super) fn deviation_per_mad() -> f64 {
    1.0 / normal_quantile(0.75)
}

#[cfg(test)]
mod tests {
    use std::f64::consts::PI;

    use super::*;

    /// NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.6.7.2: critical values of Student's t.
    #[test]
    fn quantiles_are_those_of_the_published_table() {
        let table = [
            (1.0, 0.975, 12.706),
            (2.0, 0.975, 4.303),
            (5.0, 0.975, 2.571),
            (5.0, 0.90, 1.476),
            (10.0, 0.999, 4.144),
            (30.0, 0.95, 1.697),
            (100.0, 0.975, 1.984),
        ];
        for (freedom, probability, expected) in table {
            let found = quantile(freedom, probability);
            assert!((found - expected).abs() < 6e-4, "t {freedom} {probability}: {found}, not {expected}");
            let mirrored = quantile(freedom, 1.0 - probability);
            assert!((found + mirrored).abs() < 1e-9, "t {freedom} is symmetric");
        }
        assert!((normal_quantile(0.975) - 1.959_963_984_540_054).abs() < 1e-12);
        assert!((quantile(1e7, 0.975) - normal_quantile(0.975)).abs() < 1e-6, "t becomes normal");
        assert!((deviation_per_mad() - 1.482_602_218_505_602).abs() < 1e-12);
    }

    #[test]
    fn one_and_two_degrees_of_freedom_have_closed_forms() {
        for x in [-30.0, -2.0, -0.3, 0.0, 0.1, 1.0, 5.0, 100.0_f64] {
            let cauchy = 0.5 + x.atan() / PI;
            assert!((cumulative(1.0, x) - cauchy).abs() < 1e-13, "{x}");
            let two = 0.5 + x / (2.0 * (2.0 + x * x).sqrt());
            assert!((cumulative(2.0, x) - two).abs() < 1e-13, "{x}");
        }
    }

    #[test]
    fn the_quantile_undoes_the_distribution_function() {
        for freedom in [1.0, 3.7, 9.0, 250.0] {
            for probability in [0.001, 0.2, 0.5, 0.8, 0.975] {
                let back = cumulative(freedom, quantile(freedom, probability));
                assert!((back - probability).abs() < 1e-12, "t {freedom} {probability}");
            }
        }
    }
}
