//! Ctrl-C: long work stops at its next step, says how far it came, and leaves nothing half-written.

use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

static CAME: AtomicBool = AtomicBool::new(false);

/// Whether somebody asked to stop. The first call begins to listen; a second Ctrl-C ends the process at once.
pub fn came() -> bool {
    static LISTEN: Once = Once::new();
    LISTEN.call_once(|| {
        // Where no handler can be set, Ctrl-C ends the process as it always does.
        let _ = ctrlc::set_handler(|| {
            if CAME.swap(true, Ordering::Relaxed) {
                std::process::exit(130);
            }
        });
    });
    CAME.load(Ordering::Relaxed)
}
