//! Median of a few repetitions, and their range.

/// The middle value, or the mean of the two middle ones; `None` when there is none.
///
/// # Panics
/// Never: values that are not numbers sort last, as `f64::total_cmp` orders them.
pub fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => None,
        n if n % 2 == 1 => Some(sorted[middle]),
        _ => Some((sorted[middle - 1] + sorted[middle]) / 2.0),
    }
}

/// The distance from the smallest to the largest value as a share of the median. With a handful of repetitions
/// the range says more than a standard deviation would. `None` below two values, or around a median of 0.
pub fn relative_range(values: &[f64]) -> Option<f64> {
    let middle = median(values)?;
    let (low, high) = values
        .iter()
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(*value), high.max(*value)));
    (values.len() >= 2 && middle != 0.0).then(|| (high - low) / middle.abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_does_not_depend_on_the_order() {
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[3.0]), Some(3.0));
        assert_eq!(median(&[9.0, 1.0, 5.0]), Some(5.0));
        assert_eq!(median(&[4.0, 1.0, 3.0, 2.0]), Some(2.5));
    }

    #[test]
    fn one_repetition_has_no_range() {
        assert_eq!(relative_range(&[5.0]), None);
        assert_eq!(relative_range(&[0.0, 0.0]), None);
        assert_eq!(relative_range(&[8.0, 10.0, 12.0]), Some(0.4));
    }
}
