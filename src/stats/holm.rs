//! Adjustment for several tests in one run.

/// Holm's adjustment: the probability of rejecting any true hypothesis at 0.05 is at most 0.05, for any dependence
/// between the tests. The result has the order of `p`; a p that is not a number counts as 1.
///
/// Source: Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6, 1979.
pub fn holm(p: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    let value = |index: usize| if p[index].is_nan() { 1.0 } else { p[index] };
    order.sort_by(|a, b| value(*a).total_cmp(&value(*b)));
    let mut adjusted = vec![1.0; p.len()];
    let mut largest = 0.0_f64;
    for (rank, index) in order.into_iter().enumerate() {
        let left = (p.len() - rank) as f64;
        largest = largest.max((left * value(index)).min(1.0));
        adjusted[index] = largest;
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adjusted_p_are_those_of_published_software() {
        // R 4: p.adjust(c(0.01, 0.04, 0.03, 0.005), "holm")
        let expected = [0.03, 0.06, 0.06, 0.02];
        for (found, expected) in holm(&[0.01, 0.04, 0.03, 0.005]).into_iter().zip(expected) {
            assert!((found - expected).abs() < 1e-15, "{found}, not {expected}");
        }
    }

    #[test]
    fn one_test_is_not_adjusted_and_no_test_has_no_result() {
        assert_eq!(holm(&[0.04]), [0.04]);
        assert!(holm(&[]).is_empty());
        assert_eq!(holm(&[0.9, 0.8, f64::NAN]), [1.0, 1.0, 1.0]);
    }
}
