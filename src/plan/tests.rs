//! Plans of jobs on a described seat, without running anything.

use std::collections::BTreeSet;
use std::time::Duration;

use super::{Complex, Plan, Seat, Work};
use crate::error::{ExitCode, Result};
use crate::job::{Job, Setting};
use crate::record::Parameter;
use crate::slab::{Background, Hardening};
use crate::workload::{Amount, generate};

/// The plan of a job with these sections.
pub(super) fn planned(sections: &str, settings: &[&str], seat: &Seat) -> Result<Plan> {
    let settings: Vec<Setting> = settings.iter().map(|text| Setting::new(*text)).collect();
    let text = format!("schema = 1\nname = \"t\"\n{sections}");
    let job = Job::parse(&text, "t.toml", &settings).unwrap_or_else(|why| panic!("{why}"));
    Plan::new(&job, seat)
}

/// The seat of the only rank of a host that names no limit of memory.
pub(super) fn lone_seat(pus: u32) -> Seat {
    Seat {
        rank: 0,
        ranks: 1,
        pus,
        l3_bytes: 32 << 20,
        complexes: Vec::new(),
        node: "node 0".to_owned(),
        free_bytes: None,
        ranks_on_node: 1,
        cgroup_bytes: None,
        ranks_on_host: 1,
    }
}

/// The seat of one of four ranks, with three L3 caches.
pub(super) fn seat() -> Seat {
    let complex = |index: u32| Complex { l3_bytes: 32 << 20, pus: (8 * index..8 * index + 8).collect() };
    Seat {
        rank: 1,
        ranks: 4,
        l3_bytes: 96 << 20,
        complexes: (0..3).map(complex).collect(),
        node: "node 1 (os 3)".to_owned(),
        free_bytes: Some(24 << 30),
        ranks_on_host: 4,
        ..lone_seat(23)
    }
}

fn plan_on(seat: &Seat, settings: &[&str]) -> Result<Plan> {
    planned("[generate]\n[allocate]\n", settings, seat)
}

fn plan(settings: &[&str]) -> Plan {
    plan_on(&seat(), settings).expect("a plan")
}

fn ids(settings: &[&str]) -> Vec<String> {
    plan(settings).cases.into_iter().map(|case| case.id).collect()
}

#[test]
fn a_job_without_sweeps_has_one_case_a_workload_named_after_it() {
    assert_eq!(ids(&[]), ["generate", "larson"]);
}

#[test]
fn only_swept_keys_stand_in_an_id_in_the_order_of_the_job_file() {
    assert_eq!(
        ids(&[
            "generate.stores=[ordinary, non-temporal]",
            "generate.chunk=[8MiB, 64MiB]",
            "allocate.allocator=[slab, system]"
        ]),
        [
            "generate.chunk=8MiB.stores=ordinary",
            "generate.chunk=8MiB.stores=non-temporal",
            "generate.chunk=64MiB.stores=ordinary",
            "generate.chunk=64MiB.stores=non-temporal",
            "larson.allocator=slab",
            "larson.allocator=system",
        ]
    );
}

#[test]
fn the_objects_of_a_workload_stand_in_an_id_where_they_are_swept_and_size_the_arena() {
    let settings = |sizes| [String::from("allocate.slots=[auto, 4096]"), format!("allocate.sizes={sizes}")];
    let swept = settings("[8B..128B, 4KiB]");
    assert_eq!(
        ids(&swept.each_ref().map(String::as_str))[1..],
        [
            "larson.slots=auto.sizes=8B..128B",
            "larson.slots=auto.sizes=4KiB",
            "larson.slots=4096.sizes=8B..128B",
            "larson.slots=4096.sizes=4KiB",
        ]
    );
    let plan = plan(&["allocate.slots=[auto, 4096]", "allocate.arrivals=1000"]);
    let [few, many] = [&plan.cases[1], &plan.cases[2]];
    assert!(many.arena_bytes() > few.arena_bytes());
    let arrivals = ("arrivals", Parameter::Number(1000));
    assert!(few.parameters.contains(&("slots", Parameter::Word("auto".to_owned()))));
    assert!(few.parameters.contains(&arrivals) && many.parameters.contains(&arrivals));
    // What no job sets is no parameter.
    assert!(!many.parameters.iter().any(|(name, _)| ["sizes", "live"].contains(name)));
    // A million objects that another allocator takes from the system.
    let grow = self::plan(&["allocate.workload=grow", "allocate.allocator=system"]);
    assert_eq!(grow.cases[1].fresh_bytes(), u64::from(grow.cases[1].workers) * 1_000_000 * (64 + 16));
}

