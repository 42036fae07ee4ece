//! A simulated cluster: skewed noise, disturbed repetitions, hosts that differ.

use std::f64::consts::TAU;

use numamark::mix::Random;
use numamark::stats::Pair;

/// Random numbers with the distributions of timings.
pub struct Draw(Random);

impl Draw {
    pub fn new(seed: u64) -> Draw {
        Draw(Random::new(seed))
    }

    pub fn uniform(&mut self) -> f64 {
        ((self.0.bits() >> 11) as f64 + 0.5) / (1u64 << 53) as f64
    }

    /// A standard normal value, by the method of Box and Muller.
    pub fn normal(&mut self) -> f64 {
        (-2.0 * self.uniform().ln()).sqrt() * (TAU * self.uniform()).cos()
    }

    /// Additional time of a repetition, as a logarithm: lognormal, with a long right tail. A share `disturbed` of all
    /// repetitions has another 10 to 30 %.
    pub fn delay(&mut self, scale: f64, disturbed: f64) -> f64 {
        let skewed = scale * ((0.7 * self.normal()).exp() - (0.7_f64 * 0.7 / 2.0).exp());
        let hit = self.uniform() < disturbed;
        skewed + if hit { 0.2 * (0.5 + self.uniform()) } else { 0.0 }
    }

    /// A rate of a repetition, 100 without noise.
    pub fn rate(&mut self, scale: f64, disturbed: f64) -> f64 {
        100.0 * (-self.delay(scale, disturbed)).exp()
    }
}

/// Sources of variation in a comparison, as standard deviations of logarithms.
#[derive(Clone, Copy, Debug)]
pub struct World {
    pub hosts: u32,
    pub nodes: u32,
    pub rounds: u32,
    /// Variation of the arms' difference between hosts.
    pub by_host: f64,
    /// Variation of the arms' difference between nodes.
    pub by_node: f64,
    /// Variation of the arms' difference between rounds, equal on all hosts.
    pub by_round: f64,
    /// Scale of the noise that the nodes of a host share in a repetition.
    pub shared: f64,
    /// Scale of a node's own noise.
    pub own: f64,
    /// Share of disturbed repetitions of a node; half as many disturb a whole host.
    pub disturbed: f64,
    /// The true log ratio.
    pub effect: f64,
}

impl World {
    /// Noise as on a shared cluster, without differences between hosts.
    pub fn new(hosts: u32, nodes: u32, rounds: u32) -> World {
        World {
            hosts,
            nodes,
            rounds,
            by_host: 0.0,
            by_node: 0.0,
            by_round: 0.0,
            shared: 0.01,
            own: 0.02,
            disturbed: 0.05,
            effect: 0.0,
        }
    }

    /// The pairs of one run. A round is slow or fast for both arms of all nodes; this must cancel in the pairs.
    pub fn pairs(&self, draw: &mut Draw) -> Vec<Pair> {
        let rounds: Vec<(f64, f64)> =
            (0..self.rounds).map(|_| (draw.delay(0.05, 0.1), self.by_round * draw.normal())).collect();
        let mut pairs = Vec::new();
        for host in 0..self.hosts {
            let of_host = self.by_host * draw.normal();
            let of_nodes: Vec<f64> = (0..self.nodes).map(|_| self.by_node * draw.normal()).collect();
            for (round, (weather, favour)) in (0..).zip(&rounds) {
                let shared = [0; 2].map(|_| draw.delay(self.shared, self.disturbed / 2.0));
                for (node, of_node) in (0..).zip(&of_nodes) {
                    let [base, candidate] =
                        shared.map(|s| -s - weather - draw.delay(self.own, self.disturbed));
                    let changed = candidate + self.effect + of_host + of_node + favour;
                    pairs.push(Pair {
                        host,
                        node,
                        round,
                        base: 100.0 * base.exp(),
                        candidate: 100.0 * changed.exp(),
                    });
                }
            }
        }
        pairs
    }
}

/// The share of `draws` draws in which `holds` returns true.
pub fn share(draws: u32, mut holds: impl FnMut() -> bool) -> f64 {
    f64::from((0..draws).map(|_| u32::from(holds())).sum::<u32>()) / f64::from(draws)
}
