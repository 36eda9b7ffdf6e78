//! What runs between sources and hub.

use tokio::sync::{mpsc, watch};

use super::polling::Wires;
use crate::model::poll::Outcome;
use crate::source::network::Network;
use crate::source::{Clock, Widths};

/// Outcomes on their way to the hub.
const OUTCOMES: usize = 256;

/// Both ends of everything between sources and hub.
#[derive(Debug)]
pub struct Wiring {
    /// For the tasks.
    pub wires: Wires,
    /// From the tasks.
    pub outcomes: mpsc::Receiver<Outcome>,
    /// To the tasks.
    pub refresh_now: watch::Sender<u64>,
    /// To the tasks.
    pub widths: watch::Sender<Widths>,
}

impl Wiring {
    /// Channels without anybody on them.
    pub fn new(clock: Clock, network: Network) -> Self {
        let (sender, outcomes) = mpsc::channel(OUTCOMES);
        let (refresh_now, widths) = (watch::Sender::new(0), watch::Sender::default());
        let wires = Wires {
            outcomes: sender,
            refresh_now: refresh_now.subscribe(),
            widths: widths.subscribe(),
            clock,
            network,
        };
        Self { wires, outcomes, refresh_now, widths }
    }
}
