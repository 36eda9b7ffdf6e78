//! Why a part of the board that no panel shows does not work just now: for the board's banner, and the log.

use tokio::sync::watch;

/// What is wrong with one part.
#[derive(Debug, Clone)]
pub(super) struct Trouble {
    /// What does not work, and what does where it works again: "the API is not there", "the API is there".
    words: (&'static str, &'static str),
    told: watch::Sender<Option<String>>,
}

impl Trouble {
    /// Nothing is wrong yet; the other end is for the hub.
    pub(super) fn new(not: &'static str, again: &'static str) -> (Self, watch::Receiver<Option<String>>) {
        let (told, heard) = watch::channel(None);
        (Self { words: (not, again), told }, heard)
    }

    /// Says it, and logs it when it is another one than before.
    pub(super) fn set(&self, why: Option<String>) {
        let (not, again) = self.words;
        let why = why.map(|why| format!("{not}: {why}"));
        self.told.send_if_modified(|told| {
            let differs = *told != why;
            match &why {
                Some(why) if differs => tracing::warn!("{why}"),
                None if differs => tracing::info!("{again}"),
                _ => {}
            }
            *told = why;
            differs
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trouble_is_told_once() {
        let (trouble, mut told) = Trouble::new("the API is not there", "the API is there");
        let mut is_told = |why: Option<&str>| {
            trouble.set(why.map(str::to_owned));
            told.has_changed().unwrap().then(|| told.borrow_and_update().clone())
        };
        let taken = Some("the API is not there: taken".to_owned());
        assert_eq!(is_told(None), None, "nothing was wrong before");
        assert_eq!(is_told(Some("taken")), Some(taken));
        assert_eq!(is_told(Some("taken")), None);
        assert_eq!(is_told(None), Some(None));
    }
}
