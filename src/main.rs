//! The command `frameloom`: hands over to the app.

use std::process::ExitCode;

fn main() -> ExitCode {
    frameloom::app::run()
}
