//! The thread that listeners run on: a flood of what others send holds up no poll and no frame.

use std::sync::{Arc, OnceLock};

use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

/// One thread for all listeners of a board, started by the first of them. It ends when this is dropped.
#[derive(Debug, Clone, Default)]
pub struct ListenerThread(Arc<OnceLock<Running>>);

#[derive(Debug)]
struct Running {
    handle: Handle,
    _end: oneshot::Sender<()>,
}

impl ListenerThread {
    /// Where listeners run. Where there can be no thread of their own (the system has none left), it is the one of
    /// whoever asks.
    pub fn handle(&self) -> Handle {
        let running = self.0.get().map(|running| running.handle.clone());
        running.or_else(|| self.start()).unwrap_or_else(Handle::current)
    }

    fn start(&self) -> Option<Handle> {
        let runtime = Builder::new_current_thread().enable_all().build().ok()?;
        let (handle, (end, ended)) = (runtime.handle().clone(), oneshot::channel::<()>());
        let run = move || {
            // Its sender is dropped when nobody needs the thread any more.
            let _nobody_left = runtime.block_on(ended);
            runtime.shutdown_background();
        };
        std::thread::Builder::new().name("andon-listen".to_owned()).spawn(run).ok()?;
        let running = Running { handle: handle.clone(), _end: end };
        // Two who ask at the same time get one thread each, and the later one's ends at once.
        Some(self.0.get_or_init(|| running).handle.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn listeners_run_on_one_thread_of_their_own() {
        let thread = ListenerThread::default();
        let name = || async { std::thread::current().name().map(str::to_owned) };
        for _ in 0..2 {
            assert_eq!(thread.handle().spawn(name()).await.unwrap().as_deref(), Some("andon-listen"));
        }
        let task = thread.handle().spawn(std::future::pending::<()>());
        drop(thread);
        assert!(task.await.unwrap_err().is_cancelled(), "the thread goes on without anybody");
    }
}
