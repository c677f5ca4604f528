//! The command `frameloom`: hands over to the app.

fn main() {
    frameloom::app::run()
}
