//! Failures that a test has asked for.
//!
//! Not responsible for sticky errors: a planned failure is one answer, and the function then has done nothing.

use crate::code::Code;

#[derive(Debug)]
struct Plan {
    name: String,
    skip: u64,
    times: u64,
    code: Code,
}

/// The failures that are still to come.
#[derive(Debug, Default)]
pub struct Faults(Vec<Plan>);

impl Faults {
    /// Lets `name` fail with `code`, `times` times, after `skip` calls that go well.
    pub fn plan(&mut self, name: &str, skip: u64, times: u64, code: Code) {
        self.0.push(Plan {
            name: name.to_owned(),
            skip,
            times,
            code,
        });
    }

    /// To be asked once a call.
    ///
    /// # Errors
    /// The code that was planned for it.
    pub fn check(&mut self, name: &str) -> Result<(), Code> {
        for plan in self.0.iter_mut().filter(|plan| plan.name == name) {
            if plan.skip > 0 {
                plan.skip -= 1;
            } else if plan.times > 0 {
                plan.times -= 1;
                return Err(plan.code);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_comes_after_its_skips_and_as_often_as_planned() {
        let mut faults = Faults::default();
        faults.plan("cuInit", 1, 2, Code::UNKNOWN);
        let answers = [(); 5].map(|()| faults.check("cuInit").is_ok());
        assert_eq!(answers, [true, false, false, true, true]);
    }

    #[test]
    fn a_failure_is_that_of_its_function_only() {
        let mut faults = Faults::default();
        faults.plan("cuInit", 0, 1, Code::UNKNOWN);
        assert_eq!(faults.check("cuDeviceGet"), Ok(()));
        assert_eq!(faults.check("cuInit"), Err(Code::UNKNOWN));
    }
}
