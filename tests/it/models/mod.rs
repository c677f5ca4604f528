//! `frameloom models`, with programs in place of the vendor's builders.

mod build;
mod ends;
mod list;

use crate::support::server::Launch;
use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};
use tempfile::TempDir;

/// A program that begins as the vendor's do, and the cache that is built into.
struct Workshop {
    folder: TempDir,
    program: PathBuf,
}

/// Writes the plan where it is asked to.
const BUILD: &str = r#"echo "[11/03/2026-12:00:00] [I] Start parsing network model."
printf 'a plan' > "$out"
echo "[11/03/2026-12:00:00] [I] Engine built in 1.5 sec.""#;

impl Workshop {
    /// With a program of this name and version, in the form of its first line, that builds as the shell's text says: `$out`
    /// is where the plan shall lie, `$here` the program's folder.
    fn new(name: &str, version: &str, build: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join(name);
        let here = folder.path().display();
        let script = format!(
            r#"#!/bin/sh
here={here}
echo "&&&& RUNNING TensorRT.{name} [TensorRT v{version}] [b9] # {name} $*"
for argument in "$@"; do
    case $argument in
        --help) exit 0 ;;
        --saveEngine=*) out=${{argument#--saveEngine=}} ;;
    esac
done
echo x >> $here/builds
for argument in "$@"; do echo "$argument"; done > $here/arguments
{build}
"#
        );
        fs::write(&program, script).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        Self { folder, program }
    }

    /// `trtexec` of TensorRT 10.13.3.
    fn trtexec(build: &str) -> Self {
        Self::new("trtexec", "101303", build)
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn cache(&self) -> PathBuf {
        self.path().join("plans")
    }

    /// `frameloom` with this program, on no GPU.
    fn launch(&self, arguments: &[&str]) -> Launch {
        let builder = format!("gpu.builder={}", self.program.display());
        let cache = format!("gpu.plans_dir={}", self.cache().display());
        let set = ["--set", &builder, "--set", &cache];
        Launch::command(arguments)
            .args(&set)
            .args(&["--set", "gpu.devices=none"])
    }

    /// `frameloom models build` for compute capability 9.0: its status, and what it printed.
    fn build(&self, arguments: &[&str]) -> (Option<i32>, String) {
        self.building(arguments).run()
    }

    fn building(&self, arguments: &[&str]) -> Launch {
        let all = [&["models", "build", "--compute", "9.0"], arguments].concat();
        self.launch(&all)
    }

    /// How often a plan was built.
    fn builds(&self) -> usize {
        let builds = fs::read_to_string(self.path().join("builds"));
        builds.unwrap_or_default().lines().count()
    }

    /// What the last build was told.
    fn arguments(&self) -> Vec<String> {
        let arguments = fs::read_to_string(self.path().join("arguments")).unwrap();
        arguments.lines().map(str::to_owned).collect()
    }

    /// The names in the cache with this end.
    fn files(&self, end: &str) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.cache()).into_iter().flatten();
        let paths = entries.map(|entry| entry.unwrap().path());
        paths
            .filter(|path| path.to_str().unwrap().ends_with(end))
            .collect()
    }

    /// Asserts that the cache holds no plan, and nothing that a build did not finish.
    fn assert_nothing_left(&self) {
        let left: Vec<_> = ["engine", "toml", "partial"]
            .iter()
            .flat_map(|end| self.files(end))
            .collect();
        assert!(left.is_empty(), "{left:?}");
    }
}
