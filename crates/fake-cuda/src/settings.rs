//! What a test can choose: by the control functions, or by the environment where it cannot reach into the process.
//!
//! Invariant: the defaults are a machine with one modern device, where everything is carried out and nothing is ready at
//! the first look.

pub use fake_cuda_control::Execution;

/// What a test has chosen.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Their compute capability.
    pub capability: (i32, i32),
    /// Memory of each, in bytes.
    pub total_memory: u64,
    /// The driver's version: 1000 × major + 10 × minor.
    pub driver_version: i32,
    /// How much of the work is carried out.
    pub execution: Execution,
    /// How often queued work is not ready when somebody looks.
    pub looks: u32,
    /// What each piece of work takes on a stream's clock, in nanoseconds.
    pub launch_ns: u64,
    /// What each byte of a copy or a fill takes besides, in picoseconds.
    pub byte_ps: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            capability: (9, 0),
            total_memory: 8 << 30,
            driver_version: 12_040,
            execution: Execution::Full,
            looks: 1,
            // About what a launch and a byte over PCIe 4 take.
            launch_ns: 5_000,
            byte_ps: 40,
        }
    }
}

/// How much of the work is carried out: `accounted`, `copies` or `full`.
const EXECUTION: &str = "FAKE_CUDA_EXECUTION";

/// How often queued work is not ready when somebody looks.
const LOOKS: &str = "FAKE_CUDA_LOOKS";

impl Settings {
    /// The defaults, and what these variables say instead.
    ///
    /// # Errors
    /// The variable that says nothing of the kind.
    pub fn of_environment(variable: impl Fn(&str) -> Option<String>) -> Result<Self, String> {
        let mut settings = Self::default();
        if let Some(execution) = variable(EXECUTION) {
            settings.execution = match execution.as_str() {
                "accounted" => Execution::Accounted,
                "copies" => Execution::Copies,
                "full" => Execution::Full,
                other => {
                    return Err(format!(
                        "{EXECUTION} is accounted, copies or full, not {other}"
                    ));
                }
            };
        }
        if let Some(looks) = variable(LOOKS) {
            let number = looks.parse();
            settings.looks = number.map_err(|_| format!("{LOOKS} is a number, not {looks}"))?;
        }
        Ok(settings)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(variables: &[(&str, &str)]) -> Result<(Execution, u32), String> {
        let find = |name: &str| variables.iter().find(|(n, _)| *n == name);
        let settings = Settings::of_environment(|name| find(name).map(|(_, v)| (*v).to_owned()));
        settings.map(|settings| (settings.execution, settings.looks))
    }

    #[test]
    fn variables_choose_and_what_they_do_not_name_stays() {
        assert_eq!(of(&[]), Ok((Execution::Full, 1)));
        assert_eq!(of(&[(LOOKS, "0")]), Ok((Execution::Full, 0)));
        for (name, execution) in [
            ("accounted", Execution::Accounted),
            ("copies", Execution::Copies),
            ("full", Execution::Full),
        ] {
            assert_eq!(of(&[(EXECUTION, name)]), Ok((execution, 1)));
        }
    }

    #[test]
    fn a_variable_that_says_nothing_is_told() {
        let slip = of(&[(EXECUTION, "all")]).unwrap_err();
        assert_eq!(
            slip,
            "FAKE_CUDA_EXECUTION is accounted, copies or full, not all"
        );
        let slip = of(&[(LOOKS, "-1")]).unwrap_err();
        assert_eq!(slip, "FAKE_CUDA_LOOKS is a number, not -1");
    }
}