#[test]
fn a_knob_that_does_not_touch_a_case_is_dropped_and_equal_cases_are_merged() {
    // Blocks of 4 MiB come one at a time whatever the batch is, and the C library has no batch.
    assert_eq!(
        ids(&["slab.batch=[16, 64]", "allocate.allocator=[slab, system]"]),
        [
            "generate",
            "larson.allocator=slab.batch=16",
            "larson.allocator=slab.batch=64",
            "larson.allocator=system"
        ]
    );
    assert_eq!(
        ids(&["slab.batch=[16, 64]", "generate.block=64KiB"]),
        ["generate.batch=16", "generate.batch=64", "larson.batch=16", "larson.batch=64"]
    );
}

#[test]
fn work_in_the_background_touches_only_the_slab_allocator_under_a_pattern() {
    let sweep = ["slab.background=[off, populate]", "allocate.allocator=[slab, system]"];
    let on_slab = ["larson.allocator=slab.background=off", "larson.allocator=slab.background=populate"];
    assert_eq!(ids(&sweep), ["generate", on_slab[0], on_slab[1], "larson.allocator=system"]);
    let case = |settings: &[&str], index: usize| {
        let case = plan(settings).cases.remove(index);
        let found = case.parameters.iter().find(|(name, _)| *name == "background");
        (case.background, case.begins_untouched, found.map(|(_, value)| value.to_string()))
    };
    let (off, populate) = (Background::Off, Background::Populate);
    let named = |word: &str| Some(word.to_owned());
    assert_eq!(case(&sweep, 0), (off, false, None), "generate");
    assert_eq!(case(&sweep, 1), (off, true, named("off")), "both sides begin alike");
    assert_eq!(case(&sweep, 2), (populate, true, named("populate")));
    assert_eq!(case(&sweep, 3), (off, false, None), "the C library");
    assert_eq!(case(&[], 1), (off, false, None), "the default is no parameter");
}

#[test]
fn hardening_touches_only_the_slab_allocator_under_a_pattern() {
    assert_eq!(
        ids(&["slab.hardening=[off, full]", "allocate.allocator=[slab, system]"]),
        [
            "generate",
            "larson.allocator=slab.hardening=off",
            "larson.allocator=slab.hardening=full",
            "larson.allocator=system"
        ]
    );
    let named = |settings: &[&str], case: usize| {
        let plan = plan(settings);
        let case = &plan.cases[case];
        let found = case.parameters.iter().find(|(name, _)| *name == "hardening");
        (case.hardening, found.map(|(_, value)| value.to_string()))
    };
    let strict = named(&["slab.hardening=strict"], 1);
    assert_eq!(strict, (Hardening::Strict, Some("strict".to_owned())));
    // The default is no parameter, so that cases are those of older runs.
    assert_eq!(named(&["slab.hardening=cheap"], 1), (Hardening::Cheap, None));
    assert_eq!(named(&["slab.hardening=strict"], 0), (Hardening::Cheap, None), "generate");
    let settings = ["slab.hardening=strict", "allocate.allocator=[slab, system]"];
    assert_eq!(named(&settings, 1), (Hardening::Strict, Some("strict".to_owned())));
    assert_eq!(named(&settings, 2), (Hardening::Cheap, None), "the C library");
}

#[test]
fn blocks_larger_than_their_chunk_are_all_alike() {
    let settings =
        ["generate.chunk=[1MiB, 8MiB]", "generate.block=[1MiB, 4MiB, 16MiB]", "allocate.workload=larson"];
    assert_eq!(
        ids(&settings),
        [
            "generate.chunk=1MiB.block=1MiB",
            "generate.chunk=8MiB.block=1MiB",
            "generate.chunk=8MiB.block=4MiB",
            "generate.chunk=8MiB.block=16MiB",
            "larson"
        ]
    );
    // One block for all chunks is the one that was asked for, and no axis of the sweep.
    let plan = plan(&["generate.chunk=[1MiB, 8MiB]"]);
    for case in &plan.cases[..2] {
        assert!(case.parameters.contains(&("block_bytes", Parameter::Number(4 << 20))), "{case:?}");
    }
}

#[test]
fn a_ratio_of_one_leaves_what_belongs_to_it_without_effect() {
    let settings =
        ["generate.dedup=[1, 1.5, 10/3]", "generate.unit=[4KiB, 64KiB]", "generate.codec=[none, lz4]"];
    assert_eq!(
        ids(&[&settings[..], &["allocate.workload=larson"]].concat()),
        [
            "generate.dedup=1",
            "generate.dedup=1.5.unit=4KiB",
            "generate.dedup=1.5.unit=64KiB",
            "generate.dedup=10/3.unit=4KiB",
            "generate.dedup=10/3.unit=64KiB",
            "larson"
        ]
    );
    let plan = plan(&settings);
    let names = |case: usize| -> Vec<&str> {
        plan.cases[case]
            .parameters
            .iter()
            .map(|(name, _)| *name)
            .skip_while(|name| *name != "dedup")
            .collect()
    };
    assert_eq!(
        (names(0), names(1)),
        (vec!["dedup"], vec!["dedup", "unit_bytes", "dedup_scope", "distance_bytes"])
    );
    assert!(plan.cases[3].parameters.contains(&("dedup", Parameter::Word("10/3".to_owned()))));
}

