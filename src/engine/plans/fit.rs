//! Whether a plan fits: every difference between what it was built for and what is here.

use super::{
    Origin, origin,
    profile::{Profile, Profiles},
    sidecar::{BuiltFlavour, Capability, Sidecar},
    target::{Compute, Target},
};
use crate::engine::repository::Model;
use tensorrt_rs::{Flavour, Version};

/// One thing in which a plan does not fit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Difference {
    /// Another of the vendor's libraries.
    #[error("it is for {built}, and this machine has {here}")]
    Flavour {
        /// What runs it.
        built: BuiltFlavour,
        /// What is here.
        here: Flavour,
    },
    /// Another version of the library.
    #[error("it was built with {flavour} {built}, and this machine has {here}")]
    Version {
        /// What runs it.
        flavour: BuiltFlavour,
        /// Of the builder.
        built: Version,
        /// Of the library.
        here: Version,
    },
    /// Another kind of GPU.
    #[error("it was built for compute capability {built}, and this GPU has {here}")]
    Compute {
        /// Of the plan.
        built: Capability,
        /// Of the GPU.
        here: Compute,
    },
    /// Another ONNX file.
    #[error("it was built from another ONNX file (SHA-256 {built}, the model's is {here})")]
    Onnx {
        /// Of the file that it was built from.
        built: String,
        /// Of the model's file.
        here: String,
    },
    /// Another plan than its sidecar describes.
    #[error("the plan has the SHA-256 {here}, its sidecar says {built}")]
    Bytes {
        /// What the sidecar says.
        built: String,
        /// What the file has.
        here: String,
    },
    /// Shapes that the server may ask for and the plan does not take.
    #[error("it takes `{input}` as {}, and the model needs {wanted}", taken(.built.as_ref()))]
    Shapes {
        /// The input's name in the file.
        input: String,
        /// What it takes, if the sidecar has that input.
        built: Option<Profile>,
        /// What model.toml asks for.
        wanted: Profile,
    },
}

fn taken(profile: Option<&Profile>) -> String {
    profile.map_or("nothing".to_owned(), ToString::to_string)
}

/// The first kind of GPU that plans of TensorRT-RTX for any run on (its documentation, "CPU-Only AOT"); an older one, Turing,
/// wants its own.
pub const FIRST_OF_ANY: Compute = Compute { major: 8, minor: 0 };

/// Everything in which a plan does not fit; none if it does. The plan's bytes are not looked at.
pub fn differences(sidecar: &Sidecar, model: &Model, target: &Target) -> Vec<Difference> {
    let library = library(sidecar, target);
    let compute = compute(sidecar, target);
    let onnx = onnx(sidecar, model);
    let shapes = shapes(sidecar, model);
    [library, compute, onnx, shapes]
        .into_iter()
        .flatten()
        .collect()
}

/// The same for a plan that runs behind another: its inputs are not the model's, so only library and GPU are compared.
pub fn of_machine(sidecar: &Sidecar, target: &Target) -> Vec<Difference> {
    let differs = [library(sidecar, target), compute(sidecar, target)];
    differs.into_iter().flatten().collect()
}

/// Versions of different libraries are not comparable, so there is one difference at most.
fn library(sidecar: &Sidecar, target: &Target) -> Option<Difference> {
    let (built, here) = (sidecar.tensorrt, target.version);
    if !sidecar.flavour.runs_on(target.flavour) {
        return Some(Difference::Flavour {
            built: sidecar.flavour,
            here: target.flavour,
        });
    }
    let runs = match sidecar.flavour {
        BuiltFlavour::LeanCompatible if target.flavour == Flavour::Lean => {
            is_compatible(built, here)
        }
        BuiltFlavour::LeanCompatible | BuiltFlavour::Full | BuiltFlavour::Rtx => built == here,
    };
    (!runs).then_some(Difference::Version {
        flavour: sidecar.flavour,
        built,
        here,
    })
}

/// What the vendor promises of version-compatible plans: the lean runtime of later versions of the same major runs them, and
/// that of 11 those of 10 (TensorRT 11.4 support matrix, "Engine Portability").
fn is_compatible(built: Version, here: Version) -> bool {
    let major = (built.major, here.major);
    built <= here && (major.0 == major.1 || major == (10, 11))
}

fn compute(sidecar: &Sidecar, target: &Target) -> Option<Difference> {
    let here = target.compute;
    let runs = match sidecar.compute {
        Capability::Of(built) => built == here,
        Capability::Any => sidecar.flavour == BuiltFlavour::Rtx && here >= FIRST_OF_ANY,
    };
    (!runs).then_some(Difference::Compute {
        built: sidecar.compute,
        here,
    })
}

/// A model whose file is the plan has no ONNX file to compare; there the plan's own hash is what counts.
fn onnx(sidecar: &Sidecar, model: &Model) -> Option<Difference> {
    let here = &model.manifest.sha256;
    let (built, is_own) = match origin(model) {
        Some(Origin::Own) => (&sidecar.plan_sha256, true),
        _ => (&sidecar.onnx_sha256, false),
    };
    if built.eq_ignore_ascii_case(here) {
        return None;
    }
    let (built, here) = (built.clone(), here.clone());
    Some(match is_own {
        true => Difference::Bytes { built, here },
        false => Difference::Onnx { built, here },
    })
}

