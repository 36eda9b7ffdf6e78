//! What breaks in one part stays there: a panic becomes a message, and the rest goes on.

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

thread_local! {
    static DEPTH: Cell<u32> = const { Cell::new(0) };
}

/// Runs a part; a panic in it comes back as its message.
pub fn isolated<T>(part: impl FnOnce() -> T) -> Result<T, String> {
    DEPTH.set(DEPTH.get() + 1);
    // What the part was about to change is thrown away with it.
    let result = catch_unwind(AssertUnwindSafe(part));
    DEPTH.set(DEPTH.get() - 1);
    result.map_err(|panic| message(panic.as_ref()))
}

/// Whether a panic on this thread would be caught: then the terminal is not given back.
pub fn is_isolated() -> bool {
    DEPTH.get() > 0
}

/// The words of a panic.
pub fn message(panic: &(dyn Any + Send)) -> String {
    panic
        .downcast_ref::<&str>()
        .map(|words| (*words).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "it panicked".to_owned())
}

/// Panics or hangs on purpose, at points in the code that the tests name. Not in release builds.
#[cfg(debug_assertions)]
pub mod tripwire {
    use std::sync::OnceLock;

    static POINT: OnceLock<String> = OnceLock::new();

    /// Sets the point that trips, once.
    pub fn set(point: String) {
        // The first one counts.
        let _already_set = POINT.set(point);
    }

    /// Passes a point; hangs there forever if `POINT-hangs` is set.
    ///
    /// # Panics
    ///
    /// If this point is set; `main-twice` panics once more on the way out.
    pub fn pass(point: &str) {
        let Some(tripping) = POINT.get() else { return };
        while tripping.strip_suffix("-hangs") == Some(point) {
            std::thread::park();
        }
        let _again = (point == "main" && tripping == "main-twice").then(|| Bomb);
        assert!(tripping.trim_end_matches("-twice") != point, "tripped at {point}");
    }

    struct Bomb;

    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("tripped on the way out");
        }
    }
}

/// Nothing: release builds cannot be told to panic.
#[cfg(not(debug_assertions))]
pub mod tripwire {
    /// Does nothing.
    pub const fn pass(_: &str) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_a_message_and_the_depth_is_as_before() {
        assert_eq!(isolated(|| 5), Ok(5));
        assert!(!is_isolated());
        let said = isolated(|| {
            assert!(is_isolated());
            assert!(!is_isolated(), "nothing there");
        });
        assert_eq!(said, Err("nothing there".to_owned()));
        assert!(!is_isolated());
    }
}
