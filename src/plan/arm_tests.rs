//! Arms in a plan: the cases, the comparisons, and the order of repetitions.

use std::collections::{BTreeMap, BTreeSet};

use super::tests::{planned, seat};
use super::{Case, Plan, Seat, Turn};
use crate::error::{Error, Result};

fn plan(text: &str, settings: &[&str]) -> Result<Plan> {
    planned(text, settings, &seat())
}

/// An allocator workload in three arms, swept over its allocator.
const THREE_ARMS: &str = "[run]\nrepetitions = 8\n[allocate]\nallocator = [\"slab\", \"system\"]\n\
    [[arm]]\nname = \"large\"\nslab.batch = 256\n[[arm]]\nname = \"one\"\nrank.workers = 1\n";

fn ids(plan: &Plan) -> Vec<&str> {
    plan.cases.iter().map(|case| case.id.as_str()).collect()
}

#[test]
fn arms_of_one_case_stand_together_and_an_arm_that_does_not_touch_it_is_not_among_them() {
    let plan = plan(THREE_ARMS, &["run.aa=true"]).expect("a plan");
    assert_eq!(
        ids(&plan),
        [
            "larson.allocator=slab.arm=base",
            "larson.allocator=slab.arm=large",
            "larson.allocator=slab.arm=one",
            "larson.allocator=slab.arm=base-again",
            // The C library has no batch.
            "larson.allocator=system.arm=base",
            "larson.allocator=system.arm=one",
            "larson.allocator=system.arm=base-again",
        ]
    );
    let arm = |id: &str| plan.cases.iter().find(|case| case.id.ends_with(id)).expect("a case");
    assert_eq!((arm("slab.arm=large").batch, arm("slab.arm=one").batch), (256, 64));
    assert_eq!((arm("slab.arm=large").workers, arm("slab.arm=one").workers), (23, 1));
    assert_eq!(plan.workers, 23, "the pool has as many as the largest arm");
    for case in &plan.cases {
        assert_eq!(case.id, format!("{}.arm={}", case.compared_as, case.arm.as_deref().expect("an arm")));
    }
    // The same twice is the same in everything but its name.
    let (base, again) = (arm("slab.arm=base"), arm("slab.arm=base-again"));
    let renamed = Case { id: again.id.clone(), arm: again.arm.clone(), ..base.clone() };
    assert_eq!(&renamed, again);
}

#[test]
fn a_case_without_another_arm_is_compared_with_nothing() {
    // Blocks of 4 MiB come one at a time whatever the batch is.
    let plan =
        plan("[generate]\n[allocate]\n[[arm]]\nname = \"large\"\nslab.batch = 256\n", &[]).expect("a plan");
    assert_eq!(ids(&plan), ["generate", "larson.arm=base", "larson.arm=large"]);
    assert_eq!((plan.cases[0].arm.as_deref(), plan.cases[0].compared_as.as_str()), (None, "generate"));
    let all: BTreeSet<(u32, usize)> = plan.turns.iter().map(|turn| (turn.round, turn.case)).collect();
    assert_eq!(all.len(), 3 * 5, "every case has every round");
    let without = self::plan("[generate]\n", &[]).expect("a plan");
    assert_eq!((without.stride, plan.stride), (1, 2));
}

#[test]
fn arms_that_cannot_be_compared_are_refused_with_the_reason() {
    let refused = |text: &str| match plan(text, &[]) {
        Err(Error::Usage(why)) => why,
        other => panic!("{other:?}"),
    };
    let none = refused("[generate]\n[[arm]]\nname = \"large\"\nslab.batch = 256\n");
    assert!(none.contains("arm \"large\" touches no case"), "{none}");
    let longer = "[generate]\nchunk = \"1MiB\"\nblock = \"4MiB\"\n[[arm]]\nname = \"longer\"\ngenerate.block = \"8MiB\"\n";
    assert!(
        refused(longer).contains("arm \"longer\" touches no case"),
        "blocks that no chunk fills are alike"
    );
    // In the arm the batch makes a difference to a case of its own, in the base it makes none.
    let small =
        "[generate]\n[slab]\nbatch = [16, 64]\n[[arm]]\nname = \"small\"\ngenerate.block = \"64KiB\"\n";
    let why = refused(small);
    assert!(why.contains("generate.batch=16 is a case of the arm alone"), "{why}");
    let merged = "[generate]\nblock = [\"1MiB\", \"4MiB\"]\nchunk = \"8MiB\"\n[[arm]]\nname = \"m\"\ngenerate.chunk = \"1MiB\"\n";
    let why = refused(merged);
    assert!(why.contains("generate.block=4MiB is a case of the base alone"), "{why}");
    let large = "[generate]\n[[arm]]\nname = \"m\"\nrank.workers = 24\n";
    let error = planned(large, &[], &Seat { pus: 8, ..seat() });
    assert!(error.expect_err("8 PUs").to_string().contains("offers this rank 8 PUs"));
}

