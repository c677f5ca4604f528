//! What needs a process of its own: other variables, an end that is not a return, code that is not trusted. A test runs
//! itself again and does something else there.

use std::{
    env,
    io::Write,
    path::Path,
    process::{Command, Stdio},
};

/// Set in a process that a test started.
const CHILD: &str = "TENSORRT_RS_CHILD";

/// How a process ended.
pub struct Done {
    pub succeeded: bool,
    /// Both of its outputs.
    pub says: String,
}

/// Whether a test started this process.
pub fn is_child() -> bool {
    env::var_os(CHILD).is_some()
}

/// Runs one test again, in a process of its own.
pub fn run(test: &str, variables: &[(&str, &str)]) -> Done {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--exact", test, "--nocapture", "--test-threads=1"]);
    command.env(CHILD, "1").envs(variables.iter().copied());
    let output = command.output().unwrap();
    let says = [output.stdout, output.stderr].concat();
    Done {
        succeeded: output.status.success(),
        says: String::from_utf8_lossy(&says).into_owned(),
    }
}

/// Compiles a shared library from a text.
pub fn compile(compiler: &str, arguments: &[&str], text: &str, to: &Path) -> Result<(), String> {
    let mut command = Command::new(compiler);
    command
        .args(["-shared", "-fPIC", "-o"])
        .arg(to)
        .args(arguments)
        .arg("-");
    let child = command.stdin(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = child.map_err(|error| format!("there is no {compiler}: {error}"))?;
    let mut source = child.stdin.take().unwrap();
    source.write_all(text.as_bytes()).unwrap();
    drop(source);
    let done = child.wait_with_output().unwrap();
    assert!(
        done.status.success(),
        "{}",
        String::from_utf8_lossy(&done.stderr)
    );
    Ok(())
}
