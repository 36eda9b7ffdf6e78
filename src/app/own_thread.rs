//! A server of the board on a thread of its own: what it does holds up neither the hub nor the terminal.

use std::future::Future;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use tokio::runtime::Builder;
use tokio::sync::oneshot;

/// How long its end is waited for.
const LONGEST_END: Duration = Duration::from_millis(300);

/// A server that runs. It is ended when this is dropped; what it has opened is closed then.
#[derive(Debug)]
pub(super) struct OwnThread {
    stop: Option<oneshot::Sender<()>>,
    ended: Receiver<()>,
}

impl OwnThread {
    /// Runs a server until this is dropped.
    pub(super) fn start<F: Future<Output = ()>>(
        name: &str,
        serve: impl FnOnce() -> F + Send + 'static,
    ) -> std::io::Result<Self> {
        let ((stop, stopped), (end, ended)) = (oneshot::channel::<()>(), channel());
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let run = move || {
            runtime.block_on(async {
                tokio::select! {
                    () = serve() => {}
                    _ = stopped => {}
                }
            });
            // Nobody waits where the program goes on without it; and what blocks is not waited for.
            let _nobody = end.send(());
            runtime.shutdown_background();
        };
        std::thread::Builder::new().name(name.to_owned()).spawn(run)?;
        Ok(Self { stop: Some(stop), ended })
    }
}

impl Drop for OwnThread {
    fn drop(&mut self) {
        self.stop.take();
        let _hangs = self.ended.recv_timeout(LONGEST_END);
    }
}
