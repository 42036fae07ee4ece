//! The effect of an arm: its confidence interval, its false positives, and its power.

use numamark::stats::{
    Better, Effect, Judgement, Pair, Scope, effect, effect_within, holm, judge, pairs_needed,
};

use crate::world::{Draw, World, share};

fn covered(world: World, seed: u64, draws: u32) -> (f64, Effect) {
    let mut draw = Draw::new(seed);
    let mut last = None;
    let covered = share(draws, || {
        let found = effect(&world.pairs(&mut draw)).expect("pairs");
        last = Some(found);
        found.confidence.expect("replicates").contains(world.effect.exp())
    });
    (covered, last.expect("at least one draw"))
}

#[test]
fn an_effect_is_covered_as_often_as_its_interval_claims() {
    // From six hosts on the interval also covers the variation of the effect between hosts and nodes.
    let alike = |hosts, nodes, rounds| World { effect: 0.03, ..World::new(hosts, nodes, rounds) };
    let unlike = |hosts, nodes, rounds| World {
        by_host: 0.01,
        by_node: 0.003,
        by_round: 0.002,
        ..alike(hosts, nodes, rounds)
    };
    let worlds = [
        alike(1, 1, 6),
        alike(1, 4, 20),
        alike(1, 1, 60),
        alike(2, 2, 10),
        alike(4, 4, 6),
        unlike(6, 1, 2),
        unlike(8, 1, 1),
        unlike(8, 2, 3),
        unlike(8, 4, 10),
        unlike(16, 4, 6),
        unlike(64, 1, 1),
        unlike(64, 2, 4),
    ];
    for world in worlds {
        let (covered, last) = covered(world, 5, 1000);
        let World { hosts, nodes, rounds, .. } = world;
        println!("{hosts} hosts x {nodes} nodes x {rounds} rounds, {:?}: {covered:.3} covered", last.scope);
        assert!(last.confidence.expect("replicates").is_full());
        assert!((0.93..=0.97).contains(&covered), "seed 5: {covered}");
    }
}

#[test]
fn few_rounds_claim_a_lower_level_and_reach_it() {
    for (rounds, level) in [(2, 0.5), (3, 0.75), (4, 0.875), (5, 0.9375)] {
        let (covered, last) = covered(World { effect: 0.03, ..World::new(2, 2, rounds) }, 6, 3000);
        println!("2 hosts x 2 nodes x {rounds} rounds: {covered:.3} covered, {level} claimed");
        assert_eq!(last.confidence.expect("replicates").level, level);
        assert!((covered - level).abs() < 0.02, "seed 6: {covered}");
    }
}

/// An interval for the measured hosts does not cover the effect on other hosts.
#[test]
fn an_interval_for_two_measured_hosts_does_not_cover_other_hosts() {
    let world = World { by_host: 0.03, ..World::new(2, 2, 20) };
    let mut draw = Draw::new(7);
    let mut covers = |scope| {
        share(1000, || {
            let found = effect_within(&world.pairs(&mut draw), scope).expect("pairs");
            found.confidence.expect("replicates").contains(1.0)
        })
    };
    let (these, alike) = (covers(Scope::TheseHosts), covers(Scope::HostsLikeThese));
    println!("of hosts like two: {these:.3} covered from their rounds, {alike:.3} by both, 0.5 claimed");
    assert!(these < 0.6, "seed 7: a confidence interval of these hosts must not be sold as one of all");
    assert!((alike - 0.5).abs() < 0.05, "seed 7");
}

/// Rounds favour an arm on all hosts at once. So few rounds show this only in part, so the coverage is below 95 %.
#[test]
fn an_effect_that_rounds_share_widens_the_interval() {
    for (hosts, rounds) in [(8, 10), (16, 6), (64, 4)] {
        let world = World { by_round: 0.01, ..World::new(hosts, 1, rounds) };
        let (covered, last) = covered(world, 8, 600);
        println!("{hosts} hosts x {rounds} rounds with 1 % in common: {covered:.3} covered");
        assert_eq!(last.scope, Scope::HostsLikeThese);
        assert!((0.85..=0.97).contains(&covered), "seed 8: {covered}");
    }
}