/// Positions of the cases of each comparison, by stride of two rounds.
fn strides(plan: &Plan) -> Vec<Vec<Turn>> {
    let of_stride =
        |index: u32| plan.turns.iter().filter(|turn| turn.stride_index(2) == index).copied().collect();
    (0..plan.repetitions.div_ceil(2)).map(of_stride).collect()
}

#[test]
fn arms_run_there_and_back_with_nothing_between_them() {
    let plan = plan(THREE_ARMS, &["run.aa=true", "run.repetitions=40"]).expect("a plan");
    let mut orders: BTreeMap<&str, BTreeSet<Vec<usize>>> = BTreeMap::new();
    let mut comparisons = BTreeSet::new();
    for turns in strides(&plan) {
        let name = |turn: &Turn| plan.cases[turn.case].compared_as.as_str();
        let together: Vec<&[Turn]> = turns.chunk_by(|one, next| name(one) == name(next)).collect();
        assert_eq!(together.len(), 2, "each comparison is one stretch");
        comparisons.insert(name(&together[0][0]));
        for stretch in together {
            let (there, back) = stretch.split_at(stretch.len() / 2);
            let cases = |turns: &[Turn]| turns.iter().map(|turn| turn.case).collect::<Vec<_>>();
            assert!(
                there.iter().all(|turn| turn.round % 2 == 1) && back.iter().all(|turn| turn.round % 2 == 0)
            );
            assert!(cases(there).iter().rev().eq(&cases(back)), "the way back is the way there");
            orders.entry(name(&stretch[0])).or_default().insert(cases(there));
        }
    }
    assert_eq!(comparisons.len(), 2, "each comparison comes first at times");
    for (comparison, orders) in orders {
        assert!(orders.len() >= 4, "{comparison}: {orders:?}");
    }
}

/// A drift that rises, or bends, does the same to both arms: the sums of their positions, and of the squares, are equal
/// over any four rounds that follow a multiple of four.
#[test]
fn no_arm_has_an_advantage_from_a_steady_or_a_bent_drift() {
    let plan = plan("[allocate]\n", &["run.aa=true", "run.repetitions=40"]).expect("a plan");
    for (number, turns) in plan.turns.chunks(8).enumerate() {
        let moment = |case: usize, power: i32| -> f64 {
            let at = turns.iter().enumerate().filter(|(_, turn)| turn.case == case);
            at.map(|(position, _)| (position as f64).powi(power)).sum()
        };
        assert_eq!(turns.iter().map(|turn| turn.stride_index(4)).collect::<BTreeSet<_>>().len(), 1);
        for power in [0, 1, 2] {
            assert_eq!(moment(0, power), moment(1, power), "rounds {} on, power {power}", 4 * number + 1);
        }
    }
    let first: BTreeSet<usize> = plan.turns.chunks(8).map(|turns| turns[0].case).collect();
    assert_eq!(first.len(), 2, "each arm begins at times");
}

#[test]
fn a_run_can_end_where_its_rounds_are_whole_and_its_arms_even() {
    let ends =
        |plan: &Plan| (0..plan.turns.len()).filter_map(|index| plan.rounds_after(index)).collect::<Vec<_>>();
    let arms = plan("[allocate]\n", &["run.aa=true", "run.repetitions=5"]).expect("a plan");
    assert_eq!(ends(&arms), [2, 4, 5], "an odd number ends without its way back");
    let none =
        plan("[allocate]\n[generate]\n", &["run.stop.half_width=2%", "run.stop.at_most=3"]).expect("a plan");
    assert_eq!(ends(&none), [1, 2, 3]);
    assert_eq!((none.repetitions, none.turns.len()), (3, 6), "the plan has the most that there can be");
}
