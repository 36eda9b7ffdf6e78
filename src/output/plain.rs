//! The board as lines on standard output, one sentence a change: no frame, no colours, nothing that moves. A loop over
//! the scenes for [`Sentences`].

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::patient;
use crate::view::scene::Scene;
use crate::viewer::Sentences;

/// Without a scene for this long it is said that nothing comes: scenes come every second.
pub const SILENCE: Duration = Duration::from_secs(10);

/// Writes until nobody reads any more. The error is a sentence.
pub fn write(scenes: watch::Receiver<Arc<Scene>>) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .map_err(|error| format!("no runtime: {error}"))?;
    runtime.block_on(follow(scenes, |line| patient::write_all(rustix::stdio::stdout(), line.as_bytes())))
}

/// The same with what writes a line; until it fails, or the engine is gone.
pub async fn follow(
    mut scenes: watch::Receiver<Arc<Scene>>,
    mut write: impl FnMut(&str) -> io::Result<()>,
) -> Result<(), String> {
    let mut sentences = Sentences::default();
    let mut is_silent = false;
    loop {
        let lines = match tokio::time::timeout(SILENCE, scenes.changed()).await {
            Ok(Err(_)) => return Err("andon itself has stopped asking: what was said last may be old".to_owned()),
            Ok(Ok(())) => {
                let scene = Arc::clone(&scenes.borrow_and_update());
                let again = is_silent.then(|| "note: andon works again".to_owned());
                is_silent = false;
                again.into_iter().chain(sentences.of(&scene)).collect()
            }
            Err(_) if is_silent => Vec::new(),
            Err(_) => {
                is_silent = true;
                vec![format!(
                    "note: nothing has come from andon for {} s: what was said last may be old",
                    SILENCE.as_secs()
                )]
            }
        };
        for line in lines {
            match write(&format!("{line}\n")) {
                Ok(()) => {}
                // Whoever read it has gone: `andon --plain | head`.
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(()),
                Err(error) => return Err(format!("cannot write: {error}")),
            }
        }
    }
}