fn shapes(sidecar: &Sidecar, model: &Model) -> Option<Difference> {
    let wanted = Profiles::of(&model.manifest);
    // Of several plans the first need not take all inputs; the library itself says what it does not take.
    let input = sidecar
        .profiles
        .misses(&wanted)
        .filter(|_| model.manifest.then.is_empty())?;
    Some(Difference::Shapes {
        built: sidecar.profiles.0.get(&input).cloned(),
        wanted: wanted.0.get(&input)?.clone(),
        input,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::plans::tests::{model, sidecar, target, wider};

    fn version(text: &str) -> Version {
        super::super::sidecar::parse_version(text).unwrap()
    }

    /// The differences of a plan that fits, but for this change.
    fn differs(change: impl FnOnce(&mut Sidecar, &mut Target)) -> Vec<String> {
        let (mut sidecar, mut target) = (sidecar(), target());
        change(&mut sidecar, &mut target);
        let differs = differences(&sidecar, &model("m"), &target);
        differs.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_plan_that_was_built_for_just_this_fits() {
        assert_eq!(differs(|_, _| {}), [""; 0]);
    }

    #[test]
    fn every_part_of_the_version_binds_a_plan() {
        for here in ["11.0.0", "10.14.3", "10.13.4", "10.13.2"] {
            let differs = differs(|_, target| target.version = version(here));
            let told = format!("it was built with TensorRT 10.13.3, and this machine has {here}");
            assert_eq!(differs, [told]);
        }
    }

    /// The differences of a version-compatible plan on this library.
    fn compatible(here: &str, flavour: Flavour) -> Vec<String> {
        differs(|sidecar, target| {
            sidecar.flavour = BuiltFlavour::LeanCompatible;
            (target.version, target.flavour) = (version(here), flavour);
        })
    }

    #[test]
    fn a_version_compatible_plan_runs_on_the_lean_library_of_this_and_later_versions() {
        for (here, runs) in [
            ("10.13.3", true),
            ("10.14.0", true),
            ("11.4.0", true),
            ("10.13.2", false),
            ("12.0.0", false),
        ] {
            assert_eq!(compatible(here, Flavour::Lean).is_empty(), runs, "{here}");
        }
    }

    #[test]
    fn a_version_compatible_plan_runs_on_the_full_library_of_its_own_version_alone() {
        for (here, runs) in [("10.13.3", true), ("10.14.0", false), ("11.4.0", false)] {
            assert_eq!(compatible(here, Flavour::Full).is_empty(), runs, "{here}");
        }
        assert_eq!(compatible("1.7.1", Flavour::Rtx).len(), 1);
    }

    #[test]
    fn another_library_is_told_without_its_version() {
        let differs = differs(|_, target| {
            (target.flavour, target.version) = (Flavour::Rtx, version("1.7.1"));
        });
        assert_eq!(
            differs,
            ["it is for TensorRT, and this machine has TensorRT-RTX"]
        );
        let lean = self::differs(|_, target| target.flavour = Flavour::Lean);
        assert_eq!(lean.len(), 1, "{lean:?}");
    }

    #[test]
    fn a_portable_plan_runs_from_the_first_generation_that_it_is_for() {
        let portable = |here: (i32, i32), flavour: BuiltFlavour| {
            let differs = differs(|sidecar, target| {
                (sidecar.compute, sidecar.flavour) = (Capability::Any, flavour);
                target.compute = here.into();
                if flavour == BuiltFlavour::Rtx {
                    target.flavour = Flavour::Rtx;
                }
            });
            differs.is_empty()
        };
        assert!(portable((8, 6), BuiltFlavour::Rtx));
        assert!(portable((12, 0), BuiltFlavour::Rtx));
        assert!(!portable((7, 5), BuiltFlavour::Rtx));
        assert!(!portable((8, 6), BuiltFlavour::Full));
    }

    #[test]
    fn all_that_differs_is_told_at_once() {
        let differs = differs(|sidecar, target| {
            target.compute = (8, 9).into();
            target.version = version("11.4.0");
            sidecar.onnx_sha256 = "b".repeat(64);
            sidecar.profiles = Profiles::default();
        });
        assert_eq!(differs.len(), 4, "{differs:?}");
        assert!(differs[1].contains("9.0") && differs[1].contains("8.9"));
        assert!(differs[3].contains("`image` as nothing"), "{differs:?}");
    }

    #[test]
    fn a_model_that_grew_out_of_its_plan_is_told_which_shapes_it_needs() {
        let differs = differences(&sidecar(), &wider("m"), &target());
        let told: Vec<_> = differs.iter().map(ToString::to_string).collect();
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].contains("takes `image` as 1x3x8x8 to 2x3x4096x4096"));
        assert!(told[0].contains("needs 1x3x8x8 to 16x3x4096x4096"));
    }
}
