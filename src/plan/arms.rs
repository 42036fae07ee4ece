//! Arms: the cases of every side of a comparison, and which of them are compared with which.

use super::Seat;
use super::case::Case;
use super::cases::of_one_arm;
use super::generate_cases::Asked;
use crate::error::{Error, Result};
use crate::job::{Arm, Job};
use crate::record::run::Parameter;

/// The cases of all arms: those of one comparison stand together, the base first, in the order of the job file.
///
/// A case that an arm does not touch is run once and compared with nothing.
///
/// # Errors
/// As [`of_one_arm`], and when arms cannot be compared case by case, or one of them touches no case.
pub(super) fn expand(job: &Job, seat: &Seat) -> Result<Vec<Case>> {
    let asked = Asked::of(job);
    let mut groups: Vec<Vec<Case>> =
        of_one_arm(job, asked, seat)?.into_iter().map(|case| vec![case]).collect();
    for arm in &job.arms {
        let cases = of_one_arm(&arm.job, asked, seat)?;
        check_alike(arm, &groups, &cases)?;
        let mut touched = false;
        for case in cases {
            let group = groups.iter_mut().find(|group| group[0].id == case.id);
            let group = group.expect("the arm has the cases of the base");
            if touched_parameters(&group[0]) != touched_parameters(&case) {
                touched = true;
                group.push(Case { arm: Some(arm.name.clone()), ..case });
            }
        }
        if !touched {
            return Err(Error::Usage(format!(
                "arm \"{}\" touches no case: what it sets makes no difference to any of them; \
                 for two arms that are the same, write aa = true in [run]",
                arm.name
            )));
        }
    }
    if job.run.aa {
        for group in &mut groups {
            group.push(Case { arm: Some(Arm::BASE_AGAIN.to_owned()), ..group[0].clone() });
        }
    }
    Ok(groups.into_iter().flat_map(named).collect())
}

/// Two arms are compared case by case: what one of them merges, the other cannot tell apart.
fn check_alike(arm: &Arm, groups: &[Vec<Case>], cases: &[Case]) -> Result<()> {
    let of_base: Vec<&str> = groups.iter().map(|group| group[0].id.as_str()).collect();
    let of_arm: Vec<&str> = cases.iter().map(|case| case.id.as_str()).collect();
    let alone = |these: &[&str], those: &[&str]| {
        these.iter().find(|id| !those.contains(*id)).map(|id| (*id).to_owned())
    };
    let (id, whose) = match (alone(&of_arm, &of_base), alone(&of_base, &of_arm)) {
        (Some(id), _) => (id, "the arm"),
        (None, Some(id)) => (id, "the base"),
        (None, None) => return Ok(()),
    };
    Err(Error::Usage(format!(
        "arm \"{}\" cannot be compared with the base case by case: {id} is a case of {whose} alone, because a swept key \
         makes a difference to one of the two and none to the other; sweep it in a job of its own",
        arm.name
    )))
}

/// The parameters in which cases differ. Blocks that no chunk fills are all alike.
fn touched_parameters(case: &Case) -> Vec<(&'static str, Parameter)> {
    let number = |name: &str| {
        case.parameters.iter().find_map(|(known, value)| match value {
            Parameter::Number(number) if *known == name => Some(*number),
            _ => None,
        })
    };
    let block = number("chunk_bytes").zip(number("block_bytes")).map(|(chunk, block)| chunk.min(block));
    let alike = |(name, value): &(&'static str, Parameter)| match (*name, block) {
        ("block_bytes", Some(block)) => (*name, Parameter::Number(block)),
        _ => (*name, value.clone()),
    };
    case.parameters.iter().map(alike).collect()
}

/// Adds the arm to the id of each case, where there is more than one arm.
fn named(mut group: Vec<Case>) -> Vec<Case> {
    if group.len() > 1 {
        for case in &mut group {
            let arm = case.arm.get_or_insert_with(|| Arm::BASE.to_owned());
            case.id = format!("{}.arm={arm}", case.compared_as);
        }
    }
    group
}
