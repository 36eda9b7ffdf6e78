//! What the listener of a source and its polls share: what the one has received, the others read.

use std::any::Any;
use std::sync::{Arc, OnceLock};

/// A place for one value, made by whoever looks first. It lasts as long as the source is wanted, over restarts of its
/// listener and over reloads that add a query.
#[derive(Debug, Clone, Default)]
pub struct Shared(Arc<OnceLock<Arc<dyn Any + Send + Sync>>>);

impl Shared {
    /// The value. A source has one type for it; whoever asks for another one gets a value of its own.
    pub fn get<T: Default + Send + Sync + 'static>(&self) -> Arc<T> {
        let value = Arc::clone(self.0.get_or_init(|| Arc::new(T::default())));
        value.downcast().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[test]
    fn all_who_share_it_see_one_value() {
        let shared = Shared::default();
        let other = shared.clone();
        shared.get::<Mutex<u32>>().lock().unwrap().clone_from(&7);
        assert_eq!(*other.get::<Mutex<u32>>().lock().unwrap(), 7);
    }
}