#[test]
fn identical_arms_are_rarely_called_faster_or_slower() {
    // Four metrics of one run, two of them nearly equal, are judged together; the difference of interest is 0.
    for (hosts, rounds) in [(1, 6), (1, 10), (2, 8), (4, 20), (8, 6), (16, 2)] {
        let world = World { by_host: 0.005, ..World::new(hosts, 2, rounds) };
        // Below six hosts the interval describes these hosts, so a host's own effect would be a true effect.
        let world = if hosts < 6 { World { by_host: 0.0, ..world } } else { world };
        let mut draw = Draw::new(9);
        let mut alone = 0;
        let family = share(1000, || {
            let mut metrics: Vec<Vec<Pair>> = (0..3).map(|_| world.pairs(&mut draw)).collect();
            let twin = metrics[0]
                .iter()
                .map(|pair| Pair { candidate: pair.candidate * (0.002 * draw.normal()).exp(), ..*pair });
            metrics.push(twin.collect());
            let effects: Vec<Effect> = metrics.iter().map(|pairs| effect(pairs).expect("pairs")).collect();
            let p: Vec<f64> = effects.iter().map(|effect| effect.p.expect("replicates")).collect();
            let verdict = |effect: &Effect, p| {
                matches!(judge(effect, Better::Higher, p, 0.0, None), Judgement::Faster | Judgement::Slower)
            };
            alone += u32::from(verdict(&effects[0], p[0]));
            effects.iter().zip(holm(&p)).any(|(effect, p)| verdict(effect, p))
        });
        let alone = f64::from(alone) / 1000.0;
        println!(
            "A/A on {hosts} hosts x {rounds} rounds: {alone:.3} of one metric, {family:.3} of any of four"
        );
        // The bound is three standard errors of 1000 draws above 5 %.
        assert!(alone <= 0.05 + 0.02, "seed 9: {alone}");
        assert!(family <= 0.05 + 0.02, "seed 9: {family}");
    }
}

/// The usual procedure: a pilot of twelve rounds to estimate the spread, then the number of rounds computed from it.
#[test]
fn four_of_five_runs_find_the_change_that_a_pilot_planned_for() {
    for (disturbed, change) in [(0.0, 0.03), (0.0, 0.015), (0.05, 0.03), (0.05, 0.02)] {
        let world = World { disturbed, effect: f64::ln_1p(change), ..World::new(1, 2, 12) };
        let mut draw = Draw::new(10);
        let (draws, mut planned, mut detectable) = (1000, 0, 0.0);
        let found = share(draws, || {
            let pilot = effect(&world.pairs(&mut draw)).expect("pairs").spread.expect("rounds");
            let rounds = u32::try_from(pairs_needed(pilot, change, 1)).expect("few");
            planned += rounds;
            let effect = effect(&World { rounds, ..world }.pairs(&mut draw)).expect("pairs");
            detectable += effect.smallest_detectable.expect("six rounds or more");
            effect.p <= Some(0.05) && effect.ratio > 1.0
        });
        let (planned, detectable) = (f64::from(planned) / f64::from(draws), detectable / f64::from(draws));
        println!(
            "{:.1} % with {disturbed} disturbed: {planned:.1} rounds planned, {found:.3} found; the runs \
             themselves call {:.2} % detectable",
            change * 100.0,
            detectable * 100.0
        );
        assert!((0.72..=0.90).contains(&found), "seed 10: {found}");
        assert!((detectable / change - 1.0).abs() < 0.25, "seed 10: {detectable}");
    }
}

#[test]
fn a_real_difference_is_called_no_difference_in_at_most_five_of_a_hundred_runs() {
    // A true effect exactly at the difference of interest, where errors are most frequent.
    let world = World { effect: 0.02_f64.ln_1p(), ..World::new(2, 4, 20) };
    let mut draw = Draw::new(11);
    let judged = |effect: &Effect| judge(effect, Better::Higher, 1.0, 0.02, None);
    let wrong =
        share(1000, || judged(&effect(&world.pairs(&mut draw)).expect("pairs")) == Judgement::NoDifference);
    let equal = World { effect: 0.0, ..world };
    let right =
        share(1000, || judged(&effect(&equal.pairs(&mut draw)).expect("pairs")) == Judgement::NoDifference);
    println!("no difference above 2 %: said of 2 % in {wrong:.3}, of none in {right:.3} of all runs");
    assert!(wrong <= 0.05, "seed 11: {wrong}");
    assert!(right >= 0.7, "seed 11: {right}");
}

#[test]
fn the_floor_between_identical_arms_costs_a_little_power() {
    let world = World { effect: 0.03, ..World::new(1, 4, 20) };
    let same = World { effect: 0.0, ..world };
    let mut draw = Draw::new(12);
    let (mut with, mut without) = (0, 0);
    for _ in 0..500 {
        let floor = effect(&same.pairs(&mut draw)).expect("pairs");
        let found = effect(&world.pairs(&mut draw)).expect("pairs");
        let faster = |floor| {
            let p = found.p.expect("rounds");
            u32::from(judge(&found, Better::Higher, p, 0.0, floor) == Judgement::Faster)
        };
        with += faster(Some(&floor));
        without += faster(None);
    }
    println!("3 % found in {without} of 500 runs, in {with} with a floor");
    assert!(with <= without && with > 350, "seed 12: {with} {without}");
}
