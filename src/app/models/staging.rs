//! A plan on its way into the cache.
//!
//! Invariant: at any moment, also after a crash, what has a plan's name and a sidecar is whole. The old sidecar goes first, then
//! the plan takes its name, then the sidecar comes; and what is not finished has a name that no plan has.

use crate::engine::plans::{Key, Sidecar, sha256_of, sidecar};
use anyhow::{Context as _, bail};
use std::{
    fs::{self, File, Permissions, TryLockError},
    io::Write as _,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};
use tempfile::{NamedTempFile, TempPath};

/// What an unfinished file's name ends with.
const PARTIAL: &str = ".partial";

/// The right to build one plan, and the place to build it in. Dropped, it leaves nothing but its lock's empty file.
#[derive(Debug)]
pub struct Staging {
    cache: PathBuf,
    stem: String,
    plan: PathBuf,
    /// Held as long as this lives; the system gives it back however the process ends.
    _lock: File,
}

impl Staging {
    /// Takes the right to build the plan of this key.
    ///
    /// # Errors
    /// If another process builds it now, or the cache cannot be written.
    pub fn begin(cache: &Path, key: &Key) -> anyhow::Result<Self> {
        let at = || format!("gpu.plans_dir {}", cache.display());
        fs::create_dir_all(cache).with_context(at)?;
        let stem = key.stem();
        let lock = cache.join(format!(".{stem}.lock"));
        let lock = File::create(lock).with_context(at)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => bail!("another process builds {stem} now"),
            Err(TryLockError::Error(error)) => return Err(error).with_context(at),
        }
        let staging = Self {
            plan: key.plan(cache),
            cache: cache.to_owned(),
            stem,
            _lock: lock,
        };
        staging.sweep().with_context(at)?;
        Ok(staging)
    }

    /// Where the plan will be.
    pub fn plan(&self) -> &Path {
        &self.plan
    }

    /// Removes what builds that were killed left.
    fn sweep(&self) -> std::io::Result<()> {
        let of_ours = format!(".{}.", self.stem);
        for entry in fs::read_dir(&self.cache)? {
            let entry = entry?;
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if name.starts_with(&of_ours) && name.ends_with(PARTIAL) {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }

    /// A file for something unfinished; it goes with the value.
    ///
    /// # Errors
    /// If the cache cannot be written.
    pub fn partial(&self) -> anyhow::Result<NamedTempFile> {
        tempfile::Builder::new()
            .prefix(&format!(".{}.", self.stem))
            .suffix(PARTIAL)
            // As any file: whoever builds is often not the one who serves.
            .permissions(Permissions::from_mode(0o666))
            .tempfile_in(&self.cache)
            .with_context(|| format!("gpu.plans_dir {}", self.cache.display()))
    }

    /// Makes the finished file the plan. The sidecar's hash of the plan is set here.
    ///
    /// # Errors
    /// If it is empty, or the cache cannot be written.
    pub fn publish(&self, built: TempPath, described: Sidecar) -> anyhow::Result<Sidecar> {
        let at = || format!("cannot write {}", self.plan.display());
        let file = File::open(&built).with_context(at)?;
        if file.metadata().with_context(at)?.len() == 0 {
            bail!("the builder ended well and wrote nothing");
        }
        file.sync_all().with_context(at)?;
        let described = Sidecar {
            plan_sha256: sha256_of(&built).with_context(at)?,
            ..described
        };
        let sidecar = sidecar::path_of(&self.plan);
        match fs::remove_file(&sidecar) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(error).with_context(at);
            }
            _ => {}
        }
        built.persist(&self.plan).with_context(at)?;
        let mut text = self.partial()?;
        text.write_all(described.render().as_bytes())
            .with_context(at)?;
        text.as_file().sync_all().with_context(at)?;
        text.persist(&sidecar).with_context(at)?;
        Ok(described)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{
        Repository,
        plans::{self, BuiltFlavour, BuiltFor, Capability, Precision, Profiles},
    };
    use tensorrt_rs::Version;

    fn built_for() -> BuiltFor {
        BuiltFor {
            version: Version::from_raw(101_303),
            flavour: BuiltFlavour::Full,
            compute: Capability::Of((9, 0).into()),
            precision: Precision::Fp32,
        }
    }

    fn model() -> crate::engine::Model {
        Repository::open(None).get("world-box").unwrap().clone()
    }

    fn begin(cache: &Path) -> anyhow::Result<Staging> {
        Staging::begin(cache, &Key::new(&model(), &built_for()))
    }

    fn described() -> Sidecar {
        let manifest = &model().manifest;
        Sidecar {
            schema: sidecar::SCHEMA,
            tensorrt: built_for().version,
            flavour: built_for().flavour,
            compute: built_for().compute,
            onnx_sha256: manifest.sha256.clone(),
            plan_sha256: String::new(),
            precision: built_for().precision,
            builder: "a test".into(),
            built: "2026-11-03T12:00:00Z".into(),
            profiles: Profiles::of(manifest),
        }
    }

    fn built(staging: &Staging, bytes: &[u8]) -> TempPath {
        let mut file = staging.partial().unwrap();
        file.write_all(bytes).unwrap();
        file.into_temp_path()
    }

    /// The files that are seen without looking for hidden ones.
    fn seen(cache: &Path) -> usize {
        let names = fs::read_dir(cache).unwrap().map(|e| e.unwrap().file_name());
        names
            .filter(|name| !name.to_string_lossy().starts_with('.'))
            .count()
    }

    #[test]
    fn a_finished_file_becomes_a_plan_that_describes_itself() {
        let cache = tempfile::tempdir().unwrap();
        let staging = begin(cache.path()).unwrap();
        staging
            .publish(built(&staging, b"a plan"), described())
            .unwrap();
        let plans = plans::candidates(&model(), cache.path()).unwrap();
        assert_eq!(plans.len(), 1);
        assert_eq!(plans[0].read(&model()).unwrap(), b"a plan");
    }

    #[test]
    fn a_plan_is_as_readable_as_any_file() {
        let cache = tempfile::tempdir().unwrap();
        let staging = begin(cache.path()).unwrap();
        staging
            .publish(built(&staging, b"a plan"), described())
            .unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode();
        let any = cache.path().join("any");
        fs::write(&any, "").unwrap();
        assert_eq!(mode(staging.plan()), mode(&any));
        assert_eq!(mode(&sidecar::path_of(staging.plan())), mode(&any));
    }

    #[test]
    fn an_empty_file_becomes_nothing_and_leaves_nothing() {
        let cache = tempfile::tempdir().unwrap();
        let staging = begin(cache.path()).unwrap();
        let refused = staging.publish(built(&staging, b""), described());
        assert!(refused.unwrap_err().to_string().contains("wrote nothing"));
        assert_eq!(seen(cache.path()), 0);
    }

    #[test]
    fn a_plan_takes_the_place_of_an_older_one() {
        let cache = tempfile::tempdir().unwrap();
        let staging = begin(cache.path()).unwrap();
        for bytes in [b"one", b"two"] {
            staging
                .publish(built(&staging, bytes), described())
                .unwrap();
            let plans = plans::candidates(&model(), cache.path()).unwrap();
            assert_eq!(plans[0].read(&model()).unwrap(), bytes);
        }
        assert_eq!(seen(cache.path()), 2);
    }

    #[test]
    fn only_one_at_a_time_may_build_a_plan() {
        let cache = tempfile::tempdir().unwrap();
        let first = begin(cache.path()).unwrap();
        let second = begin(cache.path()).unwrap_err();
        assert!(second.to_string().contains("another process"), "{second}");
        drop(first);
        begin(cache.path()).unwrap();
    }

    #[test]
    fn what_a_killed_build_left_is_swept_by_the_next() {
        let cache = tempfile::tempdir().unwrap();
        let left = begin(cache.path()).unwrap().partial().unwrap();
        let (_, left) = left.keep().unwrap();
        begin(cache.path()).unwrap();
        assert!(!left.exists());
    }
}