#[test]
fn what_nobody_asked_for_is_no_parameter_of_a_case() {
    let names = |settings: &[&str]| -> Vec<&'static str> {
        let plan = plan(settings);
        plan.cases[0].parameters.iter().map(|(name, _)| *name).collect()
    };
    let usual = ["workers", "chunk_bytes", "block_bytes", "kernel", "stores", "in_flight"];
    assert_eq!(names(&["generate.granule=8KiB", "generate.check=true"]), usual);
    let more = names(&["generate.streams=2", "generate.consumer=copy", "generate.compress=2"]);
    assert_eq!(more[6..], ["compress", "granule_bytes", "codec", "streams", "consumer"]);
}

#[test]
fn a_case_has_the_shape_and_the_design_that_were_asked_for() {
    let plan = plan(&[
        "generate.dedup=1.5",
        "generate.distance=16MiB",
        "generate.compress=4",
        "generate.granule=8KiB",
        "generate.scope=all",
        "generate.handover=piece",
        "generate.schedule=stealing",
        "generate.pool=per-chunk",
        "generate.check=true",
    ]);
    let Work::Generate(parameters) = plan.cases[0].work else { panic!("it generates") };
    let dedup = parameters.shape.dedup().expect("asked for");
    assert_eq!((dedup.ratio().parts(), dedup.unit_bytes()), ((3, 2), 64 << 10));
    assert!(dedup.distance_bytes() >= 16 << 20);
    assert_eq!(parameters.shape.compression().expect("asked for").random_bytes(), 2 << 10);
    assert_eq!((parameters.scope, parameters.handover), (generate::Scope::All, generate::Handover::Piece));
    assert_eq!(
        (parameters.schedule, parameters.pool, parameters.check),
        (generate::Schedule::Stealing, generate::PoolUse::PerChunk, true)
    );
}

/// The base has the parameter that an arm sets, so that a comparison can name both sides; buffers of one's own have no
/// batch.
#[test]
fn an_arm_names_what_it_sets_on_both_sides() {
    let text = "[generate]\nblock = \"64KiB\"\n[[arm]]\nname = \"fresh\"\ngenerate.memory = \"fresh\"\n";
    let plan = planned(text, &[], &seat()).expect("a plan");
    let value = |case: usize, name: &str| {
        let found = plan.cases[case].parameters.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| value.clone())
    };
    let word = |word: &str| Some(Parameter::Word(word.to_owned()));
    assert_eq!([value(0, "memory"), value(1, "memory")], [word("slab"), word("fresh")]);
    assert_eq!([value(0, "batch"), value(1, "batch")], [Some(Parameter::Number(64)), None]);
}

#[test]
fn what_is_expected_of_a_case_follows_from_its_parameters() {
    let expected = |settings: &[&str]| {
        let plan = plan(settings);
        plan.cases[0].expected.clone().expect("it generates")
    };
    // 23 parts of 64 MiB are 2.8 MiB each: one block of at most 4 MiB.
    let whole = expected(&["generate.chunk=64MiB"]);
    assert_eq!((whole.blocks_per_chunk, whole.busy_workers), (23, 23));
    assert_eq!((whole.working_set_bytes, whole.l3_bytes), (128 << 20, Some(96 << 20)));
    // Parts of 44.5 MiB: 12 blocks each.
    assert_eq!(expected(&["generate.chunk=1GiB"]).blocks_per_chunk, 23 * 12);
    // 4 KiB cannot be parted: one worker fills it.
    let least = expected(&["generate.chunk=4KiB", "generate.in_flight=1"]);
    assert_eq!((least.blocks_per_chunk, least.busy_workers, least.working_set_bytes), (1, 1, 4 << 10));
    for expected in [whole, least] {
        assert_eq!(expected.memory_bytes_min, expected.working_set_bytes);
        assert!(expected.memory_bytes_max >= expected.memory_bytes_min);
    }
    let cases = plan_on(&Seat { l3_bytes: 0, ..seat() }, &[]).expect("a plan").cases;
    assert_eq!(cases[0].expected.as_ref().expect("it generates").l3_bytes, None, "0 is not known, not none");
    assert_eq!(cases[1].expected, None, "larson has no chunks");
}

#[test]
fn ids_have_neither_spaces_nor_commas_and_are_unique() {
    let all =
        ids(&["rank.workers=[all, 1, 2]", "generate.in_flight=[1, 2]", "generate.kernel=[auto, scalar]"]);
    assert_eq!(all.len(), all.iter().collect::<BTreeSet<_>>().len());
    assert!(all.iter().all(|id| !id.contains([' ', ','])), "{all:?}");
}

