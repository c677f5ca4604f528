//! The shapes that a plan takes: the smallest, the greatest, and the one that it is made fastest for.
//!
//! They follow from a manifest. Invariant: a profile that covers a manifest's takes every shape that the server can ask for.

use crate::engine::manifest::{Dim, Manifest, TensorSpec};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fmt};

/// The shapes of one input.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// The smallest extents.
    pub min: Vec<usize>,
    /// Those that the plan is made fastest for.
    pub opt: Vec<usize>,
    /// The greatest extents.
    pub max: Vec<usize>,
}

/// The shapes of every input, by its name in the file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Profiles(pub BTreeMap<String, Profile>);

/// One corner of the shapes, as the vendor's builders want it after `--minShapes=` and the like.
pub struct Shapes<'a> {
    profiles: &'a Profiles,
    corner: fn(&Profile) -> &[usize],
    inputs: &'a [String],
}

impl Profiles {
    /// What a manifest asks for: from one item at the smallest axes to a full batch at the greatest. The plan is made fastest
    /// for a full batch at the axes of the warm-up, for a batch is full when time is short.
    pub fn of(manifest: &Manifest) -> Self {
        let profile = |spec: &TensorSpec| (spec.name.clone(), Profile::of(manifest, spec));
        Self(manifest.input.iter().map(profile).collect())
    }

    /// The smallest shapes of these inputs.
    pub fn min<'a>(&'a self, inputs: &'a [String]) -> Shapes<'a> {
        self.shapes(inputs, |profile| &profile.min)
    }

    /// The shapes that the plan is made fastest for.
    pub fn opt<'a>(&'a self, inputs: &'a [String]) -> Shapes<'a> {
        self.shapes(inputs, |profile| &profile.opt)
    }

    /// The greatest shapes of these inputs.
    pub fn max<'a>(&'a self, inputs: &'a [String]) -> Shapes<'a> {
        self.shapes(inputs, |profile| &profile.max)
    }

    fn shapes<'a>(&'a self, inputs: &'a [String], corner: fn(&Profile) -> &[usize]) -> Shapes<'a> {
        Shapes {
            profiles: self,
            corner,
            inputs,
        }
    }

    /// The first input whose shapes in `wanted` are not all among these.
    pub fn misses(&self, wanted: &Self) -> Option<String> {
        let missing = |(name, wanted): (&String, &Profile)| {
            let has = self.0.get(name);
            let covers = has.is_some_and(|has| has.covers(wanted));
            (!covers).then(|| name.clone())
        };
        wanted.0.iter().find_map(missing)
    }
}

impl Profile {
    fn of(manifest: &Manifest, spec: &TensorSpec) -> Self {
        let batch = manifest.batch.on_gpu().get();
        let axis = |name: &str| {
            let axis = manifest.axes.get(name);
            let opt = manifest.warmup.axes.get(name);
            // A checked manifest declares each axis that it names, and warms it.
            axis.map_or((1, 1, 1), |axis| {
                (axis.min, *opt.unwrap_or(&axis.max), axis.max)
            })
        };
        let extents = spec.shape.iter().map(|dim| match dim {
            Dim::Fixed(n) => (*n, *n, *n),
            Dim::Named(name) if name == "batch" => (1, batch, batch),
            Dim::Named(name) => axis(name),
        });
        let extents: Vec<_> = extents.collect();
        Self {
            min: extents.iter().map(|(min, ..)| *min).collect(),
            opt: extents.iter().map(|(_, opt, _)| *opt).collect(),
            max: extents.iter().map(|(.., max)| *max).collect(),
        }
    }

    /// Whether every shape of `wanted` is between the smallest and the greatest here.
    pub fn covers(&self, wanted: &Self) -> bool {
        let each = |a: &[usize], b: &[usize], holds: fn(usize, usize) -> bool| {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| holds(*a, *b))
        };
        each(&self.min, &wanted.min, |has, wants| has <= wants)
            && each(&self.max, &wanted.max, |has, wants| has >= wants)
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.min == self.max {
            true => f.write_str(&shape(&self.min)),
            false => write!(f, "{} to {}", shape(&self.min), shape(&self.max)),
        }
    }
}

fn shape(extents: &[usize]) -> String {
    let extents: Vec<_> = extents.iter().map(ToString::to_string).collect();
    extents.join("x")
}

/// `image:1x3x64x64,pose:1x6`; a name with a mark of this form is quoted, as the builders' help says.
impl fmt::Display for Shapes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let profiles = self.profiles.0.iter();
        let wanted = profiles.filter(|(name, _)| self.inputs.contains(name));
        for (at, (name, profile)) in wanted.enumerate() {
            let comma = if at == 0 { "" } else { "," };
            write!(
                f,
                "{comma}{}:{}",
                quoted(name),
                shape((self.corner)(profile))
            )?;
        }
        Ok(())
    }
}

fn quoted(name: &str) -> String {
    match name.contains([':', ',', '\'']) {
        true => format!("'{}'", name.replace('\'', "\\'")),
        false => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Repository;

    fn world() -> Profiles {
        let repository = Repository::open(None);
        Profiles::of(&repository.get("world-box").unwrap().manifest)
    }

    #[test]
    fn a_manifest_gives_shapes_as_the_builders_want_them() {
        let world = world();
        let all: Vec<_> = world.0.keys().cloned().collect();
        assert_eq!(
            world.min(&all).to_string(),
            "image:1x3x64x64,pose:1x6,scene:1x4"
        );
        assert_eq!(
            world.opt(&all).to_string(),
            "image:8x3x352x608,pose:8x6,scene:8x4"
        );
        assert_eq!(
            world.max(&all).to_string(),
            "image:8x3x1280x1280,pose:8x6,scene:8x4"
        );
        let one = ["pose".to_owned()];
        assert_eq!(world.max(&one).to_string(), "pose:8x6");
    }

    #[test]
    fn a_name_with_a_mark_of_the_form_is_quoted() {
        assert_eq!(quoted("input:0"), "'input:0'");
        assert_eq!(quoted("it's"), "'it\\'s'");
        assert_eq!(quoted("/encoder/image.1"), "/encoder/image.1");
    }

    #[test]
    fn wider_shapes_cover_narrower_ones_and_not_the_other_way_round() {
        let wanted = world();
        assert_eq!(wanted.misses(&wanted), None);
        let narrow = |change: fn(&mut Profile)| {
            let mut other = wanted.clone();
            change(other.0.get_mut("image").unwrap());
            other.misses(&wanted)
        };
        assert_eq!(narrow(|image| image.min[2] = 32), None);
        assert_eq!(narrow(|image| image.max[0] = 4).as_deref(), Some("image"));
        assert_eq!(narrow(|image| image.min[3] = 128).as_deref(), Some("image"));
        assert_eq!(
            narrow(|image| image.max = vec![8, 3]).as_deref(),
            Some("image")
        );
        assert_eq!(
            Profiles::default().misses(&wanted).as_deref(),
            Some("image")
        );
    }
}
