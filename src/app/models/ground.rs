//! For which kinds of GPUs plans are built, and on which GPU. Pure.

use crate::engine::plans::{Capability, Compute, FIRST_OF_ANY};
use tensorrt_rs::Flavour;

/// One kind of GPU, and where to build for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ground {
    /// The kind.
    pub compute: Capability,
    /// A GPU of that kind, by the driver's count.
    pub device: Option<u32>,
}

/// The grounds to build on: each kind among the GPUs that are used, or the one that was asked for.
///
/// # Errors
/// If no kind is known, or there is no GPU of the one that was asked for.
pub fn of(
    gpus: Result<&[(u32, Compute)], &str>,
    asked: Option<Compute>,
    library: Flavour,
) -> Result<Vec<Ground>, String> {
    if library == Flavour::Rtx {
        return Ok(portable(gpus.unwrap_or_default(), asked));
    }
    match (asked, gpus) {
        (Some(asked), Ok(gpus)) => matching(gpus, asked).map(|ground| vec![ground]),
        (Some(asked), Err(_)) => Ok(vec![Ground {
            compute: Capability::Of(asked),
            device: None,
        }]),
        (None, Ok(gpus)) => Ok(each_kind(gpus)),
        (None, Err(why)) => Err(format!(
            "it is not known for which kind of GPU to build ({why}); say --compute and its compute capability, such as \
             --compute 8.9"
        )),
    }
}

fn matching(gpus: &[(u32, Compute)], asked: Compute) -> Result<Ground, String> {
    let found = gpus.iter().find(|(_, compute)| *compute == asked);
    let there: Vec<_> = gpus
        .iter()
        .map(|(n, c)| format!("gpu {n} has {c}"))
        .collect();
    let (device, _) = found.ok_or_else(|| {
        format!(
            "no GPU here has compute capability {asked}: {}; a plan is built on the kind of GPU that runs it",
            there.join(", ")
        )
    })?;
    Ok(Ground {
        compute: Capability::Of(asked),
        device: Some(*device),
    })
}

fn each_kind(gpus: &[(u32, Compute)]) -> Vec<Ground> {
    let mut grounds: Vec<Ground> = Vec::new();
    for (device, compute) in gpus {
        let compute = Capability::Of(*compute);
        if grounds.iter().all(|ground| ground.compute != compute) {
            let device = Some(*device);
            grounds.push(Ground { compute, device });
        }
    }
    grounds
}

/// RTX builds on the CPU, one plan for all kinds but the oldest.
fn portable(gpus: &[(u32, Compute)], asked: Option<Compute>) -> Vec<Ground> {
    let kinds: Vec<_> = match asked {
        Some(asked) => vec![asked],
        None => gpus.iter().map(|(_, compute)| *compute).collect(),
    };
    let mut grounds: Vec<Ground> = Vec::new();
    for kind in kinds {
        let compute = match kind < FIRST_OF_ANY {
            true => Capability::Of(kind),
            false => Capability::Any,
        };
        let ground = Ground {
            compute,
            device: None,
        };
        if !grounds.contains(&ground) {
            grounds.push(ground);
        }
    }
    if grounds.is_empty() {
        grounds.push(Ground {
            compute: Capability::Any,
            device: None,
        });
    }
    grounds
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compute(text: &str) -> Compute {
        text.parse().unwrap()
    }

    fn told(
        gpus: &[(u32, &str)],
        asked: Option<&str>,
        library: Flavour,
    ) -> Vec<(String, Option<u32>)> {
        let gpus: Vec<_> = gpus.iter().map(|(n, c)| (*n, compute(c))).collect();
        let grounds = of(Ok(&gpus), asked.map(compute), library).unwrap();
        let told = grounds.iter().map(|g| (g.compute.to_string(), g.device));
        told.collect()
    }

    #[test]
    fn each_kind_of_gpu_gets_a_plan_that_is_built_on_one_of_it() {
        let gpus = [(0, "9.0"), (1, "8.9"), (2, "9.0")];
        let full = told(&gpus, None, Flavour::Full);
        assert_eq!(full, [("9.0".into(), Some(0)), ("8.9".into(), Some(1))]);
        let one = told(&gpus, Some("8.9"), Flavour::Full);
        assert_eq!(one, [("8.9".into(), Some(1))]);
    }

    #[test]
    fn a_kind_that_is_not_here_is_refused_with_those_that_are() {
        let gpus = [(0, compute("9.0"))];
        let refused = of(Ok(&gpus), Some(compute("8.9")), Flavour::Full).unwrap_err();
        assert!(refused.contains("gpu 0 has 9.0"), "{refused}");
    }

    #[test]
    fn without_a_driver_somebody_must_say_for_what() {
        let refused = of(Err("no driver"), None, Flavour::Full).unwrap_err();
        assert!(refused.contains("no driver") && refused.contains("--compute 8.9"));
        let asked = of(Err("no driver"), Some(compute("8.9")), Flavour::Full).unwrap();
        assert_eq!(asked[0].compute.to_string(), "8.9");
    }

    #[test]
    fn rtx_builds_one_plan_for_all_kinds_but_the_oldest() {
        let gpus = [(0, "7.5"), (1, "8.6"), (2, "12.0")];
        let rtx = told(&gpus, None, Flavour::Rtx);
        assert_eq!(rtx, [("7.5".into(), None), ("any".into(), None)]);
        assert_eq!(told(&[], None, Flavour::Rtx), [("any".into(), None)]);
        assert!(of(Err("no driver"), None, Flavour::Rtx).is_ok());
    }
}