#[test]
fn an_id_is_the_same_on_ranks_that_have_another_number_of_pus() {
    let cases = |pus| {
        let plan = plan_on(&Seat { pus, ..seat() }, &["rank.workers=[all, 23]"]).expect("a plan");
        plan.cases.into_iter().map(|case| (case.id, case.parameters)).collect::<Vec<_>>()
    };
    // On 23 PUs "all" is 23, and still another case.
    assert_eq!(cases(23), cases(24));
}

#[test]
fn all_workers_are_the_pus_of_the_seat_and_more_are_refused() {
    let plan = plan(&[]);
    assert_eq!((plan.workers, plan.cases[0].workers), (23, 23));
    assert_eq!(plan.cases[0].parameters[0], ("workers", Parameter::Word("all".to_owned())));
    let error = plan_on(&seat(), &["rank.workers=24"]).expect_err("23 PUs");
    assert_eq!(error.exit_code(), ExitCode::Environment);
    assert!(error.to_string().contains("node 1 (os 3) offers this rank 23 PUs"), "{error}");
}

#[test]
fn every_round_has_every_case_once_and_rounds_differ() {
    let plan = plan(&["generate.chunk=[1MiB, 2MiB, 4MiB, 8MiB]", "run.repetitions=20"]);
    let round = |round| {
        plan.turns.iter().filter(|turn| turn.round == round).map(|turn| turn.case).collect::<Vec<_>>()
    };
    let orders: BTreeSet<Vec<usize>> = (1..=20).map(round).collect();
    assert!(orders.len() > 10, "20 rounds of 5 cases have {} orders", orders.len());
    for order in orders {
        assert_eq!(order.iter().collect::<BTreeSet<_>>().len(), plan.cases.len());
    }
}

#[test]
fn the_arena_holds_the_chunks_in_flight_and_little_more() {
    let plan = plan(&["generate.chunk=64MiB", "generate.in_flight=2", "rank.workers=2"]);
    let chunks = 3 * (64 << 20);
    // Some of the little is room to begin elsewhere.
    assert!((chunks..chunks + (24 << 20)).contains(&plan.arena_bytes), "{}", plan.arena_bytes);
}

#[test]
fn what_does_not_fit_the_node_or_the_cgroup_is_refused_with_both_numbers() {
    let tight = [
        Seat { free_bytes: Some(128 << 20), ..seat() },
        Seat { free_bytes: Some(512 << 20), ranks_on_node: 4, ..seat() },
        Seat { cgroup_bytes: Some(512 << 20), ranks_on_host: 4, ..seat() },
    ];
    for seat in tight {
        let error = plan_on(&seat, &["rank.workers=2"]).expect_err("192 MiB per rank");
        assert_eq!(error.exit_code(), ExitCode::Environment);
        let text = error.to_string();
        assert!(text.contains("not enough memory") && text.contains("MiB"), "{text}");
    }
    let unknown = Seat { free_bytes: None, cgroup_bytes: None, ..seat() };
    plan_on(&unknown, &[]).expect("what is unknown refuses nothing");
}

#[test]
fn limits_grow_with_the_work_and_leave_a_slow_rank_its_time() {
    let limits = |settings: &[&str]| plan(settings).time_limits;
    let (short, long) = (limits(&["run.duration=1s"]), limits(&["run.duration=100s"]));
    assert_eq!((long.repetition - short.repetition).as_secs(), 99);
    // A hundred times slower than 2 GiB/s, two chunks of 64 MiB take 6 s.
    assert!(short.repetition.as_secs_f64() > 1.5 + 6.0);
    // A machine that took its time once is given more, one that did not is not.
    let (usual, slow) = (short.repetition, short.repetition + Duration::from_secs(3));
    assert_eq!(short.next_repetition(usual), usual + Duration::from_secs(40));
    assert_eq!(short.next_repetition(slow), usual + Duration::from_secs(70));
    // A thousand rounds of two cases on four ranks, 5 ms per row.
    let (few, many) = (limits(&["run.repetitions=1"]), limits(&["run.repetitions=1001"]));
    assert_eq!((many.finish - few.finish).as_secs(), 2 * 1000 * 4 / 200);
    assert!(limits(&["generate.chunk=1GiB"]).set_up > limits(&["generate.chunk=1MiB"]).set_up);
}

#[test]
fn a_data_set_is_shared_by_all_ranks() {
    let plan = planned("[run]\nbytes = \"64MiB\"\n[generate]\n", &[], &seat()).expect("a plan");
    assert_eq!(plan.amount, Amount::Dataset { bytes: 64 << 20, rank: 1, ranks: 4, digest: false });
    assert!(matches!(plan.cases[0].work, Work::Generate(_)));
}
