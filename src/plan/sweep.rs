//! All combinations of what is swept.

/// Combinations in the making: one value of every knob each.
pub(super) struct Sweep<K>(Vec<K>);

impl<K: Copy> Sweep<K> {
    /// The one combination that `first` is, until something is swept.
    pub fn of(first: K) -> Sweep<K> {
        Sweep(vec![first])
    }

    /// Every combination so far with every one of `values`. What is swept last changes fastest.
    pub fn over<V: Copy>(self, values: &[V], put: impl Fn(&mut K, V)) -> Sweep<K> {
        let with = |mut knobs: K, value: V| {
            put(&mut knobs, value);
            knobs
        };
        let of_one = |knobs: K| values.iter().map(move |value| (knobs, *value));
        Sweep(self.0.into_iter().flat_map(of_one).map(|(knobs, value)| with(knobs, value)).collect())
    }

    /// All of them, in the order of the job file.
    pub fn combinations(self) -> Vec<K> {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_meets_every_other_and_the_last_changes_fastest() {
        let all = Sweep::of((0, ' '))
            .over(&[1, 2], |knobs, number| knobs.0 = number)
            .over(&['a', 'b', 'c'], |knobs, letter| knobs.1 = letter)
            .combinations();
        assert_eq!(all, [(1, 'a'), (1, 'b'), (1, 'c'), (2, 'a'), (2, 'b'), (2, 'c')]);
    }
}
